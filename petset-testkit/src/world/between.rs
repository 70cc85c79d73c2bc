//! What may stand between a request and the world: it decides when the request lands, and what its answer is.

use std::fmt::Debug;
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

/// Something that stands between every request and the world.
pub(crate) trait Between: Debug + Send + Sync {
    /// A request was made. The number is that of the request.
    fn meet(&self, by: Caller, request: &Request) -> (u64, Verdict);

    /// It is about to take effect.
    fn landing(&self, world: &Shared, number: u64, by: Caller, request: &Request);

    /// It took effect, and the world says this.
    fn landed(&self, state: &mut State, number: u64, by: Caller, request: &Request, error: Option<&Error>);

    /// Its answer arrived.
    fn answered(&self, number: u64, by: Caller, request: &Request, error: Option<&Error>);

    /// Runs a late request after a while.
    fn later(&self, after: Duration, job: Box<dyn FnOnce() + Send>);

    /// Somebody watches.
    fn watch(&self, by: Caller, source: Source, stream: WatchStream) -> WatchStream;
}
