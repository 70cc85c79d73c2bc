//! [`PodBackend`]: where pods run.

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::net::IpAddr;
use std::sync::Arc;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use super::WatchStream;
use crate::error::Result;
use crate::manifest::Violation;
use crate::names::{ClaimUid, Ordinal, PodUid, RevisionName, SetKey, SetUid, Version};
use crate::spec::{ConfigMap, PodTemplate, Secret};
use crate::time::Timestamp;

/// Where pods run.
///
/// # Guarantees that every implementation gives
/// * At most one pod per name and namespace exists at any instant, and no process of a pod outlives the moment from
///   which [`list`](Self::list) no longer shows it (S1, S2).
/// * A request that names an incarnation (`uid`) never affects another one, however late it arrives (S4).
/// * Pods survive the backend's own end; a later instance lists them unchanged (S19).
///
/// # Cancellation
/// Dropping a future may leave its effect done, not done, or to be done late. The next pass reads again.
#[async_trait]
pub trait PodBackend: Debug + Send + Sync + 'static {
    /// What this backend can do. Constant for the life of the backend.
    fn capabilities(&self) -> PodCapabilities;

    /// What of this template the backend cannot honour, by field path; empty when it can run it.
    ///
    /// # Behavior
    /// - `check_names_every_refused_field`: each thing that would not be honoured is one violation with its path, its
    ///   value and what would be right; nothing is dropped in silence.
    /// - `check_accepts_what_create_runs`: a template without violations is accepted by [`create`](Self::create).
    fn check(&self, template: &PodTemplate) -> Vec<Violation>;

    /// Every pod of the set by name, `<set>-<ordinal>` in the set's namespace, whoever owns it.
    ///
    /// It may show an earlier moment than that of the question, as a view does that a watch keeps. Also then every pod that
    /// stands is in it, ending if its end is asked for, and with all that an acknowledged request of this process made of
    /// it. Readiness, labels and versions may be old, and a pod that is gone may still be there.
    ///
    /// # Behavior
    /// - `list_shows_every_pod_of_the_name`: foreign, orphaned, failed and terminating pods included.
    /// - `list_shows_no_other_set`: `web-1-0` is a pod of `web-1`, not of `web`.
    /// - `list_is_complete_or_an_error`: a partial or undecodable answer is an error, never a shorter list (S15).
    /// - `list_sees_own_writes`: a pod whose `create` returned is in it until its end is confirmed.
    /// - `list_shows_a_pod_while_it_runs`: a pod that is not in it any more has no process left, whichever way it
    ///   ended (S1, S2).
    /// - `list_is_the_same_in_a_later_instance`: pods outlive the process that made them (S19).
    async fn list(&self, set: &SetKey) -> Result<Vec<Pod>>;

    /// Asks for the pod of one identity.
    ///
    /// Returns once the pod is on record; it starts in its own time.
    ///
    /// # Behavior
    /// - `create_of_a_free_name_is_new`: the pod is listed afterwards with a uid never seen before.
    /// - `create_of_a_taken_name_changes_nothing`: whoever has the name, the answer is
    ///   [`Created::AlreadyThere`] with that pod.
    /// - `create_waits_for_no_readiness`: it returns before the pod is ready.
    /// - `create_mounts_the_named_claims`: each claim appears under its template's name, and no other volume does.
    /// - `create_on_another_claim_is_a_conflict`: when [`PodRequest::claim_uids`] names the life of a claim, and that
    ///   life is gone or ending, nothing happens and the error is a conflict.
    async fn create(&self, request: PodRequest) -> Result<Created<Pod>>;

    /// Asks one incarnation to end: politely, then hard when the grace period is over.
    ///
    /// Returns once the end is on record, before it is reached. The pod stays listed, terminating, until its end is
    /// confirmed.
    ///
    /// # Behavior
    /// - `delete_of_a_gone_pod_is_already_gone`: [`Deleted::AlreadyGone`], no error.
    /// - `delete_of_another_incarnation_is_already_gone`: a pod of the same name with another uid is untouched.
    /// - `delete_twice_is_once`: a second request changes nothing and never shortens the grace period.
    /// - `delete_with_an_old_version_is_a_conflict`: when [`DeleteOptions::version`] is given and differs, nothing
    ///   happens and the error is a conflict.
    /// - `delete_lets_the_pod_end_politely`: the stop signal comes first, the hard one after the grace period.
    async fn delete(&self, pod: &PodRef, options: DeleteOptions) -> Result<Deleted>;

    /// Changes labels, annotations or the owner of one incarnation, without restarting it.
    ///
    /// # Behavior
    /// - `update_changes_only_what_is_named`.
    /// - `update_of_another_incarnation_is_not_found`: a pod of the same name with another uid is untouched.
    /// - `update_with_an_old_version_is_a_conflict`: when [`PodChange::version`] is given and differs, nothing happens and
    ///   the error is a conflict.
    async fn update(&self, pod: &PodRef, change: PodChange) -> Result<()>;

    /// Hints about changes from now on.
    ///
    /// # Behavior
    /// - `watch_hints_at_every_change`: a change of a pod after the call is followed by a hint of its set or a gap.
    fn watch(&self) -> WatchStream;
}

/// What a [`PodBackend`] can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct PodCapabilities {
    /// Pods have a hostname of their own.
    pub hostname: bool,
    /// Volumes appear at `mountPath`.
    pub mounts: bool,
    /// Inside a pod, cluster names resolve.
    pub cluster_dns: bool,
    /// Containers run from images.
    pub images: bool,
    /// Pods are given config maps and secrets by the runtime itself, when they start. When false, a pod is not asked for
    /// before everything is there that it refers to.
    pub config: bool,
}

/// The outcome of a creation.
#[derive(Debug, Clone, PartialEq)]
pub enum Created<T> {
    /// It was made now.
    New(T),
    /// The name was taken, by this.
    AlreadyThere(T),
}

/// The outcome of a deletion.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deleted {
    /// The end is on record.
    Started,
    /// That incarnation is not there any more.
    AlreadyGone,
}

/// One incarnation, named exactly.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PodRef {
    /// The set.
    pub set: SetKey,
    /// The pet.
    pub ordinal: Ordinal,
    /// The incarnation.
    pub uid: PodUid,
}

impl PodRef {
    /// The pod's name.
    pub fn name(&self) -> String {
        self.set.pod_name(self.ordinal)
    }
}

/// How to end a pod.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeleteOptions {
    /// Seconds between the polite and the hard signal; the pod's own `terminationGracePeriodSeconds` when `None`.
    pub grace_seconds: Option<u32>,
    /// Only when the pod still has this version, so that a pod that became ready meanwhile is spared.
    pub version: Option<Version>,
}

/// What to change about a pod. `None` leaves a thing as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PodChange {
    /// Labels to set (`Some`) or remove (`None`).
    pub labels: BTreeMap<String, Option<String>>,
    /// Annotations to set (`Some`) or remove (`None`).
    pub annotations: BTreeMap<String, Option<String>>,
    /// The new owner; `Some(None)` makes the pod an orphan.
    pub owner: Option<Option<SetUid>>,
    /// Only when the pod still has this version, so that nobody takes what somebody else took meanwhile.
    pub version: Option<Version>,
}

/// Everything a backend needs to run one pod.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PodRequest {
    /// The set.
    pub set: SetKey,
    /// The set's life that owns the pod.
    pub owner: SetUid,
    /// The pet.
    pub ordinal: Ordinal,
    /// The revision that the template comes from.
    pub revision: RevisionName,
    /// The template, with the labels, annotations, hostname and subdomain of this pod filled in.
    pub template: Arc<PodTemplate>,
    /// Labels of the pod: the template's and the system's.
    pub labels: BTreeMap<String, String>,
    /// Claim template name → claim name.
    pub claims: BTreeMap<String, String>,
    /// Claim template name → the life of its claim that the pod is to start on. Where none is named, any life will do.
    #[serde(default)]
    pub claim_uids: BTreeMap<String, ClaimUid>,
    /// The config maps and secrets that the template may refer to.
    pub config: Arc<ConfigBundle>,
    /// Where the pod asks for names.
    pub dns: DnsSettings,
}

impl PodRequest {
    /// The pod's name, which is its hostname too.
    pub fn name(&self) -> String {
        self.set.pod_name(self.ordinal)
    }
}

/// The config maps and secrets of a namespace, by name.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConfigBundle {
    /// Config maps.
    pub config_maps: BTreeMap<String, ConfigMap>,
    /// Secrets.
    pub secrets: BTreeMap<String, Secret>,
}

/// Where a pod asks for names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct DnsSettings {
    /// The cluster domain, for example `cluster.local`.
    pub domain: String,
    /// Name servers (port 53), in order; empty when the backend has its own way.
    pub servers: Vec<IpAddr>,
    /// Search domains, most specific first.
    pub searches: Vec<String>,
}

/// One incarnation as seen.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Pod {
    /// The set that its name says it belongs to.
    pub set: SetKey,
    /// The pet.
    pub ordinal: Ordinal,
    /// The incarnation.
    pub uid: PodUid,
    /// Changes with every change of anything here.
    pub version: Version,
    /// The set's life that owns it; `None` for an orphan. A pod of a foreign owner has that owner's uid here.
    pub owner: Option<SetUid>,
    /// The revision that it was made from, as recorded at its creation.
    pub revision: Option<RevisionName>,
    /// Labels; shared, so that it costs little to list many pods often.
    pub labels: Arc<BTreeMap<String, String>>,
    /// Annotations; shared as well.
    pub annotations: Arc<BTreeMap<String, String>>,
    /// When it was created.
    pub created_at: Timestamp,
    /// Whether its end has been asked for.
    pub terminating: bool,
    /// How it is.
    pub status: PodStatus,
}

impl Pod {
    /// The pod's name.
    pub fn name(&self) -> String {
        self.set.pod_name(self.ordinal)
    }

    /// This incarnation.
    pub fn reference(&self) -> PodRef {
        PodRef { set: self.set.clone(), ordinal: self.ordinal, uid: self.uid.clone() }
    }
}

/// How a pod is.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct PodStatus {
    /// Where it is in its life.
    pub phase: PodPhase,
    /// Since when it has been ready without a break; `None` when it is not ready.
    pub ready_since: Option<Timestamp>,
    /// Its addresses, the main one first; empty before it has any.
    pub addresses: Vec<IpAddr>,
    /// One word for why it is not as it should be, for example `CrashLoopBackOff`.
    pub reason: Option<String>,
    /// The sentence to it.
    pub message: Option<String>,
    /// Its containers, init containers first.
    pub containers: Vec<ContainerStatus>,
}

/// The [`PodStatus::reason`] of a pod that runs on long after it was to end, as Kubernetes' events call it. What else a
/// backend says about an ending pod is not told: that it is not as it should be is in the nature of an end.
pub const FAILED_KILL_POD: &str = "FailedKillPod";

/// Where a pod is in its life.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PodPhase {
    /// On record, not all containers started yet.
    #[default]
    Pending,
    /// All containers were started.
    Running,
    /// Ended by itself, without error.
    Succeeded,
    /// Ended by itself with an error, or can never run.
    Failed,
    /// The runtime cannot tell. Counts as running (S2).
    Unknown,
}

/// How one container of a pod is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ContainerStatus {
    /// Its name.
    pub name: String,
    /// Whether it is an init container.
    pub init: bool,
    /// Whether it counts as ready.
    pub ready: bool,
    /// How often it was restarted in place.
    pub restarts: u32,
    /// What it is doing.
    pub state: ContainerState,
}

/// What a container is doing.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ContainerState {
    /// Not running yet, or waiting for its next start.
    Waiting {
        /// One word, for example `CrashLoopBackOff`.
        reason: String,
        /// The sentence to it.
        message: String,
    },
    /// Running.
    Running {
        /// Since when.
        started_at: Timestamp,
    },
    /// Ended.
    Terminated {
        /// How; `None` when nobody saw it.
        exit_code: Option<i32>,
        /// When.
        finished_at: Timestamp,
    },
}
