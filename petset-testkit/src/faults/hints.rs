//! Watches that lose, repeat and mix up hints.

use std::collections::VecDeque;
use std::sync::Arc;

use futures::StreamExt;
use futures::stream;
use petset_core::backend::{WatchEvent, WatchStream};

use super::fault::Fault;
use super::process::Process;
use crate::seed::Dice;

/// What can go wrong with a hint.
pub(super) const HINT: &[Fault] =
    &[Fault::MissHint, Fault::RepeatHint, Fault::SwapHints, Fault::DelayHint, Fault::Gap, Fault::EndWatch];

struct Watch {
    process: Arc<Process>,
    inner: WatchStream,
    /// `PodWatch 2` is the second watch of pods; its hints have dice of their own.
    place: String,
    hints: u64,
    ready: VecDeque<WatchEvent>,
    held: Option<WatchEvent>,
    ended: bool,
}

/// The hints of `inner`, or what becomes of them.
pub(super) fn watch(process: &Arc<Process>, kind: &str, inner: WatchStream) -> WatchStream {
    let place = {
        let mut state = process.lock();
        let watches = state.visits.entry(kind.to_owned()).or_default();
        *watches += 1;
        format!("{kind} {watches}")
    };
    let watch = Watch {
        process: Arc::clone(process),
        inner,
        place,
        hints: 0,
        ready: VecDeque::new(),
        held: None,
        ended: false,
    };
    stream::unfold(watch, |mut watch| async move { watch.next().await.map(|event| (event, watch)) }).boxed()
}

impl Watch {
    async fn next(&mut self) -> Option<WatchEvent> {
        loop {
            self.process.alive().await;
            if let Some(event) = self.ready.pop_front() {
                return Some(event);
            }
            if self.ended {
                return None;
            }
            let event = self.inner.next().await;
            self.process.alive().await;
            match event {
                Some(event) => self.take(event).await,
                None => self.ended = true,
            }
        }
    }

    async fn take(&mut self, event: WatchEvent) {
        self.hints += 1;
        let mut dice = Dice::of(self.process.seed, &self.place, self.hints);
        let healed = self.process.lock().healed;
        let fault = if healed { None } else { self.process.plan.draw(None, HINT, &mut dice) };
        if let Some(fault) = fault {
            self.process.note(fault, &self.place, self.hints, &about(&event));
        }
        let held = self.held.take();
        match fault {
            Some(Fault::MissHint) => {}
            Some(Fault::RepeatHint) => self.ready.extend([event.clone(), event]),
            Some(Fault::SwapHints) => self.held = Some(event),
            Some(Fault::DelayHint) => {
                tokio::time::sleep(self.process.plan.pause(&mut dice)).await;
                self.ready.push_back(event);
            }
            Some(Fault::Gap) => self.ready.push_back(WatchEvent::Gap),
            Some(Fault::EndWatch) => self.ended = true,
            _ => self.ready.push_back(event),
        }
        self.ready.extend(held);
    }
}

fn about(event: &WatchEvent) -> String {
    match event {
        WatchEvent::Changed(set) => set.to_string(),
        WatchEvent::Gap => "a gap".to_owned(),
    }
}
