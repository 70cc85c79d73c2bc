//! Answers to "why is nothing happening" and "what would happen": the same planner, without the doing.

use std::fmt;

use super::Engine;
use super::look::Look;
use super::memory::Memory;
use crate::error::{Error, ErrorKind, Result};
use crate::names::{Ordinal, SetKey};
use crate::plan::{self, Action, Plan};
use crate::spec::PetSet;
use crate::status::{Condition, ConditionStatus, PetSetStatus};
use crate::store::StoredSet;
use crate::time::Timestamp;

/// What a set does now, what it waits for, and why.
#[derive(Debug, Clone)]
pub struct Explanation {
    /// The set.
    pub set: SetKey,
    /// What would be done now.
    pub actions: Vec<String>,
    /// What waits, and why.
    pub waits: Vec<String>,
    /// Conditions of the status that say that something is wrong.
    pub troubles: Vec<String>,
    /// When the engine looks again although nothing may have changed.
    pub wake_at: Option<Timestamp>,
    /// The status as it is stored.
    pub status: PetSetStatus,
}

impl fmt::Display for Explanation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { set, actions, waits, troubles, wake_at, status } = self;
        writeln!(
            f,
            "{set}: {} pods, {} ready, {} available, {} updated",
            status.replicas, status.ready_replicas, status.available_replicas, status.updated_replicas
        )?;
        for (title, lines) in [("now", actions), ("waits", waits), ("trouble", troubles)] {
            for line in lines {
                writeln!(f, "  {title}: {line}")?;
            }
        }
        if actions.is_empty() && waits.is_empty() {
            writeln!(f, "  nothing to do: everything is as declared")?;
        }
        match wake_at {
            Some(at) => writeln!(f, "  looks again at {at} or when something changes"),
            None => Ok(()),
        }
    }
}

/// What a declaration would do, as ordered steps, if every pod became ready at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preview {
    /// The set.
    pub set: SetKey,
    /// The steps in their order.
    pub steps: Vec<PreviewStep>,
    /// What would still wait at the end, and why.
    pub waits: Vec<String>,
}

/// One step of a [`Preview`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PreviewStep {
    /// The pet, if it is about one.
    pub ordinal: Option<Ordinal>,
    /// What would be done, and why.
    pub what: String,
}

impl fmt::Display for Preview {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { set, steps, waits } = self;
        if steps.is_empty() {
            writeln!(f, "{set}: nothing to do")?;
        }
        for (number, step) in steps.iter().enumerate() {
            writeln!(f, "{set}: {}. {}", number + 1, step.what)?;
        }
        for wait in waits {
            writeln!(f, "{set}: then waits: {wait}")?;
        }
        Ok(())
    }
}

impl Engine {
    /// What the set does now, what it waits for, and why. Reads, and changes nothing.
    pub async fn explain(&self, key: &SetKey) -> Result<Explanation> {
        let stored = self.backends.store.get(key).await?.ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "explain a set")
                .with_context("set", key)
                .with_message("there is no set of this name")
        })?;
        let look = self.answered("look at a set", Look::take(self, &stored)).await?;
        let memory = self.memories.of(key, &stored.uid);
        let plan = plan::plan(&look.desired(), &look.observed(&stored, &memory));
        let is_trouble =
            |condition: &&Condition| condition.kind == "Degraded" && condition.status == ConditionStatus::True;
        let troubles = stored.status.conditions.iter().filter(is_trouble);
        Ok(Explanation {
            set: key.clone(),
            actions: texts(&plan),
            waits: plan.holds.iter().map(ToString::to_string).collect(),
            troubles: troubles.map(|condition| format!("{}: {}", condition.reason, condition.message)).collect(),
            wake_at: plan.wake_at,
            status: stored.status,
        })
    }

    /// What `set` would do if it were applied now, as ordered steps. Reads, and changes nothing.
    pub async fn preview(&self, set: PetSet) -> Result<Preview> {
        let key = set.key();
        let now = self.now();
        let stored = match self.backends.store.get(&key).await? {
            Some(stored) => StoredSet { set, generation: stored.generation + 1, ..stored },
            None => StoredSet {
                set,
                uid: crate::SetUid::new("preview"),
                former: Vec::new(),
                generation: 1,
                version: crate::Version::new("preview"),
                created_at: now,
                deletion: None,
                status: PetSetStatus::default(),
            },
        };
        let look = self.answered("look at a set", Look::take(self, &stored)).await?;
        let memory = Memory::default();
        let rehearsal = plan::rehearse(&look.desired(), &look.observed(&stored, &memory));
        let is_told = |action: &&Action| !matches!(action, Action::PublishNames { .. });
        let steps = rehearsal.actions.iter().filter(is_told);
        Ok(Preview {
            set: key,
            steps: steps.map(|action| PreviewStep { ordinal: action.ordinal(), what: action.to_string() }).collect(),
            waits: rehearsal.holds.iter().map(ToString::to_string).collect(),
        })
    }
}

fn texts(plan: &Plan) -> Vec<String> {
    plan.actions.iter().map(ToString::to_string).collect()
}
