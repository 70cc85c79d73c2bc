//! The pure part of a probe: when the next question is due and what a row of answers means.

use std::time::Duration;

use petset_core::spec::Probe;

/// The numbers of a probe, with Kubernetes' defaults filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Timing {
    /// Before the first question.
    pub initial_delay: Duration,
    /// Between questions.
    pub period: Duration,
    /// After which no answer is a failure.
    pub timeout: Duration,
    /// Successes in a row that count.
    pub success_threshold: u32,
    /// Failures in a row that count.
    pub failure_threshold: u32,
}

impl Timing {
    /// The numbers that `probe` says, or Kubernetes' defaults: delay 0, period 10 s, timeout 1 s, thresholds 1 and 3.
    ///
    /// ```
    /// use petset_core::spec::Probe;
    /// use petset_local::probe::Timing;
    /// let timing = Timing::of(&Probe { period_seconds: Some(2), ..Probe::default() });
    /// assert_eq!((timing.period.as_secs(), timing.timeout.as_secs(), timing.failure_threshold), (2, 1, 3));
    /// ```
    pub fn of(probe: &Probe) -> Self {
        let number = |value: Option<i32>, default: u32, least: u32| {
            value.map_or(default, |value| u32::try_from(value).unwrap_or(0)).max(least)
        };
        let seconds = |value, default, least| Duration::from_secs(number(value, default, least).into());
        Self {
            initial_delay: seconds(probe.initial_delay_seconds, 0, 0),
            period: seconds(probe.period_seconds, 10, 1),
            timeout: seconds(probe.timeout_seconds, 1, 1),
            success_threshold: number(probe.success_threshold, 1, 1),
            failure_threshold: number(probe.failure_threshold, 3, 1),
        }
    }
}

/// One probe of one running container. Time is the time since the container's start.
#[derive(Debug, Clone)]
pub struct ProbeState {
    timing: Timing,
    next: Duration,
    row: u32,
    last: Option<bool>,
    settled: Option<bool>,
}

impl ProbeState {
    /// Before the first question; `settled` is what holds until answers say otherwise.
    pub fn new(timing: Timing, settled: Option<bool>) -> Self {
        Self { timing, next: timing.initial_delay, row: 0, last: None, settled }
    }

    /// When the next question is due.
    pub fn next(&self) -> Duration {
        self.next
    }

    /// What holds now; `None` as long as no threshold was reached.
    pub fn settled(&self) -> Option<bool> {
        self.settled
    }

    /// Takes the answer that came at `now`; says what holds from now on if that changed.
    pub fn answer(&mut self, now: Duration, success: bool) -> Option<bool> {
        self.row = if self.last == Some(success) { self.row.saturating_add(1) } else { 1 };
        self.last = Some(success);
        self.skip(now);
        let threshold = if success { self.timing.success_threshold } else { self.timing.failure_threshold };
        let changed = self.row >= threshold && self.settled != Some(success);
        changed.then(|| {
            self.settled = Some(success);
            success
        })
    }

    /// Takes note at `now` that nobody knows the answer: it counts neither way, and the next question comes as always.
    pub fn skip(&mut self, now: Duration) {
        self.next = self.next.saturating_add(self.timing.period).max(now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(success: i32, failure: i32) -> Timing {
        Timing::of(&Probe {
            initial_delay_seconds: Some(3),
            period_seconds: Some(5),
            success_threshold: Some(success),
            failure_threshold: Some(failure),
            ..Probe::default()
        })
    }

    #[test]
    fn thresholds_count_answers_in_a_row() {
        let mut probe = ProbeState::new(timing(2, 3), Some(false));
        let second = Duration::from_secs;
        let said: Vec<_> = [true, false, true, true, false, false, true, false, false, false, false]
            .into_iter()
            .map(|answer| probe.answer(second(0), answer))
            .collect();
        let mut expected = vec![None; 11];
        expected[3] = Some(true);
        expected[9] = Some(false);
        assert_eq!(said, expected);
    }

    #[test]
    fn the_first_question_waits_for_the_delay_and_a_slow_answer_makes_no_burst() {
        let mut probe = ProbeState::new(timing(1, 1), None);
        assert_eq!(probe.next(), Duration::from_secs(3));
        probe.answer(Duration::from_secs(3), true);
        assert_eq!(probe.next(), Duration::from_secs(8));
        probe.answer(Duration::from_secs(30), true);
        assert_eq!(probe.next(), Duration::from_secs(30));
    }

    #[test]
    fn what_nobody_knows_counts_neither_way() {
        let mut probe = ProbeState::new(timing(1, 2), Some(true));
        assert_eq!(probe.answer(Duration::from_secs(3), false), None);
        for now in 4..20 {
            probe.skip(Duration::from_secs(now));
        }
        assert_eq!((probe.settled(), probe.next()), (Some(true), Duration::from_secs(3 + 17 * 5)));
        assert_eq!(probe.answer(Duration::from_secs(20), false), Some(false), "the row goes on where it was");
    }

    #[test]
    fn nonsense_numbers_become_the_least_sensible_ones() {
        let probe = Probe { period_seconds: Some(-4), failure_threshold: Some(0), ..Probe::default() };
        let timing = Timing::of(&probe);
        assert_eq!((timing.period, timing.failure_threshold), (Duration::from_secs(1), 1));
    }
}
