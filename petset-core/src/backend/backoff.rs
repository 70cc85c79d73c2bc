//! Pauses between restarts of a container.

use std::time::Duration;

/// Pauses between restarts of a container: the first restart is at once, then `initial`, doubled each time up to `max`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RestartBackoff {
    /// The pause before the second restart. Default 10 s.
    pub initial: Duration,
    /// The longest pause. Default 5 min.
    pub max: Duration,
    /// A container that ran for so long starts over with an immediate restart. Default 10 min.
    pub reset_after: Duration,
}

impl Default for RestartBackoff {
    fn default() -> Self {
        Self { initial: Duration::from_secs(10), max: Duration::from_secs(300), reset_after: Duration::from_secs(600) }
    }
}

impl RestartBackoff {
    /// Pauses that start with `initial` and end with `max`.
    pub fn new(initial: Duration, max: Duration) -> Self {
        Self { initial, max, ..Self::default() }
    }

    /// The pause before the restart that follows the `failures`-th end in a row.
    ///
    /// ```
    /// use petset_core::backend::RestartBackoff;
    /// let seconds: Vec<_> = (1..8).map(|n| RestartBackoff::default().pause(n).as_secs()).collect();
    /// assert_eq!(seconds, [0, 10, 20, 40, 80, 160, 300]);
    /// ```
    pub fn pause(&self, failures: u32) -> Duration {
        match failures.checked_sub(2) {
            None => Duration::ZERO,
            Some(doublings) => {
                self.initial.saturating_mul(2_u32.checked_pow(doublings).unwrap_or(u32::MAX)).min(self.max)
            }
        }
    }
}
