//! Pods that are wrong in one way.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures::StreamExt;
use petset_core::backend::{
    ClaimPhase, Created, DeleteOptions, Deleted, Pod, PodBackend, PodCapabilities, PodChange, PodPhase, PodRef,
    PodRequest, VolumeProvisioner, WatchStream,
};
use petset_core::manifest::Violation;
use petset_core::spec::PodTemplate;
use petset_core::{Error, ErrorKind, PodUid, Result, SetKey};
use petset_testkit::{FakePods, FakeWorld};

use super::flaw::Flaw;

/// The pods of a fake, but for one flaw.
#[derive(Debug)]
pub(crate) struct FlawedPods {
    flaw: Flaw,
    world: FakeWorld,
    inner: FakePods,
    /// Whether it is a later instance over the same world.
    later: bool,
    /// What was listed last.
    listed: Mutex<BTreeMap<SetKey, Vec<Pod>>>,
    /// What is said to have ended.
    ended: Mutex<BTreeSet<PodUid>>,
}

impl FlawedPods {
    pub(crate) fn new(flaw: Flaw, world: &FakeWorld, later: bool) -> Self {
        Self {
            flaw,
            world: world.clone(),
            inner: world.pods(),
            later,
            listed: Mutex::default(),
            ended: Mutex::default(),
        }
    }

    /// The incarnation that has the name of this one.
    async fn namesake(&self, pod: &PodRef) -> Result<PodRef> {
        let standing = self.inner.list(&pod.set).await?.into_iter().find(|found| found.ordinal == pod.ordinal);
        Ok(standing.map_or_else(|| pod.clone(), |found| found.reference()))
    }

    /// Whether a claim of this pod is to go.
    async fn ends(&self, request: &PodRequest) -> Result<bool> {
        let claims = self.world.volumes().list(&request.set).await?;
        Ok(claims.iter().any(|claim| claim.phase == ClaimPhase::Terminating))
    }

    async fn is_ending(&self, pod: &PodRef) -> Result<bool> {
        Ok(self.inner.list(&pod.set).await?.iter().any(|found| found.uid == pod.uid && found.terminating))
    }

    fn renamed(&self, mut pod: Pod) -> Pod {
        if self.flaw == Flaw::RepeatsUids {
            pod.uid = PodUid::new(pod.name());
        }
        pod
    }
}

#[async_trait]
impl PodBackend for FlawedPods {
    fn capabilities(&self) -> PodCapabilities {
        self.inner.capabilities()
    }

    fn check(&self, template: &PodTemplate) -> Vec<Violation> {
        let mut found = self.inner.check(template);
        match self.flaw {
            Flaw::ChecksNothing => found.clear(),
            Flaw::ChecksWithoutValue => found.iter_mut().for_each(|violation| violation.value = None),
            _ => {}
        }
        found
    }

    async fn list(&self, set: &SetKey) -> Result<Vec<Pod>> {
        let mut pods = match self.inner.list(set).await {
            Err(_) if self.flaw == Flaw::TakesDamageForNothing => Vec::new(),
            answer => answer?,
        };
        match self.flaw {
            Flaw::HidesForeignPods => {
                let mut first = None;
                pods.retain(|pod| first.get_or_insert_with(|| pod.owner.clone()) == &pod.owner);
            }
            Flaw::LetsRunOn => {
                let ended = self.ended.lock().unwrap_or_else(PoisonError::into_inner);
                pods.retain(|pod| !ended.contains(&pod.uid));
            }
            Flaw::HidesEndingPods | Flaw::ForgetsWhatEnds => pods.retain(|pod| !pod.terminating),
            Flaw::HidesFailedPods => pods.retain(|pod| pod.status.phase != PodPhase::Failed),
            Flaw::HidesEndedPods => pods.retain(|pod| pod.status.phase != PodPhase::Succeeded),
            Flaw::ListsByPrefix => {
                for longer in self.world.sets() {
                    if longer != *set && longer.name.starts_with(&*set.name) {
                        pods.extend(self.inner.list(&longer).await?);
                    }
                }
            }
            Flaw::ListsLate => {
                let mut listed = self.listed.lock().unwrap_or_else(PoisonError::into_inner);
                pods = listed.insert(set.clone(), pods).unwrap_or_default();
            }
            Flaw::ForgetsPods if self.later => pods.clear(),
            _ => {}
        }
        Ok(pods.into_iter().map(|pod| self.renamed(pod)).collect())
    }

    async fn create(&self, mut request: PodRequest) -> Result<Created<Pod>> {
        let container = |request: &PodRequest| request.template.spec.containers[0].image.clone().unwrap_or_default();
        match self.flaw {
            Flaw::RefusesWithoutAWord if container(&request) == "never-ready" => {
                return Err(Error::new(ErrorKind::Unsupported, "create a pod").with_context("pod", request.name()));
            }
            Flaw::MountsNothing => request.claims.clear(),
            Flaw::StartsOnEndingClaims if self.ends(&request).await? => request.claim_uids.clear(),
            Flaw::StartsOnAnyClaim => request.claim_uids.clear(),
            Flaw::NeverAsks => {
                let mut template = PodTemplate::clone(&request.template);
                template.spec.containers[0].image = Some("stubborn".to_owned());
                request.template = template.into();
            }
            _ => {}
        }
        let (set, ordinal) = (request.set.clone(), request.ordinal);
        let answer = match (self.flaw, self.inner.create(request.clone()).await?) {
            (Flaw::AnswersNew, Created::AlreadyThere(pod)) => Created::New(pod),
            (Flaw::FreesNamesEarly, Created::AlreadyThere(pod)) if pod.terminating => {
                Created::New(Pod { uid: PodUid::from("the-next"), terminating: false, ..pod })
            }
            (Flaw::ReplacesTaken, Created::AlreadyThere(_)) => {
                self.world.remove_pod(&set, ordinal.0);
                self.inner.create(request).await?
            }
            (Flaw::PretendsToCreate, Created::New(pod)) => {
                self.world.remove_pod(&set, ordinal.0);
                Created::New(pod)
            }
            (_, answer) => answer,
        };
        if self.flaw == Flaw::WaitsForReadiness {
            let is_ready = || self.world.pod(&set, ordinal.0).is_some_and(|pod| pod.status.ready_since.is_some());
            for _ in 0..60 {
                if is_ready() {
                    return Ok(answer);
                }
                self.world.pass(Duration::from_secs(1));
            }
            return Err(Error::new(ErrorKind::Timeout, "create a pod").with_context("pod", set.pod_name(ordinal)));
        }
        Ok(match answer {
            Created::New(pod) => Created::New(self.renamed(pod)),
            Created::AlreadyThere(pod) => Created::AlreadyThere(self.renamed(pod)),
        })
    }

    async fn delete(&self, pod: &PodRef, mut options: DeleteOptions) -> Result<Deleted> {
        let mut pod = pod.clone();
        match self.flaw {
            Flaw::DeletesByName | Flaw::RepeatsUids => pod = self.namesake(&pod).await?,
            Flaw::DeletesAnyVersion => options.version = None,
            Flaw::KillsAtOnce => options.grace_seconds = Some(0),
            Flaw::LetsRunOn => {
                self.ended.lock().unwrap_or_else(PoisonError::into_inner).insert(pod.uid.clone());
                return Ok(Deleted::Started);
            }
            Flaw::ShortensGrace if self.is_ending(&pod).await? => {
                self.world.remove_pod(&pod.set, pod.ordinal.0);
                return Ok(Deleted::Started);
            }
            _ => {}
        }
        let answer = self.inner.delete(&pod, options).await?;
        match (self.flaw, answer) {
            (Flaw::GoneIsAnError, Deleted::AlreadyGone) => {
                Err(Error::new(ErrorKind::NotFound, "delete a pod").with_context("pod", pod.name()))
            }
            _ => Ok(answer),
        }
    }

    async fn update(&self, pod: &PodRef, mut change: PodChange) -> Result<()> {
        let mut pod = pod.clone();
        match self.flaw {
            Flaw::UpdatesByName | Flaw::RepeatsUids => pod = self.namesake(&pod).await?,
            Flaw::UpdatesAnyVersion => change.version = None,
            Flaw::UpdatesReplace => {
                let standing = self.world.pod(&pod.set, pod.ordinal.0).map(|pod| pod.annotations).unwrap_or_default();
                for key in standing.keys() {
                    change.annotations.entry(key.clone()).or_insert(None);
                }
            }
            _ => {}
        }
        self.inner.update(&pod, change).await
    }

    fn watch(&self) -> WatchStream {
        match self.flaw {
            Flaw::TellsNothingOfPods => futures::stream::pending().boxed(),
            _ => self.inner.watch(),
        }
    }
}
