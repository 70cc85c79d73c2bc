//! What is on disk about a pod: enough to find, show, restart and end it after any crash.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Write as _};
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::sync::Arc;

use petset_core::backend::{ConfigBundle, ContainerState, DnsSettings, PodRequest};
use petset_core::spec::{ConfigMap, Container, PodTemplate, Secret};
use petset_core::{Ordinal, PodUid, RevisionName, SetKey, SetUid, Timestamp};
use serde::{Deserialize, Serialize};

use super::process::ProcessId;

/// The form of the record that this code writes and reads.
const FORMAT: u32 = 1;

/// One incarnation, from its creation to its confirmed end.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Record {
    pub(super) format: u32,
    pub(super) uid: PodUid,
    pub(super) owner: Option<SetUid>,
    pub(super) labels: BTreeMap<String, String>,
    pub(super) annotations: BTreeMap<String, String>,
    pub(super) created_at: Timestamp,
    pub(super) request: Saved,
    /// Counts the changes of this record.
    pub(super) generation: u64,
    /// The boot of the machine that pids and moments below are of.
    pub(super) boot: String,
    /// The kernel confirmed that no process of an earlier incarnation lives; since then the name's lock is ours.
    pub(super) fenced: bool,
    pub(super) address: Option<IpAddr>,
    pub(super) termination: Option<Termination>,
    pub(super) ready_since: Option<Timestamp>,
    /// Why the pod as a whole waits: reason and message.
    pub(super) waiting: Option<(String, String)>,
    /// Init containers first.
    pub(super) containers: Vec<ContainerRecord>,
}

/// The end that was asked for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Termination {
    /// When the hard signal may be sent, in milliseconds since boot.
    pub(super) deadline: u64,
    /// Containers whose polite signal was sent.
    pub(super) signalled: Vec<String>,
}

/// One container.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContainerRecord {
    pub(super) name: String,
    pub(super) init: bool,
    /// An init container that succeeded.
    pub(super) finished: bool,
    /// Whether it ever ran.
    pub(super) started: bool,
    pub(super) ready: bool,
    pub(super) restarts: u32,
    /// Ends in a row, for the backoff.
    pub(super) failures: u32,
    /// When it may start again, in milliseconds since boot.
    pub(super) not_before: u64,
    pub(super) process: Option<ProcessId>,
    /// The last process whose `postStart` was done.
    #[serde(default)]
    pub(super) post_started: Option<ProcessId>,
    pub(super) state: ContainerState,
    /// What its probes complain about, or how it ended last.
    pub(super) problem: Option<String>,
}

/// A [`PodRequest`] as it is written.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Saved {
    set: SetKey,
    owner: SetUid,
    ordinal: Ordinal,
    revision: RevisionName,
    template: Arc<PodTemplate>,
    labels: BTreeMap<String, String>,
    claims: BTreeMap<String, String>,
    config_maps: BTreeMap<String, ConfigMap>,
    secrets: BTreeMap<String, Secret>,
    dns_domain: String,
    dns_servers: Vec<IpAddr>,
    dns_searches: Vec<String>,
}

impl From<&PodRequest> for Saved {
    fn from(request: &PodRequest) -> Self {
        let PodRequest { set, owner, ordinal, revision, template, labels, claims, claim_uids: _, config, dns } =
            request;
        Self {
            set: set.clone(),
            owner: owner.clone(),
            ordinal: *ordinal,
            revision: revision.clone(),
            template: Arc::clone(template),
            labels: labels.clone(),
            claims: claims.clone(),
            config_maps: config.config_maps.clone(),
            secrets: config.secrets.clone(),
            dns_domain: dns.domain.clone(),
            dns_servers: dns.servers.clone(),
            dns_searches: dns.searches.clone(),
        }
    }
}

impl From<Saved> for PodRequest {
    fn from(saved: Saved) -> Self {
        let Saved { set, owner, ordinal, revision, template, labels, claims, config_maps, secrets, .. } = saved;
        let Saved { dns_domain: domain, dns_servers: servers, dns_searches: searches, .. } = saved;
        let config = Arc::new(ConfigBundle { config_maps, secrets });
        let dns = DnsSettings { domain, servers, searches };
        let claim_uids = BTreeMap::new();
        Self { set, owner, ordinal, revision, template, labels, claims, claim_uids, config, dns }
    }
}

impl Saved {
    pub(super) fn set(&self) -> &SetKey {
        &self.set
    }

    pub(super) fn ordinal(&self) -> Ordinal {
        self.ordinal
    }

    pub(super) fn revision(&self) -> &RevisionName {
        &self.revision
    }

    pub(super) fn template(&self) -> &PodTemplate {
        &self.template
    }

    pub(super) fn claims(&self) -> &BTreeMap<String, String> {
        &self.claims
    }
}

impl Record {
    /// The record of a pod that nothing was done for yet.
    pub(super) fn new(request: &PodRequest, uid: PodUid, boot: String, now: Timestamp) -> Self {
        let spec = &request.template.spec;
        let inits = spec.init_containers.iter().map(|container| ContainerRecord::new(container, true));
        let containers = spec.containers.iter().map(|container| ContainerRecord::new(container, false));
        Self {
            format: FORMAT,
            uid,
            owner: Some(request.owner.clone()),
            labels: request.labels.clone(),
            annotations: request.template.metadata.annotations.clone(),
            created_at: now,
            request: Saved::from(request),
            generation: 1,
            boot,
            fenced: false,
            address: None,
            termination: None,
            ready_since: None,
            waiting: None,
            containers: inits.chain(containers).collect(),
        }
    }

    /// The declared container that stands at `index` of [`Record::containers`].
    pub(super) fn declared(&self, index: usize) -> &Container {
        let spec = &self.request.template().spec;
        match index.checked_sub(spec.init_containers.len()) {
            None => &spec.init_containers[index],
            Some(index) => &spec.containers[index],
        }
    }

    /// Reads the record at `path`; `None` when there is none.
    pub(super) fn read(path: &Path) -> io::Result<Option<Self>> {
        let bytes = match fs::read(path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let record: Self = serde_json::from_slice(&bytes)?;
        let spec = &record.request.template.spec;
        let declared = spec.init_containers.iter().chain(&spec.containers).map(|container| &container.name);
        if record.format != FORMAT {
            let message = format!("the record has format {}, expected {FORMAT}", record.format);
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        if !declared.eq(record.containers.iter().map(|container| &container.name)) {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "the record's containers are not its template's"));
        }
        Ok(Some(record))
    }

    /// Puts the record at `path` in one step: a reader sees the old one or this one. With `durable` it also survives
    /// the machine's end from then on.
    pub(super) fn write(&self, path: &Path, durable: bool) -> io::Result<()> {
        let fresh = path.with_extension("tmp");
        let bytes = serde_json::to_vec(self)?;
        let result = (|| {
            let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&fresh)?;
            file.write_all(&bytes)?;
            // Also for what is merely seen: after a power cut the old record may be there, but never half of a new one.
            file.sync_data()?;
            fs::rename(&fresh, path)?;
            if durable { sync_dir(path) } else { Ok(()) }
        })();
        if result.is_err() {
            // The half-written file is only in the way; the failure that matters is returned.
            drop(fs::remove_file(&fresh));
        }
        result
    }
}

/// Makes the entries of the directory that holds `path` durable.
pub(super) fn sync_dir(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), |dir| File::open(dir)?.sync_all())
}

impl ContainerRecord {
    fn new(container: &Container, init: bool) -> Self {
        Self {
            name: container.name.clone(),
            init,
            finished: false,
            started: false,
            ready: false,
            restarts: 0,
            failures: 0,
            not_before: 0,
            process: None,
            post_started: None,
            state: ContainerState::Waiting { reason: "PodInitializing".to_owned(), message: String::new() },
            problem: None,
        }
    }
}
