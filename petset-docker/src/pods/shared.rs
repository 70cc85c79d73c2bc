//! What all pods of one node share.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use petset_core::SetKey;
use petset_core::backend::Hints;
use tokio::sync::Notify;

use super::cell::Cell;
use super::options::PodOptions;
use super::record::Record;
use super::unreadable::Unreadable;
use crate::client::Client;
use crate::names::DockerNames;
use crate::records::Records;
use crate::volumes::DockerVolumes;

/// What all pods of one node share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) client: Client,
    pub(super) names: Arc<DockerNames>,
    pub(super) volumes: Arc<DockerVolumes>,
    pub(super) records: Records,
    pub(super) options: PodOptions,
    pub(super) hints: Hints,
    /// Which node this is, as objects say in a label.
    pub(super) node: String,
    /// What pods are told that the node is called.
    pub(super) node_name: String,
    /// No other process has it.
    pub(super) session: String,
    /// Told of every object of this node that no record tells of.
    pub(super) leftovers: Notify,
    pub(super) cells: Mutex<BTreeMap<String, Arc<Cell>>>,
    pub(super) unreadable: Unreadable,
}

impl Shared {
    pub(super) fn cells(&self) -> MutexGuard<'_, BTreeMap<String, Arc<Cell>>> {
        self.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether there is a record of this key, readable or not.
    pub(super) fn has_record(&self, key: &str) -> bool {
        self.unreadable.has(key) || self.cells().contains_key(key)
    }

    /// A cell for a record, which is known from now on.
    pub(super) fn know(&self, key: &str, record: Record) -> Arc<Cell> {
        let (records, hints) = (self.records.clone(), self.hints.clone());
        let cell = Arc::new(Cell::new(key.to_owned(), record, &self.session, records, hints));
        self.cells().insert(key.to_owned(), Arc::clone(&cell));
        cell
    }

    /// The cells of a set, by record.
    pub(super) fn of(&self, set: &SetKey) -> BTreeMap<String, Arc<Cell>> {
        let cells = self.cells();
        let of_set = cells.iter().filter(|(_, cell)| cell.set == *set);
        of_set.map(|(key, cell)| (key.clone(), Arc::clone(cell))).collect()
    }
}
