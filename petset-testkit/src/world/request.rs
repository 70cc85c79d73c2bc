//! The way of every request: counted, made to fail where the test says so, run under the lock.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use petset_core::Result;

use super::counts::Op;
use super::fault::Fault;
use super::state::State;

/// The world behind all handles.
#[derive(Debug, Clone, Default)]
pub(super) struct Shared {
    inner: Arc<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    state: Mutex<State>,
}

impl Shared {
    /// A broken promise panics under the lock; whoever looks at the world afterwards may still do so.
    pub(super) fn lock(&self) -> MutexGuard<'_, State> {
        self.inner.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn request<T>(&self, op: Op, run: impl FnOnce(&mut State) -> Result<T>) -> Result<T> {
        let mut state = self.lock();
        state.counts.count(op);
        match state.faults.pop(op) {
            None => run(&mut state),
            Some(Fault { error, applied }) => {
                if applied {
                    // Its answer is lost on the way, whatever it says.
                    let _ = run(&mut state);
                }
                Err(error)
            }
        }
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
