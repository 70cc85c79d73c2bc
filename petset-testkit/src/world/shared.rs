//! The way of every request: counted, made to fail where the test says so, run under the lock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use petset_core::Result;
use petset_core::backend::WatchStream;
use petset_core::store::MemoryStore;

#[cfg(feature = "simulate")]
use super::between::{Answer, Between, Caller, Landed, Lands, Verdict};
use super::next_error::NextError;
use super::request::Request;
use super::state::State;
use super::watches::Place;

/// Whose hints a stream carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[cfg_attr(not(feature = "simulate"), expect(unreachable_pub, reason = "only the simulation names it"))]
pub enum Source {
    /// `PodBackend::watch`.
    Pods,
    /// `VolumeProvisioner::watch`.
    Claims,
    /// `SetStore::watch`.
    Sets,
}

/// The world behind all handles.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shared {
    inner: Arc<Inner>,
    /// Whose handles these are.
    #[cfg(feature = "simulate")]
    by: Caller,
}

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
    sets: Arc<MemoryStore>,
    #[cfg(feature = "simulate")]
    between: std::sync::OnceLock<Arc<dyn Between>>,
}

impl Shared {
    /// A broken promise panics under the lock; whoever looks at the world afterwards may still do so.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The sets, past all faults and counts.
    pub(crate) fn sets(&self) -> Arc<MemoryStore> {
        Arc::clone(&self.inner.sets)
    }

    /// A request. It takes effect at once, unless somebody stands between it and the world.
    #[cfg_attr(
        not(feature = "simulate"),
        expect(clippy::unused_async, reason = "a request waits where somebody stands in its way")
    )]
    pub(super) async fn request<T: Send + 'static>(
        &self,
        request: Request,
        run: impl FnOnce(&mut State) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        #[cfg(feature = "simulate")]
        if let Some(between) = self.inner.between.get() {
            return self.request_past(between.as_ref(), request, run).await;
        }
        let mut state = self.lock();
        state.counts.count(request.op());
        match state.next_errors.pop(request.op()) {
            None => run(&mut state),
            Some(NextError { error, applied }) => {
                if applied {
                    // Its answer is lost on the way, whatever it says.
                    let _ = run(&mut state);
                }
                Err(error)
            }
        }
    }

    /// A stream of hints for the handle of this place; `hints` are those of the source from here on.
    pub(super) fn watch(&self, source: Source, place: &Place, hints: impl Fn() -> WatchStream) -> WatchStream {
        let stream = self.lock().watches.open(source, place, hints);
        #[cfg(feature = "simulate")]
        if let Some(between) = self.inner.between.get() {
            return Arc::clone(between).watch(self.by, source, stream);
        }
        stream
    }
}

#[cfg(feature = "simulate")]
impl Shared {
    /// The same world, with handles of this caller.
    pub(crate) fn of(&self, by: Caller) -> Self {
        Self { inner: Arc::clone(&self.inner), by }
    }

    /// From now on this stands between every request and the world.
    ///
    /// # Panics
    /// When something does already.
    pub(crate) fn interpose(&self, between: Arc<dyn Between>) {
        assert!(self.inner.between.set(between).is_ok(), "one is enough");
    }

    async fn request_past<T: Send + 'static>(
        &self,
        between: &dyn Between,
        request: Request,
        run: impl FnOnce(&mut State) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.lock().counts.count(request.op());
        let (number, Verdict { before, lands, after, answer }) = between.meet(self.by, &request);
        pass(before).await;
        let truth = match lands {
            Lands::Never => None,
            Lands::Now => Some(self.land(between, number, &request, false, run)),
            Lands::Later(late) => {
                let (world, request) = (self.clone(), request.clone());
                let job = move || {
                    if let Some(between) = world.inner.between.get() {
                        // Whoever asked has given up.
                        let _ = world.land(between.as_ref(), number, &request, true, run);
                    }
                };
                between.later(late, Box::new(job));
                None
            }
        };
        pass(after).await;
        let result = match (answer, truth) {
            (Answer::Truth, Some(truth)) => truth,
            (Answer::Error(error), _) => Err(error),
            (Answer::Silence | Answer::Truth, _) => std::future::pending().await,
        };
        between.answered(number, result.as_ref().err());
        result
    }

    fn land<T>(
        &self,
        between: &dyn Between,
        number: u64,
        request: &Request,
        late: bool,
        run: impl FnOnce(&mut State) -> Result<T>,
    ) -> Result<T> {
        between.landing(self, number, request);
        let mut state = self.lock();
        let result = run(&mut state);
        let landed = Landed { number, by: self.by, error: result.as_ref().err(), late };
        between.landed(self, &mut state, request, landed);
        result
    }
}

#[cfg(feature = "simulate")]
async fn pass(duration: std::time::Duration) {
    if !duration.is_zero() {
        tokio::time::sleep(duration).await;
    }
}

/// A panic inside a task that somebody contains (S20) must not make a test pass that broke a promise.
impl Drop for Inner {
    fn drop(&mut self) {
        let broken = self.state.get_mut().unwrap_or_else(PoisonError::into_inner).checker.broken();
        if let Some(story) = broken.first()
            && !std::thread::panicking()
        {
            panic!("a promise was broken, and nobody looked:\n{story}");
        }
    }
}
