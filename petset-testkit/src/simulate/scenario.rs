//! A scenario: what people declare, and what befalls the pods, step by step.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use petset_core::SetKey;
use petset_core::spec::{ObjectMeta, PetSet, Service, ServicePort, ServiceSpec};
use petset_core::store::Cascade;

use super::reach::Effort;
use crate::fixtures::SetBuilder;

type Change = Arc<dyn Fn(&mut PetSet) + Send + Sync>;

/// A scenario: what people declare, and what befalls the pods, step by step. After its last step the goal of its last
/// declarations must be reached, and hold.
///
/// ```
/// use petset_testkit::fixtures;
/// use petset_testkit::simulate::{Plan, Scenario, simulate};
///
/// let scaling = Scenario::new("scaling", "up and down again")
///     .declare(fixtures::set("web").replicas(2).claim("www"))
///     .goal()
///     .scale("web", 4)
///     .goal()
///     .scale("web", 1);
/// let outcome = simulate(&scaling, Plan::Quiet, 7);
/// assert_eq!(outcome.broken, None);
/// ```
#[derive(Debug, Clone)]
pub struct Scenario {
    /// Its name.
    pub name: &'static str,
    /// What it is about.
    pub what: &'static str,
    pub(super) controllers: u8,
    /// Shared, because each of very many runs has its own scenario.
    pub(super) steps: Arc<Vec<Step>>,
}

/// One step of a scenario.
#[derive(Clone)]
pub(super) enum Step {
    /// The set is declared; changed, if there is one of its name.
    Declare(Box<PetSet>),
    /// The declaration is changed; nothing happens when there is none.
    Change(SetKey, String, Change),
    /// A service is declared; changed, if there is one of its name.
    Service(Box<Service>),
    /// The set's end is asked for.
    Delete(SetKey, Cascade),
    /// Wait until every declaration is reached.
    Goal,
    /// Wait until the set is forgotten.
    Gone(SetKey),
    /// Wait for so long.
    Wait(Duration),
    /// Somebody, or something, does this to a pod, or to all of the set's.
    Hand(Hand, SetKey, Option<u32>),
    /// Somebody does this to the claims of a pet.
    Claim(Deed, SetKey, u32),
    /// Every controller dies, and others start with empty memories.
    Crash,
}

/// What is done to the claims of a pet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Deed {
    /// A stranger deletes them, with their data, and kills the pod.
    Lose,
    /// A stranger makes others of the same names.
    Restore,
    /// A person deletes them by name, and says so that the pet may start empty.
    AllowEmpty,
    /// A person says that the present ones are the right ones.
    Accept,
}

/// What is done to pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hand {
    /// A stranger kills it: it is gone.
    Kill,
    /// A person asks it to end, politely.
    Delete,
    /// Its program ends with an error.
    Fail,
    /// Its program is not ready for a while.
    Flap,
}

impl Scenario {
    /// A scenario without steps.
    pub fn new(name: &'static str, what: &'static str) -> Self {
        Self { name, what, controllers: 1, steps: Arc::default() }
    }

    /// With so many controllers alive at once.
    #[must_use]
    pub fn controllers(mut self, controllers: u8) -> Self {
        self.controllers = controllers;
        self
    }

    /// The set is declared; changed, if there is one of its name.
    #[must_use]
    pub fn declare(self, set: SetBuilder) -> Self {
        self.step(Step::Declare(Box::new(set.build())))
    }

    /// The number of pets is changed.
    #[must_use]
    pub fn scale(self, set: &str, replicas: i32) -> Self {
        self.change(set, format!("{replicas} replicas"), move |set| set.spec.replicas = Some(replicas))
    }

    /// The template is changed; see the stand-in runtime for what the first word of an image means.
    #[must_use]
    pub fn image(self, set: &str, image: impl Into<String>) -> Self {
        let image = image.into();
        self.change(set, format!("image {image}"), move |set| {
            for container in &mut set.spec.template.spec.containers {
                container.image = Some(image.clone());
            }
        })
    }

    /// The partition is changed.
    #[must_use]
    pub fn partition(self, set: &str, partition: i32) -> Self {
        self.change(set, format!("partition {partition}"), move |set| {
            let strategy = set.spec.update_strategy.get_or_insert_default();
            strategy.rolling_update.get_or_insert_default().partition = Some(partition);
        })
    }

    /// The declaration is changed in another way.
    #[must_use]
    pub fn change(
        self,
        set: &str,
        what: impl Into<String>,
        change: impl Fn(&mut PetSet) + Send + Sync + 'static,
    ) -> Self {
        self.step(Step::Change(crate::fixtures::key(set), what.into(), Arc::new(change)))
    }

    /// A headless service of these named ports is declared; changed, if there is one of its name. The set of the same
    /// name is governed by it.
    #[must_use]
    pub fn service(self, name: &str, ports: &[(&str, u16)]) -> Self {
        let key = crate::fixtures::key(name);
        let metadata =
            ObjectMeta { name: key.name.to_string(), namespace: key.namespace.to_string(), ..ObjectMeta::default() };
        let port = |(name, port): &(&str, u16)| ServicePort {
            name: Some((*name).to_owned()),
            port: (*port).into(),
            ..ServicePort::default()
        };
        let ports = ports.iter().map(port).collect();
        let spec = ServiceSpec { cluster_ip: Some("None".to_owned()), ports, ..ServiceSpec::default() };
        self.step(Step::Service(Box::new(Service { metadata, spec })))
    }

    /// The set's end is asked for.
    #[must_use]
    pub fn delete(self, set: &str, cascade: Cascade) -> Self {
        self.step(Step::Delete(crate::fixtures::key(set), cascade))
    }

    /// People wait until every declaration is reached, or lose their patience.
    #[must_use]
    pub fn goal(self) -> Self {
        self.step(Step::Goal)
    }

    /// People wait until the set is forgotten, however long that takes.
    #[must_use]
    pub fn gone(self, set: &str) -> Self {
        self.step(Step::Gone(crate::fixtures::key(set)))
    }

    /// Time passes.
    #[must_use]
    pub fn wait(self, seconds: u64) -> Self {
        self.step(Step::Wait(Duration::from_secs(seconds)))
    }

    /// A stranger kills every pod of the set at once.
    #[must_use]
    pub fn kill_all(self, set: &str) -> Self {
        self.step(Step::Hand(Hand::Kill, crate::fixtures::key(set), None))
    }

    /// A person deletes a pod, politely.
    #[must_use]
    pub fn delete_pod(self, set: &str, ordinal: u32) -> Self {
        self.step(Step::Hand(Hand::Delete, crate::fixtures::key(set), Some(ordinal)))
    }

    /// The program of a pod ends with an error.
    #[must_use]
    pub fn fail(self, set: &str, ordinal: u32) -> Self {
        self.step(Step::Hand(Hand::Fail, crate::fixtures::key(set), Some(ordinal)))
    }

    /// A pod is not ready for a while.
    #[must_use]
    pub fn flap(self, set: &str, ordinal: u32) -> Self {
        self.step(Step::Hand(Hand::Flap, crate::fixtures::key(set), Some(ordinal)))
    }

    /// A stranger deletes the claims of a pet, with their data, and kills its pod.
    #[must_use]
    pub fn lose_claims(self, set: &str, ordinal: u32) -> Self {
        self.step(Step::Claim(Deed::Lose, crate::fixtures::key(set), ordinal))
    }

    /// A stranger makes claims of the same names as those that were lost.
    #[must_use]
    pub fn restore_claims(self, set: &str, ordinal: u32) -> Self {
        self.step(Step::Claim(Deed::Restore, crate::fixtures::key(set), ordinal))
    }

    /// A person deletes the claims of a pet that has no pod by name: it may start empty.
    #[must_use]
    pub fn allow_empty(self, set: &str, ordinal: u32) -> Self {
        self.step(Step::Claim(Deed::AllowEmpty, crate::fixtures::key(set), ordinal))
    }

    /// A person accepts the claims that a pet has now as its own.
    #[must_use]
    pub fn accept_claims(self, set: &str, ordinal: u32) -> Self {
        self.step(Step::Claim(Deed::Accept, crate::fixtures::key(set), ordinal))
    }

    /// Every controller dies, and others start with empty memories.
    #[must_use]
    pub fn crash(self) -> Self {
        self.step(Step::Crash)
    }

    /// The bound of L1. Within it, after the last fault, the goal is reached and an hour without a write begins: 15
    /// minutes (a resync takes five of them, a request without an answer one, and so does forgetting a failure), and
    /// 24 passes of each controller for each pet of the largest declarations and 40 more.
    pub fn bound(&self) -> Effort {
        let mut pets: BTreeMap<SetKey, u64> = BTreeMap::new();
        let mut note = |set: &PetSet| {
            let most = pets.entry(set.key()).or_default();
            *most = (*most).max(set.spec.replicas().into());
        };
        let mut declared: BTreeMap<SetKey, PetSet> = BTreeMap::new();
        for step in self.steps.iter() {
            if let Step::Declare(set) = step {
                note(set);
                declared.insert(set.key(), PetSet::clone(set));
            } else if let Step::Change(key, _, change) = step
                && let Some(set) = declared.get_mut(key)
            {
                change(set);
                note(set);
            }
        }
        Effort { passes: 24 * pets.values().sum::<u64>() + 40, time: Duration::from_secs(900) }
    }

    pub(super) fn step(mut self, step: Step) -> Self {
        Arc::make_mut(&mut self.steps).push(step);
        self
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Declare(set) => write!(f, "somebody declares {} with {} replicas", set.key(), set.spec.replicas()),
            Self::Change(set, what, _) => write!(f, "somebody changes {set}: {what}"),
            Self::Service(service) => {
                let ports: Vec<&str> = service.spec.ports.iter().filter_map(|port| port.name.as_deref()).collect();
                write!(f, "somebody declares service {} with ports {}", service.metadata.name, ports.join(", "))
            }
            Self::Delete(set, cascade) => write!(f, "somebody asks for the end of {set}: {cascade:?}"),
            Self::Goal => f.write_str("people wait for the goal"),
            Self::Gone(set) => write!(f, "people wait until {set} is gone"),
            Self::Wait(time) => write!(f, "{} s pass", time.as_secs_f64()),
            Self::Hand(hand, set, Some(ordinal)) => write!(f, "{hand:?} pod {ordinal} of {set}"),
            Self::Hand(hand, set, None) => write!(f, "{hand:?} every pod of {set}"),
            Self::Claim(deed, set, ordinal) => write!(f, "{deed:?} the claims of pet {ordinal} of {set}"),
            Self::Crash => f.write_str("every controller dies"),
        }
    }
}

impl fmt::Debug for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
