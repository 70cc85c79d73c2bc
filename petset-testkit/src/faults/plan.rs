//! [`FaultPlan`]: how often what goes wrong.

use std::collections::BTreeMap;
use std::time::Duration;

use super::fault::Fault;
use super::hints::HINT;
use super::turn::possible;
use crate::seed::Dice;
use crate::world::Op;

/// How often what goes wrong, in requests (hints) of a thousand.
///
/// ```
/// use petset_testkit::Op;
/// use petset_testkit::faults::{Fault, FaultPlan};
///
/// // One creation in five is done late, whatever else goes wrong.
/// let plan = FaultPlan::rough().on(Op::PodCreate, Fault::Late, 200);
/// # drop(plan);
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FaultPlan {
    everywhere: BTreeMap<Fault, u16>,
    by_op: BTreeMap<(Op, Fault), u16>,
    pub(super) slowest: Duration,
}

impl FaultPlan {
    /// Nothing goes wrong.
    pub fn none() -> Self {
        Self { everywhere: BTreeMap::new(), by_op: BTreeMap::new(), slowest: Duration::from_millis(50) }
    }

    /// Everything goes wrong now and then, but the process does not crash.
    pub fn rough() -> Self {
        let faults = [
            (Fault::Fail, 50),
            (Fault::LoseAnswer, 50),
            (Fault::Late, 50),
            (Fault::Conflict, 50),
            (Fault::Stale, 100),
            (Fault::Slow, 50),
            (Fault::MissHint, 100),
            (Fault::RepeatHint, 100),
            (Fault::SwapHints, 100),
            (Fault::DelayHint, 50),
            (Fault::Gap, 20),
            (Fault::EndWatch, 20),
        ];
        faults.into_iter().fold(Self::none(), |plan, (fault, rate)| plan.with(fault, rate))
    }

    /// This goes wrong so often, wherever it can.
    #[must_use]
    pub fn with(mut self, fault: Fault, per_thousand: u16) -> Self {
        self.everywhere.insert(fault, per_thousand);
        self
    }

    /// This goes wrong so often with requests of this kind.
    ///
    /// # Panics
    /// When it cannot go wrong with them.
    #[must_use]
    pub fn on(mut self, op: Op, fault: Fault, per_thousand: u16) -> Self {
        let possible = possible(op);
        assert!(possible.contains(&fault), "{fault:?} cannot be where {op:?} is; there can be {possible:?}");
        self.by_op.insert((op, fault), per_thousand);
        self
    }

    /// What is slow waits at most so long. 50 ms unless told.
    #[must_use]
    pub fn slowest(mut self, slowest: Duration) -> Self {
        self.slowest = slowest;
        self
    }

    /// Panics when more goes wrong than is asked for.
    pub(super) fn check(&self) {
        let ops = Op::all().map(|op| (Some(op), possible(op)));
        for (op, possible) in ops.chain([(None, HINT)]) {
            let rates: Vec<_> = possible.iter().map(|fault| (*fault, self.rate(op, *fault))).collect();
            let sum: u64 = rates.iter().map(|(_, rate)| rate).sum();
            let place = op.map_or_else(|| "hints".to_owned(), |op| format!("{op:?}"));
            assert!(sum <= 1000, "{sum} of a thousand {place} would go wrong, at most 1000 can: {rates:?}");
        }
    }

    fn rate(&self, op: Option<Op>, fault: Fault) -> u64 {
        let own = op.and_then(|op| self.by_op.get(&(op, fault)));
        u64::from(own.or_else(|| self.everywhere.get(&fault)).copied().unwrap_or(0))
    }

    /// What goes wrong this time, of what can.
    pub(super) fn draw(&self, op: Option<Op>, possible: &[Fault], dice: &mut Dice) -> Option<Fault> {
        let mut left = dice.below(1000);
        possible.iter().copied().find(|fault| {
            let rate = self.rate(op, *fault);
            let drawn = left < rate;
            left = left.saturating_sub(rate);
            drawn
        })
    }

    pub(super) fn pause(&self, dice: &mut Dice) -> Duration {
        let longest = u64::try_from(self.slowest.as_micros()).unwrap_or(u64::MAX).saturating_add(1);
        Duration::from_micros(dice.below(longest))
    }
}

impl Default for FaultPlan {
    fn default() -> Self {
        Self::rough()
    }
}
