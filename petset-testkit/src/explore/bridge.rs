//! The only place that talks to the shipped planner: compact views become its input, its plan becomes compact.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use petset_core::backend::{ClaimPhase, PodPhase};
use petset_core::plan::{
    self, Action, ClaimView, DeleteReason, Desired, Observed, Ownership, PodView, RetryAt, Strategy,
};
use petset_core::status::{OrdinalSet, PetSetStatus, Started, Ticket, status};
use petset_core::store::Cascade;
use petset_core::{ClaimUid, Ordinal, PodUid, RevisionName, Timestamp, Version};

use super::config::Config;
use super::flaw::Flaw;
use super::model::{Act, Acts, Claim, ClaimState, Kind, PETS, Phase, Pod, Status};

/// What a pass read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct View {
    pub(super) script: u8,
    pub(super) status: Status,
    pub(super) pods: [Pod; PETS],
    pub(super) claims: [Claim; PETS],
}

/// What a pass decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Decision {
    pub(super) acts: Acts<8>,
    /// The status to write.
    pub(super) status: Status,
    /// Whether it must be written before anything is done.
    pub(super) needed: bool,
}

/// Texts that are made once.
#[derive(Debug)]
pub(super) struct Bridge {
    live: Vec<PodUid>,
    gone: Vec<PodUid>,
    claims: Vec<ClaimUid>,
    gone_claims: Vec<ClaimUid>,
    revisions: Vec<RevisionName>,
    version: Version,
    templates: Vec<Arc<str>>,
    retries: BTreeMap<Ordinal, RetryAt>,
}

impl Bridge {
    pub(super) fn new(config: &Config) -> Self {
        let texts = |prefix: &str| (0..8).map(|at| format!("{prefix}{at}")).collect::<Vec<_>>();
        Self {
            live: texts("live-").into_iter().map(PodUid::new).collect(),
            gone: texts("gone-").into_iter().map(PodUid::new).collect(),
            claims: texts("claim-").into_iter().map(ClaimUid::new).collect(),
            gone_claims: texts("gone-claim-").into_iter().map(ClaimUid::new).collect(),
            revisions: texts("r").into_iter().map(RevisionName::new).collect(),
            version: Version::new("1"),
            templates: if config.claims { vec!["data".into()] } else { Vec::new() },
            retries: BTreeMap::new(),
        }
    }

    /// Asks the shipped planner, and lets the configuration's flaw have its way with question and answer.
    pub(super) fn decide(&self, config: &Config, view: &View) -> Decision {
        let shown = shown(config, view);
        let spec = config.spec(shown.script);
        let life = spec.life;
        let current = if shown.status.current == 0 { spec.template } else { shown.status.current };
        let partition = if config.flaw == Some(Flaw::ForgetsPartition) { 0 } else { spec.partition };
        let desired = Desired {
            replicas: spec.replicas.into(),
            start: Ordinal(0),
            ordered: config.ordered,
            strategy: Strategy::RollingUpdate {
                partition: partition.into(),
                max_unavailable: spec.max_unavailable.into(),
            },
            min_ready: Duration::ZERO,
            delete_claims_when_scaled: config.when_scaled,
            delete_claims_when_deleted: config.when_deleted,
            claim_templates: &self.templates,
            deletion: match (spec.deleted, spec.orphaned) {
                (_, true) => Some(Cascade::Orphan),
                (true, false) => Some(Cascade::Ordered),
                (false, false) => None,
            },
            current: &self.revisions[usize::from(current)],
            update: &self.revisions[usize::from(spec.template)],
            binds_before_use: false,
            paused: false,
        };
        let owner = |owner: u8| match owner {
            0 => Ownership::Nobody,
            owner if owner == life || config.flaw == Some(Flaw::TakesStrangers) => Ownership::Ours,
            owner if owner < life && config.flaw != Some(Flaw::LeavesLeftovers) => Ownership::Former,
            _ => Ownership::Foreign,
        };
        let pods: Vec<PodView> = (0..PETS)
            .filter(|pet| shown.pods[*pet].stands())
            .map(|pet| self.pod(pet, shown.pods[pet], owner))
            .collect();
        let claims: Vec<ClaimView> = (0..PETS).filter_map(|pet| self.claim(pet, shown.claims[pet], owner)).collect();
        let tickets = self.tickets(shown.status);
        let started = match config.flaw {
            Some(Flaw::AnyClaim) => ordinals(shown.status.started).collect(),
            Some(_) | None => self.started(shown.status),
        };
        let deleting_claims: OrdinalSet = ordinals(shown.status.deleting).collect();
        let observed = Observed {
            now: Timestamp::from_micros(1_000_000),
            pods: &pods,
            claims: &claims,
            tickets: &tickets,
            started: &started,
            deleting_claims: &deleting_claims,
            retries: &self.retries,
            names_seed: 0,
            published: None,
        };
        let plan = plan::plan(&desired, &observed);
        let previous = PetSetStatus {
            tickets: tickets.clone(),
            started: started.clone(),
            deleting_claims: deleting_claims.clone(),
            current_revision: Some(desired.current.clone()),
            ..PetSetStatus::default()
        };
        let next = status(&desired, &observed, &plan, &previous, 1);
        let revision = |name: &RevisionName| position(&self.revisions, name);
        let lets_go = !config.ordered || desired.deletion.is_some();
        let acts = plan.actions.iter().filter_map(|action| act(action, view, life, lets_go, &revision)).collect();
        let decision = Decision {
            acts,
            status: Status {
                live: mask(next.tickets.iter().filter(|ticket| self.live.contains(&ticket.uid)).map(|t| t.ordinal)),
                gone: mask(next.tickets.iter().filter(|ticket| self.gone.contains(&ticket.uid)).map(|t| t.ordinal)),
                started: mask(next.started.ordinals()),
                lost: mask(next.started.ordinals().filter(|ordinal| !self.is_on_its_claim(&next.started, *ordinal))),
                deleting: mask(next.deleting_claims.iter()),
                current: next.current_revision.as_ref().map_or(0, revision),
            },
            needed: plan.needs_write() || plan.acts() || shown.status.current == 0,
        };
        answered(config, view, decision)
    }

    fn pod(&self, pet: usize, pod: Pod, owner: impl Fn(u8) -> Ownership) -> PodView {
        PodView {
            ordinal: ordinal(pet),
            uid: self.live[pet].clone(),
            version: self.version.clone(),
            owner: owner(pod.life),
            selected: true,
            revision: Some(self.revisions[usize::from(pod.revision)].clone()),
            phase: match pod.phase {
                Phase::Absent | Phase::Pending => PodPhase::Pending,
                Phase::Ready | Phase::Unready => PodPhase::Running,
                Phase::Failed => PodPhase::Failed,
            },
            ready_since: (pod.phase == Phase::Ready).then(Timestamp::default),
            terminating: pod.terminating,
            initialized: true,
            address: None,
            trouble: None,
        }
    }

    fn claim(&self, pet: usize, claim: Claim, owner: impl Fn(u8) -> Ownership) -> Option<ClaimView> {
        Some(ClaimView {
            ordinal: ordinal(pet),
            template: Arc::clone(self.templates.first()?),
            uid: self.claims[pet].clone(),
            // Claims hold data: what an earlier life left is a stranger's.
            owner: match owner(claim.life) {
                Ownership::Former => Ownership::Foreign,
                owner @ (Ownership::Ours | Ownership::Nobody | Ownership::Foreign) => owner,
            },
            phase: match claim.state {
                ClaimState::Absent => return None,
                ClaimState::Bound => ClaimPhase::Bound,
                ClaimState::Terminating => ClaimPhase::Terminating,
            },
            message: None,
        })
    }

    fn started(&self, status: Status) -> Started {
        let mut started = Started::default();
        for ordinal in ordinals(status.started) {
            let uids = if status.lost & 1 << ordinal.0 == 0 { &self.claims } else { &self.gone_claims };
            let claims = self.templates.iter().map(|name| (Arc::clone(name), uids[ordinal.0 as usize].clone()));
            started.insert(ordinal, claims);
        }
        started
    }

    fn is_on_its_claim(&self, started: &Started, ordinal: Ordinal) -> bool {
        let uid = &self.claims[ordinal.0 as usize];
        self.templates.iter().all(|template| started.may_use(ordinal, template, uid))
    }

    fn tickets(&self, status: Status) -> Vec<Ticket> {
        let of = |mask: u8, uids: &[PodUid]| -> Vec<Ticket> {
            ordinals(mask).map(|ordinal| Ticket { ordinal, uid: uids[ordinal.0 as usize].clone() }).collect()
        };
        let mut tickets = of(status.gone, &self.gone);
        tickets.extend(of(status.live, &self.live));
        tickets
    }
}

/// What the planner is shown: the view, but for what a flaw hides.
fn shown(config: &Config, view: &View) -> View {
    let mut shown = *view;
    let wanted = (1_u8 << config.spec(view.script).wanted()) - 1;
    match config.flaw {
        Some(Flaw::NoTicket | Flaw::NaiveTicket) => (shown.status.live, shown.status.gone) = (0, 0),
        Some(Flaw::EarlyFree) => {
            shown.status.live &= wanted;
            shown.status.gone &= wanted;
        }
        Some(Flaw::SkipsReadiness) => {
            for pod in shown.pods.iter_mut().filter(|pod| pod.phase == Phase::Pending) {
                pod.phase = Phase::Ready;
            }
        }
        Some(Flaw::ForgetsStarted) => shown.status.started = 0,
        Some(_) | None => {}
    }
    shown
}

/// What the engine makes of the plan: the plan, but for what a flaw does to it.
fn answered(config: &Config, view: &View, mut decision: Decision) -> Decision {
    match config.flaw {
        Some(Flaw::NoTicket) => {
            (decision.status.live, decision.status.gone) = (view.status.live, view.status.gone);
            decision.needed = decision.status != view.status;
        }
        Some(Flaw::NaiveTicket) if !decision.needed => {
            (decision.status.live, decision.status.gone) = (view.status.live, view.status.gone);
        }
        Some(Flaw::EarlyFree) => {
            let tickets = |status: Status| (status.live, status.gone);
            decision.needed |= tickets(decision.status) != tickets(view.status);
        }
        Some(Flaw::NoVersion | Flaw::TakesTaken) => decision.acts.0.iter_mut().for_each(|act| act.as_seen = false),
        Some(Flaw::WrongOrder) => {
            let wanted = config.spec(view.script).wanted();
            let lowest = (wanted..PETS).find(|pet| view.pods[*pet].stands() && !view.pods[*pet].terminating);
            for act in &mut decision.acts.0 {
                if let (Kind::Delete, Some(lowest)) = (act.kind, lowest)
                    && usize::from(act.pet) >= wanted
                {
                    act.pet = lowest.to_le_bytes()[0];
                    decision.status.live = view.status.live | 1 << lowest;
                }
            }
        }
        Some(Flaw::DeletesClaims) => {
            let spec = config.spec(view.script);
            for pet in spec.wanted()..PETS {
                if !view.pods[pet].stands() && view.claims[pet].state == ClaimState::Bound {
                    let act =
                        Act { kind: Kind::DeleteClaim, pet: pet.to_le_bytes()[0], life: spec.life, ..Act::default() };
                    decision.acts.push(act);
                }
            }
        }
        Some(Flaw::KeepsDoomed) => decision.acts.retain(|act| {
            let stays =
                view.status.deleting & (1 << act.pet) != 0 && usize::from(act.pet) < config.spec(view.script).wanted();
            act.kind != Kind::Delete || !stays
        }),
        Some(Flaw::WaitsForReadiness) => decision.acts.retain(|act| {
            let pod = view.pods[usize::from(act.pet)];
            act.kind != Kind::Delete || pod.phase == Phase::Ready || !act.as_seen
        }),
        Some(_) | None => {}
    }
    decision
}

fn act(action: &Action, view: &View, life: u8, lets_go: bool, revision: &impl Fn(&RevisionName) -> u8) -> Option<Act> {
    let of = |kind: Kind, ordinal: &Ordinal| Act { kind, pet: ordinal.0.to_le_bytes()[0], life, ..Act::default() };
    Some(match action {
        Action::AdoptPod { ordinal, .. } => Act { as_seen: true, ..of(Kind::Adopt, ordinal) },
        Action::ReleasePod { ordinal, .. } => Act { as_seen: true, ..of(Kind::Release, ordinal) },
        Action::ProvisionClaim { ordinal, .. } => of(Kind::Provision, ordinal),
        Action::OwnClaim { ordinal, ours, .. } => of(if *ours { Kind::Own } else { Kind::Disown }, ordinal),
        Action::DeleteClaim { ordinal, .. } => of(Kind::DeleteClaim, ordinal),
        Action::CreatePod { ordinal, revision: name } => Act { revision: revision(name), ..of(Kind::Create, ordinal) },
        Action::DeletePod { ordinal, reason: DeleteReason::FormerLife, .. } => {
            let life = view.pods[ordinal.0 as usize].life;
            Act { as_seen: true, life, ..of(Kind::Delete, ordinal) }
        }
        Action::DeletePod { ordinal, version, reason, .. } => {
            let condemned = matches!(reason, DeleteReason::ScaledDown | DeleteReason::SetDeleted);
            Act { as_seen: version.is_some(), frees: condemned && lets_go, ..of(Kind::Delete, ordinal) }
        }
        Action::RemoveSet => Act { kind: Kind::RemoveSet, life, ..Act::default() },
        Action::PublishNames { .. } | Action::WithdrawNames => return None,
    })
}

fn ordinal(pet: usize) -> Ordinal {
    Ordinal(u32::try_from(pet).expect("there are few pets"))
}

fn ordinals(mask: u8) -> impl Iterator<Item = Ordinal> {
    (0..8).filter(move |pet| mask & (1 << pet) != 0).map(Ordinal)
}

fn mask(ordinals: impl Iterator<Item = Ordinal>) -> u8 {
    ordinals.fold(0, |mask, ordinal| mask | 1 << ordinal.0)
}

fn position(revisions: &[RevisionName], name: &RevisionName) -> u8 {
    let at = revisions.iter().position(|revision| revision == name).expect("a plan names known revisions only");
    at.to_le_bytes()[0]
}
