//! The conformance suite: whether a backend does what the `# Behavior` bullets of its traits say.
//!
//! Each bullet of `PodBackend`, `VolumeProvisioner`, `NameResolver` and `SetStore` has a case of the same name; edge
//! cases carry the bullet's name and a suffix after `__`. A third party runs all of them over its own backend in a test
//! with `harness = false`:
//!
//! ```no_run
//! # use std::sync::Arc;
//! # use petset_core::store::MemoryStore;
//! # use petset_testkit::conformance::{self, Subject};
//! fn main() -> std::process::ExitCode {
//!     conformance::run(|| async { Ok(Subject::new().store(Arc::new(MemoryStore::new()))) })
//! }
//! ```
//!
//! A [`Subject`] bundles the parts under test, the [`Workload`] that they run, and the [`Hands`] that do what only the
//! backend's author can do. What a subject cannot do is skipped, with the reason. Every case has a subject and set names
//! of its own, and tidies up behind itself, also when it fails. `PETSET_SEED=<n>` repeats the names of an earlier run.

mod bench;
mod case;
mod hands;
mod names;
mod pods;
mod run;
mod store;
mod subject;
mod tidy;
mod volumes;
mod wait;
mod workload;

pub use case::{Case, Need, Part, cases};
pub use hands::Hands;
pub use run::{Suite, Verdict, judge, run};
pub use subject::Subject;
pub use workload::Workload;
