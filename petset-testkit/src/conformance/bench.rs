//! [`Bench`]: a subject, names of one's own, and waiting for levels.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::{FutureExt, StreamExt};
use petset_core::backend::{
    Claim, ClaimRequest, ConfigBundle, Created, DeleteOptions, Deleted, DnsSettings, NameResolver, Pod, PodBackend,
    PodRequest, VolumeProvisioner, WatchEvent, WatchStream,
};
use petset_core::spec::{ClaimSpec, PodTemplate};
use petset_core::store::SetStore;
use petset_core::{ErrorKind, Ordinal, Result, RevisionName, SetKey, SetUid, Timestamp};

use super::subject::Subject;
use super::workload::Workload;

/// How long is waited between two looks.
const LOOK: Duration = Duration::from_millis(20);

/// Why a case ends early.
#[derive(Debug)]
pub(super) enum Stop {
    /// The subject cannot do it.
    Skipped(String),
    /// It did something else than it promises.
    Failed(String),
}

impl From<petset_core::Error> for Stop {
    fn from(error: petset_core::Error) -> Self {
        Self::Failed(error.chain().to_string())
    }
}

pub(super) type Outcome<T = ()> = Result<T, Stop>;

/// What an author's hand did, or why the case is skipped.
pub(super) fn by_hand<T>(done: Result<T>) -> Outcome<T> {
    done.map_err(
        |error| {
            if error.kind() == ErrorKind::Unsupported { Stop::Skipped(error.to_string()) } else { error.into() }
        },
    )
}

/// What a case works with.
#[derive(Debug)]
pub(super) struct Bench {
    pub(super) subject: Subject,
    /// In the name of everything that the case makes.
    pub(super) tag: String,
    pub(super) owner: SetUid,
    touched: Mutex<BTreeSet<SetKey>>,
}

impl Bench {
    pub(super) fn new(subject: Subject, tag: String) -> Self {
        let owner = SetUid::new(format!("owner-{tag}"));
        Self { subject, tag, owner, touched: Mutex::default() }
    }

    pub(super) fn pods(&self) -> &Arc<dyn PodBackend> {
        self.subject.pods.as_ref().expect("a case about pods has pods")
    }

    pub(super) fn volumes(&self) -> &Arc<dyn VolumeProvisioner> {
        self.subject.volumes.as_ref().expect("a case about volumes has volumes")
    }

    pub(super) fn names(&self) -> &Arc<dyn NameResolver> {
        self.subject.names.as_ref().expect("a case about names has names")
    }

    pub(super) fn store(&self) -> &Arc<dyn SetStore> {
        self.subject.store.as_ref().expect("a case about a store has a store")
    }

    /// A set of this case; tidied up in the end.
    pub(super) fn set(&self, name: &str) -> SetKey {
        self.touch(SetKey::new(self.subject.namespace.as_str(), format!("{name}-{}", self.tag)))
    }

    /// A set of that name in the other namespace.
    pub(super) fn set_elsewhere(&self, name: &str) -> Outcome<SetKey> {
        let missing = || Stop::Skipped("the subject has one namespace only".to_owned());
        let namespace = self.subject.other_namespace.as_deref().ok_or_else(missing)?;
        Ok(self.touch(SetKey::new(namespace, format!("{name}-{}", self.tag))))
    }

    /// Another set beside `set`, of this name; tidied up in the end.
    pub(super) fn beside(&self, set: &SetKey, name: String) -> SetKey {
        self.touch(SetKey::new(Arc::clone(&set.namespace), name))
    }

    fn touch(&self, set: SetKey) -> SetKey {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner).insert(set.clone());
        set
    }

    pub(super) fn touched(&self) -> Vec<SetKey> {
        self.touched.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Something of the workload, or why the case is skipped.
    pub(super) fn given<T: Clone>(&self, what: &str, of: impl FnOnce(&Workload) -> &Option<T>) -> Outcome<T> {
        let missing = || Stop::Skipped(format!("the workload has none that {what}"));
        of(&self.subject.workload).clone().ok_or_else(missing)
    }

    pub(super) fn ready(&self) -> Outcome<PodTemplate> {
        self.given("becomes ready", |workload| &workload.ready)
    }

    pub(super) fn stubborn(&self) -> Outcome<PodTemplate> {
        self.given("ignores the stop signal", |workload| &workload.stubborn)
    }

    pub(super) fn pod_request(&self, set: &SetKey, ordinal: u32, mut template: PodTemplate) -> PodRequest {
        let ordinal = Ordinal(ordinal);
        template.spec.hostname = Some(set.pod_name(ordinal));
        template.spec.subdomain = Some("pets".to_owned());
        template.metadata.annotations.insert("example.org/note".to_owned(), "kept".to_owned());
        let labels = BTreeMap::from([("app".to_owned(), set.name.to_string())]);
        template.metadata.labels.clone_from(&labels);
        let uses_claim = template
            .spec
            .containers
            .iter()
            .any(|container| container.volume_mounts.iter().any(|mount| mount.name == Workload::CLAIM));
        let claim = uses_claim.then(|| (Workload::CLAIM.to_owned(), set.claim_name(Workload::CLAIM, ordinal)));
        let names = self.subject.names.as_ref();
        let domain = names.map_or_else(|| "cluster.local".to_owned(), NameResolver::domain);
        PodRequest {
            set: set.clone(),
            owner: self.owner.clone(),
            ordinal,
            revision: RevisionName::new(format!("{}-1", set.name)),
            template: Arc::new(template),
            labels,
            claims: claim.into_iter().collect(),
            claim_uids: BTreeMap::new(),
            config: Arc::new(ConfigBundle::default()),
            dns: DnsSettings {
                searches: vec![format!("{}.svc.{domain}", set.namespace)],
                servers: names.map_or_else(Vec::new, NameResolver::servers),
                domain,
            },
        }
    }

    pub(super) fn claim_request(&self, set: &SetKey, ordinal: u32, spec: ClaimSpec) -> ClaimRequest {
        let ordinal = Ordinal(ordinal);
        ClaimRequest {
            set: set.clone(),
            template: Workload::CLAIM.to_owned(),
            ordinal,
            name: set.claim_name(Workload::CLAIM, ordinal),
            owner: None,
            labels: BTreeMap::from([("case".to_owned(), self.tag.clone())]),
            annotations: BTreeMap::new(),
            spec,
        }
    }

    /// A new pod.
    pub(super) async fn create(&self, request: PodRequest) -> Outcome<Pod> {
        let name = request.name();
        match self.pods().create(request).await? {
            Created::New(pod) => Ok(pod),
            Created::AlreadyThere(pod) => Err(Stop::Failed(format!("{name} was there already: {pod:?}"))),
        }
    }

    /// A new pod of the set.
    pub(super) async fn run(&self, set: &SetKey, ordinal: u32, template: PodTemplate) -> Outcome<Pod> {
        self.create(self.pod_request(set, ordinal, template)).await
    }

    /// A new claim that is bound in time.
    pub(super) async fn claim(&self, set: &SetKey, ordinal: u32) -> Outcome<Claim> {
        self.provision(self.claim_request(set, ordinal, self.subject.workload.claim.clone())).await
    }

    /// A new claim.
    pub(super) async fn provision(&self, request: ClaimRequest) -> Outcome<Claim> {
        let name = request.name.clone();
        match self.volumes().provision(request).await? {
            Created::New(claim) => Ok(claim),
            Created::AlreadyThere(claim) => Err(Stop::Failed(format!("{name} was there already: {claim:?}"))),
        }
    }

    pub(super) async fn pod(&self, set: &SetKey, ordinal: u32) -> Outcome<Option<Pod>> {
        Ok(self.pods().list(set).await?.into_iter().find(|pod| pod.ordinal == Ordinal(ordinal)))
    }

    /// The claims by ordinal.
    pub(super) async fn claims(&self, set: &SetKey) -> Outcome<Vec<Claim>> {
        let mut claims = self.volumes().list(set).await?;
        claims.sort_by_key(|claim| claim.ordinal);
        Ok(claims)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.subject.hands.now()
    }

    pub(super) async fn pass(&self, duration: Duration) {
        self.subject.hands.pass(duration).await;
    }

    fn looks(&self) -> u128 {
        self.subject.patience.as_millis() / LOOK.as_millis()
    }

    /// Waits until a pod is as wanted.
    pub(super) async fn until(
        &self,
        set: &SetKey,
        ordinal: u32,
        what: &str,
        wanted: impl Fn(&Pod) -> bool + Send,
    ) -> Outcome<Pod> {
        for _ in 0..self.looks() {
            if let Some(pod) = self.pod(set, ordinal).await?.filter(&wanted) {
                return Ok(pod);
            }
            self.pass(LOOK).await;
        }
        let last = self.pods().list(set).await?;
        Err(Stop::Failed(format!("waited for {what} of {}; there is {last:#?}", set.pod_name(Ordinal(ordinal)))))
    }

    pub(super) async fn until_ready(&self, pod: &Pod) -> Outcome<Pod> {
        let is_ready = |found: &Pod| found.uid == pod.uid && found.status.ready_since.is_some();
        self.until(&pod.set, pod.ordinal.0, "readiness", is_ready).await
    }

    /// Waits until this incarnation is not listed any more.
    pub(super) async fn until_gone(&self, pod: &Pod) -> Outcome {
        for _ in 0..self.looks() {
            if !self.pods().list(&pod.set).await?.iter().any(|found| found.uid == pod.uid) {
                return Ok(());
            }
            self.pass(LOOK).await;
        }
        Err(Stop::Failed(format!("waited for the end of {} ({})", pod.name(), pod.uid)))
    }

    /// Waits until the claims are as wanted.
    pub(super) async fn until_claims(
        &self,
        set: &SetKey,
        what: &str,
        wanted: impl Fn(&[Claim]) -> bool + Send,
    ) -> Outcome<Vec<Claim>> {
        for _ in 0..self.looks() {
            let claims = self.claims(set).await?;
            if wanted(&claims) {
                return Ok(claims);
            }
            self.pass(LOOK).await;
        }
        Err(Stop::Failed(format!("waited for {what}; there is {:#?}", self.claims(set).await?)))
    }

    /// Asks a pod to end within so many seconds.
    pub(super) async fn end(&self, pod: &Pod, grace_seconds: u32) -> Outcome<Deleted> {
        let options = DeleteOptions { grace_seconds: Some(grace_seconds), version: None };
        Ok(self.pods().delete(&pod.reference(), options).await?)
    }

    /// Waits until a hint says that this set may have changed.
    pub(super) async fn hinted(&self, hints: &mut WatchStream, set: &SetKey, what: &str) -> Outcome {
        for _ in 0..self.looks() {
            while let Some(hint) = hints.next().now_or_never() {
                match hint {
                    Some(WatchEvent::Gap) => return Ok(()),
                    Some(WatchEvent::Changed(changed)) if changed == *set => return Ok(()),
                    Some(WatchEvent::Changed(_)) => {}
                    None => return Err(Stop::Failed(format!("the hints ended before one of {what}"))),
                }
            }
            self.pass(LOOK).await;
        }
        Err(Stop::Failed(format!("waited for a hint of {what}")))
    }
}

/// Takes every hint that is there.
pub(super) fn drain(hints: &mut WatchStream) -> Vec<WatchEvent> {
    std::iter::from_fn(|| hints.next().now_or_never().flatten()).collect()
}
