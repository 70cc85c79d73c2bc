//! Waiting for levels.

use std::time::Duration;

use futures::{FutureExt, StreamExt};
use petset_core::backend::{Claim, Pod, WatchEvent, WatchStream};
use petset_core::{Ordinal, SetKey};

use super::bench::{Bench, Outcome, Stop};

/// How long is waited between two looks.
const LOOK: Duration = Duration::from_millis(20);

impl Bench {
    /// How often is looked before patience ends, with a [`pause`](Self::pause) after each look.
    pub(super) fn looks(&self) -> u128 {
        self.subject.patience.as_millis() / LOOK.as_millis()
    }

    pub(super) async fn pause(&self) {
        self.pass(LOOK).await;
    }

    /// A grace period, in seconds, that is longer than any wait.
    pub(super) fn beyond_patience(&self) -> u32 {
        u32::try_from(self.subject.patience.as_secs()).map_or(u32::MAX, |seconds| seconds.saturating_mul(10).max(3600))
    }

    /// Waits until a pod is as wanted.
    pub(super) async fn until(
        &self,
        set: &SetKey,
        ordinal: u32,
        what: &str,
        wanted: impl Fn(&Pod) -> bool + Send,
    ) -> Outcome<Pod> {
        for _ in 0..self.looks() {
            if let Some(pod) = self.pod(set, ordinal).await?.filter(&wanted) {
                return Ok(pod);
            }
            self.pass(LOOK).await;
        }
        let last = self.pods().list(set).await?;
        Err(Stop::Failed(format!("waited for {what} of {}; there is {last:#?}", set.pod_name(Ordinal(ordinal)))))
    }

    pub(super) async fn until_ready(&self, pod: &Pod) -> Outcome<Pod> {
        let is_ready = |found: &Pod| found.uid == pod.uid && found.status.ready_since.is_some();
        self.until(&pod.set, pod.ordinal.0, "readiness", is_ready).await
    }

    /// Waits until this incarnation is not listed any more.
    pub(super) async fn until_gone(&self, pod: &Pod) -> Outcome {
        for _ in 0..self.looks() {
            if !self.pods().list(&pod.set).await?.iter().any(|found| found.uid == pod.uid) {
                return Ok(());
            }
            self.pass(LOOK).await;
        }
        Err(Stop::Failed(format!("waited for the end of {} ({})", pod.name(), pod.uid)))
    }

    /// Waits until the claims are as wanted.
    pub(super) async fn until_claims(
        &self,
        set: &SetKey,
        what: &str,
        wanted: impl Fn(&[Claim]) -> bool + Send,
    ) -> Outcome<Vec<Claim>> {
        for _ in 0..self.looks() {
            let claims = self.claims(set).await?;
            if wanted(&claims) {
                return Ok(claims);
            }
            self.pass(LOOK).await;
        }
        Err(Stop::Failed(format!("waited for {what}; there is {:#?}", self.claims(set).await?)))
    }

    /// Waits until a hint says that this set may have changed.
    pub(super) async fn hinted(&self, hints: &mut WatchStream, set: &SetKey, what: &str) -> Outcome {
        for _ in 0..self.looks() {
            while let Some(hint) = hints.next().now_or_never() {
                match hint {
                    Some(WatchEvent::Gap) => return Ok(()),
                    Some(WatchEvent::Changed(changed)) if changed == *set => return Ok(()),
                    Some(WatchEvent::Changed(_)) => {}
                    None => return Err(Stop::Failed(format!("the hints ended before one of {what}"))),
                }
            }
            self.pass(LOOK).await;
        }
        Err(Stop::Failed(format!("waited for a hint of {what}")))
    }
}

/// Takes every hint that is there.
pub(super) fn drain(hints: &mut WatchStream) -> Vec<WatchEvent> {
    std::iter::from_fn(|| hints.next().now_or_never().flatten()).collect()
}
