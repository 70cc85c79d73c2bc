//! What is told about sets, as Kubernetes' Events of their resources.
//!
//! The engine tells, and a task of its own writes: no pass ever waits for an Event, and one that cannot be written is a line
//! of the debug log and comes later. What happens to a set within a second is one Event for each reason, the same again is counted in the
//! Event that is there, and each set has an allowance: [`Recording`] says how much.

mod allowance;
mod batch;
mod note;
mod recording;
mod write;

pub use recording::Recording;
