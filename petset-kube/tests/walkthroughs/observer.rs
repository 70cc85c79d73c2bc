//! Somebody who watches the order in which pods come and go.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::watcher::{self, Event};
use kube::{Api, Client, ResourceExt};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::Error;

/// What was seen that should not have been.
#[derive(Debug)]
pub(crate) struct Observer {
    seen: Arc<Mutex<Seen>>,
    task: JoinHandle<()>,
}

#[derive(Debug, Default)]
struct Seen {
    /// By ordinal: uid, whether it is ready, whether it was asked to end.
    pods: BTreeMap<u32, (String, bool, bool)>,
    wrong: Vec<String>,
    created: Vec<u32>,
    ended: Vec<u32>,
}

impl Observer {
    /// Watches the pods of a namespace whose names end in an ordinal.
    pub(crate) async fn start(client: Client, namespace: &str) -> Result<Self, Error> {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (listed, is_listed) = oneshot::channel();
        let mut listed = Some(listed);
        let of_task = Arc::clone(&seen);
        let api: Api<Pod> = Api::namespaced(client, namespace);
        let task = tokio::spawn(async move {
            let mut events = watcher::watcher(api, watcher::Config::default()).boxed();
            while let Ok(Some(event)) = events.try_next().await {
                let mut seen = of_task.lock().unwrap_or_else(PoisonError::into_inner);
                match event {
                    Event::Init => {}
                    Event::InitApply(pod) | Event::Apply(pod) => seen.pod(&pod),
                    Event::Delete(pod) => seen.end(&pod),
                    Event::InitDone => drop(listed.take().map(|listed| listed.send(()))),
                }
            }
        });
        is_listed.await?;
        Ok(Self { seen, task })
    }

    /// Ordinals in the order in which their pods were made, and were gone; an error names what was out of order (S8, S9).
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
        let asked = pod.metadata.deletion_timestamp.is_some();
        let before = self.pods.insert(ordinal, (uid.clone(), ready, asked));
        if before.as_ref().is_none_or(|(before, ..)| *before != uid) {
            self.created.push(ordinal);
            let unready = self.pods.range(..ordinal).find(|(_, (_, ready, _))| !ready);
            let missing = (0..ordinal).find(|lower| !self.pods.contains_key(lower));
            if let Some(lower) = unready.map(|(lower, _)| *lower).or(missing) {
                self.wrong.push(format!("{ordinal} was made before {lower} was ready"));
            }
        }
    }

    fn end(&mut self, pod: &Pod) {
        let Some((ordinal, _)) = identity(pod) else { return };
        self.pods.remove(&ordinal);
        self.ended.push(ordinal);
    }
}

fn identity(pod: &Pod) -> Option<(u32, String)> {
    let name = pod.name_any();
    let (_, ordinal) = name.rsplit_once('-')?;
    Some((ordinal.parse().ok()?, pod.uid()?))
}
