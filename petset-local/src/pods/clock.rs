//! The clock that deadlines are kept by: it goes on while the machine sleeps, never jumps, and is the same for every
//! process of this boot.

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Milliseconds since the machine's boot.
pub(super) fn since_boot() -> u64 {
    let now = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(now.tv_sec).unwrap_or(0);
    let millis = u64::try_from(now.tv_nsec / 1_000_000).unwrap_or(0);
    seconds.saturating_mul(1000).saturating_add(millis)
}

/// The moment this long from now.
pub(super) fn deadline(pause: Duration) -> u64 {
    since_boot().saturating_add(u64::try_from(pause.as_millis()).unwrap_or(u64::MAX))
}

/// How long it is until `moment`; zero when it is past.
pub(super) fn until(moment: u64) -> Duration {
    Duration::from_millis(moment.saturating_sub(since_boot()))
}

/// Waits for `moment`.
pub(super) async fn sleep_until(moment: u64) {
    loop {
        let rest = until(moment);
        if rest.is_zero() {
            return;
        }
        // Tokio's clock may stand still while the machine sleeps, so a long wait looks again now and then.
        tokio::time::sleep(rest.min(Duration::from_secs(60))).await;
    }
}
