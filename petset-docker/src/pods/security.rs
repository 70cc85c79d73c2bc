//! Security contexts as the engine knows them.

use bollard::models::{ContainerCreateBody, HostConfig};
use petset_core::spec::Verbatim;
use serde_json::Value;

/// What the pod's and the container's context say together; the container's own word wins.
#[derive(Debug, Clone, Copy)]
pub(super) struct Security<'a> {
    pod: Option<&'a Verbatim>,
    container: Option<&'a Verbatim>,
}

impl<'a> Security<'a> {
    pub(super) fn new(pod: Option<&'a Verbatim>, container: Option<&'a Verbatim>) -> Self {
        Self { pod, container }
    }

    /// What they say under `key`.
    pub(super) fn value(self, key: &str) -> Option<&'a Value> {
        let own = self.container.and_then(|context| context.get(key)).filter(|value| !value.is_null());
        own.or_else(|| self.pod.and_then(|context| context.get(key)).filter(|value| !value.is_null()))
    }

    /// Whether they say that `key` is true.
    pub(super) fn is(self, key: &str) -> bool {
        self.value(key) == Some(&Value::Bool(true))
    }

    /// The group of volumes.
    pub(super) fn fs_group(self) -> Option<u64> {
        self.value("fsGroup").and_then(Value::as_u64)
    }

    /// Whether the user must not be root, and nobody said yet who it is.
    pub(super) fn must_look_at_user(self) -> bool {
        self.is("runAsNonRoot") && self.value("runAsUser").is_none()
    }

    /// Sets what the contexts say.
    pub(super) fn apply(self, body: &mut ContainerCreateBody, host: &mut HostConfig) {
        let number = |key| self.value(key).and_then(Value::as_u64);
        if let Some(user) = number("runAsUser") {
            let group = number("runAsGroup").map_or_else(String::new, |group| format!(":{group}"));
            body.user = Some(format!("{user}{group}"));
        }
        let more = self.value("supplementalGroups").and_then(Value::as_array).into_iter().flatten();
        let groups: Vec<String> =
            more.filter_map(Value::as_u64).chain(self.fs_group()).map(|group| group.to_string()).collect();
        host.group_add = (!groups.is_empty()).then_some(groups);
        host.readonly_rootfs = Some(self.is("readOnlyRootFilesystem"));
        host.privileged = Some(self.is("privileged"));
        if self.value("allowPrivilegeEscalation") == Some(&Value::Bool(false)) {
            host.security_opt = Some(vec!["no-new-privileges:true".to_owned()]);
        }
        host.cap_add = capabilities(self.value("capabilities"), "add");
        host.cap_drop = capabilities(self.value("capabilities"), "drop");
    }
}

fn capabilities(of: Option<&Value>, key: &str) -> Option<Vec<String>> {
    let names = of?.get(key)?.as_array()?;
    Some(names.iter().filter_map(Value::as_str).map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_containers_own_word_wins() {
        let verbatim = |value: Value| value.as_object().cloned();
        let pod = verbatim(json!({ "runAsUser": 1000, "runAsGroup": 7, "fsGroup": 9, "supplementalGroups": [8] }));
        let own = verbatim(json!({ "runAsUser": 5, "capabilities": { "drop": ["ALL"], "add": ["CHOWN"] } }));
        let (mut body, mut host) = (ContainerCreateBody::default(), HostConfig::default());
        Security::new(pod.as_ref(), own.as_ref()).apply(&mut body, &mut host);
        assert_eq!(body.user.as_deref(), Some("5:7"));
        assert_eq!(host.group_add, Some(vec!["8".to_owned(), "9".to_owned()]));
        assert_eq!((host.cap_add, host.cap_drop), (Some(vec!["CHOWN".to_owned()]), Some(vec!["ALL".to_owned()])));
        assert_eq!((host.privileged, host.readonly_rootfs), (Some(false), Some(false)));
    }
}
