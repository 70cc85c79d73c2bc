//! Mocks of the backend traits and of the store, made by [`mockall`].
//!
//! A mock is for a test about requests: which are to come, how often, and what is done with one certain answer. What
//! follows from a request over time is shown more easily over a [`FakeWorld`](crate::FakeWorld), which keeps the
//! contract by itself; a mock keeps none but what the test says. The two mix: here everything is the fake's but the pods.
//!
//! Your code takes the trait, and the test says what it is told:
//!
//! ```
//! use petset_core::backend::{DeleteOptions, Deleted, PodBackend, PodPhase};
//! use petset_core::{Error, ErrorKind, Result, SetKey, SetUid};
//! use petset_testkit::fixtures;
//! use petset_testkit::mock::MockPodBackend;
//!
//! /// Asks every failed pod of a set to end, unless something became of it meanwhile, and says how many.
//! async fn end_failed(pods: &dyn PodBackend, set: &SetKey) -> Result<u32> {
//!     let mut asked = 0;
//!     for pod in pods.list(set).await?.iter().filter(|pod| pod.status.phase == PodPhase::Failed) {
//!         let options = DeleteOptions { version: Some(pod.version.clone()), ..DeleteOptions::default() };
//!         match pods.delete(&pod.reference(), options).await {
//!             Ok(_) => asked += 1,
//!             Err(error) if error.is_conflict() => {}
//!             Err(error) => return Err(error),
//!         }
//!     }
//!     Ok(asked)
//! }
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let web = fixtures::set("web").build();
//! let pod = |ordinal, phase| {
//!     let mut pod = fixtures::pod(&fixtures::pod_request(&web, &SetUid::from("life-1"), ordinal));
//!     pod.status.phase = phase;
//!     pod
//! };
//! let found = vec![pod(0, PodPhase::Running), pod(1, PodPhase::Failed), pod(2, PodPhase::Failed)];
//!
//! // Of three pods two have failed, and something became of the last one: two requests, one of them in vain.
//! let mut pods = MockPodBackend::new();
//! pods.expect_list().once().return_once(|_| Ok(found));
//! pods.expect_delete()
//!     .withf(|pod, options| pod.name() == "web-1" && options.version.is_some() && options.grace_seconds.is_none())
//!     .once()
//!     .return_once(|_, _| Ok(Deleted::Started));
//! pods.expect_delete()
//!     .withf(|pod, _| pod.name() == "web-2")
//!     .once()
//!     .return_once(|_, _| Err(Error::new(ErrorKind::Conflict, "delete a pod")));
//! assert_eq!(end_failed(&pods, &web.key()).await?, 1);
//!
//! // Who cannot look does nothing: a request that nobody expects panics.
//! let mut blind = MockPodBackend::new();
//! blind.expect_list().once().return_once(|_| Err(Error::new(ErrorKind::Unavailable, "list pods")));
//! assert!(end_failed(&blind, &web.key()).await.is_err());
//! # Ok::<(), Error>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Mocks also stand in for one part of [`Backends`](petset_core::Backends), where the others are the fake's.

mod names;
mod pods;
mod store;
mod volumes;

pub use names::MockNameResolver;
pub use pods::MockPodBackend;
pub use store::MockSetStore;
pub use volumes::MockVolumeProvisioner;
