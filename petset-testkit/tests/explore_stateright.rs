//! The same small worlds through stateright: another search, another table of what was seen, the same numbers.

use std::sync::Mutex;

use petset_testkit::explore::{self, Config, Flaw, State, Step, Steps};
use stateright::{Checker, Model, Property};

struct World {
    config: &'static Config,
    steps: Mutex<Steps<'static>>,
}

impl World {
    fn new(config: Config) -> Self {
        let config: &'static Config = Box::leak(Box::new(config));
        Self { config, steps: Mutex::new(Steps::new(config)) }
    }

    fn after(&self, state: &State) -> Vec<(Step, State, Option<&'static str>)> {
        self.steps.lock().expect("no step panics").after(state)
    }
}

/// A state, and the promise that the step into it broke.
type Place = (State, Option<&'static str>);

impl Model for World {
    type State = Place;
    type Action = Step;

    fn init_states(&self) -> Vec<Place> {
        vec![(self.config.start(), None)]
    }

    fn actions(&self, (state, broken): &Place, actions: &mut Vec<Step>) {
        if broken.is_none() {
            actions.extend(self.after(state).into_iter().map(|(step, _, _)| step));
        }
    }

    fn next_state(&self, (state, _): &Place, step: Step) -> Option<Place> {
        let (_, mut next, broken) = self.after(state).into_iter().find(|(found, _, _)| *found == step)?;
        // Which of two controllers is the first does not matter.
        next.controllers[..self.config.controllers].sort_unstable();
        Some((next, broken))
    }

    fn properties(&self) -> Vec<Property<Self>> {
        vec![Property::<Self>::always("no promise is broken", |_, (_, broken)| broken.is_none())]
    }
}

#[test]
fn stateright_counts_the_same_states_and_finds_nothing_broken() {
    for config in explore::quick() {
        let ours = explore::explore(&config, 2);
        let checker = World::new(config.clone()).checker().spawn_bfs().join();
        assert_eq!(checker.unique_state_count() as u64, ours.states, "{}", config.name);
        assert!(checker.discoveries().is_empty(), "{}", config.name);
    }
}

#[test]
fn stateright_finds_the_seeded_mistakes_in_as_many_steps() {
    // What only fair runs show is not a statement about one step.
    for flaw in Flaw::ALL.iter().copied().filter(|flaw| !["L2", "S17"].contains(&flaw.breaks())) {
        let config = explore::flawed(flaw);
        let ours = explore::explore(&config, 2).found.expect("it is found");
        let checker = World::new(config).checker().spawn_bfs().join();
        let path = checker.discoveries().remove("no promise is broken").expect("stateright finds it too");
        assert_eq!(
            (path.last_state().1, path.into_actions().len()),
            (Some(ours.promise), ours.story.len()),
            "{flaw:?}"
        );
    }
}
