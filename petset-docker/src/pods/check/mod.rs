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
mod volume;

pub(super) use pod::check;
