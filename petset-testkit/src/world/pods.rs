//! [`FakePods`]: the pods of a world.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use petset_core::backend::{
    Created, DeleteOptions, Deleted, Pod, PodBackend, PodCapabilities, PodChange, PodRef, PodRequest, PodStatus,
    WatchStream,
};
use petset_core::manifest::Violation;
use petset_core::spec::PodTemplate;
use petset_core::{Clock, Error, ErrorKind, Result, SetKey};

use super::effect::Effect;
use super::request::Request;
use super::shared::{Shared, Source};
use super::state::{Running, State};
use super::watches::Place;

/// The pods of a [`FakeWorld`](super::FakeWorld).
#[derive(Debug, Clone)]
pub struct FakePods {
    pub(super) world: Shared,
    pub(super) place: Place,
}

#[async_trait]
impl PodBackend for FakePods {
    fn capabilities(&self) -> PodCapabilities {
        let mut capabilities = PodCapabilities::default();
        capabilities.hostname = true;
        capabilities.mounts = true;
        capabilities.cluster_dns = true;
        capabilities.images = true;
        capabilities
    }

    fn check(&self, template: &PodTemplate) -> Vec<Violation> {
        self.world.lock().check_template(template)
    }

    async fn list(&self, set: &SetKey) -> Result<Vec<Pod>> {
        let (key, place) = (set.clone(), self.place.clone());
        let list = move |state: &mut State| {
            if state.damaged_pods.contains(&key) {
                return Err(damaged("list pods", &key));
            }
            state.watches.listed(Source::Pods, &place, || state.pod_hints.watch());
            let pods = state.pods.get(&key);
            Ok(pods.map_or_else(Vec::new, |pods| pods.values().map(|running| running.pod.clone()).collect()))
        };
        self.world.request(Request::ListPods(set.clone()), list).await
    }

    async fn create(&self, request: PodRequest) -> Result<Created<Pod>> {
        self.world.request(Request::CreatePod(request.clone()), |state| create(state, request)).await
    }

    async fn delete(&self, pod: &PodRef, options: DeleteOptions) -> Result<Deleted> {
        let (pod, request) = (pod.clone(), Request::DeletePod(pod.clone(), options.clone()));
        self.world.request(request, move |state| delete(state, &pod, &options)).await
    }

    async fn update(&self, pod: &PodRef, change: PodChange) -> Result<()> {
        let (pod, request) = (pod.clone(), Request::UpdatePod(pod.clone(), change.clone()));
        self.world.request(request, move |state| update(state, &pod, change)).await
    }

    fn watch(&self) -> WatchStream {
        let hints = self.world.lock().pod_hints.clone();
        self.world.watch(Source::Pods, &self.place, || hints.watch())
    }
}

fn create(state: &mut State, request: PodRequest) -> Result<Created<Pod>> {
    let PodRequest { set, owner, ordinal, revision, template, labels, claims, claim_uids, config: _, dns: _ } = request;
    if let Some(running) = state.running(&set, ordinal) {
        return Ok(Created::AlreadyThere(running.pod.clone()));
    }
    if let Some(refused) = state.check_template(&template).first() {
        return Err(Error::new(ErrorKind::Unsupported, "create a pod")
            .with_context("pod", set.pod_name(ordinal))
            .with_message(refused.to_string()));
    }
    for (template, uid) in &claim_uids {
        if claims.get(template).is_some_and(|name| !state.is_life_of(&set, name, uid)) {
            return Err(Error::new(ErrorKind::Conflict, "create a pod")
                .with_context("pod", set.pod_name(ordinal))
                .with_message(format!("its claim {template} is not the one that was seen, {uid}")));
        }
    }
    let pod = Pod {
        uid: state.next_pod_uid(),
        version: state.next_version(),
        owner: Some(owner),
        revision: Some(revision),
        labels: labels.into(),
        annotations: template.metadata.annotations.clone().into(),
        created_at: state.clock.now(),
        terminating: false,
        status: PodStatus::default(),
        set,
        ordinal,
    };
    Ok(Created::New(put(state, Running { pod, template, claims })))
}

/// What a record that cannot be read makes of a list (S15).
pub(super) fn damaged(operation: &'static str, set: &SetKey) -> Error {
    Error::new(ErrorKind::Corrupt, operation).with_context("set", set).with_message("a test made them unreadable")
}

/// Puts a pod into the world, from whoever it comes, and starts it.
pub(super) fn put(state: &mut State, running: Running) -> Pod {
    let reference = running.pod.reference();
    let revision = running.pod.revision.clone();
    let on_record = running.pod.clone();
    state.pods.entry(reference.set.clone()).or_default().insert(reference.ordinal, running);
    state.record(Effect::PodCreated { pod: reference.clone(), revision });
    state.start_pod(&reference.set, reference.ordinal);
    state.running(&reference.set, reference.ordinal).map_or(on_record, |running| running.pod.clone())
}

fn delete(state: &mut State, pod: &PodRef, options: &DeleteOptions) -> Result<Deleted> {
    let DeleteOptions { grace_seconds, version } = options;
    let Some(running) = incarnation(state, pod) else { return Ok(Deleted::AlreadyGone) };
    if let Some(version) = version
        && *version != running.pod.version
    {
        return Err(Error::new(ErrorKind::Conflict, "delete a pod")
            .with_context("pod", pod.name())
            .with_message(format!("it has version {}, and the request names {version}", running.pod.version)));
    }
    let grace_seconds = grace_seconds.unwrap_or_else(|| running.template.spec.grace_seconds());
    begin_end(state, pod, grace_seconds);
    Ok(Deleted::Started)
}

/// Puts the end of an incarnation on record, once.
pub(crate) fn begin_end(state: &mut State, pod: &PodRef, grace_seconds: u32) {
    if incarnation(state, pod).is_none_or(|running| running.pod.terminating) {
        return;
    }
    state.change_pod(&pod.set, pod.ordinal, |running| running.pod.terminating = true);
    state.record(Effect::PodDeletionStarted { pod: pod.clone(), grace_seconds });
    state.let_end(&pod.set, pod.ordinal, grace_seconds);
}

fn update(state: &mut State, pod: &PodRef, change: PodChange) -> Result<()> {
    let PodChange { labels, annotations, owner, version } = change;
    let Some(running) = incarnation(state, pod) else {
        return Err(Error::new(ErrorKind::NotFound, "update a pod")
            .with_context("pod", pod.name())
            .with_context("uid", &pod.uid));
    };
    if let Some(version) = version
        && version != running.pod.version
    {
        return Err(Error::new(ErrorKind::Conflict, "update a pod")
            .with_context("pod", pod.name())
            .with_message(format!("it has version {}, and the request names {version}", running.pod.version)));
    }
    let mut next = running.pod.clone();
    merge(Arc::make_mut(&mut next.labels), labels);
    merge(Arc::make_mut(&mut next.annotations), annotations);
    if let Some(owner) = owner {
        next.owner = owner;
    }
    if next != running.pod {
        state.change_pod(&pod.set, pod.ordinal, |running| running.pod = next);
        state.record(Effect::PodUpdated { pod: pod.clone() });
    }
    Ok(())
}

fn merge(into: &mut BTreeMap<String, String>, changes: BTreeMap<String, Option<String>>) {
    for (key, value) in changes {
        match value {
            Some(value) => into.insert(key, value),
            None => into.remove(&key),
        };
    }
}

fn incarnation<'s>(state: &'s State, pod: &PodRef) -> Option<&'s Running> {
    state.running(&pod.set, pod.ordinal).filter(|running| running.pod.uid == pod.uid)
}
