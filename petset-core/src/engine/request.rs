//! From a template and an identity to what a backend is asked for.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Engine;
use super::look::Look;
use crate::backend::{ClaimRequest, ConfigBundle, DnsSettings, PodRequest};
use crate::error::{Error, ErrorKind, Result};
use crate::names::{Ordinal, RevisionName};
use crate::spec::{ConfigObject, RetentionPolicyType};
use crate::store::StoredSet;

/// Label: the pod's name.
pub(super) const POD_NAME_LABEL: &str = "statefulset.kubernetes.io/pod-name";
/// Label: the ordinal.
pub(super) const POD_INDEX_LABEL: &str = "apps.kubernetes.io/pod-index";
/// Label: the revision that the pod was made from.
pub(super) const REVISION_LABEL: &str = "controller-revision-hash";

/// The request for one pod (behaviour §1.5).
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
    let names = &engine.backends().names;
    let domain = names.domain();
    Ok(PodRequest {
        owner: stored.uid.clone(),
        ordinal,
        revision: revision.clone(),
        template: Arc::new(template),
        labels,
        claims: claims.collect(),
        config: Arc::new(config(&look.objects)),
        dns: DnsSettings {
            servers: names.servers(),
            searches: vec![format!("{}.svc.{domain}", key.namespace), format!("svc.{domain}"), domain.clone()],
            domain,
        },
        set: key,
    })
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

fn config(objects: &[ConfigObject]) -> ConfigBundle {
    let mut bundle = ConfigBundle { config_maps: BTreeMap::new(), secrets: BTreeMap::new() };
    for object in objects {
        match object {
            ConfigObject::ConfigMap(map) => {
                bundle.config_maps.insert(map.metadata.name.clone(), map.clone());
            }
            ConfigObject::Secret(secret) => {
                bundle.secrets.insert(secret.metadata.name.clone(), secret.clone());
            }
            ConfigObject::Service(_) => {}
        }
    }
    bundle
}
