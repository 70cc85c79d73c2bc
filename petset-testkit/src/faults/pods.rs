//! [`FaultyPods`].

use std::sync::Arc;

use async_trait::async_trait;
use petset_core::backend::{
    Created, DeleteOptions, Deleted, Pod, PodBackend, PodCapabilities, PodChange, PodRef, PodRequest, WatchStream,
};
use petset_core::manifest::Violation;
use petset_core::spec::PodTemplate;
use petset_core::{Result, SetKey};

use super::fault::Fault;
use super::hints;
use super::process::Process;
use super::stale::Views;
use super::turn::{LATE_WRITE, Turn, possible};
use crate::world::Op;

/// Pods with faults in the way.
#[derive(Debug)]
pub(super) struct FaultyPods {
    inner: Arc<dyn PodBackend>,
    process: Arc<Process>,
    seen: Views<Pod>,
}

impl FaultyPods {
    pub(super) fn new(process: &Arc<Process>, inner: Arc<dyn PodBackend>) -> Self {
        Self { inner, process: Arc::clone(process), seen: Views::new() }
    }

    fn acknowledged<T>(&self, set: &SetKey, answer: Result<T>) -> Result<T> {
        if answer.is_ok() {
            self.seen.written(set);
        }
        answer
    }
}

/// What can go wrong with a request that may name a version.
fn swap(op: Op, names_one: bool) -> &'static [Fault] {
    if names_one { possible(op) } else { LATE_WRITE }
}

fn about(pod: &PodRef) -> String {
    format!("{} {} {}", pod.set, pod.name(), pod.uid)
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl PodBackend for FaultyPods {
    fn capabilities(&self) -> PodCapabilities {
        self.inner.capabilities()
    }

    fn check(&self, template: &PodTemplate) -> Vec<Violation> {
        self.inner.check(template)
    }

    async fn list(&self, set: &SetKey) -> Result<Vec<Pod>> {
        let mut turn = Turn::take(&self.process, Op::PodList, set.to_string()).await;
        let writes = self.seen.writes(set);
        let (inner, asked) = (Arc::clone(&self.inner), set.clone());
        let fresh = turn.run(async move { inner.list(&asked).await }).await?;
        Ok(self.seen.answer(set, writes, fresh, &mut turn))
    }

    async fn create(&self, request: PodRequest) -> Result<Created<Pod>> {
        let about = format!("{} {}", request.set, request.name());
        let mut turn = Turn::take(&self.process, Op::PodCreate, about).await;
        let (inner, set) = (Arc::clone(&self.inner), request.set.clone());
        let answer = turn.run(async move { inner.create(request).await }).await;
        self.acknowledged(&set, answer)
    }

    async fn delete(&self, pod: &PodRef, options: DeleteOptions) -> Result<Deleted> {
        let possible = swap(Op::PodDelete, options.version.is_some());
        let mut turn = Turn::take_of(&self.process, Op::PodDelete, about(pod), possible).await;
        let (inner, asked) = (Arc::clone(&self.inner), pod.clone());
        let answer = turn.run(async move { inner.delete(&asked, options).await }).await;
        self.acknowledged(&pod.set, answer)
    }

    async fn update(&self, pod: &PodRef, change: PodChange) -> Result<()> {
        let possible = swap(Op::PodUpdate, change.version.is_some());
        let mut turn = Turn::take_of(&self.process, Op::PodUpdate, about(pod), possible).await;
        let (inner, asked) = (Arc::clone(&self.inner), pod.clone());
        let answer = turn.run(async move { inner.update(&asked, change).await }).await;
        self.acknowledged(&pod.set, answer)
    }

    fn watch(&self) -> WatchStream {
        hints::watch(&self.process, "PodWatch", self.inner.watch())
    }
}
