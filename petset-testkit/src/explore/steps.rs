//! [`Steps`]: what can follow a state, for whoever wants to search by other means.

use super::config::Config;
use super::model::State;
use super::plans::Plans;
use super::step::{Step, successors};

/// Everything that can follow a state of one configuration. [`explore`](super::explore()) goes through it in its own way; a
/// cross-check with another model checker asks here.
///
/// ```
/// use petset_testkit::explore::{Config, Spec, Steps};
///
/// let config = Config::new("two", vec![Spec::new(2)]).alone();
/// let after = Steps::new(&config).after(&config.start());
/// assert!(after.iter().all(|(_, _, broken)| broken.is_none()));
/// ```
#[derive(Debug)]
pub struct Steps<'a> {
    plans: Plans<'a>,
}

impl<'a> Steps<'a> {
    /// The steps of this configuration.
    pub fn new(config: &'a Config) -> Self {
        Self { plans: Plans::new(config) }
    }

    /// Each step that can come next, where it leads, and the promise that it breaks, if any.
    pub fn after(&mut self, state: &State) -> Vec<(Step, State, Option<&'static str>)> {
        let mut out = Vec::new();
        successors(&mut self.plans, state, &mut out);
        out.into_iter().map(|(step, next, result)| (step, next, result.err().map(|broken| broken.0))).collect()
    }
}
