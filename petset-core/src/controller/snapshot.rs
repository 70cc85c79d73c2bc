//! A set with its pods and claims as they are now, and as a table for people.

use std::fmt;
use std::time::Duration;

use crate::backend::{Claim, ContainerState, Pod, PodPhase};
use crate::store::StoredSet;
use crate::time::Timestamp;

/// A set with its pods and claims as they are now.
#[derive(Debug, Clone)]
pub struct SetSnapshot {
    /// The set.
    pub stored: StoredSet,
    /// Its pods, by ordinal.
    pub pods: Vec<Pod>,
    /// Its claims, by ordinal and template.
    pub claims: Vec<Claim>,
}

/// One line of `kubectl get petset`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SetRow {
    /// Name.
    pub name: String,
    /// Ready of wanted.
    pub ready: String,
    /// Pods on the update revision.
    pub updated: u32,
    /// Time since the set's creation.
    pub age: String,
}

/// One line of `kubectl get pods`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PetRow {
    /// Name.
    pub name: String,
    /// Ready containers of all.
    pub ready: String,
    /// Phase, or the one word for why it is not as it should be.
    pub status: String,
    /// Restarts in place of all containers.
    pub restarts: u32,
    /// Time since the pod's creation.
    pub age: String,
    /// Main address.
    pub address: String,
}

impl SetRow {
    /// The line of a set.
    pub fn of(stored: &StoredSet, now: Timestamp) -> Self {
        Self {
            name: stored.key().to_string(),
            ready: format!("{}/{}", stored.status.ready_replicas, stored.set.spec.replicas()),
            updated: stored.status.updated_replicas,
            age: age(now.since(stored.created_at)),
        }
    }
}

impl PetRow {
    /// What stands over the cells.
    pub const HEADINGS: [&'static str; 6] = ["NAME", "READY", "STATUS", "RESTARTS", "AGE", "IP"];

    /// The line as cells of a [`table`].
    pub fn cells(self) -> [String; 6] {
        let Self { name, ready, status, restarts, age, address } = self;
        [name, ready, status, restarts.to_string(), age, address]
    }

    /// The line of a pod.
    pub fn of(pod: &Pod, now: Timestamp) -> Self {
        let running = pod.status.containers.iter().filter(|container| !container.init);
        let (ready, all) = (running.clone().filter(|container| container.ready).count(), running.count());
        Self {
            name: pod.name(),
            ready: format!("{ready}/{all}"),
            status: status_word(pod),
            restarts: pod.status.containers.iter().map(|container| container.restarts).sum(),
            age: age(now.since(pod.created_at)),
            address: pod.status.addresses.first().map_or_else(|| "<none>".to_owned(), ToString::to_string),
        }
    }
}

/// What `kubectl get pods` prints under STATUS.
fn status_word(pod: &Pod) -> String {
    if pod.terminating {
        return "Terminating".to_owned();
    }
    let waiting = pod.status.containers.iter().find_map(|container| match &container.state {
        ContainerState::Waiting { reason, .. } if !reason.is_empty() => Some(reason.clone()),
        ContainerState::Waiting { .. } | ContainerState::Running { .. } | ContainerState::Terminated { .. } => None,
    });
    let phase = match pod.status.phase {
        PodPhase::Pending => "Pending",
        PodPhase::Running => "Running",
        PodPhase::Succeeded => "Succeeded",
        PodPhase::Failed => "Failed",
        PodPhase::Unknown => "Unknown",
    };
    pod.status.reason.clone().or(waiting).unwrap_or_else(|| phase.to_owned())
}

/// An age as kubectl prints it: one unit, or two when the larger one is small.
fn age(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 86_400, seconds / 3_600, seconds / 60) {
        (0, 0, 0..2) => format!("{seconds}s"),
        (0, 0, minutes @ 2..10) => format!("{minutes}m{}s", seconds % 60),
        (0, 0, minutes) => format!("{minutes}m"),
        (0, hours, minutes) => format!("{hours}h{}m", minutes % 60),
        (days, hours, _) => format!("{days}d{}h", hours % 24),
    }
}

/// Rows under headings, each column as wide as its widest cell; one line per row, as kubectl prints tables.
pub fn table<const N: usize>(headings: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let lines: Vec<[String; N]> = std::iter::once(headings.map(str::to_owned)).chain(rows).collect();
    let mut widths = [0; N];
    for line in &lines {
        for (width, cell) in widths.iter_mut().zip(line) {
            *width = (*width).max(cell.chars().count());
        }
    }
    let mut text = String::new();
    for line in &lines {
        let cells: Vec<String> = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        text.push_str(cells.join("   ").trim_end());
        text.push('\n');
    }
    text
}

impl SetSnapshot {
    /// The set, its pods and its claims as the tables of `kubectl get`.
    pub fn tables(&self, now: Timestamp) -> impl fmt::Display + '_ {
        Tables { snapshot: self, now }
    }
}

struct Tables<'a> {
    snapshot: &'a SetSnapshot,
    now: Timestamp,
}

impl fmt::Display for Tables<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let SetSnapshot { stored, pods, claims } = self.snapshot;
        let SetRow { name, ready, updated, age } = SetRow::of(stored, self.now);
        writeln!(f, "{}", table(["PETSET", "READY", "UPDATED", "AGE"], [[name, ready, updated.to_string(), age]]))?;
        let rows = pods.iter().map(|pod| PetRow::of(pod, self.now).cells());
        write!(f, "{}", table(PetRow::HEADINGS, rows))?;
        if claims.is_empty() {
            return Ok(());
        }
        let rows = claims.iter().map(|claim| {
            [
                claim.name.clone(),
                format!("{:?}", claim.phase),
                claim.volume.clone().unwrap_or_default(),
                claim.capacity_bytes.map_or_else(String::new, capacity),
                claim.storage_class.clone().unwrap_or_default(),
            ]
        });
        write!(f, "\n{}", table(["CLAIM", "STATUS", "VOLUME", "CAPACITY", "STORAGECLASS"], rows))
    }
}

/// Bytes in the largest binary unit that leaves no rest.
fn capacity(bytes: u64) -> String {
    let units = ["", "Ki", "Mi", "Gi", "Ti", "Pi"];
    let mut power = 0;
    let mut number = bytes;
    while number >= 1024 && number.is_multiple_of(1024) && power + 1 < units.len() {
        number /= 1024;
        power += 1;
    }
    format!("{number}{}", units[power])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_and_capacities_read_like_kubectl() {
        let ages = [59, 119, 150, 900, 7_260, 90_000].map(|seconds| age(Duration::from_secs(seconds)));
        assert_eq!(ages, ["59s", "119s", "2m30s", "15m", "2h1m", "1d1h"]);
        assert_eq!([1 << 30, 1536 << 20, 1000].map(capacity), ["1Gi", "1536Mi", "1000"]);
    }
}
