//! [`Faults`]: trouble between a controller and any backend, drawn from one seed.
//!
//! The backends inside are real or fake and know nothing of it. One `Faults` stands for one controller process and its
//! way to the backends: wrap every part that the process uses, and give another process a `Faults` of its own, over the
//! same backends.
//!
//! Nothing here breaks the traits' contracts, but where the table says so: what goes wrong over a `Faults` is a mistake
//! of the caller.
//!
//! | fault | where | what the contract says |
//! |---|---|---|
//! | [`Fail`](Fault::Fail) | every request | an error, and nothing happened |
//! | [`LoseAnswer`](Fault::LoseAnswer) | every write | a timeout: the effect may have happened |
//! | [`Late`](Fault::Late) | writes of pods, claims and names | a request that was given up may be done late; the store rules that out |
//! | [`Conflict`](Fault::Conflict) | writes that name a version | somebody was faster, several times in a row |
//! | [`Stale`](Fault::Stale) | lists of pods and claims | see below |
//! | [`Slow`](Fault::Slow) | every request | nobody promises when |
//! | [`Gap`](Fault::Gap), [`EndWatch`](Fault::EndWatch) | watches | lost hints are announced by a gap or an end |
//! | [`RepeatHint`](Fault::RepeatHint), [`DelayHint`](Fault::DelayHint), [`SwapHints`](Fault::SwapHints) | watches | a hint says nothing about when, or how often |
//! | [`MissHint`](Fault::MissHint) | watches | more than a contract allows: it costs a resync, and nothing else (L3) |
//! | [`Crash`](Fault::Crash) | every write | the process ends before the request, after it, or with it still on its way |
//!
//! What is possible with which request follows from what [`Op`](crate::Op) says of it ([`may_be_late`],
//! [`may_name_a_version`], [`may_be_stale`]), as in the simulation. There, faults have times and are named after what a
//! controller sees of them: `Refused` is [`Fail`](Fault::Fail), `AnswerLost` is [`LoseAnswer`](Fault::LoseAnswer),
//! `Overtaken` is [`Conflict`](Fault::Conflict), the three crashes are [`Crash`](Fault::Crash) with its
//! [`Moment`]; `HintLost`, `HintDoubled`, `HintLate`, `HintGap` and `HintsEnd` are those of watches. `Silent` and
//! `OldAnswer` are there alone, and [`Stale`](Fault::Stale) is here alone.
//!
//! [`may_be_late`]: crate::Op::may_be_late
//! [`may_name_a_version`]: crate::Op::may_name_a_version
//! [`may_be_stale`]: crate::Op::may_be_stale
//!
//! A stale list is an earlier answer. It is given only while it shows every pod (claim) that the backend shows now, by
//! uid, ending where that ends (a lost claim lost), and only when no write of this process was acknowledged since. So
//! `list_sees_own_writes` holds, and nothing that runs is ever left out; readiness, labels and versions may be old, and
//! what is gone may still be listed. Names resolve and sets are read as they are: their contracts leave nothing to be
//! late with.
//!
//! The n-th request of an operation has the same fate in every run with this seed and plan. What is late lands before a
//! later request and not after a time, so that runs repeat without a clock; [`Slow`](Fault::Slow) and
//! [`DelayHint`](Fault::DelayHint) alone need tokio's.
//!
//! ```
//! use std::sync::Arc;
//!
//! use petset_core::manifest::Manifest;
//! use petset_core::store::{MemoryStore, SetStore};
//! use petset_core::{Backends, Clock, Engine, EngineOptions};
//! use petset_testkit::{FakeWorld, Faults, fixtures};
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build()?.block_on(async {
//! let world = FakeWorld::new();
//! let clock = world.clock();
//! let store = Arc::new(MemoryStore::new());
//! let web = Manifest::try_from(fixtures::set("web").replicas(3).claim("www").build())?.sets.remove(0);
//! let key = web.key();
//! store.create(web, clock.now()).await?;
//!
//! let faults = Faults::from_env(); // PETSET_SEED, or a new seed, which a panic prints
//! let backends = Backends {
//!     pods: faults.pods(world.pods()),
//!     volumes: faults.volumes(world.volumes()),
//!     names: faults.names(world.names()),
//!     store: faults.store(store),
//! };
//! let engine = Engine::with_clock(backends, EngineOptions::default(), Arc::new(clock));
//! for pass in 0..200 {
//!     if pass == 100 {
//!         faults.heal().await;
//!     }
//!     let _trouble = engine.pass(&key).await;
//!     world.pass(std::time::Duration::from_secs(10));
//! }
//! assert_eq!(world.ordinals(&key), [0, 1, 2], "{faults}");
//! # Ok::<(), petset_core::Error>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A crash ends what the process does next, whatever it is: a request of a process that crashed never returns. So a
//! test awaits the crash beside the work, drops both, and goes on with a new process:
//!
//! ```
//! use petset_core::SetUid;
//! use petset_core::backend::PodBackend;
//! use petset_testkit::faults::{FaultPlan, Faults, Moment};
//! use petset_testkit::{FakeWorld, fixtures};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let (world, web) = (FakeWorld::new(), fixtures::set("web").build());
//! let faults = Faults::with_plan(7, FaultPlan::none()).crash_at(1, Moment::After);
//! let pods = faults.pods(world.pods());
//! let work = pods.create(fixtures::pod_request(&web, &SetUid::from("life-1"), 0));
//! tokio::select! {
//!     _ = work => unreachable!("nobody is there to return to"),
//!     () = faults.crashed() => {}
//! }
//! assert!(world.pod(&web.key(), 0).is_some());
//! # });
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! What the dead process asked for last may be done when the next one is at work already ([`Moment::Late`]); the next one
//! says whom it came [`after`](Faults::after):
//!
//! ```
//! use petset_core::SetUid;
//! use petset_core::backend::PodBackend;
//! use petset_testkit::faults::{FaultPlan, Faults, Moment};
//! use petset_testkit::{FakeWorld, fixtures};
//!
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let (world, web) = (FakeWorld::new(), fixtures::set("web").build());
//! let dead = Faults::with_plan(7, FaultPlan::none()).crash_at(1, Moment::Late);
//! let pods = dead.pods(world.pods());
//! tokio::select! {
//!     _ = pods.create(fixtures::pod_request(&web, &SetUid::from("life-1"), 0)) => unreachable!("it is dead"),
//!     () = dead.crashed() => {}
//! }
//! assert!(world.pod(&web.key(), 0).is_none());
//! let next = Faults::with_plan(8, FaultPlan::none()).after(&dead);
//! let pods = next.pods(world.pods());
//! for _ in 0..12 {
//!     pods.list(&web.key()).await?;
//! }
//! assert!(world.pod(&web.key(), 0).is_some());
//! # Ok::<(), petset_core::Error>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod fault;
mod handle;
mod hints;
mod log;
mod names;
mod plan;
mod pods;
mod process;
mod stale;
mod store;
mod turn;
mod volumes;

pub use fault::{Fault, Moment};
pub use handle::Faults;
pub use log::Injected;
pub use plan::FaultPlan;
