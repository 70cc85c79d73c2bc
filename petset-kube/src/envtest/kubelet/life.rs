//! The life of one pod.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use kube::api::{DeleteParams, Patch, PatchParams, PostParams, Preconditions};
use kube::{Api, Client, ResourceExt};
use serde_json::{Value, json};
use tokio::sync::watch as level;
use tokio::time::{Instant, sleep, timeout, timeout_at};

use super::status::{Containers, Facts};
use super::{Kubelet, Program, Script};

/// How long is waited where nobody tells of a change: claims, and a server that does not answer.
const LOOK: Duration = Duration::from_millis(50);

/// So long a claim may take to be bound before somebody is told.
const PATIENCE: Duration = Duration::from_secs(1);

/// Why a life stops where it is.
enum Cut {
    /// The pod was asked to end.
    Asked,
    /// The pod is gone.
    Gone,
}

struct Life {
    client: Client,
    pods: Api<Pod>,
    script: Arc<Script>,
    seen: level::Receiver<Option<Pod>>,
    pod: Pod,
    facts: Facts,
    /// The uids of the claims that it is started on.
    claims: Vec<String>,
}

/// Lives through one pod, from its creation to its end.
pub(super) async fn live(client: Client, script: Arc<Script>, mut seen: level::Receiver<Option<Pod>>) {
    let Some(pod) = seen.borrow_and_update().clone() else { return };
    let pods = Api::namespaced(client.clone(), &pod.namespace().unwrap_or_default());
    let mut life = Life { client, pods, script, seen, pod, facts: Facts::new(), claims: Vec::new() };
    match life.run().await {
        Err(Cut::Asked) => life.end().await,
        Err(Cut::Gone) | Ok(()) => {}
    }
}

impl Life {
    fn program(&self) -> Program {
        self.script.program(&self.pod)
    }

    async fn run(&mut self) -> Result<(), Cut> {
        self.find_a_node().await?;
        self.wait_for_claims().await?;
        self.pass(|program| program.start_millis).await?;
        self.until(|life| !life.program().never_starts).await?;
        let program = self.program();
        self.script.write(&self.claims, &program.writes);
        self.say(Containers::Run { ready: false }).await?;
        self.pass(|program| program.ready_millis).await?;
        let mut said = Containers::Run { ready: false };
        loop {
            let wanted = self.containers();
            if wanted != said {
                self.say(wanted).await?;
                said = wanted;
            }
            self.until(|life| life.containers() != said).await?;
        }
    }

    /// What the containers are doing by now.
    fn containers(&self) -> Containers {
        let program = self.program();
        match program {
            Program { is_evicted: true, .. } => Containers::Evicted,
            Program { exits: Some(code), .. } => Containers::Exited(code),
            Program { never_ready, needs, .. } => {
                Containers::Run { ready: !never_ready && self.script.has(&self.claims, &needs) }
            }
        }
    }

    async fn find_a_node(&mut self) -> Result<(), Cut> {
        if self.pod.spec.as_ref().is_some_and(|spec| spec.node_name.is_some()) {
            return self.check();
        }
        let binding = json!({
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": { "name": self.pod.name_any(), "uid": self.pod.metadata.uid },
            "target": { "kind": "Node", "name": Kubelet::NODE },
        });
        loop {
            let name = self.pod.name_any();
            let parameters = PostParams::default();
            match self.pods.create_subresource::<Value, Value>("binding", &name, &parameters, &binding).await {
                Ok(_) => return self.check(),
                // It has a node, or is gone.
                Err(kube::Error::Api(refused)) if [404, 409].contains(&refused.code) => return self.check(),
                Err(error) => tracing::debug!(%error, pod = name, "the stand-in scheduler was refused"),
            }
            self.within(LOOK).await?;
        }
    }

    async fn wait_for_claims(&mut self) -> Result<(), Cut> {
        let namespace = self.pod.namespace().unwrap_or_default();
        let claims: Api<PersistentVolumeClaim> = Api::namespaced(self.client.clone(), &namespace);
        let volumes = self.pod.spec.iter().flat_map(|spec| spec.volumes.iter().flatten());
        let names: Vec<String> =
            volumes.filter_map(|volume| Some(volume.persistent_volume_claim.as_ref()?.claim_name.clone())).collect();
        for name in names {
            let deadline = Instant::now() + PATIENCE;
            let mut has_complained = false;
            self.see_bound(&namespace, &name, deadline).await?;
            loop {
                if let Ok(claim) = claims.get(&name).await
                    && claim.metadata.deletion_timestamp.is_none()
                    && claim.status.as_ref().is_some_and(|status| status.phase.as_deref() == Some("Bound"))
                {
                    self.claims.push(claim.uid().unwrap_or_default());
                    break;
                }
                if !has_complained && Instant::now() >= deadline {
                    self.complain().await;
                    has_complained = true;
                }
                self.within(LOOK).await?;
            }
        }
        Ok(())
    }

    /// Waits until a claim of this name has been seen bound, but not for ever.
    async fn see_bound(&mut self, namespace: &str, name: &str, deadline: Instant) -> Result<(), Cut> {
        let script = Arc::clone(&self.script);
        let bound = timeout_at(deadline, script.until_bound(namespace, name));
        tokio::pin!(bound);
        loop {
            tokio::select! {
                // Where it has not been, the server is asked nevertheless.
                _ = &mut bound => return Ok(()),
                seen = self.seen.changed() => {
                    seen.map_err(|_closed| Cut::Gone)?;
                    self.check()?;
                }
            }
        }
    }

    /// Says what the scheduler says of a pod whose claims have no volumes.
    async fn complain(&self) {
        let complaint = json!({ "metadata": { "uid": self.pod.metadata.uid }, "status": { "conditions": [{
            "type": "PodScheduled",
            "status": "False",
            "reason": "Unschedulable",
            "message": "pod has unbound immediate PersistentVolumeClaims",
        }] } });
        let name = self.pod.name_any();
        if let Err(error) = self.pods.patch_status(&name, &PatchParams::default(), &Patch::Merge(complaint)).await {
            tracing::debug!(%error, pod = name, "the stand-in scheduler cannot report");
        }
    }

    /// Ends the pod: when it wants to, or when its grace period is over.
    async fn end(&mut self) {
        let program = self.program();
        if !self.claims.is_empty() {
            self.script.write(&self.claims, &program.last_words);
        }
        let grace = Duration::from_secs(
            self.pod
                .metadata
                .deletion_grace_period_seconds
                .and_then(|seconds| u64::try_from(seconds).ok())
                .unwrap_or(0),
        );
        let takes = if program.ignores_stop { grace } else { Duration::from_millis(program.stop_millis).min(grace) };
        sleep(takes).await;
        while self.program().is_stuck {
            let script = Arc::clone(&self.script);
            let _ = timeout(LOOK, script.changed.notified()).await;
            // An annotation may have set another one. The record of one that is gone says nothing.
            if let Some(newest) = self.seen.borrow_and_update().clone() {
                self.pod = newest;
            }
        }
        let parameters = DeleteParams {
            grace_period_seconds: Some(0),
            preconditions: Some(Preconditions { resource_version: None, uid: self.pod.uid() }),
            ..DeleteParams::default()
        };
        while let Err(error) = self.pods.delete(&self.pod.name_any(), &parameters).await {
            if matches!(&error, kube::Error::Api(status) if status.code == 404 || status.code == 409) {
                return;
            }
            sleep(LOOK).await;
        }
    }

    async fn say(&mut self, containers: Containers) -> Result<(), Cut> {
        let status = self.facts.status(&self.pod, containers);
        loop {
            let patched =
                self.pods.patch_status(&self.pod.name_any(), &PatchParams::default(), &Patch::Merge(&status)).await;
            match patched {
                Ok(_) => return self.check(),
                // Gone, or another pod of the same name.
                Err(kube::Error::Api(refused)) if [404, 409, 422].contains(&refused.code) => return Err(Cut::Gone),
                Err(error) => tracing::debug!(%error, "the stand-in kubelet cannot report"),
            }
            self.within(LOOK).await?;
        }
    }

    /// Takes in what has become of the record.
    fn check(&mut self) -> Result<(), Cut> {
        let newest = self.seen.borrow_and_update().clone();
        self.pod = newest.ok_or(Cut::Gone)?;
        if self.pod.metadata.deletion_timestamp.is_some() { Err(Cut::Asked) } else { Ok(()) }
    }

    /// Waits this long, or until something becomes of the record.
    async fn within(&mut self, pause: Duration) -> Result<(), Cut> {
        match timeout(pause, self.seen.changed()).await {
            Err(_) => Ok(()),
            Ok(Err(_)) => Err(Cut::Gone),
            Ok(Ok(())) => self.check(),
        }
    }

    /// Waits so many milliseconds, whatever becomes of the record but its end.
    async fn pass(&mut self, millis: impl Fn(&Program) -> u64) -> Result<(), Cut> {
        let end = Instant::now() + Duration::from_millis(millis(&self.program()));
        loop {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return self.check();
            }
            self.within(left).await?;
        }
    }

    /// Waits until this holds.
    async fn until(&mut self, holds: impl Fn(&Self) -> bool) -> Result<(), Cut> {
        let script = Arc::clone(&self.script);
        loop {
            let changed = script.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            if holds(self) {
                return Ok(());
            }
            tokio::select! {
                () = changed => {}
                seen = self.seen.changed() => {
                    seen.map_err(|_closed| Cut::Gone)?;
                    self.check()?;
                }
            }
        }
    }
}
