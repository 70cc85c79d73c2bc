//! One pod of this process: its record in memory, which mirrors the one on disk, and who is told of changes.

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use petset_core::backend::{Hints, Pod};
use petset_core::{Error, ErrorKind, Ordinal, PodUid, Result, SetKey, Timestamp, Version};
use tokio::sync::watch;
use tokio::time::timeout;

use super::record::{ContainerRecord, PODS, Record};
use super::status;
use super::stop::Asked;
use crate::records::Records;

/// How long a change that nobody told of may go unseen.
pub(super) const RESYNC: Duration = Duration::from_secs(30);

/// One pod of this process.
#[derive(Debug)]
pub(super) struct Cell {
    /// The record's key, which every object of the pod has as a label.
    pub(super) key: String,
    pub(super) set: SetKey,
    pub(super) ordinal: Ordinal,
    /// Before every version of this process; versions of another process are others.
    session: String,
    state: Mutex<State>,
    /// The containers that this process has asked to end, by the engine's id.
    asked: Mutex<HashMap<String, Asked>>,
    /// One change of the record on disk at a time.
    writing: tokio::sync::Mutex<()>,
    records: Records,
    hints: Hints,
    /// Counts the changes of the record.
    changes: watch::Sender<u64>,
    /// Counts what the engine told of the pod's containers.
    events: watch::Sender<u64>,
}

#[derive(Debug)]
struct State {
    record: Record,
    uid: Option<PodUid>,
    generation: u64,
    gone: bool,
    /// What was seen could not be written down: the record on disk is behind, and the next change takes it along.
    behind: bool,
}

impl Cell {
    pub(super) fn new(key: String, record: Record, session: &str, records: Records, hints: Hints) -> Self {
        Self {
            key,
            set: record.request.set.clone(),
            ordinal: record.request.ordinal,
            session: session.to_owned(),
            state: Mutex::new(State { uid: record.uid.clone(), record, generation: 0, gone: false, behind: false }),
            asked: Mutex::default(),
            writing: tokio::sync::Mutex::default(),
            records,
            hints,
            changes: watch::Sender::new(0),
            events: watch::Sender::new(0),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The pod's name.
    pub(super) fn name(&self) -> String {
        self.set.pod_name(self.ordinal)
    }

    /// Something of the record as it is now.
    pub(super) fn read<T>(&self, of: impl FnOnce(&Record) -> T) -> T {
        of(&self.state().record)
    }

    /// One of its containers as it is now.
    pub(super) fn container(&self, index: usize) -> ContainerRecord {
        self.read(|record| record.containers[index].clone())
    }

    /// The sandbox's id, once it is known.
    pub(super) fn uid(&self) -> Option<PodUid> {
        self.state().uid.clone()
    }

    /// Notes the sandbox's id, which never changes.
    pub(super) fn found(&self, uid: PodUid) {
        self.state().uid.get_or_insert(uid);
    }

    /// What others see; `None` before the sandbox was made and after the pod's end.
    pub(super) fn pod(&self) -> Option<Pod> {
        let state = self.state();
        let uid = state.uid.clone().filter(|_| !state.gone)?;
        Some(status::pod_of(&state.record, uid, self.version(state.generation)))
    }

    fn version(&self, generation: u64) -> Version {
        Version::new(format!("{}.{generation}", self.session))
    }

    /// Changes the record on disk and in memory, and tells. What is on disk already is not written again.
    ///
    /// # Errors
    /// `NotFound` when the pod has ended; what the disk says, and then nothing is changed.
    pub(super) async fn change(&self, operation: &'static str, edit: impl FnOnce(&mut Record) + Send) -> Result<()> {
        self.try_change(operation, |record, _| {
            edit(record);
            Ok(())
        })
        .await
    }

    /// As [`Cell::change`]; `edit` sees the version too, and its error leaves everything as it was.
    pub(super) async fn try_change(
        &self,
        operation: &'static str,
        edit: impl FnOnce(&mut Record, Version) -> Result<()> + Send,
    ) -> Result<()> {
        let _one_at_a_time = self.writing.lock().await;
        let (new, is_new, is_due) = self.edited(operation, edit)?;
        if is_due {
            self.records.put(PODS, &self.key, &new).await?;
            self.state().behind = false;
        }
        self.take(new, is_new);
        Ok(())
    }

    /// As [`Cell::change`] for what was seen: it is true whether it can be written or not. What cannot be written now is
    /// with the next change, also one that changes nothing.
    pub(super) async fn note(&self, edit: impl FnOnce(&mut Record) + Send) {
        let _one_at_a_time = self.writing.lock().await;
        let edited = self.edited("note what was seen of a pod", |record, _| {
            edit(record);
            Ok(())
        });
        // A pod that has ended has nothing to be seen.
        let Ok((new, is_new, is_due)) = edited else { return };
        if is_due {
            let written = self.records.put(PODS, &self.key, &new).await;
            self.state().behind = written.is_err();
            if let Err(error) = written {
                tracing::warn!(pod = self.name(), error = %error.chain(), "the record on disk is behind");
            }
        }
        self.take(new, is_new);
    }

    /// The record after an edit, whether that changed anything, and whether it has to be written.
    fn edited(
        &self,
        operation: &'static str,
        edit: impl FnOnce(&mut Record, Version) -> Result<()>,
    ) -> Result<(Record, bool, bool)> {
        let state = self.state();
        if state.gone {
            return Err(gone(operation, &self.name()));
        }
        let (old, mut new) = (&state.record, state.record.clone());
        edit(&mut new, self.version(state.generation))?;
        let ready = status::is_ready(&new);
        if ready != new.ready_since.is_some() {
            new.ready_since = ready.then(Timestamp::now);
        }
        let (is_new, is_due) = (*old != new, state.behind || durable(old) != durable(&new));
        Ok((new, is_new, is_due))
    }

    /// From now on this is the record.
    fn take(&self, record: Record, is_new: bool) {
        if is_new {
            let mut state = self.state();
            state.record = record;
            state.generation += 1;
            drop(state);
            self.changed();
        }
    }

    /// As [`Cell::note`] for one container.
    pub(super) async fn note_container(&self, index: usize, edit: impl FnOnce(&mut ContainerRecord) + Send) {
        self.note(|record| edit(&mut record.containers[index])).await;
    }

    /// Takes the pod off the record, for ever: no change is written after this one.
    pub(super) async fn bury(&self) -> Result<()> {
        let _one_at_a_time = self.writing.lock().await;
        self.records.remove(PODS, &self.key).await?;
        self.state().gone = true;
        self.changed();
        Ok(())
    }

    fn changed(&self) {
        self.changes.send_modify(|changes| *changes += 1);
        self.hint();
    }

    /// That a container was asked to end, if this process has asked it.
    pub(super) fn asked(&self, id: &str) -> Option<Asked> {
        self.all_asked().get(id).copied()
    }

    pub(super) fn note_asked(&self, id: &str, asked: Asked) {
        self.all_asked().insert(id.to_owned(), asked);
    }

    /// It has ended.
    pub(super) fn forget_asked(&self, id: &str) {
        self.all_asked().remove(id);
    }

    fn all_asked(&self) -> MutexGuard<'_, HashMap<String, Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Says that something may have happened to a container.
    pub(super) fn poke(&self) {
        self.events.send_modify(|events| *events += 1);
    }

    /// Tells watchers that something changed.
    pub(super) fn hint(&self) {
        self.hints.changed(&self.set);
    }

    /// From now on every poke counts: a look that follows misses nothing.
    pub(super) fn watch(&self) -> watch::Receiver<u64> {
        self.events.subscribe()
    }

    /// Waits until it is known where the pod is found.
    pub(super) async fn until_found(&self) -> IpAddr {
        let mut changes = self.changes.subscribe();
        loop {
            if let Some(address) = self.read(|record| record.address) {
                return address;
            }
            if changes.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// Waits until the end was asked for.
    pub(super) async fn until_terminating(&self) {
        let mut changes = self.changes.subscribe();
        while self.read(|record| record.termination.is_none()) {
            if changes.changed().await.is_err() {
                return;
            }
        }
    }
}

/// Waits until there may be something new; at most `limit`, because what the engine tells may be lost.
pub(super) async fn poked(events: &mut watch::Receiver<u64>, limit: Duration) {
    // Too long a silence is no error: looking again costs little.
    let _ = timeout(limit, events.changed()).await;
}

fn durable(record: &Record) -> Option<Vec<u8>> {
    serde_json::to_vec(record).ok()
}

/// The error for a request that names an incarnation that is not there.
pub(super) fn gone(operation: &'static str, pod: &str) -> Error {
    Error::new(ErrorKind::NotFound, operation)
        .with_context("pod", pod)
        .with_message("this incarnation is not there any more")
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use petset_core::SetUid;
    use petset_core::backend::{ConfigBundle, DnsSettings, PodRequest};
    use petset_core::spec::PodTemplate;

    use super::*;

    fn request() -> PodRequest {
        PodRequest {
            set: SetKey::new("default", "web"),
            owner: SetUid::from("owner"),
            ordinal: Ordinal(0),
            revision: "web-1".into(),
            template: Arc::new(PodTemplate::default()),
            labels: [].into(),
            claims: [].into(),
            claim_uids: [].into(),
            config: Arc::new(ConfigBundle::default()),
            dns: DnsSettings::default(),
        }
    }

    #[tokio::test]
    async fn s15_what_could_not_be_written_is_written_with_the_next_change() {
        let dir = tempfile::TempDir::new().unwrap();
        let records = Records::open(&dir.path().join("records.redb")).unwrap();
        let record = Record::new(request(), Timestamp::now());
        let cell = Cell::new("key".to_owned(), record, "session", records.clone(), Hints::new());
        let on_disk = || async { records.all::<Record>(PODS).await.unwrap().pop().and_then(|(_, record)| record.uid) };
        let uid = PodUid::new("sandbox");
        records.refuse(true);
        cell.note(|record| record.uid = Some(uid.clone())).await;
        assert_eq!(cell.read(|record| record.uid.clone()), Some(uid.clone()), "it was seen all the same");
        let before = cell.read(Clone::clone);
        cell.change("change a pod", |record| record.termination = Some(1)).await.expect_err("the disk is full");
        assert_eq!(cell.read(Clone::clone), before, "what was asked for is not promised");
        records.refuse(false);
        assert_eq!(on_disk().await, None);
        // It is looked at now and then, and nothing has changed.
        cell.note(|_| {}).await;
        assert_eq!(on_disk().await, Some(uid));
    }
}
