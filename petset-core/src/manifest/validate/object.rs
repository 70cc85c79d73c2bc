//! Services, config maps and secrets.

use std::collections::{BTreeMap, BTreeSet};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::{Violation, path};
use super::checks::Checks;
use super::{meta, names};
use crate::spec::{ConfigObject, IntOrString, ObjectMeta, Service};

/// Kubernetes' limit for the contents of a config map or secret.
const DATA_MAX_BYTES: usize = 1 << 20;

/// Everything that is wrong with a service, config map or secret whose defaults are filled in.
pub(crate) fn check(object: &ConfigObject) -> Vec<Violation> {
    let mut checks = Checks::default();
    let rule = match object {
        ConfigObject::Service(_) => names::dns_1035_label,
        ConfigObject::ConfigMap(_) | ConfigObject::Secret(_) => names::dns_subdomain,
    };
    let metadata: &ObjectMeta = object.metadata();
    checks.named("metadata.name", &metadata.name, rule);
    checks.named("metadata.namespace", &metadata.namespace, names::dns_label);
    meta::labels_and_annotations("metadata", metadata, &mut checks);
    match object {
        ConfigObject::Service(service) => service_spec("spec", service, &mut checks),
        ConfigObject::ConfigMap(map) => {
            data(("data", &map.data), ("binaryData", &map.binary_data), &mut checks);
            for key in map.data.keys().filter(|key| map.binary_data.contains_key(*key)) {
                checks.wrong(path::key("binaryData", key), key, "duplicate of a key in `data`");
            }
        }
        ConfigObject::Secret(secret) => data(("stringData", &secret.string_data), ("data", &secret.data), &mut checks),
    }
    checks.into_found()
}

type Entries<'a> = (&'a str, &'a BTreeMap<String, String>);

fn data(texts: Entries<'_>, coded: Entries<'_>, checks: &mut Checks) {
    for (field, entries) in [texts, coded] {
        for key in entries.keys() {
            checks.follows(&path::key(field, key), key, names::config_key);
        }
    }
    for (key, value) in coded.1 {
        let packed: String = value.chars().filter(|c| !c.is_ascii_whitespace()).collect();
        if STANDARD.decode(packed).is_err() {
            checks.missing(path::key(coded.0, key), "must be base64 (the value is not shown)");
        }
    }
    let bytes: usize = [texts.1, coded.1].into_iter().flatten().map(|(key, value)| key.len() + value.len()).sum();
    // Base64 takes four bytes for three.
    if bytes / 4 * 3 > DATA_MAX_BYTES {
        checks.missing(texts.0, format!("must have at most {DATA_MAX_BYTES} bytes in all"));
    }
}

fn service_spec(at: &str, service: &Service, checks: &mut Checks) {
    let spec = &service.spec;
    let kind = spec.other.get("type").and_then(|kind| kind.as_str()).unwrap_or("ClusterIP");
    checks.one_of(&path::key(at, "type"), kind, &["ClusterIP", "NodePort", "LoadBalancer", "ExternalName"]);
    meta::labels(&path::key(at, "selector"), &spec.selector, checks);
    if let Some(ip) = spec.cluster_ip.as_deref().filter(|ip| !matches!(*ip, "" | "None"))
        && ip.parse::<std::net::IpAddr>().is_err()
    {
        checks.wrong(path::key(at, "clusterIP"), ip, "must be empty, 'None', or an IP address");
    }
    let at = path::key(at, "ports");
    if spec.ports.is_empty() && !service.is_headless() && kind != "ExternalName" {
        checks.missing(&at, "required: at least one port, unless `clusterIP` is 'None'");
    }
    let mut seen = BTreeSet::new();
    for (index, port) in spec.ports.iter().enumerate() {
        let at = path::index(&at, index);
        let name = path::key(&at, "name");
        match port.name.as_deref() {
            None | Some("") if spec.ports.len() > 1 => checks.missing(&name, "required when there are several ports"),
            None | Some("") => {}
            Some(text) => {
                checks.follows(&name, text, names::dns_label);
                checks.unique(&name, text, &mut seen);
            }
        }
        checks.port(&path::key(&at, "port"), port.port);
        let target = path::key(&at, "targetPort");
        match &port.target_port {
            None => {}
            Some(IntOrString::Int(number)) => checks.port(&target, *number),
            Some(IntOrString::String(name)) => checks.named(&target, name, names::port_name),
        }
        if let Some(protocol) = &port.protocol {
            checks.one_of(&path::key(&at, "protocol"), protocol, &["TCP", "UDP", "SCTP"]);
        }
    }
}
