//! Many sets: watch streams in, one keyed queue, bounded workers, pauses after failures, a periodic look at everything.
//!
//! ```text
//! pods.watch ──┐
//! volumes.watch┼──► queue (a key at most once, never on two workers) ──► workers ──► Engine::pass
//! store.watch ─┘         ▲                                                  │
//! resync ────────────────┴──────────────── again, wake_at, backoff ◄────────┘
//! ```

mod builder;
mod queue;
mod run;
mod sets;
mod snapshot;
pub mod until;

pub use builder::{Controller, ControllerOptions};
pub use sets::{Applied, ApplyOutcome, IntoKey, Sets};
pub use snapshot::{PetRow, SetRow, SetSnapshot, table};
pub use until::Until;
