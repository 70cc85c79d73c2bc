//! The streams of hints: each source has a log with a number for every hint, and a stream is a place in it.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;

use futures::future::{Either, select};
use futures::stream;
use futures::{FutureExt, StreamExt};
use petset_core::SetKey;
use petset_core::backend::{Hints, WatchEvent, WatchStream};

use super::fake::FakeWorld;
use super::shared::Source;

/// Where a new watch begins.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum WatchStart {
    /// With the moment of the call, which is all that the traits promise: who looks first and watches then misses what is
    /// between.
    #[default]
    Now,
    /// Where its handle has come to, as where a list has a version and a watch goes on from it: after the hints that the
    /// handle's watches have given, and with the handle's first list where it has not watched yet. Nothing since is
    /// missed, and what is too old to be told is one gap. Clones of a handle are that handle.
    List,
}

/// How far one handle and its clones have come; nowhere before the first list or watch.
#[derive(Debug, Clone, Default)]
pub(super) struct Place(Arc<Mutex<Option<u64>>>);

impl Place {
    fn lock(&self) -> MutexGuard<'_, Option<u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn reached(&self, version: u64) {
        let mut place = self.lock();
        *place = (*place).max(Some(version));
    }
}

/// What becomes of watches.
pub(super) struct Watches {
    start: WatchStart,
    buffer: usize,
    /// Its end ends the streams that are open.
    life: Hints,
    logs: BTreeMap<Source, Arc<Mutex<Log>>>,
}

impl Default for Watches {
    fn default() -> Self {
        Self { start: WatchStart::Now, buffer: Hints::CAPACITY, life: Hints::new(), logs: BTreeMap::new() }
    }
}

impl fmt::Debug for Watches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { start, buffer, life: _, logs } = self;
        f.debug_struct("Watches").field("start", start).field("buffer", buffer).field("logs", &logs.keys()).finish()
    }
}

impl Watches {
    /// A handle lists; `hints` are those of the source from here on.
    pub(super) fn listed(&mut self, source: Source, place: &Place, hints: impl FnOnce() -> WatchStream) {
        let now = lock(self.log(source, hints)).now();
        place.lock().get_or_insert(now);
    }

    /// A stream for one watcher; `hints` are those of the source from here on.
    pub(super) fn open(&mut self, source: Source, place: &Place, hints: impl Fn() -> WatchStream) -> WatchStream {
        let log = Arc::clone(self.log(source, &hints));
        let now = lock(&log).now();
        let from = place.lock().filter(|_| self.start == WatchStart::List).unwrap_or(now);
        place.reached(from);
        let (wake, life, buffer) = (hints(), self.life.watch(), self.buffer);
        let watch = Watch { log, place: place.clone(), from, wake, life, buffer };
        stream::unfold(watch, |mut watch| async move { watch.next().await.map(|hint| (hint, watch)) }).boxed()
    }

    /// What came so far cannot be told any more.
    pub(super) fn compact(&self) {
        for log in self.logs.values() {
            lock(log).compact();
        }
    }

    fn log(&mut self, source: Source, hints: impl FnOnce() -> WatchStream) -> &Arc<Mutex<Log>> {
        self.logs.entry(source).or_insert_with(|| Arc::new(Mutex::new(Log::of(hints()))))
    }
}

fn lock(log: &Mutex<Log>) -> MutexGuard<'_, Log> {
    log.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What a stream has now; also where a task has read so much that tokio would have it wait for its turn.
fn now(stream: &mut WatchStream) -> Poll<Option<WatchEvent>> {
    tokio::task::unconstrained(stream.next()).now_or_never().map_or(Poll::Pending, Poll::Ready)
}

/// The hints of one source since somebody first listed or watched. The newest is number [`Log::version`].
struct Log {
    hints: WatchStream,
    version: u64,
    kept: VecDeque<SetKey>,
}

impl Log {
    fn of(hints: WatchStream) -> Self {
        Self { hints, version: 0, kept: VecDeque::new() }
    }

    /// The newest number.
    fn now(&mut self) -> u64 {
        while let Poll::Ready(Some(hint)) = now(&mut self.hints) {
            self.version += 1;
            match hint {
                WatchEvent::Changed(set) => self.kept.push_back(set),
                // Nobody knows what it stands for.
                WatchEvent::Gap => self.kept.clear(),
            }
            if self.kept.len() > Hints::CAPACITY {
                self.kept.pop_front();
            }
        }
        self.version
    }

    fn compact(&mut self) {
        self.now();
        self.kept.clear();
    }

    /// What comes after hint `from`, and the number that this leads to.
    fn after(&mut self, from: u64, buffer: usize) -> Option<(WatchEvent, u64)> {
        let version = self.now();
        let behind = usize::try_from(version - from).unwrap_or(usize::MAX);
        if behind == 0 {
            return None;
        }
        // `checked_sub` fails where the next hint is not kept any more.
        let next = self.kept.len().checked_sub(behind).and_then(|index| self.kept.get(index));
        Some(match next.filter(|_| behind <= buffer) {
            Some(set) => (WatchEvent::Changed(set.clone()), from + 1),
            None => (WatchEvent::Gap, version),
        })
    }
}

struct Watch {
    log: Arc<Mutex<Log>>,
    place: Place,
    from: u64,
    /// The same hints once more, which say when to look at the log again.
    wake: WatchStream,
    life: WatchStream,
    buffer: usize,
}

impl Watch {
    async fn next(&mut self) -> Option<WatchEvent> {
        loop {
            while let Poll::Ready(Some(_)) = now(&mut self.wake) {}
            if now(&mut self.life).is_ready() {
                return None;
            }
            let next = lock(&self.log).after(self.from, self.buffer);
            if let Some((hint, reached)) = next {
                self.from = reached;
                self.place.reached(reached);
                return Some(hint);
            }
            match select(self.wake.next(), self.life.next()).await {
                Either::Left((Some(_), _)) => {}
                // The source is no more, or the stream is to end.
                Either::Left((None, _)) | Either::Right(_) => return None,
            }
        }
    }
}

impl FakeWorld {
    /// From now on, new watches begin here.
    pub fn set_watch_start(&self, start: WatchStart) {
        self.shared.lock().watches.start = start;
    }

    /// From now on, the reader of a new watch may be so many hints behind; one more, and all that it has not read is one
    /// [`WatchEvent::Gap`]. [`Hints::CAPACITY`] unless told, and at most.
    pub fn set_watch_buffer(&self, hints: usize) {
        self.shared.lock().watches.buffer = hints;
    }

    /// The hints so far are forgotten: a watch that has not given all of them, and one that is still to begin before the
    /// last of them, gives one [`WatchEvent::Gap`] instead.
    pub fn compact_watches(&self) {
        self.shared.lock().watches.compact();
    }

    /// Every watch stream ends, of pods, claims and sets, as when a connection breaks. What was not read is lost with
    /// [`WatchStart::Now`]; with [`WatchStart::List`] the next watch goes on with it.
    pub fn interrupt_watches(&self) {
        self.shared.lock().watches.life = Hints::new();
    }
}
