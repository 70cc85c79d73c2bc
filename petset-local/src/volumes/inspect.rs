//! Looking at the claims of a node that another process runs.

use std::path::Path;

use petset_core::Result;
use petset_core::backend::Claim;

use super::core::observe;
use super::state::{claim_files, load_claim};

/// Every claim below `dir`, by namespace, set and name. Reads only, takes no lock.
pub(super) fn inspect(dir: &Path) -> Result<Vec<Claim>> {
    let mut claims = Vec::new();
    for (set, name, path) in claim_files(dir)? {
        // A record that went since its directory was read is a claim that is gone.
        if let Some(record) = load_claim(&path, &set, &name)? {
            claims.push(observe(dir, &record)?);
        }
    }
    Ok(claims)
}
