//! [`ManualClock`]: a clock that stands still until a test moves it, and [`VirtualClock`]: tokio's, which can be paused.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use petset_core::{Clock, Timestamp};
use tokio::time::Instant;

/// A clock that stands still until a test moves it. Clones show the same time.
///
/// ```
/// use std::time::Duration;
/// use petset_core::Clock;
/// use petset_testkit::ManualClock;
///
/// let clock = ManualClock::new();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(5));
/// assert_eq!(clock.now().since(before), Duration::from_secs(5));
/// ```
#[derive(Debug, Clone)]
pub struct ManualClock {
    micros: Arc<AtomicI64>,
}

impl ManualClock {
    /// Where a new clock stands: 2000-01-01T00:00:00Z, the same in every run.
    pub const START: Timestamp = Timestamp::from_micros(946_684_800_000_000);

    /// A clock that stands at [`START`](Self::START).
    pub fn new() -> Self {
        Self { micros: Arc::new(AtomicI64::new(Self::START.as_micros())) }
    }

    /// Moves the clock on.
    pub fn advance(&self, duration: Duration) {
        self.set(self.now().after(duration));
    }

    /// Sets the clock, also backwards: clocks jump.
    pub fn set(&self, now: Timestamp) {
        self.micros.store(now.as_micros(), Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_micros(self.micros.load(Ordering::SeqCst))
    }
}

/// tokio's clock as the engine's, so that pausing the one pauses the other. It begins where a [`ManualClock`] does.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().enable_time().build()?.block_on(async {
/// use petset_core::Clock;
/// use petset_testkit::{ManualClock, VirtualClock};
///
/// let clock = VirtualClock::new();
/// assert!(clock.now() >= ManualClock::START);
/// # });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct VirtualClock {
    begin: Instant,
}

impl VirtualClock {
    /// A clock that begins now.
    pub fn new() -> Self {
        Self { begin: Instant::now() }
    }

    /// The same with another beginning.
    #[cfg(feature = "simulate")]
    pub(crate) fn since(begin: Instant) -> Self {
        Self { begin }
    }
}

impl Default for VirtualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for VirtualClock {
    fn now(&self) -> Timestamp {
        ManualClock::START.after(self.begin.elapsed())
    }
}
