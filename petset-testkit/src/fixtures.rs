//! Sets to test with, complete as if a manifest had been read and defaulted.

use std::collections::BTreeMap;
use std::sync::Arc;

use petset_core::backend::{ClaimRequest, ConfigBundle, DnsSettings, Pod, PodRequest, PodStatus};
use petset_core::spec::{
    ClaimTemplate, Container, IntOrString, LabelSelector, Ordinals, PetSet, PodManagementPolicy, RetentionPolicy,
    RetentionPolicyType, RollingUpdate, UpdateStrategy, UpdateStrategyType, VolumeMount,
};
use petset_core::{Ordinal, PodUid, RevisionName, SetKey, SetUid, Version};

use crate::clock::ManualClock;

/// Begins a set of this name in namespace `default`: three pets of one container, ordered, with a governing service of
/// the same name, labelled `app: <name>`, without claims.
///
/// ```
/// use petset_testkit::fixtures;
///
/// let web = fixtures::set("web").replicas(5).claim("www").parallel().partition(1).build();
/// assert_eq!(web.key().to_string(), "default/web");
/// assert_eq!(web.spec.replicas(), 5);
/// ```
pub fn set(name: &str) -> SetBuilder {
    let labels = BTreeMap::from([("app".to_owned(), name.to_owned())]);
    let mut set = PetSet::default();
    name.clone_into(&mut set.metadata.name);
    "default".clone_into(&mut set.metadata.namespace);
    set.metadata.labels = labels.clone();
    let spec = &mut set.spec;
    spec.replicas = Some(3);
    name.clone_into(&mut spec.service_name);
    spec.selector = Some(LabelSelector { match_labels: labels.clone(), match_expressions: Vec::new() });
    spec.pod_management_policy = Some(PodManagementPolicy::OrderedReady);
    spec.update_strategy = Some(UpdateStrategy {
        kind: Some(UpdateStrategyType::RollingUpdate),
        rolling_update: Some(RollingUpdate { partition: Some(0), ..RollingUpdate::default() }),
        ..UpdateStrategy::default()
    });
    spec.min_ready_seconds = Some(0);
    spec.revision_history_limit = Some(10);
    spec.persistent_volume_claim_retention_policy = Some(RetentionPolicy::default());
    spec.template.metadata.labels = labels;
    spec.template.spec.restart_policy = Some("Always".to_owned());
    spec.template.spec.termination_grace_period_seconds = Some(30);
    spec.template.spec.containers =
        vec![Container { name: "main".to_owned(), image: Some("example:1".to_owned()), ..Container::default() }];
    SetBuilder { set }
}

/// A set in the making; see [`set`].
#[derive(Debug, Clone)]
pub struct SetBuilder {
    set: PetSet,
}

impl SetBuilder {
    /// In this namespace.
    #[must_use]
    pub fn namespace(mut self, namespace: &str) -> Self {
        namespace.clone_into(&mut self.set.metadata.namespace);
        self
    }

    /// This many pets.
    #[must_use]
    pub fn replicas(mut self, replicas: i32) -> Self {
        self.set.spec.replicas = Some(replicas);
        self
    }

    /// Numbered from here.
    #[must_use]
    pub fn start(mut self, first: i32) -> Self {
        self.set.spec.ordinals = Some(Ordinals { start: first, ..Ordinals::default() });
        self
    }

    /// One more claim of 1Gi, mounted at `/<template>`.
    #[must_use]
    pub fn claim(mut self, template: &str) -> Self {
        let mut claim = ClaimTemplate::default();
        template.clone_into(&mut claim.metadata.name);
        claim.spec.access_modes = vec!["ReadWriteOnce".to_owned()];
        claim.spec.resources.requests.insert("storage".to_owned(), "1Gi".into());
        self.set.spec.volume_claim_templates.push(claim);
        for container in &mut self.set.spec.template.spec.containers {
            container.volume_mounts.push(VolumeMount {
                name: template.to_owned(),
                mount_path: format!("/{template}"),
                ..VolumeMount::default()
            });
        }
        self
    }

    /// All at once instead of one after the other.
    #[must_use]
    pub fn parallel(mut self) -> Self {
        self.set.spec.pod_management_policy = Some(PodManagementPolicy::Parallel);
        self
    }

    /// Ordinals below this one stay on the current revision.
    #[must_use]
    pub fn partition(mut self, partition: i32) -> Self {
        self.rolling_update().partition = Some(partition);
        self
    }

    /// So many may be unavailable at once.
    #[must_use]
    pub fn max_unavailable(mut self, pets: i32) -> Self {
        self.rolling_update().max_unavailable = Some(IntOrString::Int(pets));
        self
    }

    /// A pet takes a new template only when its pod is deleted.
    #[must_use]
    pub fn on_delete(mut self) -> Self {
        self.set.spec.update_strategy =
            Some(UpdateStrategy { kind: Some(UpdateStrategyType::OnDelete), ..UpdateStrategy::default() });
        self
    }

    /// A pet is available when it has been ready for so long.
    #[must_use]
    pub fn min_ready_seconds(mut self, seconds: i32) -> Self {
        self.set.spec.min_ready_seconds = Some(seconds);
        self
    }

    /// So many unused revisions are kept.
    #[must_use]
    pub fn revision_history_limit(mut self, revisions: i32) -> Self {
        self.set.spec.revision_history_limit = Some(revisions);
        self
    }

    /// Without a governing service.
    #[must_use]
    pub fn without_service(mut self) -> Self {
        self.set.spec.service_name.clear();
        self
    }

    /// Another image, hence another revision.
    #[must_use]
    pub fn image(mut self, image: &str) -> Self {
        for container in &mut self.set.spec.template.spec.containers {
            container.image = Some(image.to_owned());
        }
        self
    }

    /// One more annotation of the pods.
    #[must_use]
    pub fn pod_annotation(mut self, key: &str, value: &str) -> Self {
        self.set.spec.template.metadata.annotations.insert(key.to_owned(), value.to_owned());
        self
    }

    /// Claims of pets that are scaled away go.
    #[must_use]
    pub fn delete_claims_when_scaled(mut self) -> Self {
        self.retention().when_scaled = RetentionPolicyType::Delete;
        self
    }

    /// Claims go with the set.
    #[must_use]
    pub fn delete_claims_when_deleted(mut self) -> Self {
        self.retention().when_deleted = RetentionPolicyType::Delete;
        self
    }

    /// Whatever else a test needs.
    #[must_use]
    pub fn with(mut self, change: impl FnOnce(&mut PetSet)) -> Self {
        change(&mut self.set);
        self
    }

    /// The set.
    pub fn build(self) -> PetSet {
        self.set
    }

    fn rolling_update(&mut self) -> &mut RollingUpdate {
        let strategy = self.set.spec.update_strategy.get_or_insert_default();
        strategy.kind = Some(UpdateStrategyType::RollingUpdate);
        strategy.rolling_update.get_or_insert_default()
    }

    fn retention(&mut self) -> &mut RetentionPolicy {
        self.set.spec.persistent_volume_claim_retention_policy.get_or_insert_default()
    }
}

/// A request for the pod of one identity of `set`, as an engine would make it, but without config, and without
/// [`claim_uids`](PodRequest::claim_uids): a fixture has seen no claims, and whichever has the name will do.
pub fn pod_request(set: &PetSet, owner: &SetUid, ordinal: u32) -> PodRequest {
    let (key, ordinal) = (set.key(), Ordinal(ordinal));
    let mut template = set.spec.template.clone();
    template.spec.hostname = Some(key.pod_name(ordinal));
    template.spec.subdomain = Some(set.spec.service_name.clone());
    let labels = template.metadata.labels.clone();
    let claims = set.spec.volume_claim_templates.iter().map(|claim| {
        let template = &claim.metadata.name;
        (template.clone(), key.claim_name(template, ordinal))
    });
    PodRequest {
        claims: claims.collect(),
        claim_uids: BTreeMap::new(),
        owner: owner.clone(),
        ordinal,
        revision: RevisionName::new(format!("{}-1", key.name)),
        template: Arc::new(template),
        labels,
        config: Arc::new(ConfigBundle::default()),
        dns: DnsSettings { domain: "cluster.local".to_owned(), ..DnsSettings::default() },
        set: key,
    }
}

/// The pod that a request asks for, on record and not started yet: what a mock answers with.
pub fn pod(request: &PodRequest) -> Pod {
    Pod {
        set: request.set.clone(),
        ordinal: request.ordinal,
        uid: PodUid::new(format!("pod-of-{}", request.name())),
        version: Version::from("1"),
        owner: Some(request.owner.clone()),
        revision: Some(request.revision.clone()),
        labels: request.labels.clone().into(),
        annotations: request.template.metadata.annotations.clone().into(),
        created_at: ManualClock::START,
        terminating: false,
        status: PodStatus::default(),
    }
}

/// The requests for every claim of one identity of `set`, as an engine would make them.
pub fn claim_requests(set: &PetSet, ordinal: u32) -> Vec<ClaimRequest> {
    let (key, ordinal) = (set.key(), Ordinal(ordinal));
    let request = |claim: &ClaimTemplate| ClaimRequest {
        set: key.clone(),
        template: claim.metadata.name.clone(),
        ordinal,
        name: key.claim_name(&claim.metadata.name, ordinal),
        owner: None,
        labels: set.spec.template.metadata.labels.clone(),
        annotations: BTreeMap::new(),
        spec: claim.spec.clone(),
    };
    set.spec.volume_claim_templates.iter().map(request).collect()
}

/// `namespace/name`, or `name` in namespace `default`.
///
/// # Panics
/// When it is neither.
pub fn key(text: &str) -> SetKey {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}
