//! Names as containers see them, on a real engine.

#[path = "../common/place.rs"]
#[expect(dead_code, reason = "not all of it is used here")]
mod place;
#[path = "../pods/support.rs"]
#[expect(dead_code, reason = "not all of it is used here")]
mod support;

mod networks;
mod resolve;
mod world;
