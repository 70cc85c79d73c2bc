//! How many Events one set may have.

use std::time::Duration;

use tokio::time::Instant;

/// So many Events may be written at once.
const BURST: u32 = 25;
/// Later, one in so long.
const REFILL: Duration = Duration::from_secs(60);

/// What one set may still have written of one type.
#[derive(Debug, Clone)]
pub(super) struct Allowance {
    left: u32,
    /// When the next one is added; counted from the first that was taken.
    refills_at: Option<Instant>,
}

impl Allowance {
    pub(super) fn full() -> Self {
        Self { left: BURST, refills_at: None }
    }

    /// When the next Event may be written.
    pub(super) fn next(&self, now: Instant) -> Instant {
        if self.left > 0 { now } else { self.refills_at.map_or(now, |at| at.max(now)) }
    }

    /// Takes one, if there is one.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        while let Some(at) = self.refills_at.filter(|at| *at <= now) {
            self.left += 1;
            self.refills_at = (self.left < BURST).then(|| at + REFILL);
        }
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        self.refills_at.get_or_insert(now + REFILL);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn s18_a_burst_then_one_a_minute() {
        let mut allowance = Allowance::full();
        let start = Instant::now();
        assert_eq!((0..100).filter(|_| allowance.take(start)).count(), 25);
        assert_eq!(allowance.next(start), start + REFILL);
        let later = start + REFILL * 3;
        assert_eq!((0..100).filter(|_| allowance.take(later)).count(), 3);
        let rested = start + REFILL * 1000;
        assert_eq!((0..100).filter(|_| allowance.take(rested)).count(), 25);
    }
}
