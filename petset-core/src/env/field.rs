//! The downward API: fields of the pod, and limits and requests of its containers.

use std::collections::BTreeMap;
use std::net::IpAddr;

use super::PodFacts;
use super::lookup::failure;
use crate::error::{ErrorKind, Result};
use crate::spec::{Container, FieldRef, Quantity, ResourceFieldRef};

/// A field of the pod that can be referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FieldPath<'a> {
    Name,
    Namespace,
    Uid,
    Label(&'a str),
    Annotation(&'a str),
    Labels,
    Annotations,
    NodeName,
    ServiceAccountName,
    PodIp,
    HostIp,
}

impl<'a> FieldPath<'a> {
    /// What a reference may say in a variable, for messages.
    pub(crate) const IN_VARIABLES: &'static str = "`metadata.name`, `metadata.namespace`, `metadata.uid`, \
        `metadata.labels['<key>']`, `metadata.annotations['<key>']`, `spec.nodeName`, `spec.serviceAccountName`, \
        `status.podIP`, `status.podIPs`, `status.hostIP`, `status.hostIPs`";
    /// What a reference may say in a file, for messages.
    pub(crate) const IN_FILES: &'static str = "`metadata.name`, `metadata.namespace`, `metadata.uid`, \
        `metadata.labels`, `metadata.annotations`, `metadata.labels['<key>']`, `metadata.annotations['<key>']`";

    /// Reads a field path.
    pub(crate) fn parse(path: &'a str) -> Option<Self> {
        Some(match path {
            "metadata.name" => Self::Name,
            "metadata.namespace" => Self::Namespace,
            "metadata.uid" => Self::Uid,
            "metadata.labels" => Self::Labels,
            "metadata.annotations" => Self::Annotations,
            "spec.nodeName" => Self::NodeName,
            "spec.serviceAccountName" => Self::ServiceAccountName,
            "status.podIP" | "status.podIPs" => Self::PodIp,
            "status.hostIP" | "status.hostIPs" => Self::HostIp,
            subscripted => {
                let (map, key) = subscripted.strip_suffix("']")?.split_once("['")?;
                match map {
                    "metadata.labels" if !key.is_empty() => Self::Label(key),
                    "metadata.annotations" if !key.is_empty() => Self::Annotation(key),
                    _ => return None,
                }
            }
        })
    }

    /// Whether a file may hold it: only what does not change with the pod's place.
    pub(crate) fn fits_files(self) -> bool {
        match self {
            Self::Name
            | Self::Namespace
            | Self::Uid
            | Self::Label(_)
            | Self::Annotation(_)
            | Self::Labels
            | Self::Annotations => true,
            Self::NodeName | Self::ServiceAccountName | Self::PodIp | Self::HostIp => false,
        }
    }

    /// Whether a variable may hold it: everything but a whole map.
    pub(crate) fn fits_variables(self) -> bool {
        !matches!(self, Self::Labels | Self::Annotations)
    }
}

/// A limit or request that can be referred to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct ResourcePath<'a> {
    limits: bool,
    resource: &'a str,
}

impl<'a> ResourcePath<'a> {
    /// What a reference may say, for messages.
    pub(crate) const ACCEPTED: &'static str = "`limits.` or `requests.` with `cpu`, `memory`, `ephemeral-storage` or \
        `hugepages-<size>`";

    /// Reads the path of a limit or request.
    pub(crate) fn parse(path: &'a str) -> Option<Self> {
        let (list, resource) = path.split_once('.')?;
        let known = matches!(resource, "cpu" | "memory" | "ephemeral-storage") || resource.starts_with("hugepages-");
        match list {
            "limits" if known => Some(Self { limits: true, resource }),
            "requests" if known => Some(Self { limits: false, resource }),
            _ => None,
        }
    }
}

/// The value of a field of the pod.
pub(super) fn field(reference: &FieldRef, in_file: bool, facts: &PodFacts<'_>, path: &str) -> Result<String> {
    let template = &facts.request.template;
    let annotations = &template.metadata.annotations;
    let text = reference.field_path.as_str();
    let parsed = FieldPath::parse(text)
        .filter(|parsed| if in_file { parsed.fits_files() } else { parsed.fits_variables() })
        .ok_or_else(|| {
            let accepted = if in_file { FieldPath::IN_FILES } else { FieldPath::IN_VARIABLES };
            failure(ErrorKind::Invalid, path, format!("`{text}` cannot be referred to; supported are {accepted}"))
        })?;
    Ok(match parsed {
        FieldPath::Name => facts.request.name(),
        FieldPath::Namespace => facts.request.set.namespace.to_string(),
        FieldPath::Uid => facts.uid.to_string(),
        FieldPath::Label(key) => facts.request.labels.get(key).cloned().unwrap_or_default(),
        FieldPath::Annotation(key) => annotations.get(key).cloned().unwrap_or_default(),
        FieldPath::Labels => as_lines(&facts.request.labels),
        FieldPath::Annotations => as_lines(annotations),
        FieldPath::NodeName => facts.node_name.to_owned(),
        FieldPath::ServiceAccountName => {
            template.spec.service_account_name.clone().unwrap_or_else(|| "default".to_owned())
        }
        FieldPath::PodIp => address(facts.pod_ip, "the pod has no address yet", path)?,
        FieldPath::HostIp => address(facts.host_ip, "the node has no known address", path)?,
    })
}

fn address(ip: Option<IpAddr>, missing: &str, path: &str) -> Result<String> {
    ip.map(|ip| ip.to_string()).ok_or_else(|| failure(ErrorKind::NotFound, path, missing))
}

/// One `key="value"` per line, by key, without an end of line after the last one.
fn as_lines(map: &BTreeMap<String, String>) -> String {
    let lines: Vec<String> = map.iter().map(|(key, value)| format!("{key}={}", quoted(value))).collect();
    lines.join("\n")
}

/// Quotes as Go's `%q` does, which is what readers of such files expect.
fn quoted(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => quoted.extend(['\\', c]),
            '\u{7}' => quoted.push_str("\\a"),
            '\u{8}' => quoted.push_str("\\b"),
            '\u{c}' => quoted.push_str("\\f"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            '\u{b}' => quoted.push_str("\\v"),
            c if c.is_ascii_control() => quoted.extend(["\\x", &format!("{:02x}", u32::from(c))]),
            c if c.is_control() => quoted.extend(["\\u", &format!("{:04x}", u32::from(c))]),
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// The value of a limit or request, divided and rounded up.
pub(super) fn resource(
    reference: &ResourceFieldRef,
    own: Option<&Container>,
    facts: &PodFacts<'_>,
    path: &str,
) -> Result<String> {
    let spec = &facts.request.template.spec;
    let text = reference.resource.as_str();
    let invalid = |message: String| failure(ErrorKind::Invalid, path, message);
    let parsed = ResourcePath::parse(text)
        .ok_or_else(|| invalid(format!("`{text}` cannot be referred to; supported are {}", ResourcePath::ACCEPTED)))?;
    let container = match &reference.container_name {
        Some(name) => spec
            .containers
            .iter()
            .chain(&spec.init_containers)
            .find(|container| container.name == *name)
            .ok_or_else(|| invalid(format!("there is no container `{name}`")))?,
        None => own.ok_or_else(|| invalid("`containerName` is required here".to_owned()))?,
    };
    let Some(amount) = amount(container, parsed) else {
        if parsed.limits {
            let name = &container.name;
            return Err(invalid(format!("container `{name}` says no `{text}`, and none is known for it")));
        }
        return Ok("0".to_owned());
    };
    let one = Quantity::from("1");
    let divisor = reference.divisor.as_ref().filter(|divisor| !matches!(divisor.as_str(), "" | "0")).unwrap_or(&one);
    // Memory counts in whole bytes, processors in thousandths; the quotient is the same either way.
    let (amount_milli, divisor_milli) = (amount.milli(), divisor.milli().filter(|milli| *milli > 0));
    match (amount_milli, divisor_milli) {
        (Some(amount), Some(divisor)) => Ok((amount / divisor + i128::from(amount % divisor != 0)).to_string()),
        (None, _) => Err(invalid(format!("`{amount}` is no quantity"))),
        (_, None) => Err(invalid(format!("the divisor `{divisor}` is no quantity"))),
    }
}

/// The limit; or the request, for which the limit stands in as in Kubernetes.
fn amount<'c>(container: &'c Container, path: ResourcePath<'_>) -> Option<&'c Quantity> {
    let resources = container.resources.as_ref()?;
    let limit = resources.limits.get(path.resource);
    if path.limits { limit } else { resources.requests.get(path.resource).or(limit) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_known_fields_are_paths() {
        assert_eq!(FieldPath::parse("metadata.labels['app']"), Some(FieldPath::Label("app")));
        assert_eq!(FieldPath::parse("metadata.annotations['a/b']"), Some(FieldPath::Annotation("a/b")));
        for foreign in ["", "metadata", "metadata.labels['']", "metadata.labels[app]", "spec.hostname['x']", "']['"] {
            assert_eq!(FieldPath::parse(foreign), None, "{foreign}");
        }
        assert!(ResourcePath::parse("limits.cpu").is_some());
        assert!(ResourcePath::parse("requests.hugepages-2Mi").is_some());
        for foreign in ["", "cpu", "limits.", "limits.gpu", "caps.cpu"] {
            assert_eq!(ResourcePath::parse(foreign), None, "{foreign}");
        }
    }

    #[test]
    fn values_in_files_are_quoted_as_go_does() {
        assert_eq!(quoted("a\"b\\c\n\u{1}ü\u{85}"), "\"a\\\"b\\\\c\\n\\x01ü\\u0085\"");
    }
}
