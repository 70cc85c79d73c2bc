//! What is on record about a pod: what was asked for, and the little that the engine cannot tell.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use petset_core::backend::{ContainerState, PodRequest};
use petset_core::spec::Container;
use petset_core::{PodUid, SetUid, Timestamp};
use redb::TableDefinition;
use serde::{Deserialize, Serialize};

use crate::records::Table;

/// Record key → [`Record`].
pub(crate) const PODS: Table = TableDefinition::new("pods");

/// One incarnation, from before its creation to its confirmed end. What is skipped is known by looking.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    pub(super) request: PodRequest,
    /// The sandbox's id, from before it is started on.
    #[serde(default)]
    pub(super) uid: Option<PodUid>,
    pub(super) owner: Option<SetUid>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) created_at: Timestamp,
    /// The end was asked for, with so many seconds between the polite and the hard signal.
    pub(super) termination: Option<u32>,
    pub(super) ready_since: Option<Timestamp>,
    /// Init containers first.
    pub(super) containers: Vec<ContainerRecord>,
    #[serde(skip)]
    pub(super) address: Option<IpAddr>,
    /// What the pod is told that the host's address is.
    #[serde(skip)]
    pub(super) host_ip: Option<IpAddr>,
    /// Why the pod as a whole waits: reason and message.
    #[serde(skip)]
    pub(super) waiting: Option<(String, String)>,
    /// The sandbox ended by itself, or is gone, and so did the pod.
    #[serde(skip)]
    pub(super) over: bool,
}

/// One container.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContainerRecord {
    pub(super) name: String,
    pub(super) init: bool,
    pub(super) restarts: u32,
    /// Ends in a row, for the backoff.
    pub(super) failures: u32,
    /// The engine's id of the container that is ready.
    pub(super) ready: Option<String>,
    /// The engine's id of the last container whose end was counted.
    pub(super) ended: Option<String>,
    /// The engine's id of the last container whose `postStart` was done.
    #[serde(default)]
    pub(super) post_started: Option<String>,
    /// An init container that succeeded, which holds for the pod's life, whatever becomes of the container.
    #[serde(default)]
    pub(super) finished: bool,
    /// What its probes complain about, or how it ended last.
    #[serde(skip)]
    pub(super) problem: Option<String>,
    #[serde(skip, default = "initializing")]
    pub(super) state: ContainerState,
}

fn initializing() -> ContainerState {
    ContainerState::Waiting { reason: "PodInitializing".to_owned(), message: String::new() }
}

impl Record {
    /// The record of a pod that nothing was done for yet.
    pub(super) fn new(request: PodRequest, now: Timestamp) -> Self {
        let spec = &request.template.spec;
        let inits = spec.init_containers.iter().map(|container| ContainerRecord::new(container, true));
        let containers = spec.containers.iter().map(|container| ContainerRecord::new(container, false));
        Self {
            uid: None,
            owner: Some(request.owner.clone()),
            labels: request.labels.clone(),
            annotations: request.template.metadata.annotations.clone(),
            created_at: now,
            termination: None,
            ready_since: None,
            containers: inits.chain(containers).collect(),
            address: None,
            host_ip: None,
            waiting: None,
            over: false,
            request,
        }
    }

    /// Between the polite and the hard signal, when nobody said another time.
    pub(super) fn grace(&self) -> Duration {
        Duration::from_secs(self.request.template.spec.grace_seconds().into())
    }

    /// The sandbox ended by itself, or is gone: what still runs of the pod has nothing to run in.
    pub(super) fn end(&mut self) {
        self.over = true;
        self.waiting =
            Some(("SandboxEnded".to_owned(), "the container that is the pod ended or was removed".to_owned()));
        for container in &mut self.containers {
            container.ready = None;
        }
    }

    /// Whether an app container ever ran.
    pub(super) fn has_begun(&self) -> bool {
        self.containers.iter().any(|container| !container.init && container.has_started())
    }

    /// Whether any container ever ran.
    pub(super) fn has_run_anything(&self) -> bool {
        self.containers.iter().any(ContainerRecord::has_started)
    }

    /// The declared container that stands at `index` of [`Record::containers`].
    pub(super) fn declared(&self, index: usize) -> &Container {
        let spec = &self.request.template.spec;
        match index.checked_sub(spec.init_containers.len()) {
            None => &spec.init_containers[index],
            Some(index) => &spec.containers[index],
        }
    }
}

impl ContainerRecord {
    fn new(container: &Container, init: bool) -> Self {
        Self {
            name: container.name.clone(),
            init,
            restarts: 0,
            failures: 0,
            ready: None,
            ended: None,
            post_started: None,
            finished: false,
            problem: None,
            state: initializing(),
        }
    }

    /// Whether it ever ran.
    pub(super) fn has_started(&self) -> bool {
        self.ended.is_some() || !matches!(self.state, ContainerState::Waiting { .. })
    }
}
