//! The only place that talks to the shipped planner: compact views become its input, its plan becomes compact.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use petset_core::backend::{ClaimPhase, PodPhase};
use petset_core::plan::{self, ClaimView, Desired, Observed, Ownership, PodView, RetryAt, Strategy};
use petset_core::status::{OrdinalSet, PetSetStatus, Started, Ticket, status};
use petset_core::store::Cascade;
use petset_core::{ClaimUid, Ordinal, PodUid, RevisionName, Timestamp, Version};

use super::act::Acts;
use super::config::Config;
use super::flaw::Flaw;
use super::model::{Claim, ClaimState, PETS, Phase, Pod, Status};
use super::safety::Broken;
use super::seeded;

/// What a pass read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct View {
    pub(super) script: u8,
    pub(super) status: Status,
    /// What there was when the pods were listed.
    pub(super) pods: [Pod; PETS],
    /// The list failed all the same.
    pub(super) unseen: bool,
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
    /// What is wrong with what the plan names.
    pub(super) mistake: Option<Broken>,
}

/// What is decided about the pods of a set that is no more.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leftovers {
    pub(super) acts: Acts<8>,
    /// What is wrong with what they name.
    pub(super) mistake: Option<Broken>,
}

/// Texts that are made once.
#[derive(Debug)]
pub(super) struct Bridge {
    pub(super) live: Vec<PodUid>,
    pub(super) gone: Vec<PodUid>,
    pub(super) claims: Vec<ClaimUid>,
    pub(super) gone_claims: Vec<ClaimUid>,
    revisions: Vec<RevisionName>,
    pub(super) versions: Vec<Version>,
    pub(super) templates: Vec<Arc<str>>,
    retries: BTreeMap<Ordinal, RetryAt>,
    lapses: BTreeMap<Ordinal, Timestamp>,
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
            versions: texts("v").into_iter().map(Version::new).collect(),
            templates: if config.claims { vec!["data".into()] } else { Vec::new() },
            retries: BTreeMap::new(),
            lapses: BTreeMap::new(),
        }
    }

    /// Asks the shipped planner, and lets the configuration's flaw have its way with question and answer.
    pub(super) fn decide(&self, config: &Config, view: &View) -> Decision {
        let shown = seeded::shown(config, view);
        let spec = config.spec(shown.script);
        let life = spec.life;
        let current = if shown.status.current == 0 { spec.template } else { shown.status.current };
        let partition = if config.flaw == Some(Flaw::ForgetsPartition) { 0 } else { spec.partition };
        let so_far = &config.script[..=usize::from(shown.script)];
        let max_unavailable = match config.flaw {
            Some(Flaw::OldBudget) => so_far.iter().map(|spec| spec.max_unavailable).max().unwrap_or(1),
            Some(_) | None => spec.max_unavailable,
        };
        let desired = Desired {
            replicas: spec.replicas.into(),
            start: Ordinal(0),
            ordered: config.ordered,
            strategy: Strategy::RollingUpdate { partition: partition.into(), max_unavailable: max_unavailable.into() },
            min_ready: Duration::ZERO,
            delete_claims_when_scaled: config.when_scaled && config.flaw != Some(Flaw::GivesClaimsAway),
            delete_claims_when_deleted: config.when_deleted && config.flaw != Some(Flaw::GivesClaimsAway),
            claim_templates: &self.templates,
            deletion: match (spec.deleted, spec.orphaned) {
                (_, true) => Some(Cascade::Orphan),
                (true, false) => Some(Cascade::Ordered),
                (false, false) => None,
            },
            current: &self.revisions[usize::from(current)],
            update: &self.revisions[usize::from(spec.template)],
            binds_before_use: config.binds_before_use,
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
            lapses: &self.lapses,
            names_seed: 0,
            published: None,
        };
        let mut plan = plan::plan(&desired, &observed);
        seeded::misname(config.flaw, self, &mut plan);
        let previous = PetSetStatus {
            tickets: tickets.clone(),
            started: started.clone(),
            deleting_claims: deleting_claims.clone(),
            current_revision: Some(desired.current.clone()),
            update_revision: (shown.status.current != 0).then(|| desired.update.clone()),
            ..PetSetStatus::default()
        };
        let next = status(&desired, &observed, &plan, &previous, 1);
        let lets_go = !config.ordered || desired.deletion.is_some();
        let mistake = self.mistake(&plan.actions, &shown).or_else(|| self.misissued(&next.tickets));
        let acts = plan.actions.iter().filter(|_| mistake.is_none());
        let decision = Decision {
            acts: acts.filter_map(|action| self.act(action, view, life, lets_go)).collect(),
            status: Status {
                live: mask(next.tickets.iter().filter(|ticket| self.live.contains(&ticket.uid)).map(|t| t.ordinal)),
                gone: mask(next.tickets.iter().filter(|ticket| self.gone.contains(&ticket.uid)).map(|t| t.ordinal)),
                started: mask(next.started.ordinals()),
                lost: mask(next.started.ordinals().filter(|ordinal| !self.is_on_its_claim(&next.started, *ordinal))),
                deleting: mask(next.deleting_claims.iter()),
                current: next.current_revision.as_ref().map_or(0, |name| self.revision(name)),
            },
            needed: plan.needs_swap(&desired, &previous),
            mistake,
        };
        seeded::answered(config, view, decision)
    }

    /// Asks the shipped planner what is to be done about the pods of a set whose lives are over, up to this one.
    pub(super) fn leftovers(&self, script: u8, life: u8, pods: [Pod; PETS]) -> Leftovers {
        let owner = |owner: u8| match owner {
            0 => Ownership::Nobody,
            owner if owner <= life => Ownership::Former,
            _ => Ownership::Foreign,
        };
        let standing = (0..PETS).filter(|pet| pods[*pet].stands());
        let actions = plan::leftovers(&standing.map(|pet| self.pod(pet, pods[pet], owner)).collect::<Vec<_>>());
        let view = View { script, status: Status::default(), pods, unseen: false, claims: Default::default() };
        let mistake = self.mistake(&actions, &view);
        let acts = actions.iter().filter(|_| mistake.is_none());
        Leftovers { acts: acts.filter_map(|action| self.act(action, &view, life, false)).collect(), mistake }
    }

    /// The number of a revision.
    ///
    /// # Panics
    /// When nobody ever told the planner of it.
    pub(super) fn revision(&self, name: &RevisionName) -> u8 {
        let at =
            self.revisions.iter().position(|revision| revision == name).expect("a plan names known revisions only");
        at.to_le_bytes()[0]
    }

    fn pod(&self, pet: usize, pod: Pod, owner: impl Fn(u8) -> Ownership) -> PodView {
        PodView {
            ordinal: ordinal(pet),
            uid: self.live[pet].clone(),
            version: self.versions[pet].clone(),
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
                ClaimState::Pending => ClaimPhase::Pending,
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

fn ordinal(pet: usize) -> Ordinal {
    Ordinal(u32::try_from(pet).expect("there are few pets"))
}

fn ordinals(mask: u8) -> impl Iterator<Item = Ordinal> {
    (0..8).filter(move |pet| mask & (1 << pet) != 0).map(Ordinal)
}

fn mask(ordinals: impl Iterator<Item = Ordinal>) -> u8 {
    ordinals.fold(0, |mask, ordinal| mask | 1 << ordinal.0)
}
