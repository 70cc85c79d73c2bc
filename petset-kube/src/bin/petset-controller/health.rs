//! [`Health`]: what the program says of itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

/// What the program does. Clones say the same.
#[derive(Debug, Clone, Default)]
pub(crate) struct Health(Arc<AtomicU8>);

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
        self.0.store(state as u8, Ordering::Release);
        metrics::gauge!("petset_leader").set(f64::from(u8::from(state == State::Working)));
    }

    pub(crate) fn state(&self) -> State {
        match self.0.load(Ordering::Acquire) {
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
    fn what_is_set_is_said() {
        let health = Health::default();
        assert_eq!(health.state(), State::Starting);
        for state in [State::Starting, State::Waiting, State::Working, State::Stopping] {
            health.set(state);
            assert_eq!(health.state(), state);
        }
    }
}
