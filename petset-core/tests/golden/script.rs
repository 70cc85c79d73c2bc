//! The language of the scenarios. Each line is echoed, followed by what it shows; `#` begins a comment.
//!
//! | line | meaning |
//! |---|---|
//! | `set replicas=3 max=50% …` | changes the declaration, see [`words::set`]; `names=shown` shows publishing, `broken=B` makes pods of revision B never ready |
//! | `delete ordered`, `delete orphan` | asks for the end of the set |
//! | `pod 0-2 A ready` | places pods: `ready`, `ready-for=30s`, `unready`, `pending`, `failed`, `succeeded`, `unknown`; then `terminating`, `orphan`, `former`, `foreign`, `stray`, `uninit`; revision `-` is none |
//! | `ready 2`, `unready`, `fail`, `succeed`, `unknown`, `gone`, `uninit`, `init`, `former`, `foreign`, `orphan`, `stray`, `end`, `relabel 2 B` | what happens to pods; `end` is a deletion by somebody else, `address 2` gives one |
//! | `claims all`, `claim 1 www lost` | places or changes claims: `bound`, `pending`, `lost`, `terminating`, `gone`, `replaced`, `ours`, `orphan`, `foreign` |
//! | `started 0-2`, `deleting 1`, `ticket 2`, `ticket 2 uid` | what the status remembers |
//! | `now +10s`, `retry 2 +5s "text"` | time, and pauses after failures |
//! | `plan` | shows the plan, changes nothing |
//! | `step` | one pass: shows the plan, writes, applies |
//! | `step counted` | one pass, of which only the number of actions is shown |
//! | `settle` | passes until nothing moves; everything that is asked for works at once |
//! | `status` | shows the status |
//! | `look`, `act` | another controller's plan on the view of `look`, carried out at `act`: it loses if tickets or started pets were written meanwhile |

use std::collections::BTreeSet;
use std::fmt::Write;
use std::sync::Arc;

use petset_core::backend::{ClaimPhase, PodPhase};
use petset_core::plan::{Action, Ownership, Plan, RetryAt};
use petset_core::status::Ticket;
use petset_core::store::Cascade;
use petset_core::{Ordinal, PodUid, RevisionName, Timestamp};

use crate::common::{Applied, Spec, World};
use crate::{render, words};

/// A story that does not settle in so many passes never does.
const MAX_PASSES: usize = 2_000;

struct Script {
    world: World,
    with_names: bool,
    broken: BTreeSet<String>,
    seen: Option<(Plan, u64)>,
    out: String,
}

/// Plays a scenario and returns what it shows.
pub(crate) fn run(text: &str) -> Result<String, String> {
    let mut script = Script {
        world: World::new(Spec::default()),
        with_names: false,
        broken: BTreeSet::new(),
        seen: None,
        out: String::new(),
    };
    for (number, line) in text.lines().enumerate() {
        let _ = writeln!(script.out, "{line}");
        let command = line.split('#').next().unwrap_or_default().trim();
        if !command.is_empty() {
            script.run(command).map_err(|why| format!("line {}: `{line}`: {why}", number + 1))?;
        }
    }
    Ok(script.out)
}

impl Script {
    fn run(&mut self, line: &str) -> Result<(), String> {
        if !self.with_names {
            self.publish();
        }
        let words: Vec<&str> = line.split_whitespace().collect();
        match words.as_slice() {
            ["set", pairs @ ..] => self.set(pairs),
            ["delete", how] => self.delete(how),
            ["pod", pets, revision, states @ ..] => self.place(&words::pets(pets)?, revision, states),
            ["claims", "all"] => {
                let (start, end) = (self.world.spec.start, self.world.spec.start + self.world.spec.replicas);
                self.claims(&(start..end).map(Ordinal).collect::<Vec<_>>());
                Ok(())
            }
            ["claims", pets] => {
                self.claims(&words::pets(pets)?);
                Ok(())
            }
            ["claim", pets, template, state] => {
                words::pets(pets)?.into_iter().try_for_each(|pet| self.claim(pet, &Arc::from(*template), state))
            }
            ["started", pets] => {
                self.world.started.extend_with(&words::pets(pets)?);
                Ok(())
            }
            ["deleting", pets] => {
                for pet in words::pets(pets)? {
                    self.world.deleting_claims.insert(pet);
                }
                Ok(())
            }
            ["ticket", pet] => {
                let pet = Ordinal(words::number(pet)?);
                let uid = self.world.pod(pet).ok_or("there is no such pod")?.uid.clone();
                self.ticket(pet, uid);
                Ok(())
            }
            ["ticket", pet, uid] => {
                self.ticket(Ordinal(words::number(pet)?), PodUid::new(*uid));
                Ok(())
            }
            ["now", span] => {
                self.world.now = self.world.now.after(words::span(span)?);
                Ok(())
            }
            ["retry", pet, span, ..] => {
                let message = line.split('"').nth(1).ok_or("a pause has a \"reason\"")?;
                let at = self.world.now.after(words::span(span)?);
                let retry = RetryAt { at, failures: 1, message: message.into(), on: None };
                self.world.retries.insert(Ordinal(words::number(pet)?), retry);
                Ok(())
            }
            ["lapse", pet, span] => {
                self.world.lapses.insert(Ordinal(words::number(pet)?), self.world.now.after(words::span(span)?));
                Ok(())
            }
            ["plan"] => {
                let plan = self.plan()?;
                render::plan(&mut self.out, &plan, self.world.now);
                Ok(())
            }
            ["step"] => {
                let now = self.world.now;
                let plan = self.step()?;
                render::plan(&mut self.out, &plan, now);
                Ok(())
            }
            ["step", "counted"] => {
                let plan = self.step()?;
                render::counted(&mut self.out, &plan.actions);
                Ok(())
            }
            ["settle"] => self.settle(),
            ["status"] => {
                let plan = self.world.plan();
                self.world.write(&plan);
                render::status(&mut self.out, &self.world.status);
                Ok(())
            }
            ["look"] => {
                self.seen = Some((self.plan()?, self.world.version));
                Ok(())
            }
            ["act"] => self.act(),
            ["relabel", pets, revision] => self.each(&words::pets(pets)?, |world, pet| {
                world.edit(pet, |pod| pod.revision = Some(RevisionName::new(*revision)))
            }),
            [event, pets] => self.happen(event, &words::pets(pets)?),
            _ => Err("unknown command".to_owned()),
        }
    }

    /// The plan, which keeps the planner's own invariants.
    fn plan(&self) -> Result<Plan, String> {
        let plan = self.world.plan();
        match self.world.broken(&plan).as_slice() {
            [] => Ok(plan),
            broken => Err(format!("the plan breaks its invariants: {broken:?}")),
        }
    }

    /// One pass.
    fn step(&mut self) -> Result<Plan, String> {
        let plan = self.plan()?;
        self.world.write(&plan);
        for action in &plan.actions {
            self.world.apply(action);
        }
        Ok(plan)
    }

    /// Where a scenario is not about names, they count as published, so that they move nothing.
    fn publish(&mut self) {
        let plan = self.world.plan();
        let publish = plan.actions.iter().find(|action| matches!(action, Action::PublishNames { .. }));
        if let Some(action) = publish {
            self.world.apply(action);
        }
    }

    fn set(&mut self, pairs: &[&str]) -> Result<(), String> {
        for pair in pairs {
            match pair.split_once('=').ok_or_else(|| format!("`{pair}` is not like `key=value`"))? {
                ("names", "shown") => self.with_names = true,
                ("broken", "none") => self.broken.clear(),
                ("broken", revisions) => self.broken = revisions.split(',').map(str::to_owned).collect(),
                (key, value) => words::set(&mut self.world.spec, key, value)?,
            }
        }
        Ok(())
    }

    fn delete(&mut self, how: &str) -> Result<(), String> {
        self.world.spec.deletion = Some(match how {
            "ordered" => Cascade::Ordered,
            "orphan" => Cascade::Orphan,
            _ => return Err("a set is deleted `ordered` or `orphan`".to_owned()),
        });
        Ok(())
    }

    fn place(&mut self, pets: &[Ordinal], revision: &str, states: &[&str]) -> Result<(), String> {
        for &pet in pets {
            if self.world.pod(pet).is_some() {
                return Err(format!("pod {pet} is there already"));
            }
            self.world.put_pod(pet, (revision != "-").then(|| RevisionName::new(revision)));
            for state in states {
                match (*state, state.strip_prefix("ready-for=")) {
                    ("pending", _) => {}
                    ("terminating", _) => self.happen("end", &[pet])?,
                    (_, Some(span)) => {
                        let since =
                            self.world.now.as_micros() - i64::try_from(words::span(span)?.as_micros()).unwrap_or(0);
                        self.happen("ready", &[pet])?;
                        self.world.edit(pet, |pod| pod.ready_since = Some(Timestamp::from_micros(since)));
                    }
                    ("failed", _) => self.happen("fail", &[pet])?,
                    ("succeeded", _) => self.happen("succeed", &[pet])?,
                    (state, None) => self.happen(state, &[pet])?,
                }
            }
        }
        Ok(())
    }

    fn happen(&mut self, event: &str, pets: &[Ordinal]) -> Result<(), String> {
        self.each(pets, |world, pet| match event {
            "ready" => world.make_ready(pet),
            "unready" => world.make(pet, PodPhase::Running),
            "fail" => world.make(pet, PodPhase::Failed),
            "succeed" => world.make(pet, PodPhase::Succeeded),
            "unknown" => world.make(pet, PodPhase::Unknown),
            "gone" => {
                let there = world.edit(pet, |_| {});
                world.remove_pod(pet);
                there
            }
            "end" => world.edit(pet, |pod| pod.terminating = true),
            "uninit" => world.edit(pet, |pod| pod.initialized = false),
            "init" => world.edit(pet, |pod| pod.initialized = true),
            "foreign" => world.edit(pet, |pod| pod.owner = Ownership::Foreign),
            "former" => world.edit(pet, |pod| pod.owner = Ownership::Former),
            "orphan" => world.edit(pet, |pod| pod.owner = Ownership::Nobody),
            "stray" => world.edit(pet, |pod| pod.selected = false),
            "address" => world.edit(pet, |pod| pod.address = Some([10, 0, 0, pet.0.to_le_bytes()[0]].into())),
            _ => Applied::Conflict,
        })
        .map_err(|why| format!("{event}: {why}"))
    }

    /// Does something to each of the pets; it must be there, and the event must be known.
    fn each(&mut self, pets: &[Ordinal], mut act: impl FnMut(&mut World, Ordinal) -> Applied) -> Result<(), String> {
        for &pet in pets {
            match act(&mut self.world, pet) {
                Applied::Done => {}
                Applied::AlreadySo => return Err(format!("there is no pod {pet}")),
                Applied::Conflict => return Err("unknown command".to_owned()),
            }
        }
        Ok(())
    }

    /// Bound claims of every template, owned as the retention policy of the moment wants it, of pets that have run.
    fn claims(&mut self, pets: &[Ordinal]) {
        let spec = &self.world.spec;
        let owner = if spec.when_scaled || spec.when_deleted { Ownership::Ours } else { Ownership::Nobody };
        for template in spec.templates.clone() {
            for pet in pets {
                self.world.put_claim(*pet, &template, ClaimPhase::Bound, owner);
            }
        }
        self.world.started.extend_with(pets);
    }

    fn claim(&mut self, pet: Ordinal, template: &Arc<str>, state: &str) -> Result<(), String> {
        if state == "bound" {
            self.world.put_claim(pet, template, ClaimPhase::Bound, Ownership::Nobody);
        } else if state == "pending" {
            self.world.put_claim(pet, template, ClaimPhase::Pending, Ownership::Nobody);
        }
        let is = |claim: &&mut petset_core::plan::ClaimView| claim.ordinal == pet && claim.template == *template;
        let claim = self.world.claims.iter_mut().find(is).ok_or("there is no such claim")?;
        match state {
            "bound" => claim.phase = ClaimPhase::Bound,
            "pending" => claim.phase = ClaimPhase::Pending,
            "lost" => claim.phase = ClaimPhase::Lost,
            "terminating" => claim.phase = ClaimPhase::Terminating,
            "ours" => claim.owner = Ownership::Ours,
            "orphan" => claim.owner = Ownership::Nobody,
            "foreign" => claim.owner = Ownership::Foreign,
            "replaced" => {
                let (phase, owner) = (claim.phase, claim.owner);
                self.world.claims.retain(|claim| claim.ordinal != pet || claim.template != *template);
                self.world.put_claim(pet, template, phase, owner);
            }
            "gone" => self.world.claims.retain(|claim| claim.ordinal != pet || claim.template != *template),
            _ => return Err(format!("a claim cannot be `{state}`")),
        }
        Ok(())
    }

    fn ticket(&mut self, ordinal: Ordinal, uid: PodUid) {
        self.world.tickets.push(Ticket { ordinal, uid });
    }

    /// Another controller carries out what it planned at `look`.
    fn act(&mut self) -> Result<(), String> {
        let (plan, version) = self.seen.take().ok_or("nobody looked")?;
        let swaps = plan.needs_write();
        if swaps && version != self.world.version {
            self.out.push_str("  lost the swap: nothing is done\n");
            return Ok(());
        }
        if swaps {
            self.world.write(&plan);
        }
        for action in plan.actions.iter().filter(|action| action.ordinal().is_some()) {
            let became = match self.world.apply(action) {
                Applied::Done => "done",
                Applied::AlreadySo => "already so",
                Applied::Conflict => "refused: it changed since",
            };
            let _ = writeln!(self.out, "  {action}: {became}");
        }
        Ok(())
    }

    fn settle(&mut self) -> Result<(), String> {
        for _ in 0..MAX_PASSES {
            if !self.with_names {
                self.publish();
            }
            let plan = self.step()?;
            render::actions(&mut self.out, &plan.actions);
            let acted = !plan.actions.is_empty() || plan.needs_write();
            if self.world.removed {
                self.out.push_str("  the set is no more\n");
                return Ok(());
            }
            if self.cooperate() || acted {
                continue;
            }
            if let Some(at) = plan.wake_at.filter(|at| *at > self.world.now) {
                self.world.now = at;
            } else {
                render::holds(&mut self.out, &plan);
                render::status(&mut self.out, &self.world.status);
                return Ok(());
            }
        }
        Err(format!("this does not settle in {MAX_PASSES} passes"))
    }

    /// What was asked for happens: ends are confirmed, pending pods run and are ready unless their revision is broken.
    fn cooperate(&mut self) -> bool {
        let pets = |world: &World, is: &dyn Fn(&petset_core::plan::PodView) -> bool| -> Vec<Ordinal> {
            world.pods.iter().filter(|pod| is(pod)).map(|pod| pod.ordinal).collect()
        };
        let ended = pets(&self.world, &|pod| pod.terminating);
        let fresh = pets(&self.world, &|pod| pod.phase == PodPhase::Pending && !pod.terminating);
        for pet in &ended {
            self.world.remove_pod(*pet);
        }
        for pet in &fresh {
            let revision = self.world.pod(*pet).and_then(|pod| pod.revision.clone());
            if revision.is_some_and(|revision| self.broken.contains(revision.as_str())) {
                self.world.make(*pet, PodPhase::Running);
            } else {
                self.world.make_ready(*pet);
                self.world.retries.remove(pet);
            }
        }
        let claims = self.world.claims.len();
        self.world.claims.retain(|claim| claim.phase != ClaimPhase::Terminating);
        !ended.is_empty() || !fresh.is_empty() || self.world.claims.len() != claims
    }
}

/// Adds many pets at once.
trait Extend {
    fn extend_with(&mut self, pets: &[Ordinal]);
}

impl Extend for petset_core::status::Started {
    fn extend_with(&mut self, pets: &[Ordinal]) {
        for pet in pets {
            self.insert(*pet, []);
        }
    }
}
