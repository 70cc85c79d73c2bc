//! Onlookers: what a node has on record, read beside whoever runs it.

use std::path::Path;

use petset_core::Result;
use petset_core::backend::{Claim, Pod};

use super::Node;
use crate::pods::LocalPods;
use crate::volumes::LocalVolumes;

impl Node {
    /// The pods on record below `dir`, by set and ordinal. Takes no lock and changes nothing, so it may run beside the
    /// process that runs the node. What was never a node has none.
    ///
    /// # Errors
    /// When a record cannot be read or decoded.
    pub fn inspect_pods(dir: &Path) -> Result<Vec<Pod>> {
        let mut pods = LocalPods::inspect(&dir.join("pods"))?;
        pods.sort_by(|left, right| (&left.set, left.ordinal).cmp(&(&right.set, right.ordinal)));
        Ok(pods)
    }

    /// The claims on record below `dir`, by set, ordinal and template, under the terms of
    /// [`inspect_pods`](Self::inspect_pods).
    pub async fn inspect_claims(dir: &Path) -> Result<Vec<Claim>> {
        let mut claims = LocalVolumes::inspect(dir.join("volumes")).await?;
        claims.sort_by(|left, right| {
            (&left.set, left.ordinal, &left.template).cmp(&(&right.set, right.ordinal, &right.template))
        });
        Ok(claims)
    }
}
