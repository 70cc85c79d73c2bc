//! The pod template as a whole.

use std::collections::BTreeSet;
use std::net::IpAddr;

use super::super::path;
use super::checks::Checks;
use super::container::{self, Role};
use super::{meta, names, volume};
use crate::spec::{Container, PetSetSpec, PodSpec};

/// The template of a set; its claims count as volumes.
pub(super) fn template(at: &str, set: &PetSetSpec, checks: &mut Checks) {
    let template = &set.template;
    meta::labels_and_annotations(&path::key(at, "metadata"), &template.metadata, checks);
    let spec = &template.spec;
    let at = path::key(at, "spec");
    policies(&at, spec, checks);
    let volumes = volume::all(&path::key(&at, "volumes"), &spec.volumes, checks);
    let claims = set.volume_claim_templates.iter().map(|claim| claim.metadata.name.as_str());
    let volumes: BTreeSet<&str> = volumes.into_iter().chain(claims).collect();

    let mut seen = BTreeSet::new();
    let mut each = |list: &str, containers: &[Container], role: Role| {
        let at = path::key(&at, list);
        for (index, container) in containers.iter().enumerate() {
            container::check(&path::index(&at, index), container, role, &volumes, checks);
        }
    };
    each("initContainers", &spec.init_containers, Role::Init);
    each("containers", &spec.containers, Role::Main);
    for (list, containers) in [("initContainers", &spec.init_containers), ("containers", &spec.containers)] {
        for (index, container) in containers.iter().enumerate() {
            let at = path::key(&path::index(&path::key(&at, list), index), "name");
            checks.unique(&at, &container.name, &mut seen);
        }
    }
    if spec.containers.is_empty() {
        checks.missing(path::key(&at, "containers"), "required: at least one container");
    }
}

fn policies(at: &str, spec: &PodSpec, checks: &mut Checks) {
    if let Some(policy) = &spec.restart_policy {
        checks.one_of(&path::key(at, "restartPolicy"), policy, &["Always"]);
    }
    if let Some(seconds) = spec.active_deadline_seconds {
        let problem = "forbidden: activeDeadlineSeconds in StatefulSet is not Supported";
        checks.wrong(path::key(at, "activeDeadlineSeconds"), seconds, problem);
    }
    if let Some(seconds) = spec.termination_grace_period_seconds {
        checks.at_least(&path::key(at, "terminationGracePeriodSeconds"), seconds, 0);
    }
    if let Some(account) = spec.service_account_name.as_deref().filter(|account| !account.is_empty()) {
        checks.follows(&path::key(at, "serviceAccountName"), account, names::dns_subdomain);
    }
    let aliases = path::key(at, "hostAliases");
    for (index, alias) in spec.host_aliases.iter().enumerate() {
        let at = path::index(&aliases, index);
        address(&path::key(&at, "ip"), &alias.ip, checks);
        let hostnames = path::key(&at, "hostnames");
        for (index, name) in alias.hostnames.iter().enumerate() {
            checks.named(&path::index(&hostnames, index), name, names::dns_subdomain);
        }
    }
    if let Some(dns) = &spec.dns_config {
        let at = path::key(&path::key(at, "dnsConfig"), "nameservers");
        for (index, server) in dns.nameservers.iter().enumerate() {
            address(&path::index(&at, index), server, checks);
        }
    }
}

fn address(at: &str, text: &str, checks: &mut Checks) {
    if text.parse::<IpAddr>().is_err() {
        checks.wrong(at, text, "must be an IP address");
    }
}
