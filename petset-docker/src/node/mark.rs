//! Which node this is, and whether its engine is the one that answers.

use std::collections::BTreeSet;
use std::path::Path;

use petset_core::{Error, PodUid, Result};
use redb::TableDefinition;
use serde_json::Value;

use crate::client::{Client, Failure};
use crate::pods::PODS;
use crate::records::{Records, Table};
use crate::volumes::CLAIMS;

/// What is on record about the node itself.
const NODE: Table = TableDefinition::new("node");
const ID: &str = "id";
/// The nodes whose volumes are this one's: those that were taken over, and what this directory was before.
const FORMER: Table = TableDefinition::new("former-nodes");

/// The node's id, which is that of the directory and of one engine, and the client of that engine. The nodes that are
/// `taken` over are its own from now on.
///
/// # Errors
/// `Unavailable` when there are pods or claims on record, and the engine that answers does not have the node: nothing could
/// be told from nothing there.
pub(super) async fn belong(
    client: &Client,
    records: &Records,
    dir: &Path,
    taken: &BTreeSet<String>,
) -> Result<(String, Client)> {
    for node in taken {
        records.put(FORMER, node, &()).await?;
    }
    let known = records.all::<String>(NODE).await?.into_iter().find(|(key, _)| key == ID);
    if let Some((_, id)) = known {
        let client = client.of_node(&id, dir.display().to_string(), former(records).await?);
        match client.has_node().await {
            Ok(()) => return Ok((id, client)),
            // With nothing on record it may begin anew on any engine, under another id, so that the engine that it had
            // before is not taken for this one.
            Err(elsewhere @ Failure::Elsewhere { .. }) => {
                if !is_empty(records).await? {
                    return Err(Error::from(elsewhere).with_context("directory", dir.display()));
                }
                records.put(FORMER, &id, &()).await?;
            }
            Err(failure) => return Err(failure.into()),
        }
    }
    let id = PodUid::random().as_str().to_owned();
    records.put(NODE, ID, &id).await?;
    let client = client.of_node(&id, dir.display().to_string(), former(records).await?);
    // Before anything else is made there.
    client.mark().await?;
    Ok((id, client))
}

async fn former(records: &Records) -> Result<BTreeSet<String>> {
    Ok(records.all::<()>(FORMER).await?.into_iter().map(|(node, ())| node).collect())
}

async fn is_empty(records: &Records) -> Result<bool> {
    Ok(records.each::<Value>(PODS).await?.is_empty() && records.each::<Value>(CLAIMS).await?.is_empty())
}
