//! A container's variables.

use std::net::IpAddr;

use super::lookup::{Kind, failure, into_text};
use super::{expand, field};
use crate::backend::PodRequest;
use crate::error::{ErrorKind, Result};
use crate::names::PodUid;
use crate::spec::{Container, EnvFromSource, EnvVarSource, KeyRef};

/// What is known of one incarnation when its containers start.
#[derive(Debug, Clone, Copy)]
pub struct PodFacts<'a> {
    /// What was asked for: names, labels, template, config maps and secrets.
    pub request: &'a PodRequest,
    /// The incarnation.
    pub uid: &'a PodUid,
    /// The pod's address.
    pub pod_ip: Option<IpAddr>,
    /// The node's address.
    pub host_ip: Option<IpAddr>,
    /// The node's name.
    pub node_name: &'a str,
}

/// The variables of a container, each name once: first `envFrom`, then `env` in order, and the later value wins.
///
/// `$(NAME)` in a `value` is [expanded](super::expand()) with the variables before it.
///
/// # Errors
/// `NotFound`, worth a retry, when a config map, a secret, a key or an address is missing that is not `optional`;
/// `Invalid` when a reference can never be resolved. Both name the path.
pub fn container_env(container: &Container, facts: &PodFacts<'_>) -> Result<Vec<(String, String)>> {
    let at = path_of(container, facts);
    let mut env = Env::default();
    for (index, from) in container.env_from.iter().enumerate() {
        add_all(from, facts, &format!("{at}.envFrom[{index}]"), &mut env)?;
    }
    for (index, var) in container.env.iter().enumerate() {
        let at = format!("{at}.env[{index}]");
        let value = match (&var.value, &var.value_from) {
            (_, Some(source)) => value_from(source, container, facts, &format!("{at}.valueFrom"))?,
            (Some(text), None) => Some(expand(text, &env.0)),
            (None, None) => Some(String::new()),
        };
        if let Some(value) = value {
            env.set(&var.name, value, &at)?;
        }
    }
    Ok(env.0)
}

#[derive(Default)]
struct Env(Vec<(String, String)>);

impl Env {
    fn set(&mut self, name: &str, value: String, path: &str) -> Result<()> {
        if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
            return Err(failure(ErrorKind::Invalid, path, format!("`{name}` cannot be a variable")));
        }
        match self.0.iter_mut().find(|(known, _)| known == name) {
            Some((_, old)) => *old = value,
            None => self.0.push((name.to_owned(), value)),
        }
        Ok(())
    }
}

fn add_all(from: &EnvFromSource, facts: &PodFacts<'_>, at: &str, env: &mut Env) -> Result<()> {
    let (kind, reference, path) = match (&from.config_map_ref, &from.secret_ref) {
        (Some(reference), _) => (Kind::ConfigMap, reference, format!("{at}.configMapRef")),
        (None, Some(reference)) => (Kind::Secret, reference, format!("{at}.secretRef")),
        (None, None) => return Err(failure(ErrorKind::Invalid, at, "expected `configMapRef` or `secretRef`")),
    };
    let Some(source) =
        kind.find(&facts.request.config, &reference.name, reference.optional.unwrap_or_default(), &path)?
    else {
        return Ok(());
    };
    for (key, bytes) in source.all(false, &path)? {
        let value = into_text(bytes, &key, &path)?;
        env.set(&format!("{}{key}", from.prefix), value, &path)?;
    }
    Ok(())
}

fn value_from(source: &EnvVarSource, container: &Container, facts: &PodFacts<'_>, at: &str) -> Result<Option<String>> {
    if let Some(reference) = &source.field_ref {
        field::field(reference, false, facts, &format!("{at}.fieldRef")).map(Some)
    } else if let Some(reference) = &source.resource_field_ref {
        field::resource(reference, Some(container), facts, &format!("{at}.resourceFieldRef")).map(Some)
    } else if let Some(reference) = &source.config_map_key_ref {
        one_key(Kind::ConfigMap, reference, facts, &format!("{at}.configMapKeyRef"))
    } else if let Some(reference) = &source.secret_key_ref {
        one_key(Kind::Secret, reference, facts, &format!("{at}.secretKeyRef"))
    } else {
        let message = "expected `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`";
        Err(failure(ErrorKind::Invalid, at, message))
    }
}

fn one_key(kind: Kind, reference: &KeyRef, facts: &PodFacts<'_>, path: &str) -> Result<Option<String>> {
    let KeyRef { name, key, optional } = reference;
    let optional = optional.unwrap_or_default();
    let Some(source) = kind.find(&facts.request.config, name, optional, path)? else { return Ok(None) };
    source.get(key, optional, path)?.map(|bytes| into_text(bytes, key, path)).transpose()
}

/// Where the container stands in the set's declaration, so that an error leads to the line.
fn path_of(container: &Container, facts: &PodFacts<'_>) -> String {
    let spec = &facts.request.template.spec;
    let index = |list: &[Container]| list.iter().position(|other| other.name == container.name);
    match (index(&spec.containers), index(&spec.init_containers)) {
        (Some(index), _) => format!("spec.template.spec.containers[{index}]"),
        (None, Some(index)) => format!("spec.template.spec.initContainers[{index}]"),
        (None, None) => format!("container `{}`", container.name),
    }
}
