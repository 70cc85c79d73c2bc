//! Applying manifests: everything is checked before anything is changed.

use std::fmt;

use super::Sets;
use crate::backend::{PodBackend, VolumeProvisioner};
use crate::engine::Preview;
use crate::error::{Error, ErrorKind, Result};
use crate::manifest::{self, Manifest, Violation};
use crate::names::SetKey;
use crate::spec::PetSet;
use crate::store::StoredSet;

/// What became of one set of an applied manifest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Applied {
    /// The set.
    pub set: SetKey,
    /// What became of it.
    pub outcome: ApplyOutcome,
}

/// What became of an applied set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ApplyOutcome {
    /// There was none of this name.
    Created,
    /// Its declaration was changed.
    Configured,
    /// It was declared so already.
    Unchanged,
}

impl fmt::Display for Applied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let outcome = match self.outcome {
            ApplyOutcome::Created => "created",
            ApplyOutcome::Configured => "configured",
            ApplyOutcome::Unchanged => "unchanged",
        };
        write!(f, "petset {} {outcome}", self.set)
    }
}

/// Races with other writers of the same set that are repeated before giving up.
const MAX_RACES: u32 = 16;

impl Sets {
    /// Makes the manifest the declaration: its services, config maps and secrets first, then its sets.
    ///
    /// # Errors
    /// Everything that is wrong with any of its sets, at once and by field path: changes that are not allowed, what a
    /// backend cannot honour, claim names that another set has. Then nothing was changed.
    pub async fn apply(&self, manifest: Manifest) -> Result<Vec<Applied>> {
        for set in &manifest.sets {
            self.check(set, &manifest.sets).await?;
        }
        for object in manifest.objects {
            self.backends().store.put_object(object).await?;
        }
        let mut applied = Vec::new();
        for set in manifest.sets {
            let key = set.key();
            let outcome = self.put(&key, set).await?;
            self.shared.queue.add(key.clone());
            applied.push(Applied { set: key, outcome });
        }
        Ok(applied)
    }

    /// What [`apply`](Self::apply) would do, as ordered steps with reasons. Nothing is touched.
    ///
    /// # Errors
    /// Those of [`apply`](Self::apply).
    pub async fn preview(&self, manifest: Manifest) -> Result<Vec<Preview>> {
        let mut previews = Vec::new();
        for set in &manifest.sets {
            self.check(set, &manifest.sets).await?;
            previews.push(self.shared.engine.preview(set.clone()).await?);
        }
        Ok(previews)
    }

    async fn put(&self, key: &SetKey, set: PetSet) -> Result<ApplyOutcome> {
        let store = &self.backends().store;
        for _ in 0..MAX_RACES {
            let result = match store.get(key).await? {
                None => store.create(set.clone(), self.shared.engine.now()).await.map(|_| ApplyOutcome::Created),
                Some(stored) if stored.deletion.is_some() => return Err(being_deleted(key)),
                Some(stored) if stored.set == set => return Ok(ApplyOutcome::Unchanged),
                Some(stored) => {
                    refuse(key, &manifest::check_update(&stored.set, &set).err().unwrap_or_default())?;
                    store.update(key, &stored.version, set.clone()).await.map(|_| ApplyOutcome::Configured)
                }
            };
            match result {
                Err(error) if error.is_conflict() || error.is_already_exists() => {}
                other => return other,
            }
        }
        Err(lost_every_race(key))
    }

    /// Changes a stored set by a function of it. The result is defaulted and checked like a manifest.
    pub(super) async fn change(
        &self,
        key: &SetKey,
        change: impl Fn(&StoredSet, &mut PetSet) -> Result<()>,
    ) -> Result<()> {
        for _ in 0..MAX_RACES {
            let stored = self.require(key).await?;
            if stored.deletion.is_some() {
                return Err(being_deleted(key));
            }
            let mut set = stored.set.clone();
            change(&stored, &mut set)?;
            let checked = Manifest::try_from(set)?;
            let Some(set) = checked.sets.into_iter().next() else { return Ok(()) };
            if set == stored.set {
                return Ok(());
            }
            self.check(&set, &[]).await?;
            match self.backends().store.update(key, &stored.version, set).await {
                Ok(_) => {
                    self.shared.queue.add(key.clone());
                    return Ok(());
                }
                Err(error) if error.is_conflict() => {}
                Err(error) => return Err(error),
            }
        }
        Err(lost_every_race(key))
    }

    /// Everything that would be wrong with this set here and now.
    async fn check(&self, set: &PetSet, beside: &[PetSet]) -> Result<()> {
        let (key, backends) = (set.key(), self.backends());
        let mut violations: Vec<Violation> = Vec::new();
        if let Some(stored) = backends.store.get(&key).await? {
            if stored.deletion.is_some() {
                return Err(being_deleted(&key));
            }
            violations.extend(manifest::check_update(&stored.set, set).err().unwrap_or_default());
        }
        let template = backends.pods.check(&set.spec.template);
        violations.extend(template.into_iter().map(|violation| violation.below("spec.template")));
        for (index, claim) in set.spec.volume_claim_templates.iter().enumerate() {
            let path = format!("spec.volumeClaimTemplates[{index}]");
            violations.extend(backends.volumes.check(claim).into_iter().map(|violation| violation.below(&path)));
        }
        for other in self.claim_neighbours(set, &key, beside).await? {
            if let Some(name) = manifest::claim_names_collide(set, &other) {
                let problem = format!("set {} gives its claims this name too; rename the template", other.key());
                violations.push(Violation::new("spec.volumeClaimTemplates", name, problem));
            }
        }
        refuse(&key, &violations)
    }

    /// Every other set, stored or about to be, whose claims could have the same names: `<a>-<b>-<c>` is both claim `a`
    /// of set `b-c` and claim `a-b` of set `c`, so one set's name ends with the other's.
    async fn claim_neighbours(&self, set: &PetSet, key: &SetKey, beside: &[PetSet]) -> Result<Vec<PetSet>> {
        if set.spec.volume_claim_templates.is_empty() {
            return Ok(Vec::new());
        }
        let may_collide = |other: &SetKey| {
            let ends_with = |long: &str, short: &str| long.strip_suffix(short).is_some_and(|rest| rest.ends_with('-'));
            other.namespace == key.namespace && (ends_with(&other.name, &key.name) || ends_with(&key.name, &other.name))
        };
        let store = &self.backends().store;
        let mut neighbours: Vec<PetSet> = beside.iter().filter(|other| may_collide(&other.key())).cloned().collect();
        for other in store.list().await?.iter().filter(|other| may_collide(other)) {
            neighbours.extend(store.get(other).await?.map(|stored| stored.set));
        }
        Ok(neighbours)
    }
}

fn refuse(key: &SetKey, violations: &[Violation]) -> Result<()> {
    if violations.is_empty() {
        return Ok(());
    }
    let lines: Vec<String> = violations.iter().map(ToString::to_string).collect();
    Err(Error::new(ErrorKind::Invalid, "apply a set").with_context("set", key).with_message(lines.join("\n")))
}

fn being_deleted(key: &SetKey) -> Error {
    Error::new(ErrorKind::Conflict, "change a set")
        .with_retry(crate::Retry::Backoff)
        .with_context("set", key)
        .with_message("it is being deleted; wait until it is gone")
}

fn lost_every_race(key: &SetKey) -> Error {
    Error::new(ErrorKind::Conflict, "change a set")
        .with_context("set", key)
        .with_message("other writers were faster every time")
}
