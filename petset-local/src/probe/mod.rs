//! Probes: when to ask, what the answers mean, and how to ask over HTTP, over TCP and by a command. Lifecycle handlers
//! ask the same way, once.
//!
//! Nothing here knows what a pod is made of: a backend brings the address, the ports and a [`CommandRunner`].
//! [`ProbeState`] is the pure part (delays, periods, thresholds); [`watch`] asks until it is dropped and reports
//! [`Event`]s.

mod action;
mod handler;
mod http;
mod state;
mod tcp;
mod watch;

pub use action::{Answer, CommandRunner, Target, ask_http, ask_tcp, resolve_port};
pub use handler::handle;
pub use state::{ProbeState, Timing};
pub use watch::{Event, Probes, watch};
