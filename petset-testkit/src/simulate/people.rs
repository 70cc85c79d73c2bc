//! What people and strangers do.

use std::time::Duration;

use futures::FutureExt;
use petset_core::backend::PodRef;
use petset_core::manifest::check_update;
use petset_core::spec::PetSet;
use petset_core::store::{Cascade, Deletion, SetStore, StoredSet};
use petset_core::{Clock, Ordinal, Result, SetKey, SetUid};
use tokio::time::Instant;

use super::agenda::Job;
use super::checker::Actor;
use super::driver::Driver;
use super::runtime;
use super::scenario::Hand;

impl Driver<'_> {
    pub(super) fn declare(&mut self, set: &PetSet) {
        let (key, sets, now) = (set.key(), self.shared.sets(), self.clock.now());
        let declared = async {
            match sets.get(&key).await? {
                None => sets.create(set.clone(), now).await.map(Some),
                // Whoever deleted it has to wait.
                Some(stored) if stored.deletion.is_some() => Ok(None),
                Some(stored) if check_update(&stored.set, set).is_err() => Ok(None),
                Some(stored) => sets.update(&key, &stored.version, set.clone()).await.map(Some),
            }
        };
        let declared: Option<Result<Option<StoredSet>>> = declared.now_or_never();
        if let Some(Ok(Some(stored))) = declared {
            self.lives.entry(key.clone()).or_default().insert(stored.uid);
        }
        self.sim.stored(&self.shared, &self.shared.lock(), &key);
    }

    pub(super) fn delete(&self, key: &SetKey, cascade: Cascade) {
        let (sets, requested_at) = (self.shared.sets(), self.clock.now());
        let Some(stored) = self.stored(key) else { return };
        let marked = async { sets.mark_deleted(key, &stored.version, Deletion { cascade, requested_at }).await };
        let marked: Option<Result<StoredSet>> = marked.now_or_never();
        assert!(matches!(marked, Some(Ok(_))), "a store in memory never waits");
        self.sim.stored(&self.shared, &self.shared.lock(), key);
    }

    pub(super) fn hand(&self, hand: Hand, set: &SetKey, ordinal: Option<u32>) {
        let mut state = self.shared.lock();
        state.clock.set(self.clock.now());
        let all: Vec<PodRef> = state
            .pods
            .get(set)
            .into_iter()
            .flat_map(|pods| pods.values())
            .filter(|running| ordinal.is_none_or(|ordinal| running.pod.ordinal == Ordinal(ordinal)))
            .map(|running| running.pod.reference())
            .collect();
        for pod in all {
            match hand {
                Hand::Kill => {
                    runtime::end(&mut state, &pod);
                }
                Hand::Delete => crate::world::begin_end(&mut state, &pod, 30),
                Hand::Fail => {
                    runtime::fail(&mut state, &pod);
                }
                Hand::Flap => {
                    runtime::flap(&mut state, &pod);
                    let back = Instant::now() + Duration::from_secs(7);
                    self.sim.lock().agenda.add(back, Job::Ready(pod.set, pod.ordinal, pod.uid));
                }
            }
        }
        self.sim.look(&mut state, Actor::Another);
        self.sim.pod_moved(&state, set);
    }

    /// What is known not to hold: a pod or a claim that was made late for a life of a set that is over stands until
    /// somebody deletes it. Here somebody does.
    pub(super) fn clear_gone_lives(&self) {
        let mut state = self.shared.lock();
        state.clock.set(self.clock.now());
        for (key, lives) in &self.lives {
            let now = self.stored(key).map(|stored| stored.uid);
            let is_over = |owner: &Option<SetUid>| {
                owner.as_ref().is_some_and(|owner| lives.contains(owner) && Some(owner) != now.as_ref())
            };
            let pods = state.pods.get(key).into_iter().flat_map(|pods| pods.values());
            let pods = pods.map(|running| &running.pod).filter(|pod| is_over(&pod.owner));
            let pods: Vec<PodRef> = pods.map(petset_core::backend::Pod::reference).collect();
            for pod in pods {
                self.sim.tell(format_args!("-- somebody deletes pod {} of a life that is over", pod.name()));
                crate::world::begin_end(&mut state, &pod, 30);
            }
            for claim in state.claims.get_mut(key).into_iter().flat_map(|claims| claims.values_mut()) {
                if is_over(&claim.owner) {
                    self.sim.tell(format_args!("-- somebody frees claim {} of a life that is over", claim.name));
                    claim.owner = None;
                }
            }
        }
        self.sim.look(&mut state, Actor::Another);
    }
}
