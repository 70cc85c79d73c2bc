//! The streams of hints: where they begin, how far their readers may fall behind, and how they break.

use std::collections::{BTreeMap, VecDeque};
use std::task::Poll;

use futures::future::{Either, select};
use futures::stream;
use futures::{FutureExt, StreamExt};
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
    /// With the first list since the watch before, as where a list has a version and a watch goes on from it: nothing since
    /// is missed, and what is too old to be told is a gap.
    List,
}

/// What becomes of watches.
pub(super) struct Watches {
    start: WatchStart,
    buffer: usize,
    /// A gap tells the streams that are open to forget; its end ends them.
    control: Hints,
    /// Streams that began with a list and that nobody has taken yet.
    since_list: BTreeMap<Source, WatchStream>,
}

impl Default for Watches {
    fn default() -> Self {
        Self { start: WatchStart::Now, buffer: Hints::CAPACITY, control: Hints::new(), since_list: BTreeMap::new() }
    }
}

impl std::fmt::Debug for Watches {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { start, buffer, control: _, since_list } = self;
        f.debug_struct("Watches")
            .field("start", start)
            .field("buffer", buffer)
            .field("since_list", &since_list.keys())
            .finish()
    }
}

impl Watches {
    /// Somebody lists; `now` has the hints from here on.
    pub(super) fn listed(&mut self, source: Source, now: impl FnOnce() -> WatchStream) {
        if self.start == WatchStart::List {
            self.since_list.entry(source).or_insert_with(now);
        }
    }

    /// A stream for one watcher; `now` has the hints from here on.
    pub(super) fn open(&mut self, source: Source, now: impl FnOnce() -> WatchStream) -> WatchStream {
        let watch = Watch {
            inner: self.since_list.remove(&source).unwrap_or_else(now),
            control: self.control.watch(),
            buffer: self.buffer,
            unread: VecDeque::new(),
            ended: false,
        };
        stream::unfold(watch, |mut watch| async move { watch.next().await.map(|hint| (hint, watch)) }).boxed()
    }
}

/// What a stream has now; also where a task has read so much that tokio would have it wait for its turn.
fn now(stream: &mut WatchStream) -> Poll<Option<WatchEvent>> {
    tokio::task::unconstrained(stream.next()).now_or_never().map_or(Poll::Pending, Poll::Ready)
}

struct Watch {
    inner: WatchStream,
    control: WatchStream,
    buffer: usize,
    unread: VecDeque<WatchEvent>,
    ended: bool,
}

impl Watch {
    async fn next(&mut self) -> Option<WatchEvent> {
        loop {
            match now(&mut self.control) {
                Poll::Ready(Some(_)) => return Some(self.forget()),
                Poll::Ready(None) => return None,
                Poll::Pending => self.fill(),
            }
            if self.unread.len() > self.buffer {
                return Some(self.forget());
            }
            if let Some(hint) = self.unread.pop_front() {
                return Some(hint);
            }
            if self.ended {
                return None;
            }
            match select(self.inner.next(), self.control.next()).await {
                Either::Left((hint, _)) => {
                    self.ended = hint.is_none();
                    self.unread.extend(hint);
                }
                Either::Right((told, _)) => {
                    told?;
                    return Some(self.forget());
                }
            }
        }
    }

    /// Takes what is there already.
    fn fill(&mut self) {
        while !self.ended
            && let Poll::Ready(hint) = now(&mut self.inner)
        {
            self.ended = hint.is_none();
            self.unread.extend(hint);
        }
    }

    /// What was not read yet is one gap.
    fn forget(&mut self) -> WatchEvent {
        self.fill();
        self.unread.clear();
        WatchEvent::Gap
    }
}

impl FakeWorld {
    /// From now on, new watches begin here.
    pub fn set_watch_start(&self, start: WatchStart) {
        let mut state = self.shared.lock();
        state.watches.start = start;
        state.watches.since_list.clear();
    }

    /// From now on, the reader of a new watch may be so many hints behind; one more, and all that it has not read is one
    /// [`WatchEvent::Gap`]. [`Hints::CAPACITY`] unless told, and at most.
    pub fn set_watch_buffer(&self, hints: usize) {
        self.shared.lock().watches.buffer = hints;
    }

    /// What the readers of open watches have not read yet is forgotten: each is told of a [`WatchEvent::Gap`] instead.
    pub fn compact_watches(&self) {
        self.shared.lock().watches.control.gap();
    }

    /// Every watch stream ends, of pods, claims and sets, with what was not read yet, as when a connection breaks or what
    /// a watch goes on from is too old. New ones may be opened.
    pub fn interrupt_watches(&self) {
        let mut state = self.shared.lock();
        state.watches.control = Hints::new();
        state.watches.since_list.clear();
    }
}
