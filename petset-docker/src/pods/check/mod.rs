//! What of a template containers of an engine cannot honour, by field path.
//!
//! What has no meaning on a single engine is accepted without effect: `nodeSelector`, `affinity`, `tolerations`,
//! `topologySpreadConstraints`, `schedulerName`, `priorityClassName`, `serviceAccountName` and its token,
//! `enableServiceLinks`, `terminationMessagePath` and `terminationMessagePolicy`. Everything else that has no effect here
//! is refused, and so is what reaches the host unless the embedder allows it (S22). That fields are well formed is the
//! manifest's own check.

mod container;
mod findings;
mod pod;
mod security;
mod sockets;
mod volume;

pub(super) use pod::check;

use super::options::PodOptions;

/// What is known of where pods run.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ground<'a> {
    pub(super) options: &'a PodOptions,
    /// Where this process finds the engine.
    pub(super) host: &'a str,
    /// Whether this process cannot reach the pods' addresses.
    pub(super) far: bool,
}

#[cfg(test)]
mod tests;
