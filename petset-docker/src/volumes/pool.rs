//! Which pre-made volume fits a claim, and who has it.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use petset_core::Result;
use petset_core::spec::ClaimSpec;

use super::bind::of_another_node;
use super::core::Core;
use super::engine::{self, Wanted};
use super::mark::Mark;
use super::options::{BUILT_IN, StaticVolume};
use super::record::{Binding, ClaimRecord};
use crate::labels::{self, Role};

/// What came of looking for a pre-made volume.
pub(super) enum Taken {
    /// Bound to it; the claim has taken over the life that an interrupted try had given it.
    To(Binding),
    /// None fits, and why.
    None(Vec<String>),
}

/// Who has a pre-made volume.
struct Lock {
    mark: Mark,
    labels: HashMap<String, String>,
}

impl Core {
    /// Takes the smallest volume that fits and that nobody has, or the one that the claim has already.
    pub(super) async fn take(&self, claim: &mut ClaimRecord, class: &str, wanted: u64, new: bool) -> Result<Taken> {
        if self.options.pool.is_empty() {
            return Ok(Taken::None(Vec::new()));
        }
        let _one_at_a_time = self.pool.lock().await;
        let given = self.given().await?;
        let released = self.released();
        let own = given.iter().find(|(volume, lock)| {
            let Mark { identity, uid } = &lock.mark;
            *identity == claim.identity && (new || *uid == claim.uid) && !released.contains(*volume)
        });
        if let Some((name, lock)) = own
            && let Some(volume) = self.options.pool.iter().find(|found| found.name == *name)
        {
            if !self.is_own(&lock.labels) {
                return Err(of_another_node(&claim.identity.name, name, &lock.labels));
            }
            claim.uid = lock.mark.uid.clone();
            return self.bind_to(volume, claim).await;
        }
        let mut problems = Vec::new();
        for volume in fitting(&self.options.pool, &given, &released, &claim.spec, class, wanted) {
            match self.bind_to(volume, claim).await? {
                Taken::None(more) => problems.extend(more),
                taken @ Taken::To(_) => return Ok(taken),
            }
        }
        Ok(Taken::None(problems))
    }

    async fn bind_to(&self, volume: &StaticVolume, claim: &ClaimRecord) -> Result<Taken> {
        let problem = |problem: &str| Ok(Taken::None(vec![format!("volume {}: {problem}", volume.name)]));
        let listed = engine::named(&self.client, &[&volume.name]).await?;
        let Some(found) = listed.get(&volume.name)? else { return problem("the engine has no such volume") };
        let mine = Mark::of(claim);
        let lock = engine::make(
            &self.client,
            Wanted {
                name: labels::pool_lock(&volume.name),
                driver: BUILT_IN.to_owned(),
                options: BTreeMap::new(),
                labels: mine.labels(Role::PoolLock, self.client.node()),
            },
        )
        .await?;
        if Mark::read(&lock.labels) != Some(mine) {
            return problem("another claim has it");
        }
        Ok(Taken::To(Binding {
            volume: volume.name.clone(),
            class: volume.storage_class.clone(),
            capacity_bytes: volume.capacity_bytes,
            pooled: Some(engine::looks(found)),
        }))
    }

    /// Who has which pre-made volume. One whose lock cannot be read is nobody's to take, and `make` says so.
    async fn given(&self) -> Result<BTreeMap<String, Lock>> {
        let names: Vec<String> = self.options.pool.iter().map(|volume| labels::pool_lock(&volume.name)).collect();
        let listed = engine::named(&self.client, &names.iter().map(String::as_str).collect::<Vec<_>>()).await?;
        let mut given = BTreeMap::new();
        for (volume, lock) in self.options.pool.iter().zip(&names) {
            if let Some(labels) = listed.get(lock)?.map(|lock| lock.labels.clone())
                && let Some(mark) = Mark::read(&labels)
            {
                given.insert(volume.name.clone(), Lock { mark, labels });
            }
        }
        Ok(given)
    }

    /// The pre-made volumes whose claim is gone and that nobody gets before they are scrubbed.
    pub(super) fn released(&self) -> BTreeSet<String> {
        self.state().released.keys().cloned().collect()
    }
}

/// The volumes that fit, that nobody has and that do not wait for [`scrub`](super::DockerVolumes::scrub), the smallest
/// first.
fn fitting<'p>(
    pool: &'p [StaticVolume],
    given: &BTreeMap<String, Lock>,
    released: &BTreeSet<String>,
    spec: &ClaimSpec,
    class: &str,
    wanted: u64,
) -> Vec<&'p StaticVolume> {
    let mut found: Vec<_> = pool
        .iter()
        .filter(|volume| {
            !given.contains_key(&volume.name)
                && !released.contains(&volume.name)
                && volume.storage_class == class
                && volume.capacity_bytes >= wanted
                && spec.access_modes.iter().all(|mode| volume.access_modes.contains(mode))
                && spec.selector.as_ref().is_none_or(|selector| selector.matches(&volume.labels))
                && spec.volume_name.as_ref().is_none_or(|name| *name == volume.name)
        })
        .collect();
    found.sort_by_key(|volume| (volume.capacity_bytes, &volume.name));
    found
}
