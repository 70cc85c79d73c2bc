//! The end of a run: nothing goes wrong any more, the goal is reached, and holds.

use std::sync::Arc;
use std::time::Duration;

use petset_core::spec::Service;
use petset_core::store::StoredSet;
use petset_core::{Engine, EngineOptions, Result, SetKey};
use tokio::time::Instant;

use super::checker::Broken;
use super::driver::Driver;
use super::goal;
use crate::Op;

/// So long a set that does not reach its goal is waited for, so that the story shows whether it ever would.
const GIVE_UP: Duration = Duration::from_secs(3 * 3600);
/// So many writes in a row at the goal may say that it is reached.
const LAST_WORDS: u32 = 3;

/// What a run needed to reach the goal once nothing went wrong any more.
#[derive(Debug, Clone, Copy, Default)]
#[non_exhaustive]
pub struct Effort {
    /// Passes of all controllers that looked at a set.
    pub passes: u64,
    /// Virtual time.
    pub time: Duration,
}

impl Driver<'_> {
    /// From here on nothing goes wrong: the goal is reached, and holds.
    pub(super) async fn reach(&mut self, controllers: u8) -> std::result::Result<Effort, Broken> {
        self.sim.heal();
        // What is under way arrives, who is to come back comes back, and who waits in vain gives up.
        loop {
            let peace = self.sim.lock().faulty_until;
            if peace <= Instant::now() {
                break;
            }
            self.pass(peace, |_| false).await?;
        }
        self.clear_strays();
        let (begin, looks) = (Instant::now(), self.sim.lock().looks);
        let mut in_vain: u32 = 0;
        loop {
            // A write at a goal that it does not leave says nothing that anybody needs.
            in_vain = if self.unmet().is_none() { in_vain + 1 } else { 0 };
            if !self.pass(begin + GIVE_UP, |run| run.unmet().is_none()).await? {
                let what =
                    format!("{}, {} s after the last fault", self.unmet().unwrap_or_default(), GIVE_UP.as_secs());
                return Err(Broken { promise: "L1", what });
            }
            let (before, now) = {
                let inner = self.sim.lock();
                (inner.writes, inner.looks)
            };
            let effort = Effort { passes: now - looks, time: begin.elapsed() };
            let bound = self.scenario.bound();
            if effort.time > bound.time || effort.passes > bound.passes * u64::from(controllers) {
                let (time, passes) = (effort.time.as_secs(), effort.passes);
                let (promise, what) = if in_vain > LAST_WORDS {
                    ("S17", "the goal held, and something was still written")
                } else {
                    ("L1", "the goal was reached, or reached anew,")
                };
                return Err(Broken { promise, what: format!("{what} after {time} s and {passes} passes") });
            }
            let written = |run: &Self| run.sim.lock().writes > before;
            if !self.pass(Instant::now() + self.rest, written).await? && !written(self) {
                self.sim
                    .tell(format_args!("-- the goal was reached, and held for {} minutes", self.rest.as_secs() / 60));
                return match self.unmet() {
                    Some(what) => Err(Broken { promise: "L1", what: format!("the goal did not hold: {what}") }),
                    None => Ok(effort),
                };
            }
        }
    }

    /// Says how many requests to write a thousand further passes made over each set. The engine has published the names
    /// before, as every engine does at first. Everybody says them again now and then, and no more often.
    pub(super) async fn idle_passes(&self) -> Result<u64> {
        let options = EngineOptions::default();
        let interval = options.names_interval;
        let engine = Engine::with_clock(self.backends(0), options, Arc::new(self.clock));
        let keys: Vec<SetKey> = self.declared.iter().filter(|key| self.stored(key).is_some()).cloned().collect();
        for key in &keys {
            let _first = engine.pass(key).await?;
        }
        let (before, begin) = (self.shared.lock().counts.clone(), Instant::now());
        for key in &keys {
            for _ in 0..1000 {
                let _pass = engine.pass(key).await?;
            }
        }
        let made = self.shared.lock().counts.since(&before);
        let said = made.of(Op::NamePublish) + made.of(Op::NameWithdraw);
        let times = 1 + begin.elapsed().as_secs() / interval.as_secs();
        let engines = 1 + u64::from(self.scenario.controllers);
        Ok(made.writes() - said.min(times * engines * self.declared.len() as u64))
    }

    fn governing(&self, stored: &StoredSet) -> Option<&Service> {
        self.services.get(&SetKey::new(stored.key().namespace, stored.set.spec.service_name.as_str()))
    }

    /// Why some declaration is not reached yet.
    pub(super) fn unmet(&self) -> Option<String> {
        let state = self.shared.lock();
        let inner = self.sim.lock();
        self.declared.iter().find_map(|key| match inner.checker.set(key) {
            Some(stored) => goal::alive(&state, key, &stored, self.governing(&stored)).err(),
            None => goal::gone(&state, key, inner.checker.end_of(key)).err(),
        })
    }
}
