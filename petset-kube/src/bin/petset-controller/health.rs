//! [`Health`]: what the program says of itself.

use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// Who sees nothing of the cluster for longer than this had better begin anew.
const BLIND: Duration = Duration::from_secs(300);

/// For how long something of the cluster has not been seen.
pub(crate) type Sight = Arc<dyn Fn() -> Duration + Send + Sync>;

/// What the program does. Clones say the same.
#[derive(Clone, Default)]
pub(crate) struct Health(Arc<Facts>);

#[derive(Default)]
struct Facts {
    state: AtomicU8,
    sight: Mutex<Vec<Sight>>,
}

/// What the program does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    /// It has not heard from the API server yet.
    Starting,
    /// Somebody else has the lease.
    Waiting,
    /// It keeps sets alive.
    Working,
    /// It ends.
    Stopping,
}

impl Health {
    pub(crate) fn set(&self, state: State) {
        self.0.state.store(state as u8, Ordering::Release);
        metrics::gauge!("petset_leader").set(f64::from(u8::from(state == State::Working)));
    }

    /// From now on this is looked through.
    pub(crate) fn sees(&self, sight: Vec<Sight>) {
        *self.0.sight.lock().unwrap_or_else(PoisonError::into_inner) = sight;
    }

    /// For how long something of the cluster has not been seen, when that is too long.
    pub(crate) fn blind(&self) -> Option<Duration> {
        let sight = self.0.sight.lock().unwrap_or_else(PoisonError::into_inner);
        sight.iter().map(|sight| sight()).max().filter(|blind| *blind > BLIND)
    }

    pub(crate) fn state(&self) -> State {
        match self.0.state.load(Ordering::Acquire) {
            0 => State::Starting,
            1 => State::Waiting,
            2 => State::Working,
            _ => State::Stopping,
        }
    }
}

impl State {
    /// Whether it does, or would do, what it is there for.
    pub(crate) fn is_ready(self) -> bool {
        matches!(self, Self::Waiting | Self::Working)
    }

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting: the API server has not answered yet",
            Self::Waiting => "waiting: another controller has the lease",
            Self::Working => "working",
            Self::Stopping => "stopping",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_is_blind_for_long_is_not_well() {
        let health = Health::default();
        assert_eq!(health.blind(), None, "nothing is to be seen");
        let sight = |seconds| -> Sight { Arc::new(move || Duration::from_secs(seconds)) };
        health.sees(vec![sight(0), sight(299)]);
        assert_eq!(health.blind(), None);
        health.sees(vec![sight(0), sight(301)]);
        assert_eq!(health.blind(), Some(Duration::from_secs(301)));
    }

    #[test]
    fn what_is_set_is_said() {
        let health = Health::default();
        assert_eq!(health.state(), State::Starting);
        for state in [State::Starting, State::Waiting, State::Working, State::Stopping] {
            health.set(state);
            assert_eq!(health.state(), state);
        }
    }
}
