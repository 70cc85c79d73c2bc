//! Mocks of the backend traits and of the store, made by [`mockall`].
//!
//! A mock is for a test about requests: which are to come, how often, and what is done with one certain answer. What
//! follows from a request over time is shown more easily over a [`FakeWorld`](crate::FakeWorld), which keeps the
//! contract by itself; a mock keeps none but what the test says. The two mix: here everything is the fake's but the pods.
//!
//! ```
//! use std::sync::Arc;
//!
//! use petset_core::backend::Created;
//! use petset_core::manifest::Manifest;
//! use petset_core::store::{MemoryStore, SetStore};
//! use petset_core::{Backends, Engine, EngineOptions, Error, ErrorKind, Ordinal, Timestamp};
//! use petset_testkit::mock::MockPodBackend;
//! use petset_testkit::{FakeWorld, fixtures};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! let world = FakeWorld::new();
//! let store = Arc::new(MemoryStore::new());
//! let web = Manifest::try_from(fixtures::set("web").replicas(3).build())?.sets.remove(0);
//! let key = web.key();
//! store.create(web, Timestamp::now()).await?;
//! let engine = |pods: MockPodBackend| {
//!     let (volumes, names) = (Arc::new(world.volumes()), Arc::new(world.names()));
//!     let store = Arc::clone(&store) as Arc<dyn SetStore>;
//!     Engine::new(Backends { pods: Arc::new(pods), volumes, names, store }, EngineOptions::default())
//! };
//! let nothing_runs = || {
//!     let mut pods = MockPodBackend::new();
//!     pods.expect_list().returning(|_| Ok(Vec::new()));
//!     pods.expect_check().returning(|_| Vec::new());
//!     pods
//! };
//!
//! // Three pets are wanted, in order: a pass asks for the first, once, and for nothing else.
//! let mut pods = nothing_runs();
//! pods.expect_create()
//!     .withf(|request| request.ordinal == Ordinal(0))
//!     .once()
//!     .return_once(|request| Ok(Created::New(fixtures::pod(&request))));
//! let pass = engine(pods).pass(&key).await?;
//! assert_eq!(pass.outcomes.len(), 1);
//!
//! // A failure is the pet's, not the pass's: nothing is asked for twice before its pause is over.
//! let mut pods = nothing_runs();
//! pods.expect_create().once().return_once(|_| Err(Error::new(ErrorKind::Exhausted, "create a pod")));
//! let engine = engine(pods);
//! let pass = engine.pass(&key).await?;
//! assert!(pass.wake_at.is_some());
//! assert!(engine.pass(&key).await?.outcomes.is_empty());
//! # Ok::<(), Error>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod names;
mod pods;
mod store;
mod volumes;

pub use names::MockNameResolver;
pub use pods::MockPodBackend;
pub use store::MockSetStore;
pub use volumes::MockVolumeProvisioner;
