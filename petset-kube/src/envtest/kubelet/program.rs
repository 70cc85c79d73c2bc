//! [`Program`]: what the containers of a pod do.

use serde::{Deserialize, Serialize};

/// What the containers of a pod do. Unless said: they start at once, are ready at once, and end at once when asked to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
#[non_exhaustive]
pub struct Program {
    /// Milliseconds before the containers start, once the claims are bound.
    pub start_millis: u64,
    /// They do not start, until another program is set.
    pub never_starts: bool,
    /// Milliseconds between start and readiness.
    pub ready_millis: u64,
    /// They are not ready, until another program is set.
    pub never_ready: bool,
    /// They end by themselves with this code, and are started again in vain.
    pub exits: Option<i32>,
    /// The pod as a whole fails, as when its node evicts it.
    pub is_evicted: bool,
    /// They are ready only while these files are in a claim of the pod.
    pub needs: Vec<String>,
    /// They put these files into the claims of the pod at their start.
    pub writes: Vec<String>,
    /// They put these files into the claims of the pod when they are asked to end.
    pub last_words: Vec<String>,
    /// Milliseconds that they take to end.
    pub stop_millis: u64,
    /// They ignore being asked to end, until their grace period is over.
    pub ignores_stop: bool,
    /// They do not even end then, as on a node that is lost, until another program is set.
    pub is_stuck: bool,
}
