//! Somebody who watches the order in which pods come and go.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch};
use kube::{Api, Client, ResourceExt};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::Error;

/// What was seen that should not have been. A watch that breaks begins anew: what came and went meanwhile is not seen, and
/// nothing is said of its order.
#[derive(Debug)]
pub(crate) struct Observer {
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

/// One incarnation.
#[derive(Debug)]
struct Incarnation {
    uid: String,
    ready: bool,
    runs: bool,
    asked: bool,
}

#[derive(Debug)]
struct Seen {
    /// Whether each pet is made only when those before it are ready.
    ordered: bool,
    pods: BTreeMap<u32, Incarnation>,
    /// Ordinals of a list that is under way.
    listed: Option<BTreeSet<u32>>,
    wrong: Vec<String>,
    created: Vec<u32>,
    ended: Vec<u32>,
}

impl Observer {
    /// Watches the pods of a namespace whose names end in an ordinal; of an ordered set, or of a parallel one.
    pub(crate) async fn start(client: Client, namespace: &str, ordered: bool) -> Result<Self, Error> {
        let (pods, wrong, created, ended) = (BTreeMap::new(), Vec::new(), Vec::new(), Vec::new());
        let seen = Arc::new(Mutex::new(Seen { ordered, pods, listed: None, wrong, created, ended }));
        let (listed, is_listed) = oneshot::channel();
        let mut listed = Some(listed);
        let of_task = Arc::clone(&seen);
        let api: Api<Pod> = Api::namespaced(client, namespace);
        let task = tokio::spawn(async move {
            let mut events = watch(api, watcher::Config::default()).default_backoff().boxed();
            loop {
                let event = match events.try_next().await {
                    Ok(Some(event)) => event,
                    Ok(None) => return,
                    // A server that is down.
                    Err(_) => continue,
                };
                let mut seen = of_task.lock().unwrap_or_else(PoisonError::into_inner);
                match event {
                    Event::Init => seen.listed = Some(BTreeSet::new()),
                    Event::InitApply(pod) | Event::Apply(pod) => seen.pod(&pod),
                    Event::Delete(pod) => seen.end(&pod),
                    Event::InitDone => {
                        seen.list_is_whole();
                        if let Some(listed) = listed.take() {
                            // Whoever waits for it may be gone.
                            let _ = listed.send(());
                        }
                    }
                }
            }
        });
        is_listed.await?;
        Ok(Self { seen, task })
    }

    /// Ordinals in the order in which their pods were made, and were gone; an error names what was out of order (S8), was
    /// there twice (S1), or was forgotten before it was asked to end (S3).
    pub(crate) fn finish(self) -> Result<(Vec<u32>, Vec<u32>), Error> {
        self.task.abort();
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.wrong.is_empty() {
            Ok((seen.created.clone(), seen.ended.clone()))
        } else {
            Err(seen.wrong.join("\n").into())
        }
    }
}

impl Seen {
    fn pod(&mut self, pod: &Pod) {
        let Some((ordinal, uid)) = identity(pod) else { return };
        let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
        let ready = conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True");
        let runs = pod.status.as_ref().is_some_and(|status| status.phase.as_deref() == Some("Running"));
        let asked = pod.metadata.deletion_timestamp.is_some();
        let now = Incarnation { uid: uid.clone(), ready, runs, asked };
        let before = self.pods.insert(ordinal, now).map(|before| before.uid);
        if let Some(listed) = &mut self.listed {
            listed.insert(ordinal);
        }
        if before.as_deref() == Some(uid.as_str()) {
            return;
        }
        self.created.push(ordinal);
        if self.listed.is_some() {
            return;
        }
        if before.is_some() {
            self.wrong.push(format!("{ordinal} was made while another one stood"));
        }
        let unready = self.pods.range(..ordinal).find(|(_, lower)| !lower.ready);
        let missing = (0..ordinal).find(|lower| !self.pods.contains_key(lower));
        if let (true, Some(lower)) = (self.ordered, unready.map(|(lower, _)| *lower).or(missing)) {
            self.wrong.push(format!("{ordinal} was made before {lower} was ready"));
        }
    }

    fn end(&mut self, pod: &Pod) {
        let Some((ordinal, _)) = identity(pod) else { return };
        if self.pods.remove(&ordinal).is_some_and(|last| last.runs && !last.asked) {
            self.wrong.push(format!("{ordinal} was forgotten before it was asked to end"));
        }
        self.ended.push(ordinal);
    }

    fn list_is_whole(&mut self) {
        let listed = self.listed.take().unwrap_or_default();
        self.pods.retain(|ordinal, _| listed.contains(ordinal));
    }
}

fn identity(pod: &Pod) -> Option<(u32, String)> {
    let name = pod.name_any();
    let (_, ordinal) = name.rsplit_once('-')?;
    Some((ordinal.parse().ok()?, pod.uid()?))
}
