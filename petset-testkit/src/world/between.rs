//! What may stand between a request and the world: it decides when the request lands, and what its answer is.

use std::fmt::Debug;
use std::sync::Arc;
use std::time::Duration;

use petset_core::Error;
use petset_core::backend::WatchStream;

use super::request::Request;
use super::shared::{Shared, Source};
use super::state::State;

/// Who asks: the handles of one controller, or 0 for everybody else.
pub(crate) type Caller = u8;

/// What becomes of a request.
#[derive(Debug)]
pub(crate) struct Verdict {
    /// How long it is on its way.
    pub(crate) before: Duration,
    /// When it takes effect.
    pub(crate) lands: Lands,
    /// How long its answer is on its way.
    pub(crate) after: Duration,
    /// What whoever asked hears.
    pub(crate) answer: Answer,
}

/// When a request takes effect.
#[derive(Debug)]
pub(crate) enum Lands {
    /// As soon as it arrives.
    Now,
    /// Never.
    Never,
    /// So long after it was made, whatever was answered meanwhile.
    Later(Duration),
}

/// What whoever asked hears.
#[derive(Debug)]
pub(crate) enum Answer {
    /// What the world says.
    Truth,
    /// This, whatever the world says.
    Error(Error),
    /// Nothing, ever.
    Silence,
}

/// A request that took effect, or was turned down by the world.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Landed<'a> {
    /// Its number.
    pub(crate) number: u64,
    /// Who asked.
    pub(crate) by: Caller,
    /// Why it was turned down.
    pub(crate) error: Option<&'a Error>,
    /// Whether whoever asked has given up before.
    pub(crate) late: bool,
}

/// Something that stands between every request and the world.
pub(crate) trait Between: Debug + Send + Sync {
    /// A request was made. The number is that of the request.
    fn meet(&self, by: Caller, request: &Request) -> (u64, Verdict);

    /// It is about to arrive.
    fn landing(&self, world: &Shared, number: u64, request: &Request);

    /// It arrived; `state` is the world just after it.
    fn landed(&self, world: &Shared, state: &mut State, request: &Request, landed: Landed<'_>);

    /// Its answer arrived.
    fn answered(&self, number: u64, error: Option<&Error>);

    /// Runs a late request after a while.
    fn later(&self, after: Duration, job: Box<dyn FnOnce() + Send>);

    /// Somebody watches.
    fn watch(self: Arc<Self>, by: Caller, source: Source, stream: WatchStream) -> WatchStream;
}
