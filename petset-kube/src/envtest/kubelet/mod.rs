//! [`Kubelet`]: a stand-in for the scheduler, the nodes and the controllers of volumes.
//!
//! Every pod has a task of its own that lives through it; one task looks after all claims. What a pod's containers do is
//! said by its [`Program`].

mod claims;
mod life;
mod program;
mod script;
mod status;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::thread::JoinHandle;

use futures::{StreamExt, TryStreamExt};
use k8s_openapi::api::core::v1::Pod;
use kube::runtime::watcher::{self, Event};
use kube::runtime::{WatchStreamExt, watcher as watch};
use kube::{Api, Client, Config, ResourceExt};
use tokio::sync::{oneshot, watch as level};

pub use program::Program;
use script::Script;

/// A stand-in for all that runs pods: it gives them a node, waits for their claims, makes them running and ready, and ends
/// them within their grace period; it binds, grows and frees claims. It works until it is dropped, on a thread of its own.
#[derive(Debug)]
pub struct Kubelet {
    script: Arc<Script>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Kubelet {
    /// The annotation of a pod that has its [`Program`] as JSON.
    pub const PROGRAM: &'static str = "petset.rs/stand-in-program";

    /// Claims of this storage class get no volume, as if whoever makes them was not there.
    pub const WITHOUT_VOLUMES: &'static str = "without-volumes";

    /// The node of every pod.
    pub const NODE: &'static str = "stand-in";

    /// Starts to work on the cluster that `config` leads to.
    ///
    /// # Panics
    /// When the process can have no more threads.
    pub fn start(config: Config) -> Self {
        let script = Arc::new(Script::default());
        let (stop, stopped) = oneshot::channel();
        let of_thread = Arc::clone(&script);
        let thread = std::thread::Builder::new().name("stand-in kubelet".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a thread can have a runtime").block_on(async {
                let client = Client::try_from(config).expect("a good configuration makes a client");
                tokio::select! {
                    () = pods(client.clone(), Arc::clone(&of_thread)) => {}
                    () = claims::look_after(client, of_thread) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { script, stop: Some(stop), thread: Some(thread.expect("a process can have one more thread")) }
    }

    /// What pods do that have no annotation and no script of their own, from their next step on.
    pub fn set_default(&self, program: Program) {
        self.script.set_default(program);
    }

    /// What the pods of this name do from their next step on, whatever is said elsewhere; `None` takes it back.
    pub fn set(&self, namespace: &str, pod: &str, program: Option<Program>) {
        self.script.set(namespace, pod, program);
    }
}

impl Drop for Kubelet {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

/// Gives every pod a life, and tells it what becomes of its record.
async fn pods(client: Client, script: Arc<Script>) {
    let mut lives: BTreeMap<String, level::Sender<Option<Pod>>> = BTreeMap::new();
    let mut listed: Option<Vec<String>> = None;
    let mut events = watch(Api::<Pod>::all(client.clone()), watcher::Config::default()).default_backoff().boxed();
    loop {
        let event = match events.try_next().await {
            Ok(Some(event)) => event,
            Ok(None) => return,
            Err(error) => {
                tracing::debug!(%error, "the stand-in kubelet cannot watch pods");
                continue;
            }
        };
        match event {
            Event::Init => listed = Some(Vec::new()),
            Event::InitApply(pod) | Event::Apply(pod) => {
                let uid = pod.uid().unwrap_or_default();
                if let Some(listed) = &mut listed {
                    listed.push(uid.clone());
                }
                if let Some(life) = lives.get(&uid) {
                    life.send_replace(Some(pod));
                } else {
                    let (life, seen) = level::channel(Some(pod));
                    lives.insert(uid, life);
                    tokio::spawn(life::live(client.clone(), Arc::clone(&script), seen));
                }
            }
            Event::Delete(pod) => end(&mut lives, &pod.uid().unwrap_or_default(), &script),
            Event::InitDone => {
                let there = listed.take().unwrap_or_default();
                let gone: Vec<String> = lives.keys().filter(|uid| !there.contains(uid)).cloned().collect();
                for uid in gone {
                    end(&mut lives, &uid, &script);
                }
            }
        }
    }
}

fn end(lives: &mut BTreeMap<String, level::Sender<Option<Pod>>>, uid: &str, script: &Script) {
    if let Some(life) = lives.remove(uid) {
        // Its task may have ended already.
        let _ = life.send(None);
    }
    script.pod_ended.notify_waiters();
}
