//! [`Tasks`]: pods that are tasks of this program.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use petset::backend::{
    ContainerState, ContainerStatus, Created, DeleteOptions, Deleted, Hints, Pod, PodBackend, PodCapabilities,
    PodChange, PodPhase, PodRef, PodRequest, PodStatus, WatchStream,
};
use petset::manifest::Violation;
use petset::spec::PodTemplate;
use petset::{Error, ErrorKind, PodUid, Result, SetKey, Timestamp, Version};
use tokio::sync::watch;

use super::dirs::Dirs;
use super::template;

/// Pods that are tasks of this program. What a task does is the first word of its container's `command`.
///
/// They end with the program: the next one finds none, and makes them anew.
#[derive(Debug, Clone)]
pub(crate) struct Tasks {
    pods: Arc<Mutex<ByName>>,
    hints: Hints,
    dirs: Dirs,
    running: Arc<Mutex<BTreeSet<PodUid>>>,
}

/// Namespace and name are the lock: at most one task has them.
type ByName = BTreeMap<(Arc<str>, String), Task>;

#[derive(Debug)]
struct Task {
    pod: Pod,
    grace_seconds: u32,
    /// The grace, once the end was asked for.
    stop: watch::Sender<Option<Duration>>,
}

impl Tasks {
    pub(crate) fn new(dirs: Dirs) -> Self {
        Self { pods: Arc::default(), hints: Hints::new(), dirs, running: Arc::default() }
    }

    /// What runs, whatever is on record.
    pub(crate) fn running(&self) -> MutexGuard<'_, BTreeSet<PodUid>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, ByName> {
        self.pods.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Changes one incarnation, if it is still there and has that version; a change gives it another one.
    fn edit<T>(&self, pod: &PodRef, version: Option<&Version>, edit: impl FnOnce(&mut Task) -> T) -> Result<Option<T>> {
        let mut pods = self.lock();
        let key = (Arc::clone(&pod.set.namespace), pod.name());
        let Some(task) = pods.get_mut(&key).filter(|task| task.pod.uid == pod.uid) else { return Ok(None) };
        if version.is_some_and(|version| *version != task.pod.version) {
            return Err(Error::new(ErrorKind::Conflict, "change a task").with_context("pod", pod.name()));
        }
        let before = task.pod.clone();
        let edited = edit(task);
        if task.pod != before {
            let count: u64 = before.version.as_str().parse().unwrap_or(0);
            task.pod.version = Version::new((count + 1).to_string());
            self.hints.changed(&pod.set);
        }
        Ok(Some(edited))
    }

    /// One pod from its start to its end.
    async fn run(self, pod: PodRef, request: PodRequest, mut stop: watch::Receiver<Option<Duration>>) {
        let program = template::program(&request.template);
        let note = |status: PodStatus| drop(self.edit(&pod, None, |task| task.pod.status = status));
        let running = |ready: bool| PodStatus {
            phase: PodPhase::Running,
            ready_since: ready.then(Timestamp::now),
            addresses: vec![[127, 0, 0, 1].into()],
            containers: vec![ContainerStatus {
                name: request.template.spec.containers[0].name.clone(),
                init: false,
                ready,
                restarts: 0,
                state: ContainerState::Running { started_at: Timestamp::now() },
            }],
            ..PodStatus::default()
        };
        while !self.dirs.are_bound(&request) && stop.borrow().is_none() {
            // The next look is soon enough for directories on the same disk.
            let _elapsed = tokio::time::timeout(Duration::from_millis(50), stop.changed()).await;
        }
        if stop.borrow().is_none() {
            self.running().insert(pod.uid.clone());
            match program.as_str() {
                "idle" => note(running(false)),
                "fail" => note(PodStatus { phase: PodPhase::Failed, ..PodStatus::default() }),
                "done" => note(PodStatus { phase: PodPhase::Succeeded, ..PodStatus::default() }),
                _ => note(running(true)),
            }
            let asked = stop.wait_for(Option::is_some).await.map_or(None, |grace| *grace);
            if program == "stubborn" {
                tokio::time::sleep(asked.unwrap_or_default()).await;
            }
            self.running().remove(&pod.uid);
        }
        // Its name and its volumes are free from here on, and not before.
        self.dirs.release(&request, &pod.uid);
        self.lock().remove(&(Arc::clone(&pod.set.namespace), pod.name()));
        self.hints.changed(&pod.set);
    }
}

#[async_trait]
impl PodBackend for Tasks {
    fn capabilities(&self) -> PodCapabilities {
        PodCapabilities::default()
    }

    fn check(&self, template: &PodTemplate) -> Vec<Violation> {
        template::check(template)
    }

    async fn list(&self, set: &SetKey) -> Result<Vec<Pod>> {
        let of_set = |pod: &&Pod| pod.set.namespace == set.namespace && set.ordinal_of_pod(&pod.name()).is_some();
        Ok(self.lock().values().map(|task| &task.pod).filter(of_set).cloned().collect())
    }

    async fn create(&self, request: PodRequest) -> Result<Created<Pod>> {
        let mut pods = self.lock();
        let key = (Arc::clone(&request.set.namespace), request.name());
        if let Some(task) = pods.get(&key) {
            return Ok(Created::AlreadyThere(task.pod.clone()));
        }
        if let Some(refused) = self.check(&request.template).first() {
            let error = Error::new(ErrorKind::Unsupported, "start a task").with_context("pod", request.name());
            return Err(error.with_message(refused.to_string()));
        }
        let pod = Pod {
            set: request.set.clone(),
            ordinal: request.ordinal,
            uid: PodUid::random(),
            version: Version::from("1"),
            owner: Some(request.owner.clone()),
            revision: Some(request.revision.clone()),
            labels: request.labels.clone().into(),
            annotations: request.template.metadata.annotations.clone().into(),
            created_at: Timestamp::now(),
            terminating: false,
            status: PodStatus::default(),
        };
        let (stop, stopped) = watch::channel(None);
        self.dirs.hold(&request, &pod.uid)?;
        let grace_seconds = request.template.spec.grace_seconds();
        pods.insert(key, Task { pod: pod.clone(), grace_seconds, stop });
        self.hints.changed(&pod.set);
        tokio::spawn(self.clone().run(pod.reference(), request, stopped));
        Ok(Created::New(pod))
    }

    async fn delete(&self, pod: &PodRef, options: DeleteOptions) -> Result<Deleted> {
        let deleted = self.edit(pod, options.version.as_ref(), |task| {
            if !task.pod.terminating {
                task.pod.terminating = true;
                let grace = options.grace_seconds.unwrap_or(task.grace_seconds);
                task.stop.send_replace(Some(Duration::from_secs(grace.into())));
            }
        })?;
        Ok(deleted.map_or(Deleted::AlreadyGone, |()| Deleted::Started))
    }

    async fn update(&self, pod: &PodRef, change: PodChange) -> Result<()> {
        let PodChange { labels, annotations, owner, version } = change;
        let updated = self.edit(pod, version.as_ref(), |task| {
            for (known, changes) in [(&mut task.pod.labels, labels), (&mut task.pod.annotations, annotations)] {
                let known = Arc::make_mut(known);
                for (key, value) in changes {
                    match value {
                        Some(value) => known.insert(key, value),
                        None => known.remove(&key),
                    };
                }
            }
            if let Some(owner) = owner {
                task.pod.owner = owner;
            }
        })?;
        updated.ok_or_else(|| Error::new(ErrorKind::NotFound, "update a task").with_context("pod", pod.name()))
    }

    fn watch(&self) -> WatchStream {
        self.hints.watch()
    }
}
