//! The registry of cases.

use futures::future::BoxFuture;

use super::bench::{Bench, Outcome};
use super::subject::{Parts, Subject};
use super::{names, pods, store, volumes};

pub(super) type Run = for<'b> fn(&'b Bench) -> BoxFuture<'b, Outcome>;

/// The trait that a case is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Part {
    /// `PodBackend`.
    Pods,
    /// `VolumeProvisioner`.
    Volumes,
    /// `NameResolver`.
    Names,
    /// `SetStore`.
    Store,
}

impl Part {
    /// What its cases are grouped under.
    pub fn name(self) -> &'static str {
        match self {
            Self::Pods => "pods",
            Self::Volumes => "volumes",
            Self::Names => "names",
            Self::Store => "store",
        }
    }

    pub(super) fn is_in(self, subject: &Subject) -> bool {
        match self {
            Self::Pods => subject.parts.pods.is_some(),
            Self::Volumes => subject.parts.volumes.is_some(),
            Self::Names => subject.parts.names.is_some(),
            Self::Store => subject.parts.store.is_some(),
        }
    }
}

/// What a subject must be able to do for a case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Need {
    /// Pods, in a case about another part.
    Pods,
    /// Volumes, in a case about another part.
    Volumes,
    /// Volumes appear at their paths (`PodCapabilities::mounts`).
    Mounts,
    /// Claims can grow (`VolumeCapabilities::grow`).
    Grow,
    /// Claims cannot grow.
    NoGrow,
    /// Claims are bound before a pod uses them (`VolumeCapabilities::binds_before_use`).
    BindsBeforeUse,
    /// SRV records (`NameCapabilities::srv`).
    Srv,
    /// PTR records (`NameCapabilities::ptr`).
    Ptr,
    /// Volumes that vanish are hinted at (`VolumeCapabilities::tells_losses`).
    TellsLosses,
    /// The store remembers the lives of sets that are no more (`Subject::forgets_lives`).
    FormerLives,
    /// A second namespace.
    OtherNamespace,
    /// A later instance over the same state (`Hands::reopen`).
    LaterInstance,
}

impl Need {
    /// Why the subject does not meet it, if so.
    pub fn missing(self, subject: &Subject) -> Option<&'static str> {
        let Parts { pods, volumes, names, store: _, hands } = &subject.parts;
        let (met, why) = match self {
            Self::Pods => (pods.is_some(), "the subject has no pods"),
            Self::Volumes => (volumes.is_some(), "the subject has no volumes"),
            Self::Mounts => (
                pods.as_ref().is_some_and(|pods| pods.capabilities().mounts),
                "its pods cannot mount volumes (PodCapabilities::mounts)",
            ),
            Self::Grow => (
                volumes.as_ref().is_some_and(|volumes| volumes.capabilities().grow),
                "its claims cannot grow (VolumeCapabilities::grow)",
            ),
            Self::NoGrow => (
                volumes.as_ref().is_some_and(|volumes| !volumes.capabilities().grow),
                "its claims can grow (VolumeCapabilities::grow)",
            ),
            Self::BindsBeforeUse => (
                volumes.as_ref().is_some_and(|volumes| volumes.capabilities().binds_before_use),
                "its claims wait for their first pod (VolumeCapabilities::binds_before_use)",
            ),
            Self::Srv => (
                names.as_ref().is_some_and(|names| names.capabilities().srv),
                "it has no SRV records (NameCapabilities::srv)",
            ),
            Self::Ptr => (
                names.as_ref().is_some_and(|names| names.capabilities().ptr),
                "it has no PTR records (NameCapabilities::ptr)",
            ),
            Self::TellsLosses => (
                volumes.as_ref().is_some_and(|volumes| volumes.capabilities().tells_losses),
                "it sees a lost volume when it is asked, and not before (VolumeCapabilities::tells_losses)",
            ),
            Self::FormerLives => (
                subject.remembers_lives,
                "its runtime ends what has no owner any more, and its store remembers no lives (Subject::forgets_lives)",
            ),
            Self::LaterInstance => (hands.reopens(), "its hands open no later instance (Hands::reopen)"),
            Self::OtherNamespace => (subject.other_namespace.is_some(), "the subject has one namespace only"),
        };
        (!met).then_some(why)
    }
}

/// One case.
#[derive(Debug, Clone, Copy)]
pub struct Case {
    name: &'static str,
    part: Part,
    needs: &'static [Need],
    run: Run,
}

impl Case {
    pub(super) const fn new(part: Part, name: &'static str, needs: &'static [Need], run: Run) -> Self {
        Self { name, part, needs, run }
    }

    /// The bullet's name, or that name, `__` and a suffix.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// The bullet that it is about.
    pub fn bullet(&self) -> &'static str {
        self.name.split_once("__").map_or(self.name, |(bullet, _)| bullet)
    }

    /// The trait that it is about.
    pub fn part(&self) -> Part {
        self.part
    }

    /// What it needs.
    pub fn needs(&self) -> &'static [Need] {
        self.needs
    }

    /// Why the subject cannot run it, if so.
    pub fn missing(&self, subject: &Subject) -> Option<&'static str> {
        self.needs.iter().find_map(|need| need.missing(subject))
    }

    pub(super) fn run<'b>(&self, bench: &'b Bench) -> BoxFuture<'b, Outcome> {
        (self.run)(bench)
    }
}

/// Every case, by trait and method.
pub fn cases() -> Vec<Case> {
    [pods::cases(), volumes::cases(), names::cases(), store::cases()].concat()
}

/// `"name" => function, "name" [needs] => function, …` as cases of one part.
macro_rules! cases {
    ($part:ident: $($name:literal $([$($need:ident),+])? => $run:path),+ $(,)?) => {
        vec![$($crate::conformance::case::Case::new(
            $crate::conformance::Part::$part,
            $name,
            &[$($($crate::conformance::Need::$need),+)?],
            |bench| Box::pin($run(bench)),
        )),+]
    };
}
pub(super) use cases as list_cases;
