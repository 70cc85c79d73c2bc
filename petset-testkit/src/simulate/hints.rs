//! Hints on their way to a controller.

use std::collections::BTreeMap;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream;
use petset_core::backend::{WatchEvent, WatchStream};
use tokio::time::Instant;

use super::fault::Fault;
use super::sim::Sim;
use crate::Source;
use crate::world::Caller;

struct Way {
    sim: Arc<Sim>,
    by: Caller,
    source: Source,
    /// Until it ends.
    stream: Option<WatchStream>,
    /// Hints that come later than those after them.
    late: BTreeMap<(Instant, u64), WatchEvent>,
    doubled: Option<WatchEvent>,
}

/// The hints of `stream` with what goes wrong on their way.
pub(super) fn meddle(sim: Arc<Sim>, by: Caller, source: Source, stream: WatchStream) -> WatchStream {
    let way = Way { sim, by, source, stream: Some(stream), late: BTreeMap::new(), doubled: None };
    stream::unfold(way, |mut way| async move { way.next().await.map(|hint| (hint, way)) }).boxed()
}

impl Way {
    async fn next(&mut self) -> Option<WatchEvent> {
        if let Some(hint) = self.doubled.take() {
            return Some(hint);
        }
        loop {
            let due = self.late.first_key_value().map(|((at, _), _)| *at);
            let Some(stream) = self.stream.as_mut() else {
                // What is still late comes before the end of a stream that was not cut.
                until(Some(due?)).await;
                return self.late.pop_first().map(|(_, hint)| hint);
            };
            let hint = tokio::select! {
                biased;
                () = until(due) => return self.late.pop_first().map(|(_, hint)| hint),
                hint = stream.next() => hint,
            };
            let Some(hint) = hint else {
                self.stream = None;
                continue;
            };
            let at = self.sim.elapsed();
            let fault = self.sim.lock().hint(self.by, self.source, at);
            match fault {
                Some((Fault::HintLost, _)) => {}
                Some((Fault::HintLate, late)) => {
                    let number = self.sim.lock().hints;
                    self.late.insert((Instant::now() + late, number), hint);
                }
                Some((Fault::HintDoubled, _)) => {
                    self.doubled = Some(hint.clone());
                    return Some(hint);
                }
                Some((Fault::HintGap, _)) => return Some(WatchEvent::Gap),
                // Whoever asks again misses what was still late: that is the fault.
                Some((Fault::HintsEnd, _)) => return None,
                Some(_) | None => return Some(hint),
            }
        }
    }
}

async fn until(due: Option<Instant>) {
    match due {
        Some(due) => tokio::time::sleep_until(due).await,
        None => std::future::pending().await,
    }
}
