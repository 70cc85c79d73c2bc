//! The container that is the pod: it owns the network, the hostname and the volumes, and does nothing.

use std::collections::{BTreeMap, HashMap};

use bollard::models::{
    ContainerCreateBody, EndpointSettings, HealthConfig, HostConfig, Mount, NetworkingConfig, PortBinding,
    RestartPolicy, RestartPolicyNameEnum,
};
use petset_core::backend::PodRequest;
use serde_json::Value;

use super::mounts::{claim_place, of_pod, pod_place, whole};
use super::options::PodOptions;
use crate::labels::{self, Role};
use crate::names::Attachment;

/// What a sandbox is made from.
#[derive(Debug)]
pub(super) struct Sandbox<'a> {
    pub(super) request: &'a PodRequest,
    pub(super) record: &'a str,
    pub(super) node: &'a str,
    pub(super) attachment: &'a Attachment,
    /// Claim template → the engine's volume.
    pub(super) claims: &'a BTreeMap<String, String>,
    pub(super) options: &'a PodOptions,
}

impl Sandbox<'_> {
    pub(super) fn body(&self) -> ContainerCreateBody {
        let Self { request, options, .. } = self;
        let spec = &request.template.spec;
        let ports = self.ports();
        let mut host = HostConfig {
            mounts: Some(self.mounts()),
            ipc_mode: Some(if spec.host_ipc { "host" } else { "shareable" }.to_owned()),
            pid_mode: spec.host_pid.then(|| "host".to_owned()),
            restart_policy: Some(no_restarts()),
            cap_drop: Some(vec!["ALL".to_owned()]),
            security_opt: Some(vec!["no-new-privileges:true".to_owned()]),
            extra_hosts: Some(self.extra_hosts()),
            port_bindings: Some(ports.clone()),
            ..HostConfig::default()
        };
        let mut body = ContainerCreateBody {
            image: Some(options.sandbox_image.clone()),
            entrypoint: (!options.sandbox_command.is_empty()).then(|| options.sandbox_command.clone()),
            labels: Some(self.labels()),
            exposed_ports: Some(ports.into_keys().collect()),
            healthcheck: Some(no_health_check()),
            ..ContainerCreateBody::default()
        };
        if spec.host_network {
            host.network_mode = Some("host".to_owned());
        } else {
            body.hostname = Some(request.name());
            body.domainname = spec.subdomain.as_ref().map(|subdomain| self.domain(subdomain));
            self.names(&mut host);
            let network = &self.attachment.network;
            host.network_mode = Some(network.clone());
            // The names that the engine itself answers for, with or without a controller.
            let aliases = Some(self.attachment.aliases.clone());
            let endpoint = EndpointSettings { aliases, ..EndpointSettings::default() };
            body.networking_config =
                Some(NetworkingConfig { endpoints_config: Some([(network.clone(), endpoint)].into()) });
        }
        body.host_config = Some(host);
        body
    }

    fn labels(&self) -> HashMap<String, String> {
        let Self { request, record, node, .. } = self;
        let mut labels = labels::identity(Role::Sandbox, &request.set, request.ordinal);
        labels.insert(labels::OWNER.to_owned(), request.owner.to_string());
        labels.insert(labels::REVISION.to_owned(), request.revision.to_string());
        labels.insert(labels::RECORD.to_owned(), (*record).to_owned());
        labels.insert(labels::NODE.to_owned(), (*node).to_owned());
        labels.into_iter().collect()
    }

    fn mounts(&self) -> Vec<Mount> {
        let claims = self.claims.iter().map(|(template, volume)| whole(volume, &claim_place(template), false));
        let own = of_pod(self.request)
            .map(|volume| whole(&labels::pod_volume(&volume.name, self.record), &pod_place(volume), false));
        claims.chain(own).collect()
    }

    fn domain(&self, subdomain: &str) -> String {
        format!("{subdomain}.{}.svc.{}", self.request.set.namespace, self.request.dns.domain)
    }

    /// What shapes `/etc/resolv.conf`.
    fn names(&self, host: &mut HostConfig) {
        let Attachment { servers, searches, options, .. } = self.attachment;
        let (mut servers, mut searches, mut options) = (servers.clone(), searches.clone(), options.clone());
        let config = self.request.template.spec.dns_config.as_ref();
        if let Some(config) = config {
            servers.extend(config.nameservers.iter().cloned());
            searches.extend(config.searches.iter().cloned());
            let more = config.other.get("options").and_then(Value::as_array).into_iter().flatten();
            options.extend(more.filter_map(resolver_option));
        }
        host.dns = (!servers.is_empty()).then_some(servers);
        host.dns_search = (!searches.is_empty()).then_some(searches);
        host.dns_options = Some(options);
    }

    fn extra_hosts(&self) -> Vec<String> {
        let aliases = self.request.template.spec.host_aliases.iter();
        aliases.flat_map(|alias| alias.hostnames.iter().map(|name| format!("{name}:{}", alias.ip))).collect()
    }

    /// `hostPort`s: the engine leads them to the sandbox.
    fn ports(&self) -> HashMap<String, Option<Vec<PortBinding>>> {
        let mut ports: HashMap<String, Option<Vec<PortBinding>>> = HashMap::new();
        let declared = self.request.template.spec.containers.iter().flat_map(|container| &container.ports);
        for port in declared {
            let Some(host_port) = port.host_port.filter(|port| *port != 0) else { continue };
            let protocol = port.protocol.as_deref().unwrap_or("TCP").to_lowercase();
            let binding = PortBinding { host_ip: port.host_ip.clone(), host_port: Some(host_port.to_string()) };
            let bindings = ports.entry(format!("{}/{protocol}", port.container_port)).or_default();
            bindings.get_or_insert_default().push(binding);
        }
        ports
    }
}

/// Restarts are ours: the engine must never raise a container by itself.
pub(super) fn no_restarts() -> RestartPolicy {
    RestartPolicy { name: Some(RestartPolicyNameEnum::NO), maximum_retry_count: None }
}

/// Probes are ours: the `HEALTHCHECK` of an image would run commands in the container that nobody declared.
pub(super) fn no_health_check() -> HealthConfig {
    HealthConfig { test: Some(vec!["NONE".to_owned()]), ..HealthConfig::default() }
}

fn resolver_option(option: &Value) -> Option<String> {
    let name = option.get("name")?.as_str()?;
    Some(match option.get("value").and_then(Value::as_str) {
        Some(value) => format!("{name}:{value}"),
        None => name.to_owned(),
    })
}
