//! Answers of the planner that are asked for again and again. The planner is a function, so remembering is safe.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};

use super::bridge::{Bridge, Decision, Leftovers, View};
use super::config::Config;
use super::model::{PETS, Pod};
use super::table::Mixer;

const SLOTS: usize = 1 << 14;

/// A planner with a memory that forgets when it is full.
#[derive(Debug)]
pub(super) struct Plans<'a> {
    pub(super) config: &'a Config,
    bridge: Bridge,
    known: Vec<Option<(View, Decision)>>,
    known_leftovers: HashMap<(u8, [Pod; PETS]), Leftovers>,
}

impl<'a> Plans<'a> {
    pub(super) fn new(config: &'a Config) -> Self {
        Self { config, bridge: Bridge::new(config), known: vec![None; SLOTS], known_leftovers: HashMap::new() }
    }

    /// What the shipped planner says.
    pub(super) fn decide(&mut self, view: &View) -> Decision {
        let mut mixer = Mixer::default();
        view.hash(&mut mixer);
        let at = usize::try_from(mixer.finish() % SLOTS as u64).expect("it is smaller than the table");
        if let Some((known, decision)) = &self.known[at]
            && known == view
        {
            return *decision;
        }
        let decision = self.bridge.decide(self.config, view);
        self.known[at] = Some((*view, decision));
        decision
    }

    /// What the shipped planner says about the pods of a set that is no more.
    pub(super) fn leftovers(&mut self, script: u8, pods: [Pod; PETS]) -> Leftovers {
        let life = self.config.spec(script).life;
        let ask = || self.bridge.leftovers(script, life, pods);
        *self.known_leftovers.entry((script, pods)).or_insert_with(ask)
    }
}
