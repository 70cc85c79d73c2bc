//! From a template and an identity to what a backend is asked for.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::sync::Arc;

use super::Engine;
use super::look::Look;
use crate::backend::{ClaimRequest, ConfigBundle, DnsSettings, PodRequest};
use crate::env::{PodFacts, container_env, volume_files};
use crate::error::{Error, ErrorKind, Result};
use crate::names::{Ordinal, PodUid, RevisionName};
use crate::spec::{ConfigObject, PodSpec, RetentionPolicyType};
use crate::store::StoredSet;

/// Label: the pod's name.
pub(super) const POD_NAME_LABEL: &str = "statefulset.kubernetes.io/pod-name";
/// Label: the ordinal.
pub(super) const POD_INDEX_LABEL: &str = "apps.kubernetes.io/pod-index";
/// Label: the revision that the pod was made from.
pub(super) const REVISION_LABEL: &str = "controller-revision-hash";

/// The request for one pod (behaviour §1.5).
///
/// # Errors
/// `NotFound`, with the path and the name, when it refers to a config map, a secret or a key that is not there: a pod is
/// given what it refers to once and for all, so there is none before all of it is there. Where the runtime itself gives it
/// to pods, it is the runtime that waits.
pub(super) fn pod(
    engine: &Engine,
    stored: &StoredSet,
    look: &Look,
    ordinal: Ordinal,
    revision: &RevisionName,
) -> Result<PodRequest> {
    let key = stored.key();
    let spec = &stored.set.spec;
    let name = key.pod_name(ordinal);
    let mut template = look.template(revision)?.clone();
    template.spec.hostname = Some(name.clone());
    template.spec.subdomain = Some(spec.service_name.clone()).filter(|service| !service.is_empty());
    let is_claimed = |volume: &str| spec.volume_claim_templates.iter().any(|claim| claim.metadata.name == volume);
    template.spec.volumes.retain(|volume| !is_claimed(&volume.name));
    let config = Arc::new(config(&look.objects, &References::of(&template.spec)));
    let mut labels = template.metadata.labels.clone();
    labels.insert(POD_NAME_LABEL.to_owned(), name);
    labels.insert(POD_INDEX_LABEL.to_owned(), ordinal.to_string());
    labels.insert(REVISION_LABEL.to_owned(), revision.to_string());
    template.metadata.labels.clone_from(&labels);
    let claims = spec.volume_claim_templates.iter().map(|claim| {
        let template = claim.metadata.name.clone();
        let name = key.claim_name(&template, ordinal);
        (template, name)
    });
    let of_pet = look.claims.iter().filter(|claim| claim.ordinal == ordinal && is_claimed(&claim.template));
    let claim_uids = of_pet.map(|claim| (claim.template.to_string(), claim.uid.clone()));
    let names = &engine.backends().names;
    let domain = names.domain();
    let request = PodRequest {
        owner: stored.uid.clone(),
        ordinal,
        revision: revision.clone(),
        template: Arc::new(template),
        labels,
        claims: claims.collect(),
        claim_uids: claim_uids.collect(),
        config,
        dns: DnsSettings {
            servers: names.servers(),
            searches: vec![format!("{}.svc.{domain}", key.namespace), format!("svc.{domain}"), domain.clone()],
            domain,
        },
        set: key,
    };
    if !engine.backends().pods.capabilities().config {
        resolvable(&request)?;
    }
    Ok(request)
}

/// Refuses a request that refers to what is not there.
fn resolvable(request: &PodRequest) -> Result<()> {
    // What is known only of a pod that runs is taken for known.
    let (uid, address) = (PodUid::from(""), Some(IpAddr::from([0, 0, 0, 0])));
    let facts = PodFacts { request, uid: &uid, pod_ip: address, host_ip: address, node_name: "" };
    let spec = &request.template.spec;
    let variables = spec.init_containers.iter().chain(&spec.containers).map(|one| container_env(one, &facts).map(drop));
    let files = spec.volumes.iter().map(|volume| volume_files(volume, &facts).map(drop));
    // What can never be resolved is for the backend to refuse.
    let missing = variables.chain(files).filter_map(Result::err).find(Error::is_not_found);
    missing.map_or(Ok(()), |error| Err(error.with_context("pod", request.name())))
}

/// The request for one claim (behaviour §1.10): the template's labels, overwritten by the selector's.
pub(super) fn claim(stored: &StoredSet, ordinal: Ordinal, template: &str) -> Result<ClaimRequest> {
    let key = stored.key();
    let spec = &stored.set.spec;
    let declared =
        spec.volume_claim_templates.iter().find(|claim| claim.metadata.name == template).ok_or_else(|| {
            Error::new(ErrorKind::NotFound, "find the template of a claim").with_context("template", template)
        })?;
    let mut labels = declared.metadata.labels.clone();
    if let Some(selector) = &spec.selector {
        labels.extend(selector.match_labels.clone());
    }
    let retention = spec.retention();
    let deletes = [retention.when_scaled, retention.when_deleted].contains(&RetentionPolicyType::Delete);
    Ok(ClaimRequest {
        name: key.claim_name(template, ordinal),
        template: template.to_owned(),
        ordinal,
        owner: deletes.then(|| stored.uid.clone()),
        labels,
        annotations: declared.metadata.annotations.clone(),
        spec: declared.spec.clone(),
        set: key,
    })
}

/// The config maps and secrets that a template names. A pod is given these and no others.
#[derive(Debug, Default)]
struct References<'a> {
    config_maps: BTreeSet<&'a str>,
    secrets: BTreeSet<&'a str>,
}

impl<'a> References<'a> {
    fn of(spec: &'a PodSpec) -> Self {
        let mut found = Self::default();
        for container in spec.init_containers.iter().chain(&spec.containers) {
            for source in container.env.iter().filter_map(|variable| variable.value_from.as_ref()) {
                found.config_maps.extend(source.config_map_key_ref.as_ref().map(|key| key.name.as_str()));
                found.secrets.extend(source.secret_key_ref.as_ref().map(|key| key.name.as_str()));
            }
            for source in &container.env_from {
                found.config_maps.extend(source.config_map_ref.as_ref().map(|name| name.name.as_str()));
                found.secrets.extend(source.secret_ref.as_ref().map(|name| name.name.as_str()));
            }
        }
        for volume in &spec.volumes {
            found.config_maps.extend(volume.config_map.as_ref().map(|source| source.name.as_str()));
            found.secrets.extend(volume.secret.as_ref().map(|source| source.secret_name.as_str()));
            for source in volume.projected.iter().flat_map(|projected| &projected.sources) {
                found.config_maps.extend(source.config_map.as_ref().map(|keys| keys.name.as_str()));
                found.secrets.extend(source.secret.as_ref().map(|keys| keys.name.as_str()));
            }
        }
        found
    }
}

fn config(objects: &[ConfigObject], references: &References<'_>) -> ConfigBundle {
    let mut bundle = ConfigBundle::default();
    for object in objects {
        let name = object.metadata().name.as_str();
        match object {
            ConfigObject::ConfigMap(map) if references.config_maps.contains(name) => {
                bundle.config_maps.insert(name.to_owned(), map.clone());
            }
            ConfigObject::Secret(secret) if references.secrets.contains(name) => {
                bundle.secrets.insert(name.to_owned(), secret.clone());
            }
            ConfigObject::ConfigMap(_) | ConfigObject::Secret(_) | ConfigObject::Service(_) => {}
        }
    }
    bundle
}
