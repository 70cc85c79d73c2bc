//! Records that cannot be read: what their pods are, nobody knows, and so their sets are left as they are (S15).

use std::collections::{BTreeMap, HashMap};

use petset_core::{Error, ErrorKind, Result, SetKey};

use super::inspect;
use crate::client::Client;
use crate::labels;

/// The records that cannot be read, by key: the set, and why. Those of which the engine has nothing say nothing any more.
#[derive(Debug, Default)]
pub(super) struct Unreadable(BTreeMap<String, (SetKey, String)>);

impl Unreadable {
    /// One more. Whose it is, the labels of what the engine has of it say.
    pub(super) async fn note(&mut self, client: &Client, key: String, error: &Error) -> Result<()> {
        let why = error.chain().to_string();
        tracing::error!(record = key, why, "the record of a pod cannot be read");
        let filter = HashMap::from([("label".to_owned(), vec![format!("{}={key}", labels::RECORD)])]);
        let parts = inspect::list(client, filter).await?.into_iter().filter_map(|part| part.labels);
        if let Some((set, _)) = parts.into_iter().find_map(|labels| labels::identity_of(&labels)) {
            self.0.insert(key, (set, why));
        }
        Ok(())
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Refuses a set of which a record cannot be read.
    pub(super) fn refuse(&self, set: &SetKey, operation: &'static str) -> Result<()> {
        match self.0.iter().find(|(_, (of, _))| of == set) {
            None => Ok(()),
            Some((key, (_, why))) => {
                Err(Error::new(ErrorKind::Corrupt, operation).with_context("set", set).with_message(format!(
                    "the record {key} of one of its pods cannot be read: {why}; bring the node's directory back from a \
                     backup, or remove what is left of that pod by hand and open the node again: docker ps --all \
                     --filter label={}={key}",
                    labels::RECORD
                )))
            }
        }
    }
}
