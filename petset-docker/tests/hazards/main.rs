//! What engines are known to do wrong, or to let others do: on a real engine where it can be provoked, and by a hand on the
//! wire where a real one does it too rarely. What needs an engine of its own, or root, says so where it cannot run;
//! `PETSET_REQUIRE_DOCKER=1` makes that an error.

#![expect(clippy::print_stderr, reason = "a test says what it skips")]

#[path = "../common/engine.rs"]
#[expect(dead_code, reason = "not all of it is used here")]
mod engine;
#[path = "../common/hand.rs"]
mod hand;
#[path = "../common/http.rs"]
mod http;
#[path = "../common/place.rs"]
#[expect(dead_code, reason = "not all of it is used here")]
mod place;
#[path = "../pods/support.rs"]
mod support;
#[path = "../faults/witness.rs"]
#[expect(dead_code, reason = "not all of it is used here")]
mod witness;

mod disk_full;
mod events_lost;
mod false_running;
mod ground;
mod name_taken;
mod removal_in_progress;
mod resurrection;
mod stranger;
mod stuck_remove;

type Error = Box<dyn std::error::Error + Send + Sync>;
