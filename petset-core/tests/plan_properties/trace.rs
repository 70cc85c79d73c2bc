//! A run of passes in a world that does what it likes, watched by an oracle that remembers what a plan cannot: which
//! ready pods were taken down, which claims pets had, and in which order pods ended.

use std::collections::BTreeMap;

use petset_core::backend::{ClaimPhase, PodPhase};
use petset_core::plan::{Action, ClaimView, DeleteReason, Ownership, Plan, PodView, Strategy as Update};
use petset_core::store::Cascade;
use petset_core::{ClaimUid, Ordinal, PodUid, RevisionName};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::common::{Applied, World};
use crate::facts::{budget, is_available, is_wanted, others_down, partition, range};

/// What happens between two passes, or instead of one.
#[derive(Debug, Clone)]
pub(crate) enum Event {
    Pass,
    /// The second controller looks, and acts later on what it saw.
    Look,
    Act,
    Ready(u32),
    Unready(u32),
    Fail(u32),
    Unknown(u32),
    /// Whatever is ending is gone.
    Gone,
    /// A pod is gone without anybody having asked for it.
    Vanish(u32),
    Time(i64),
    Template(&'static str),
    Replicas(u32),
    Partition(u32),
    Max(u32),
    Start(u32),
}

pub(crate) fn events(longest: usize) -> impl Strategy<Value = Vec<Event>> {
    let pet = || 0..8_u32;
    let template = prop_oneof![Just("A"), Just("B"), Just("C")];
    let event = prop_oneof![
        10 => Just(Event::Pass),
        2 => Just(Event::Look),
        2 => Just(Event::Act),
        8 => pet().prop_map(Event::Ready),
        1 => pet().prop_map(Event::Unready),
        1 => pet().prop_map(Event::Fail),
        1 => pet().prop_map(Event::Unknown),
        4 => Just(Event::Gone),
        1 => pet().prop_map(Event::Vanish),
        2 => (0..40_i64).prop_map(Event::Time),
        2 => template.prop_map(Event::Template),
        1 => (0..7_u32).prop_map(Event::Replicas),
        1 => (0..8_u32).prop_map(Event::Partition),
        1 => (1..4_u32).prop_map(Event::Max),
        1 => (0..3_u32).prop_map(Event::Start),
    ];
    vec(event, 0..longest)
}

/// The world with what the oracle remembers.
#[derive(Debug, Clone)]
pub(crate) struct Run {
    pub(crate) world: World,
    /// What was found, as sentences.
    pub(crate) broken: Vec<String>,
    pub(crate) passes: usize,
    pub(crate) writes: usize,
    /// Ready pods of wanted pets that were taken down and not yet brought back.
    debts: BTreeMap<Ordinal, PodUid>,
    /// The claims that pets ran on; only a policy may end one.
    claims: BTreeMap<(Ordinal, String), ClaimUid>,
    /// What the second controller saw: its plan, the version it swaps on, and the declaration.
    seen: Option<(Plan, u64, String)>,
}

impl Run {
    pub(crate) fn new(world: World) -> Self {
        Self {
            world,
            broken: Vec::new(),
            passes: 0,
            writes: 0,
            debts: BTreeMap::new(),
            claims: BTreeMap::new(),
            seen: None,
        }
    }

    pub(crate) fn happen(&mut self, event: &Event) {
        let at = |pet: u32| Ordinal(self.world.spec.start + pet);
        match *event {
            Event::Pass => {
                self.pass();
            }
            Event::Look => self.seen = Some((self.world.plan(), self.world.version, self.declaration())),
            Event::Act => self.act_late(),
            Event::Ready(pet) => {
                let ordinal = at(pet);
                let can = |pod: &PodView| matches!(pod.phase, PodPhase::Failed | PodPhase::Succeeded);
                if !self.world.pod(ordinal).is_some_and(can) {
                    self.world.make_ready(ordinal);
                }
            }
            Event::Unready(pet) => self.unready(at(pet), PodPhase::Running),
            Event::Fail(pet) => self.unready(at(pet), PodPhase::Failed),
            Event::Unknown(pet) => self.unready(at(pet), PodPhase::Unknown),
            Event::Gone => self.confirm_ends(),
            Event::Vanish(pet) => {
                let ordinal = at(pet);
                self.world.remove_pod(ordinal);
            }
            Event::Time(seconds) => {
                let micros = self.world.now.as_micros() + seconds * 1_000_000;
                self.world.now = petset_core::Timestamp::from_micros(micros);
            }
            Event::Template(name) => self.world.spec.update = RevisionName::new(name),
            Event::Replicas(replicas) => self.world.spec.replicas = replicas,
            Event::Start(start) => self.world.spec.start = start,
            Event::Partition(number) => {
                if let Update::RollingUpdate { partition, .. } = &mut self.world.spec.strategy {
                    *partition = number;
                }
            }
            Event::Max(number) => {
                if let Update::RollingUpdate { max_unavailable, .. } = &mut self.world.spec.strategy {
                    *max_unavailable = number;
                }
            }
        }
        self.settle_debts();
    }

    fn unready(&mut self, ordinal: Ordinal, phase: PodPhase) {
        self.world.make(ordinal, phase);
    }

    fn declaration(&self) -> String {
        format!("{:?}", self.world.spec)
    }

    /// One pass, watched. True when it did or wrote anything.
    pub(crate) fn pass(&mut self) -> bool {
        self.settle_debts();
        let plan = self.world.plan();
        self.passes += 1;
        self.broken.extend(crate::legal::illegal(&self.world, &plan));
        self.broken.extend(crate::holds::avoidable(&self.world, &plan));
        self.check_orders(&plan);
        let before = self.world.tickets.clone();
        self.world.write(&plan);
        let taken =
            |ticket: &&petset_core::status::Ticket| !before.contains(ticket) && is_wanted(&self.world, ticket.ordinal);
        if self.world.tickets.iter().any(|ticket| taken(&ticket)) {
            let down = others_down(&self.world, &self.world.tickets, Ordinal(u32::MAX));
            if down > budget(&self.world) {
                self.broken.push(format!("S10: {down} are down or going, {} may be", budget(&self.world)));
            }
        }
        for action in &plan.actions {
            self.apply(action);
        }
        !plan.actions.is_empty() || plan.needs_write()
    }

    /// The second controller acts on its old view. It has lost when the declaration or the version moved and it has
    /// anything to write; a deletion that needs no write lands all the same.
    fn act_late(&mut self) {
        let Some((plan, version, declaration)) = self.seen.take() else { return };
        let swaps = plan.needs_write();
        let changed = declaration != self.declaration();
        if swaps && (changed || version != self.world.version) {
            return;
        }
        self.settle_debts();
        if swaps {
            self.world.write(&plan);
        }
        // A request to end something was sent when it was decided, and lands whatever is declared by then. What is begun
        // is not: the engine looks at the version once more right before.
        let ends = |action: &Action| matches!(action, Action::DeletePod { .. } | Action::DeleteClaim { .. });
        let lasting = |action: &&Action| {
            !matches!(action, Action::RemoveSet | Action::WithdrawNames) && (!changed || ends(action))
        };
        for action in plan.actions.iter().filter(lasting) {
            self.apply(action);
        }
    }

    /// S8, S9 and S11 against the view that the plan was made on.
    fn check_orders(&mut self, plan: &Plan) {
        let world = &self.world;
        for action in &plan.actions {
            if let Action::CreatePod { ordinal, revision } = action {
                let (first, _) = range(world);
                let before = u64::from(ordinal.0) - first;
                let ready = |index: &u64| {
                    let ordinal = u32::try_from(first + index).map(Ordinal).expect("small worlds have small numbers");
                    world.pod(ordinal).is_some_and(|pod| is_available(world, pod))
                };
                if world.spec.ordered && !(0..before).all(|index| ready(&index)) {
                    self.broken.push(format!("S8: {action}"));
                }
                if before < partition(world) && *revision != world.spec.current {
                    self.broken.push(format!("S11: {action}"));
                }
            }
            if let Action::DeletePod {
                ordinal, reason: DeleteReason::ScaledDown | DeleteReason::SetDeleted, uid, ..
            } = action
            {
                let had = world.tickets.iter().any(|ticket| ticket.uid == *uid);
                let standing = world
                    .pods
                    .iter()
                    .rev()
                    .find(|pod| pod.owner == Ownership::Ours && pod.selected && !is_wanted(world, pod.ordinal));
                if world.spec.ordered && !had && standing.is_some_and(|pod| pod.ordinal > *ordinal) {
                    self.broken.push(format!("S9: {action}"));
                }
            }
        }
    }

    fn apply(&mut self, action: &Action) {
        let mut ready = None;
        if let Action::DeletePod { uid, .. } = action {
            let is = |pod: &&PodView| pod.uid == *uid && pod.ready_since.is_some() && pod.owner != Ownership::Former;
            ready = self.world.pods.iter().find(is).map(|pod| (pod.ordinal, pod.uid.clone()));
        }
        let claims = self.world.claims.len();
        if self.world.apply(action) != Applied::Done {
            return;
        }
        self.writes += 1;
        if self.world.claims.len() < claims {
            self.broken.push(format!("S6: a claim is gone at once: {action}"));
        }
        if let Some((ordinal, uid)) = ready {
            self.took_down(ordinal, uid, action);
        }
        if let Action::CreatePod { ordinal, .. } = action {
            self.started(*ordinal, action);
        }
        if let Action::DeleteClaim { ordinal, template, .. } = action {
            self.claims.remove(&(*ordinal, template.to_string()));
            let seen_through = self.world.deleting_claims.contains(*ordinal);
            if !self.world.spec.when_scaled && !self.world.spec.when_deleted && !seen_through {
                self.broken.push(format!("S6: {action}"));
            }
        }
    }

    /// S10: a ready pod goes with a ticket only, and whoever is not back yet still has one.
    fn took_down(&mut self, ordinal: Ordinal, uid: PodUid, action: &Action) {
        if !self.world.tickets.iter().any(|ticket| ticket.uid == uid) {
            self.broken.push(format!("S10: a ready pod without a ticket: {action}"));
        }
        if is_wanted(&self.world, ordinal) {
            self.debts.insert(ordinal, uid);
            let ticketed = |ordinal: &Ordinal| self.world.tickets.iter().any(|ticket| ticket.ordinal == *ordinal);
            if !self.debts.keys().all(ticketed) {
                self.broken.push(format!("S10: a debt was forgotten: {:?}", self.debts));
            }
        }
    }

    /// S5 and S7: a pet starts on the claims that it ran on before.
    fn started(&mut self, ordinal: Ordinal, action: &Action) {
        for template in &self.world.spec.templates {
            let is = |claim: &&ClaimView| claim.ordinal == ordinal && claim.template == *template;
            let Some(claim) = self.world.claims.iter().find(is) else { continue };
            let before = self.claims.insert((ordinal, template.to_string()), claim.uid.clone());
            if before.is_some_and(|before| before != claim.uid) {
                self.broken.push(format!("S5, S7: another volume than before: {action}"));
            }
        }
    }

    /// A debt is paid when an available successor stands, or when nobody wants the pet and it is gone.
    fn settle_debts(&mut self) {
        let world = &self.world;
        self.debts.retain(|ordinal, uid| match world.pod(*ordinal) {
            Some(pod) if pod.uid == *uid => true,
            Some(pod) => is_wanted(world, *ordinal) && !is_available(world, pod),
            None => is_wanted(world, *ordinal),
        });
    }

    pub(crate) fn confirm_ends(&mut self) {
        let ending: Vec<Ordinal> =
            self.world.pods.iter().filter(|pod| pod.terminating).map(|pod| pod.ordinal).collect();
        for ordinal in ending {
            self.world.remove_pod(ordinal);
        }
        self.world.claims.retain(|claim| claim.phase != ClaimPhase::Terminating);
    }

    /// Everybody does their part: ends are confirmed, pods of sound revisions become ready, strangers leave, people give
    /// their sign, bring back volumes that are missing and accept those that were replaced.
    pub(crate) fn cooperate(&mut self, broken: &[RevisionName]) -> bool {
        let seen = |world: &World| format!("{:?}{:?}{:?}", world.pods, world.claims, world.started);
        let before = seen(&self.world);
        self.confirm_ends();
        let orphaning = self.world.spec.deletion == Some(Cascade::Orphan);
        let strangers: Vec<Ordinal> = self
            .world
            .pods
            .iter()
            .filter(|pod| pod.owner == Ownership::Foreign || pod.owner == Ownership::Nobody && !pod.selected)
            .map(|pod| pod.ordinal)
            .collect();
        for ordinal in strangers.into_iter().filter(|_| !orphaning) {
            self.world.remove_pod(ordinal);
        }
        let ordinals: Vec<Ordinal> = self.world.pods.iter().map(|pod| pod.ordinal).collect();
        for ordinal in ordinals {
            let Some(pod) = self.world.pod(ordinal) else { continue };
            let sound = !pod.revision.as_ref().is_some_and(|revision| broken.contains(revision));
            let ended = matches!(pod.phase, PodPhase::Failed | PodPhase::Succeeded);
            if !pod.initialized {
                self.world.edit(ordinal, |pod| pod.initialized = true);
            }
            let Some(pod) = self.world.pod(ordinal) else { continue };
            if pod.ready_since.is_none() && sound && !ended {
                self.world.make_ready(ordinal);
            } else if pod.phase == PodPhase::Unknown {
                self.world.make(ordinal, PodPhase::Running);
            }
        }
        for claim in &mut self.world.claims {
            if matches!(claim.phase, ClaimPhase::Lost | ClaimPhase::Pending) {
                claim.phase = ClaimPhase::Bound;
            }
        }
        let started: Vec<Ordinal> = self
            .world
            .started
            .ordinals()
            .filter(|ordinal| is_wanted(&self.world, *ordinal) && !self.world.deleting_claims.contains(*ordinal))
            .collect();
        for ordinal in started {
            let replaced = |claim: &ClaimView| !self.world.started.may_use(ordinal, &claim.template, &claim.uid);
            if self.world.claims.iter().any(|claim| claim.ordinal == ordinal && replaced(claim)) {
                self.world.started.insert(ordinal, []);
            }
            for template in self.world.spec.templates.clone() {
                self.world.put_claim(ordinal, &template, ClaimPhase::Bound, Ownership::Nobody);
            }
        }
        self.settle_debts();
        seen(&self.world) != before
    }

    /// Passes and cooperation until nothing moves; how many passes that took.
    pub(crate) fn heal(&mut self, broken: &[RevisionName], most: usize) -> usize {
        let first = self.passes;
        while self.passes - first <= most && !self.world.removed {
            let acted = self.pass();
            if self.cooperate(broken) || acted {
                continue;
            }
            match self.world.plan().wake_at.filter(|at| *at > self.world.now) {
                Some(at) => self.world.now = at,
                None => break,
            }
        }
        self.passes - first
    }
}
