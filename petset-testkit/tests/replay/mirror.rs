//! The world in memory in the words of the model, and what people and the runtime do to it.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::FutureExt;
use petset_core::backend::{ClaimPhase, PodPhase, VolumeProvisioner};
use petset_core::engine::{Backends, Engine, EngineOptions};
use petset_core::spec::PetSet;
use petset_core::store::{Cascade, Deletion, SetStore, StoredSet};
use petset_core::{Clock, Ordinal, RevisionName, SetKey, SetUid};
use petset_testkit::explore::{Claim, ClaimState, Config, PETS, Phase, Pod, STRANGER, Spec, State, Status};
use petset_testkit::{Check, FakeWorld, Readiness, Termination, fixtures};

const STRANGER_UID: &str = "stranger";

/// What can be seen of the world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pods: [Pod; PETS],
    claims: [Claim; PETS],
    status: Status,
    removed: bool,
}

impl Seen {
    /// What the model says.
    pub(crate) fn of(state: &State) -> Self {
        let claim = |claim: Claim| match claim.state {
            ClaimState::Absent => Claim::default(),
            ClaimState::Pending | ClaimState::Bound | ClaimState::Terminating => {
                Claim { state: claim.state, life: claim.life, ..Claim::default() }
            }
        };
        Self {
            pods: state.slots.map(|slot| if slot.pod.stands() { slot.pod } else { Pod::default() }),
            claims: state.slots.map(|slot| claim(slot.claim)),
            status: state.status,
            removed: state.removed,
        }
    }
}

/// The world of one configuration.
pub(crate) struct Mirror {
    pub(crate) world: FakeWorld,
    pub(crate) key: SetKey,
    config: Config,
    script: usize,
    lives: Vec<SetUid>,
    templates: BTreeMap<RevisionName, u8>,
}

fn now<T>(answer: impl Future<Output = T>) -> T {
    answer.now_or_never().expect("a world in memory answers at once")
}

impl Mirror {
    /// A world where the configuration begins.
    pub(crate) fn new(config: &Config) -> Self {
        let world = FakeWorld::new();
        world.permit(Check::ClaimsAreKept);
        world.permit(Check::ClaimsOutliveTheirPod);
        let key = SetKey::new("default", "web");
        let (config, templates) = (config.clone(), BTreeMap::new());
        let mut mirror = Self { world, key, config, script: 0, lives: Vec::new(), templates };
        mirror.create();
        if mirror.config.settled {
            mirror.settle();
        }
        mirror.world.set_readiness(Readiness::Manual);
        mirror.world.set_termination(Termination::Manual);
        if let Some(pet) = mirror.config.stranger {
            mirror.world.foreign_pod(&mirror.key, pet.into(), Some(SetUid::from(STRANGER_UID)));
            mirror.world.set_ready(&mirror.key, pet.into(), true);
        }
        mirror
    }

    /// An engine of its own goes to the goal.
    fn settle(&self) {
        let backends = Backends {
            pods: Arc::new(self.world.pods()),
            volumes: Arc::new(self.world.volumes()),
            names: Arc::new(self.world.names()),
            store: Arc::new(self.world.store()),
        };
        let engine = Engine::with_clock(backends, EngineOptions::default(), Arc::new(self.world.clock()));
        for _ in 0..20 {
            self.world.clock().advance(std::time::Duration::from_secs(3600));
            let _ = now(engine.pass(&self.key)).expect("nothing fails");
        }
    }

    fn spec(&self) -> &Spec {
        &self.config.script[self.script]
    }

    fn declared(&self) -> PetSet {
        let Spec { replicas, partition, max_unavailable, template, .. } = *self.spec();
        let mut set = fixtures::set("web").without_service().replicas(replicas.into()).partition(partition.into());
        set = set.max_unavailable(max_unavailable.into()).image(&format!("example:{template}"));
        if !self.config.ordered {
            set = set.parallel();
        }
        if self.config.claims {
            set = set.claim("data");
        }
        if self.config.when_scaled {
            set = set.delete_claims_when_scaled();
        }
        if self.config.when_deleted {
            set = set.delete_claims_when_deleted();
        }
        set.build()
    }

    fn create(&mut self) {
        let made = now(self.world.store().create(self.declared(), self.world.clock().now()));
        self.lives.push(made.expect("the name is free").uid);
    }

    fn stored(&self) -> Option<StoredSet> {
        now(self.world.store().get(&self.key)).expect("memory can be read")
    }

    /// The next declaration of the script.
    pub(crate) fn declare(&mut self) {
        let before = *self.spec();
        self.script += 1;
        let spec = *self.spec();
        if spec.life != before.life {
            return self.create();
        }
        let stored = self.stored().expect("it is declared");
        if spec.deleted || spec.orphaned {
            let cascade = if spec.orphaned { Cascade::Orphan } else { Cascade::Ordered };
            let deletion = Deletion { cascade, requested_at: self.world.clock().now() };
            now(self.world.store().mark_deleted(&self.key, &stored.version, deletion)).expect("it is the newest");
        } else {
            now(self.world.store().update(&self.key, &stored.version, self.declared())).expect("it is the newest");
        }
    }

    pub(crate) fn ready(&self, pet: u32) {
        self.world.set_phase(&self.key, pet, PodPhase::Running);
        self.world.set_ready(&self.key, pet, true);
    }

    /// A pod ends that was asked to, or that nobody knows.
    pub(crate) fn ends(&self, pet: u32) {
        self.world.remove_pod(&self.key, pet);
    }

    /// A stranger deletes a claim.
    pub(crate) fn claim_vanishes(&self, pet: u32) {
        let claim = self.world.claim(&self.key, "data", pet).expect("it is there");
        now(self.world.volumes().delete(&claim.reference())).expect("memory can be written");
    }

    /// What is there.
    pub(crate) fn seen(&mut self) -> Seen {
        for life in &self.lives {
            let known = now(self.world.store().revisions(&self.key, life)).unwrap_or_default();
            for revision in known {
                let image = revision.template.spec.containers[0].image.clone().unwrap_or_default();
                let number = image.rsplit(':').next().and_then(|number| number.parse().ok());
                self.templates.insert(revision.name, number.expect("an image has a number"));
            }
        }
        let pets: [u32; PETS] = std::array::from_fn(|pet| u32::try_from(pet).expect("there are few"));
        let stored = self.stored();
        Seen {
            pods: pets.map(|pet| self.pod(pet)),
            claims: pets.map(|pet| self.claim(pet)),
            status: stored.as_ref().map(|stored| self.status(stored)).unwrap_or_default(),
            removed: stored.is_none(),
        }
    }

    fn life(&self, owner: Option<&SetUid>) -> u8 {
        let Some(owner) = owner else { return 0 };
        let life = self.lives.iter().position(|life| life == owner);
        life.map_or(STRANGER, |at| u8::try_from(at + 1).expect("there are few lives"))
    }

    fn template(&self, name: Option<&RevisionName>) -> u8 {
        name.map_or(0, |name| *self.templates.get(name).unwrap_or_else(|| panic!("nobody knows revision {name}")))
    }

    fn pod(&self, pet: u32) -> Pod {
        let Some(pod) = self.world.pod(&self.key, pet) else { return Pod::default() };
        let phase = match (pod.status.phase, pod.status.ready_since) {
            (PodPhase::Pending, _) => Phase::Pending,
            (PodPhase::Running, Some(_)) => Phase::Ready,
            (PodPhase::Failed, _) => Phase::Failed,
            (PodPhase::Running | PodPhase::Succeeded | PodPhase::Unknown, _) => Phase::Unready,
        };
        let (revision, life) = (self.template(pod.revision.as_ref()), self.life(pod.owner.as_ref()));
        Pod { phase, terminating: pod.terminating, revision, life }
    }

    fn claim(&self, pet: u32) -> Claim {
        let Some(claim) = self.world.claim(&self.key, "data", pet) else { return Claim::default() };
        let ends = claim.phase == ClaimPhase::Terminating;
        let state = if ends { ClaimState::Terminating } else { ClaimState::Bound };
        Claim { state, life: self.life(claim.owner.as_ref()), ..Claim::default() }
    }

    fn status(&self, stored: &StoredSet) -> Status {
        let bit = |ordinal: Ordinal| 1_u8 << ordinal.0;
        let (mut live, mut gone, mut started, mut lost) = (0, 0, 0, 0);
        let status = &stored.status;
        for ticket in &status.tickets {
            let standing = self.world.pod(&self.key, ticket.ordinal.0).map(|pod| pod.uid);
            let mask = if standing.as_ref() == Some(&ticket.uid) { &mut live } else { &mut gone };
            *mask |= bit(ticket.ordinal);
        }
        for ordinal in status.started.ordinals() {
            started |= bit(ordinal);
            let standing = self.world.claim(&self.key, "data", ordinal.0).map(|claim| claim.uid);
            let is_on_it = status.started.claims(ordinal).all(|(_, uid)| standing.as_ref() == Some(uid));
            lost |= if is_on_it { 0 } else { bit(ordinal) };
        }
        let deleting = status.deleting_claims.iter().map(bit).fold(0, |all, bit| all | bit);
        Status { live, gone, started, lost, deleting, current: self.template(status.current_revision.as_ref()) }
    }
}
