//! What people and strangers do.

use std::collections::BTreeMap;
use std::time::Duration;

use futures::FutureExt;
use petset_core::backend::{Claim, ClaimRequest, PodRef};
use petset_core::manifest::check_update;
use petset_core::spec::{ConfigObject, PetSet, Service};
use petset_core::status::Started;
use petset_core::store::{Cascade, Deletion, SetStore, StoredSet};
use petset_core::{Clock, Ordinal, Result, SetKey};
use tokio::time::Instant;

use super::agenda::Job;
use super::checker::Actor;
use super::driver::Driver;
use super::runtime;
use super::scenario::{Deed, Hand};
use crate::world;

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
        if let Some(Ok(Some(_))) = declared {
            self.declared.insert(key.clone());
        }
        self.sim.stored(&self.shared, &self.shared.lock(), &key);
    }

    pub(super) fn serve(&mut self, service: &Service) {
        let key = SetKey::new(service.metadata.namespace.as_str(), service.metadata.name.as_str());
        self.services.insert(key, service.clone());
        let sets = self.shared.sets();
        let put = async { sets.put_object(ConfigObject::Service(service.clone())).await }.now_or_never();
        assert!(matches!(put, Some(Ok(()))), "a store in memory never waits");
        self.sim.lock().effects += 1;
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
                Hand::Delete => world::begin_end(&mut state, &pod, 30),
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

    /// What strangers and people do to the claims of a pet.
    pub(super) fn claim(&self, deed: Deed, set: &SetKey, ordinal: Ordinal) {
        let Some(stored) = self.stored(set) else { return };
        let mut state = self.shared.lock();
        state.clock.set(self.clock.now());
        let all = state.claims.get(set).into_iter().flat_map(|claims| claims.values());
        let own: Vec<Claim> = all.filter(|claim| claim.ordinal == ordinal).cloned().collect();
        match deed {
            Deed::Lose => {
                for claim in &own {
                    world::delete_claim(&mut state, &claim.reference());
                }
                if let Some(pod) = state.running(set, ordinal).map(|running| running.pod.reference()) {
                    runtime::end(&mut state, &pod);
                }
            }
            Deed::Restore => {
                for template in &stored.set.spec.volume_claim_templates {
                    let request = ClaimRequest {
                        set: set.clone(),
                        template: template.metadata.name.clone(),
                        ordinal,
                        name: set.claim_name(&template.metadata.name, ordinal),
                        owner: None,
                        labels: BTreeMap::new(),
                        annotations: BTreeMap::new(),
                        spec: template.spec.clone(),
                    };
                    // One that is there already is as good.
                    let _ = world::provision_claim(&mut state, request);
                }
            }
            // Under a pod that runs the claim would stay as long as the pod does.
            Deed::AllowEmpty if state.running(set, ordinal).is_some() => return,
            Deed::AllowEmpty => {
                for claim in &own {
                    world::delete_claim(&mut state, &claim.reference());
                }
                // In two steps, as the shipped handle does it: a write that is under way must fail.
                if !stored.status.started.contains(ordinal) {
                    self.say_started(set, |started| started.insert(ordinal, []));
                }
                self.say_started(set, |started| {
                    started.remove(ordinal);
                });
            }
            Deed::Accept => {
                let claims = own.iter().map(|claim| (claim.template.as_str().into(), claim.uid.clone()));
                self.say_started(set, |started| started.insert(ordinal, claims));
            }
        }
        self.sim.look(&mut state, Actor::Another);
        if matches!(deed, Deed::AllowEmpty | Deed::Accept) {
            self.sim.lock().checker.forgiven(set, ordinal);
            self.sim.stored(&self.shared, &state, set);
        }
        self.sim.pod_moved(&state, set);
    }

    fn say_started(&self, set: &SetKey, change: impl FnOnce(&mut Started)) {
        let sets = self.shared.sets();
        let said = async {
            let stored = sets.get(set).await?;
            let StoredSet { version, mut status, .. } = stored.expect("it was there a moment ago");
            change(&mut status.started);
            sets.update_status(set, &version, status).await
        };
        let said: Option<Result<_>> = said.now_or_never();
        assert!(matches!(said, Some(Ok(_))), "a store in memory never waits, and nobody is between");
    }

    /// What is known not to hold: see [`Gap::ClaimOfAGoneSet`](super::Gap::ClaimOfAGoneSet). Somebody frees these claims.
    pub(super) fn clear_strays(&self) {
        let mut state = self.shared.lock();
        let strays = self.sim.lock().checker.strays().clone();
        for claim in state.claims.values_mut().flat_map(|claims| claims.values_mut()) {
            if strays.contains(&claim.uid) {
                self.sim.tell(format_args!("-- somebody frees claim {} of a life that is over", claim.name));
                claim.owner = None;
            }
        }
    }
}
