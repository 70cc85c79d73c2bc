//! [`Turn`]: the fate of one request.

use std::sync::Arc;

use petset_core::{Error, ErrorKind, Result};

use super::fault::{Fault, Moment};
use super::process::Process;
use crate::seed::Dice;
use crate::world::Op;

/// What can go wrong with a request of this kind, when it names a version where it can.
pub(super) fn possible(op: Op) -> &'static [Fault] {
    match (op.is_write(), op.may_be_late(), op.may_name_a_version()) {
        (false, ..) if op.may_be_stale() => LIST,
        (false, ..) => READ,
        (true, false, false) => WRITE,
        (true, false, true) => SWAP,
        (true, true, false) => LATE_WRITE,
        (true, true, true) => LATE_SWAP,
    }
}

/// What can go wrong with a read.
const READ: &[Fault] = &[Fault::Fail, Fault::Slow];
/// What can go wrong with a list that may be old.
const LIST: &[Fault] = &[Fault::Fail, Fault::Slow, Fault::Stale];
/// What can go wrong with a write that is done in time or never.
const WRITE: &[Fault] = &[Fault::Crash, Fault::Fail, Fault::LoseAnswer, Fault::Slow];
/// The same, for a write that names a version.
const SWAP: &[Fault] = &[Fault::Crash, Fault::Fail, Fault::LoseAnswer, Fault::Slow, Fault::Conflict];
/// What can go wrong with a write that may be done late.
pub(super) const LATE_WRITE: &[Fault] = &[Fault::Crash, Fault::Fail, Fault::LoseAnswer, Fault::Slow, Fault::Late];
/// The same, for a write that names a version.
const LATE_SWAP: &[Fault] = &[Fault::Crash, Fault::Fail, Fault::LoseAnswer, Fault::Slow, Fault::Late, Fault::Conflict];

/// A late request takes effect before one of so many that follow.
const LATEST: u64 = 12;
/// So many requests of a kind in a row find that somebody was faster, at most.
const LONGEST_STORM: u64 = 4;

/// After how many more requests a late one takes effect.
pub(super) fn late_by(dice: &mut Dice) -> u64 {
    1 + dice.below(LATEST)
}

/// The fate of one request.
#[derive(Debug)]
pub(super) struct Turn {
    process: Arc<Process>,
    place: String,
    nth: u64,
    about: String,
    pub(super) fault: Option<Fault>,
    crash: Moment,
    pub(super) dice: Dice,
}

impl Turn {
    /// Decides what becomes of a request of this kind, and lets late ones land before it.
    pub(super) async fn take(process: &Arc<Process>, op: Op, about: String) -> Self {
        Self::take_of(process, op, about, possible(op)).await
    }

    /// The same, of these faults.
    pub(super) async fn take_of(process: &Arc<Process>, op: Op, about: String, possible: &[Fault]) -> Self {
        process.alive().await;
        process.lock().requests += 1;
        process.land(false).await;
        let place = format!("{op:?}");
        let mut state = process.lock();
        let nth = state.visits.entry(place.clone()).or_default();
        *nth += 1;
        let nth = *nth;
        let mut dice = Dice::of(process.seed, &place, nth);
        let mut fault = if state.healed { None } else { process.plan.draw(Some(op), possible, &mut dice) };
        let mut crash = *dice.pick(&[Moment::Before, Moment::After, Moment::Late]);
        if possible.contains(&Fault::Conflict) && !state.healed {
            let storm = state.storms.entry(place.clone()).or_default();
            if *storm > 0 {
                *storm -= 1;
                fault = Some(Fault::Conflict);
            } else if fault == Some(Fault::Conflict) {
                *storm = dice.below(LONGEST_STORM);
            }
        }
        if op.is_write() {
            state.writes += 1;
            if let Some((_, moment)) = state.crash_at.filter(|(write, _)| *write == state.writes) {
                (fault, crash) = (Some(Fault::Crash), moment);
            }
            if crash == Moment::Late && !possible.contains(&Fault::Late) {
                crash = Moment::Before;
            }
        }
        drop(state);
        Self { process: Arc::clone(process), place, nth, about, fault, crash, dice }
    }

    /// Makes the request, or what becomes of it.
    pub(super) async fn run<T: Send>(
        &mut self,
        request: impl Future<Output = Result<T>> + Send + 'static,
    ) -> Result<T> {
        let Some(fault) = self.fault.filter(|fault| *fault != Fault::Stale) else {
            return self.answer(request.await).await;
        };
        self.note(fault);
        match fault {
            Fault::Crash => {
                match self.crash {
                    Moment::Before => {}
                    // Nobody is there to hear it.
                    Moment::After => drop(request.await),
                    Moment::Late => self.postpone(request),
                }
                self.process.die();
                self.answer(Err(self.error(ErrorKind::Timeout))).await
            }
            Fault::LoseAnswer => {
                // It is lost on the way, whatever it says.
                let _ = request.await;
                self.answer(Err(self.error(ErrorKind::Timeout))).await
            }
            Fault::Late => {
                self.postpone(request);
                Err(self.error(ErrorKind::Timeout))
            }
            Fault::Conflict => Err(self.error(ErrorKind::Conflict)),
            Fault::Slow => {
                tokio::time::sleep(self.process.plan.pause(&mut self.dice)).await;
                self.process.alive().await;
                self.answer(request.await).await
            }
            Fault::Fail
            | Fault::Stale
            | Fault::MissHint
            | Fault::RepeatHint
            | Fault::SwapHints
            | Fault::DelayHint
            | Fault::Gap
            | Fault::EndWatch => Err(self.error(ErrorKind::Unavailable)),
        }
    }

    fn postpone<T: Send>(&mut self, request: impl Future<Output = Result<T>> + Send + 'static) {
        let after = late_by(&mut self.dice);
        self.process.postpone(after, Box::pin(async { drop(request.await) }));
    }

    pub(super) fn note(&self, fault: Fault) {
        self.process.note(fault, &self.place, self.nth, &self.about);
    }

    /// The process may have died while it waited.
    async fn answer<T>(&self, answer: Result<T>) -> Result<T> {
        self.process.alive().await;
        answer
    }

    fn error(&self, kind: ErrorKind) -> Error {
        Error::new(kind, "get through to the backend")
            .with_context("request", format!("{} {}", self.place, self.nth))
            .with_context("about", &self.about)
            .with_message(format!("a fault of PETSET_SEED={}", self.process.seed))
    }
}
