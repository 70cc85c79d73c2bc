//! What one can wait for: `until::rolled_out()`, `until::available()`, …

use std::fmt;

use crate::status::{ConditionStatus, PetSetStatus};
use crate::store::StoredSet;

/// Something that a set can reach. Made by the functions of this module, or from any predicate with [`holds()`].
pub struct Until {
    name: String,
    holds: Box<Predicate>,
}

type Predicate = dyn Fn(Option<&StoredSet>) -> bool + Send + Sync;

impl Until {
    /// Whether it is reached. `None` is a set that does not exist.
    pub fn is_reached(&self, set: Option<&StoredSet>) -> bool {
        (self.holds)(set)
    }
}

impl fmt::Display for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name)
    }
}

impl fmt::Debug for Until {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Until").field(&self.name).finish()
    }
}

/// Whatever the predicate says; `name` is what a timeout prints.
pub fn holds(name: impl Into<String>, predicate: impl Fn(Option<&StoredSet>) -> bool + Send + Sync + 'static) -> Until {
    Until { name: name.into(), holds: Box::new(predicate) }
}

fn status_holds(name: impl Into<String>, predicate: impl Fn(&PetSetStatus) -> bool + Send + Sync + 'static) -> Until {
    holds(name, move |set| {
        set.is_some_and(|set| set.status.observed_generation == set.generation && predicate(&set.status))
    })
}

/// The newest declaration is reached: every pet is available and on the revision that is meant for it. Never of a set
/// that is paused.
pub fn rolled_out() -> Until {
    status_holds("rolled out", |status| {
        let rests = status.conditions.iter().any(|condition| {
            condition.kind == "Progressing"
                && condition.status == ConditionStatus::False
                && condition.reason != "Paused"
        });
        rests && is_true(status, "Available")
    })
}

/// Every pet of the newest declaration is available, on whatever revision.
pub fn available() -> Until {
    status_holds("available", |status| is_true(status, "Available"))
}

/// Exactly so many pods are ready, and no others exist.
pub fn ready_replicas(count: u32) -> Until {
    status_holds(format!("{count} ready pods"), move |status| {
        status.ready_replicas == count && status.replicas == count
    })
}

/// A condition that speaks of the newest declaration holds, for example `Degraded`.
pub fn condition(kind: impl Into<String>) -> Until {
    let kind = kind.into();
    holds(format!("condition {kind}"), move |set| {
        set.is_some_and(|set| {
            let mut conditions = set.status.conditions.iter();
            conditions.any(|condition| {
                condition.kind == kind
                    && condition.status == ConditionStatus::True
                    && condition.observed_generation == set.generation
            })
        })
    })
}

/// The set is no more.
pub fn gone() -> Until {
    holds("gone", |set| set.is_none())
}

fn is_true(status: &PetSetStatus, kind: &str) -> bool {
    status.conditions.iter().any(|condition| condition.kind == kind && condition.status == ConditionStatus::True)
}
