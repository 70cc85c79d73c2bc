//! What a search found.

use std::collections::BTreeMap;
use std::fmt;

use super::gap::Gap;

/// What one search found.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Report {
    /// The name of its configuration.
    pub name: &'static str,
    /// Distinct states.
    pub states: u64,
    /// Steps between them, taken from all of them.
    pub transitions: u64,
    /// The longest shortest way to a state.
    pub depth: u32,
    /// How long it took.
    pub seconds: f64,
    /// Whether every reachable state was visited, unless a promise was broken.
    pub complete: bool,
    /// The first broken promise, on one of the shortest ways.
    pub found: Option<Found>,
    /// In how many of the states what is known not to hold does not hold.
    pub gaps: BTreeMap<Gap, u64>,
}

/// A broken promise.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Found {
    /// Its id.
    pub promise: &'static str,
    /// What is wrong.
    pub what: &'static str,
    /// How it comes to it, from the start.
    pub story: Vec<String>,
}

impl Report {
    /// The head of the table whose lines reports are.
    pub fn head() -> String {
        format!(
            "{:<44} {:>12} {:>14} {:>6} {:>8}  {}",
            "configuration", "states", "transitions", "depth", "seconds", "result"
        )
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, states, transitions, depth, seconds, complete, found, gaps } = self;
        write!(f, "{name:<44} {states:>12} {transitions:>14} {depth:>6} {seconds:>8.1}  ")?;
        match (found, complete) {
            (Some(found), _) => write!(f, "{} broken in {} steps: {}", found.promise, found.story.len(), found.what),
            (None, true) => f.write_str("safe, complete"),
            (None, false) => f.write_str("safe so far, not complete"),
        }?;
        gaps.iter().try_for_each(|(gap, states)| write!(f, ", but for {gap} in {states}"))
    }
}
