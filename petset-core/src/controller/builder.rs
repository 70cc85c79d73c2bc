//! [`Controller`]: its parts and its pace.

use std::sync::Arc;
use std::time::Duration;

use super::Sets;
use super::queue::Queue;
use super::run::{self, Shared};
use crate::engine::{Backends, Engine, EngineOptions};
use crate::time::{Clock, SystemClock};

/// How the controller paces itself. All of it is about effort, none of it about safety.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ControllerOptions {
    /// How many sets are worked on at once. Default 4.
    pub workers: usize,
    /// How often every set is looked at although nothing hinted at a change. Default 5 minutes; L3 holds within it.
    pub resync: Duration,
    /// The pause after a set's first failed pass; it doubles with every further one. Default 200 ms.
    pub backoff_initial: Duration,
    /// The longest pause after failed passes. Default 30 s.
    pub backoff_max: Duration,
    /// The pace of the engine.
    pub engine: EngineOptions,
}

impl Default for ControllerOptions {
    fn default() -> Self {
        Self {
            workers: 4,
            resync: Duration::from_secs(300),
            backoff_initial: Duration::from_millis(200),
            backoff_max: Duration::from_secs(30),
            engine: EngineOptions::default(),
        }
    }
}

/// A controller that has not started yet.
///
/// ```no_run
/// # async fn run(backends: petset_core::Backends) -> Result<(), Box<dyn std::error::Error>> {
/// use petset_core::Controller;
///
/// let sets = Controller::new(backends).workers(8).spawn();
/// sets.scale("default/web", 5).await?;
/// sets.shutdown().await; // pets keep running
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Controller {
    backends: Backends,
    options: ControllerOptions,
    clock: Arc<dyn Clock>,
}

impl Controller {
    /// A controller over these parts.
    pub fn new(backends: impl Into<Backends>) -> Self {
        Self { backends: backends.into(), options: ControllerOptions::default(), clock: Arc::new(SystemClock) }
    }

    /// The same with another pace.
    #[must_use]
    pub fn options(mut self, options: ControllerOptions) -> Self {
        self.options = options;
        self
    }

    /// The same with so many sets worked on at once; at least one.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.options.workers = workers;
        self
    }

    /// The same with another resync period.
    #[must_use]
    pub fn resync(mut self, resync: Duration) -> Self {
        self.options.resync = resync;
        self
    }

    /// The same on another clock.
    #[must_use]
    pub fn clock(mut self, clock: Arc<dyn Clock>) -> Self {
        self.clock = clock;
        self
    }

    /// Starts the controller on the current tokio runtime and returns the handle to its sets.
    ///
    /// Dropping every handle does not stop it; [`Sets::shutdown`] and [`Sets::abort`] do.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn spawn(self) -> Sets {
        let Self { backends, options, clock } = self;
        let engine = Engine::with_clock(backends, options.engine.clone(), clock);
        let shared = Arc::new(Shared::new(engine, Queue::default(), options));
        let tasks = run::start(&shared);
        Sets::new(shared, tasks)
    }
}
