//! [`Bench`]: a subject, names of one's own, and waiting for levels.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use petset_core::backend::{
    Claim, ClaimRequest, ConfigBundle, Created, DeleteOptions, Deleted, DnsSettings, NameResolver, Pod, PodBackend,
    PodRequest, VolumeProvisioner,
};
use petset_core::spec::{ClaimSpec, PodTemplate};
use petset_core::store::SetStore;
use petset_core::{ErrorKind, Ordinal, Result, RevisionName, SetKey, SetUid, Timestamp};

use super::hands::Hands;
use super::subject::{Parts, Subject};
use super::workload::Workload;

/// Why a case ends early.
#[derive(Debug)]
pub(super) enum Stop {
    /// The subject cannot do it.
    Skipped(String),
    /// It did something else than it promises.
    Failed(String),
}

impl Stop {
    pub(super) fn into_words(self) -> String {
        let (Self::Skipped(why) | Self::Failed(why)) = self;
        why
    }
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
    /// Without its parts.
    pub(super) subject: Subject,
    /// Of the instance that is open now.
    parts: Mutex<Parts>,
    /// In the name of everything that the case makes.
    pub(super) tag: String,
    pub(super) owner: SetUid,
    touched: Mutex<BTreeSet<SetKey>>,
    damaged: AtomicBool,
}

impl Bench {
    pub(super) fn new(mut subject: Subject, tag: String) -> Self {
        let owner = SetUid::new(format!("owner-{tag}"));
        let parts = Mutex::new(std::mem::take(&mut subject.parts));
        Self { subject, parts, tag, owner, touched: Mutex::default(), damaged: AtomicBool::new(false) }
    }

    pub(super) fn parts(&self) -> Parts {
        self.parts.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn exchange(&self, parts: Parts) -> Parts {
        std::mem::replace(&mut self.parts.lock().unwrap_or_else(PoisonError::into_inner), parts)
    }

    /// Ends this instance of the subject and goes on with a later one.
    pub(super) async fn reopen(&self) -> Outcome {
        let Parts { hands, .. } = self.exchange(Parts::default());
        let Subject { parts, .. } = hands.reopen().await?;
        self.exchange(parts);
        Ok(())
    }

    /// Makes the pods of a set unreadable to the instance that is open from here on.
    pub(super) async fn damage_pods(&self, set: &SetKey) -> Outcome {
        by_hand(self.hands().damage_pods(set).await)?;
        self.damaged.store(true, Ordering::Release);
        self.see_damage().await
    }

    /// Makes the claims of a set unreadable to the instance that is open from here on.
    pub(super) async fn damage_claims(&self, set: &SetKey) -> Outcome {
        by_hand(self.hands().damage_claims(set).await)?;
        self.damaged.store(true, Ordering::Release);
        self.see_damage().await
    }

    /// Undoes every damage.
    pub(super) async fn mend(&self) -> Outcome {
        self.hands().mend().await?;
        if self.damaged.swap(false, Ordering::AcqRel) { self.see_damage().await } else { Ok(()) }
    }

    async fn see_damage(&self) -> Outcome {
        if self.hands().damages_at_rest() { self.reopen().await } else { Ok(()) }
    }

    pub(super) fn pods(&self) -> Arc<dyn PodBackend> {
        self.parts().pods.expect("a case about pods has pods")
    }

    pub(super) fn volumes(&self) -> Arc<dyn VolumeProvisioner> {
        self.parts().volumes.expect("a case about volumes has volumes")
    }

    pub(super) fn names(&self) -> Arc<dyn NameResolver> {
        self.parts().names.expect("a case about names has names")
    }

    pub(super) fn store(&self) -> Arc<dyn SetStore> {
        self.parts().store.expect("a case about a store has a store")
    }

    pub(super) fn hands(&self) -> Arc<dyn Hands> {
        self.parts().hands
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
        let names = self.parts().names;
        let domain = names.as_ref().map_or_else(|| "cluster.local".to_owned(), NameResolver::domain);
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
                servers: names.as_ref().map_or_else(Vec::new, NameResolver::servers),
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

    /// The answers to so many requests that are made at the same time, each by a task of its own.
    pub(super) async fn at_once<T: Send + 'static>(
        requests: impl IntoIterator<Item = impl Future<Output = T> + Send + 'static>,
    ) -> Outcome<Vec<T>> {
        let tasks: Vec<_> = requests.into_iter().map(tokio::spawn).collect();
        let mut answers = Vec::new();
        for task in tasks {
            answers.push(task.await.map_err(|error| Stop::Failed(format!("a request ended without answer: {error}")))?);
        }
        Ok(answers)
    }

    pub(super) fn now(&self) -> Timestamp {
        self.hands().now()
    }

    pub(super) async fn pass(&self, duration: Duration) {
        self.hands().pass(duration).await;
    }

    /// Asks a pod to end within so many seconds.
    pub(super) async fn end(&self, pod: &Pod, grace_seconds: u32) -> Outcome<Deleted> {
        let options = DeleteOptions { grace_seconds: Some(grace_seconds), version: None };
        Ok(self.pods().delete(&pod.reference(), options).await?)
    }
}
