//! What is kept of a set.

use std::sync::{Arc, OnceLock};

use petset_core::Result;
use petset_core::store::StoredSet;
use serde_json::json;

use super::{PetSetRecord, selector};

/// A set as the server has it, and as core understands it once somebody asks. Clones share both.
#[derive(Debug, Clone)]
pub(crate) struct KeptSet(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    record: PetSetRecord,
    selector: Option<String>,
    stored: OnceLock<StoredSet>,
}

impl KeptSet {
    /// Keeps a set, but for the record of who wrote which field.
    pub(super) fn of(record: &PetSetRecord) -> Self {
        let mut record = record.clone();
        record.metadata.managed_fields = None;
        let selector = selector_of(&record);
        Self(Arc::new(Inner { record, selector, stored: OnceLock::new() }))
    }

    /// As the server has it.
    pub(crate) fn record(&self) -> &PetSetRecord {
        &self.0.record
    }

    /// Which pods are its own, as text; `None` when it says nothing that can be read.
    pub(crate) fn selector(&self) -> Option<&str> {
        self.0.selector.as_deref()
    }

    /// As core understands it.
    ///
    /// # Errors
    /// Those of [`PetSetRecord::stored`].
    pub(crate) fn stored(&self) -> Result<StoredSet> {
        if let Some(stored) = self.0.stored.get() {
            return Ok(stored.clone());
        }
        let stored = self.0.record.stored()?;
        Ok(self.0.stored.get_or_init(|| stored).clone())
    }
}

/// What its selector says, else the labels of its template.
fn selector_of(record: &PetSetRecord) -> Option<String> {
    let said = &record.spec["selector"];
    let labels = &record.spec["template"]["metadata"]["labels"];
    let text = match (said.is_null(), labels.is_null()) {
        (false, _) => selector::text(said),
        (true, false) => selector::text(&json!({ "matchLabels": labels })),
        (true, true) => return None,
    };
    text.ok().filter(|text| !text.is_empty())
}
