//! [`Fates`]: which request fails, and how.

use std::sync::atomic::{AtomicU64, Ordering};

use http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use http::{Response, StatusCode};
use kube::client::Body;
use petset_testkit::seed::Dice;
use serde_json::json;

/// What becomes of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fate {
    Good,
    /// The server says this, and does nothing.
    Refused(u16),
    /// The connection breaks before the server has it.
    LostRequest,
    /// The server does it, and its answer is lost.
    LostAnswer,
}

/// All that may go wrong.
pub(crate) const TROUBLES: [Fate; 5] =
    [Fate::Refused(429), Fate::Refused(500), Fate::Refused(503), Fate::LostRequest, Fate::LostAnswer];

/// Of so many requests in a row each trouble happens to one.
const ROUND: u64 = 15;

/// The fates of requests in the order in which they are made, by chance that follows from the seed: a third of them
/// fails, and no trouble is left out.
#[derive(Debug)]
pub(crate) struct Fates {
    seed: u64,
    name: &'static str,
    asked: AtomicU64,
}

impl Fates {
    pub(crate) fn new(seed: u64, name: &'static str) -> Self {
        Self { seed, name, asked: AtomicU64::new(0) }
    }

    /// Of the next request.
    pub(crate) fn next(&self) -> Fate {
        let nth = self.asked.fetch_add(1, Ordering::Relaxed);
        let mut dice = Dice::of(self.seed, self.name, nth / ROUND);
        let mut free: Vec<u64> = (0..ROUND).collect();
        for trouble in TROUBLES {
            let place = *dice.pick(&free);
            if place == nth % ROUND {
                return trouble;
            }
            free.retain(|other| *other != place);
        }
        Fate::Good
    }
}

/// What a server says that refuses.
pub(crate) fn refusal(code: u16) -> Response<Body> {
    let status = json!({ "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": "trouble", "reason": "InternalError", "code": code });
    let mut answer = Response::new(Body::from(status.to_string().into_bytes()));
    *answer.status_mut() = StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if code == 429 {
        answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    }
    answer
}
