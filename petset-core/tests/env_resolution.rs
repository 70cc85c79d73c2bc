//! Variables and volume files of a pod, from references to plain values.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::path::PathBuf;
use std::sync::Arc;

use petset_core::backend::{ConfigBundle, DnsSettings, PodRequest};
use petset_core::env::{PodFacts, container_env, volume_files};
use petset_core::spec::{Container, PodTemplate, Volume};
use petset_core::{ErrorKind, Ordinal, PodUid, Retry, RevisionName, SetKey, SetUid};
use serde_json::{Value, json};

fn request(container: &Value, volume: &Value) -> PodRequest {
    let template: PodTemplate = serde_json::from_value(json!({
        "metadata": {"annotations": {"note": "a \"b\"", "empty": ""}},
        "spec": {
            "serviceAccountName": "robot",
            "containers": [container, {"name": "other", "resources": {"limits": {"cpu": "250m"}}}],
            "volumes": [volume],
        },
    }))
    .unwrap();
    let maps = json!({
        "settings": {"metadata": {"name": "settings"}, "data": {"mode": "fast", "level": "3"}, "binaryData": {"blob": "AAEC"}},
        "evil": {"metadata": {"name": "evil"}, "data": {"../x": "out"}},
    });
    let secrets = json!({
        "keys": {"metadata": {"name": "keys"}, "data": {"user": "cm9vdA==", "raw": "//8=", "bad": "%%"},
            "stringData": {"user": "admin"}},
    });
    PodRequest {
        set: SetKey::new("prod", "db"),
        owner: SetUid::new("owner"),
        ordinal: Ordinal(3),
        revision: RevisionName::new("db-abc"),
        template: Arc::new(template),
        labels: BTreeMap::from([("app".to_owned(), "db".to_owned()), ("zone".to_owned(), "x".to_owned())]),
        claims: BTreeMap::new(),
        claim_uids: BTreeMap::new(),
        config: Arc::new(ConfigBundle {
            config_maps: serde_json::from_value(maps).unwrap(),
            secrets: serde_json::from_value(secrets).unwrap(),
        }),
        dns: DnsSettings::default(),
    }
}

fn with_facts<T>(request: &PodRequest, ask: impl FnOnce(&PodFacts<'_>, &Container, &Volume) -> T) -> T {
    let facts = PodFacts {
        request,
        uid: &PodUid::new("uid-1"),
        pod_ip: Some(IpAddr::V4(Ipv4Addr::new(127, 0, 0, 9))),
        host_ip: None,
        node_name: "node-a",
    };
    ask(&facts, &request.template.spec.containers[0], &request.template.spec.volumes[0])
}

#[expect(clippy::needless_pass_by_value, reason = "callers write the value in place")]
fn env_of(container: Value) -> petset_core::Result<BTreeMap<String, String>> {
    let request = request(&container, &json!({"name": "v"}));
    with_facts(&request, |facts, container, _| container_env(container, facts)).map(|env| env.into_iter().collect())
}

#[expect(clippy::needless_pass_by_value, reason = "callers write the value in place")]
fn files_of(volume: Value) -> petset_core::Result<Option<BTreeMap<PathBuf, (String, u32)>>> {
    let request = request(&json!({"name": "main", "resources": {"limits": {"memory": "1Gi"}}}), &volume);
    let files = with_facts(&request, |facts, _, volume| volume_files(volume, facts))?;
    let plain = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(files.map(|files| files.into_iter().map(|file| (file.path, (plain(&file.content), file.mode))).collect()))
}

#[test]
fn the_later_value_wins_and_references_are_expanded() {
    let env = env_of(json!({"name": "main",
        "envFrom": [{"prefix": "P_", "configMapRef": {"name": "settings"}}, {"secretRef": {"name": "no", "optional": true}}],
        "env": [{"name": "P_level", "value": "4"}, {"name": "both", "value": "$(P_mode)-$(P_level)-$$(x)-$(later)"},
                {"name": "later", "value": "x"}, {"name": "none"}]}))
    .unwrap();
    let expected =
        [("P_level", "4"), ("P_mode", "fast"), ("both", "fast-4-$(x)-$(later)"), ("later", "x"), ("none", "")];
    assert_eq!(env, expected.map(|(name, value)| (name.to_owned(), value.to_owned())).into());
    let raw = env_of(json!({"name": "main", "envFrom": [{"secretRef": {"name": "keys"}}]}));
    assert_eq!(raw.unwrap_err().kind(), ErrorKind::Invalid, "bytes that are no text cannot be variables");
}

#[test]
fn every_field_of_the_pod_can_be_a_variable() {
    for (path, expected) in [
        ("metadata.name", "db-3"),
        ("metadata.namespace", "prod"),
        ("metadata.uid", "uid-1"),
        ("metadata.labels['app']", "db"),
        ("metadata.labels['absent']", ""),
        ("metadata.annotations['note']", "a \"b\""),
        ("spec.nodeName", "node-a"),
        ("spec.serviceAccountName", "robot"),
        ("status.podIP", "127.0.0.9"),
        ("status.podIPs", "127.0.0.9"),
    ] {
        let env =
            env_of(json!({"name": "main", "env": [{"name": "V", "valueFrom": {"fieldRef": {"fieldPath": path}}}]}));
        assert_eq!(env.unwrap()["V"], expected, "{path}");
    }
}

#[test]
fn limits_and_requests_are_divided_and_rounded_up() {
    let resources = json!({"limits": {"cpu": "1500m", "memory": "64Mi"}, "requests": {"cpu": "0.5"}});
    for (reference, expected) in [
        (json!({"resource": "limits.cpu"}), "2"),
        (json!({"resource": "limits.cpu", "divisor": "1m"}), "1500"),
        (json!({"resource": "requests.cpu", "divisor": "1m"}), "500"),
        (json!({"resource": "limits.memory"}), "67108864"),
        (json!({"resource": "limits.memory", "divisor": "1Mi"}), "64"),
        (json!({"resource": "requests.memory", "divisor": "1Gi"}), "1"),
        (json!({"resource": "requests.ephemeral-storage"}), "0"),
        (json!({"containerName": "other", "resource": "limits.cpu", "divisor": "1m"}), "250"),
    ] {
        let env = env_of(json!({"name": "main", "resources": resources,
            "env": [{"name": "V", "valueFrom": {"resourceFieldRef": reference}}]}));
        assert_eq!(env.unwrap()["V"], expected, "{reference}");
    }
}

#[test]
fn what_is_missing_is_named_with_its_path() {
    use ErrorKind::{Invalid, NotFound};
    for (source, kind, path, what) in [
        (json!({"configMapKeyRef": {"name": "gone", "key": "k"}}), NotFound, "configMapKeyRef", "config map `gone`"),
        (json!({"configMapKeyRef": {"name": "settings", "key": "k"}}), NotFound, "configMapKeyRef", "no key `k`"),
        (json!({"secretKeyRef": {"name": "gone", "key": "k"}}), NotFound, "secretKeyRef", "secret `gone`"),
        (json!({"secretKeyRef": {"name": "keys", "key": "k"}}), NotFound, "secretKeyRef", "no key `k`"),
        (json!({"secretKeyRef": {"name": "keys", "key": "bad"}}), Invalid, "secretKeyRef", "base64"),
        (json!({"secretKeyRef": {"name": "keys", "key": "raw"}}), Invalid, "secretKeyRef", "UTF-8"),
        (json!({"fieldRef": {"fieldPath": "status.hostIP"}}), NotFound, "fieldRef", "address"),
        (json!({"fieldRef": {"fieldPath": "metadata.labels"}}), Invalid, "fieldRef", "metadata.labels"),
        (json!({"resourceFieldRef": {"resource": "limits.cpu"}}), Invalid, "resourceFieldRef", "limits.cpu"),
        (json!({"resourceFieldRef": {"containerName": "x", "resource": "limits.cpu"}}), Invalid, "resource", "`x`"),
        (json!({}), Invalid, "valueFrom", "expected"),
    ] {
        let container = json!({"name": "main", "env": [{"name": "A"}, {"name": "V", "valueFrom": source}]});
        let error = env_of(container).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert_eq!(error.retry() == Retry::Backoff, kind == NotFound, "{error}");
        let text = error.to_string();
        assert!(text.contains("spec.template.spec.containers[0].env[1].valueFrom"), "{text}");
        assert!(text.contains(path) && text.contains(what), "{text}");
    }
}

#[test]
fn what_is_optional_may_be_missing() {
    let env = env_of(json!({"name": "main", "env": [
        {"name": "A", "valueFrom": {"configMapKeyRef": {"name": "gone", "key": "k", "optional": true}}},
        {"name": "B", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "gone", "optional": true}}},
        {"name": "C", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "user"}}}]}));
    assert_eq!(env.unwrap(), BTreeMap::from([("C".to_owned(), "admin".to_owned())]));
    let absent = files_of(json!({"name": "v", "secret": {"secretName": "no", "optional": true}}));
    assert_eq!(absent.unwrap().unwrap(), BTreeMap::new());
}

#[test]
fn a_config_volume_is_its_files() {
    let file = |path: &str, content: &str, mode| (PathBuf::from(path), (content.to_owned(), mode));
    assert_eq!(files_of(json!({"name": "v", "emptyDir": {}})).unwrap(), None);
    let all = files_of(json!({"name": "v", "configMap": {"name": "settings"}})).unwrap().unwrap();
    let expected = [file("mode", "fast", 0o644), file("level", "3", 0o644), file("blob", "\0\u{1}\u{2}", 0o644)];
    assert_eq!(all, expected.into());
    let some = files_of(json!({"name": "v", "secret": {"secretName": "keys", "defaultMode": 0o400,
        "items": [{"key": "user", "path": "a/./user", "mode": 0o440}]}}));
    assert_eq!(some.unwrap().unwrap(), [file("a/user", "admin", 0o440)].into());
    let memory = json!({"containerName": "main", "resource": "limits.memory", "divisor": "1Mi"});
    let projected = files_of(json!({"name": "v", "projected": {"defaultMode": 0o600, "sources": [
        {"configMap": {"name": "settings", "items": [{"key": "mode", "path": "mode"}]}},
        {"secret": {"name": "keys", "items": [{"key": "user", "path": "mode"}]}},
        {"downwardAPI": {"items": [
            {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
            {"path": "notes", "fieldRef": {"fieldPath": "metadata.annotations"}},
            {"path": "mem", "resourceFieldRef": memory}]}}]}}));
    let expected = [
        file("labels", "app=\"db\"\nzone=\"x\"", 0o600),
        file("mem", "1024", 0o600),
        file("mode", "admin", 0o600),
        file("notes", "empty=\"\"\nnote=\"a \\\"b\\\"\"", 0o600),
    ];
    assert_eq!(projected.unwrap().unwrap(), expected.into());
}

#[test]
fn no_file_leaves_its_volume() {
    for (mut volume, path) in [
        (json!({"configMap": {"name": "evil"}}), "volumes[0].configMap"),
        (
            json!({"configMap": {"name": "settings", "items": [{"key": "mode", "path": "/etc/x"}]}}),
            "configMap.items[0]",
        ),
        (
            json!({"configMap": {"name": "settings", "items": [{"key": "mode", "path": "a/../../x"}]}}),
            "configMap.items[0]",
        ),
        (json!({"configMap": {"name": "settings", "items": [{"key": "mode", "path": "."}]}}), "configMap.items[0]"),
        (json!({"configMap": {"name": "settings", "defaultMode": 4096}}), "configMap"),
        (json!({"downwardAPI": {"items": [{"path": "..", "fieldRef": {"fieldPath": "metadata.name"}}]}}), "items[0]"),
        (json!({"projected": {"sources": [{"serviceAccountToken": {}}]}}), "projected.sources[0]"),
    ] {
        volume["name"] = json!("v");
        let error = files_of(volume.clone()).expect_err(&volume.to_string());
        assert_eq!(error.kind(), ErrorKind::Invalid);
        assert!(error.to_string().contains(path), "{error}");
    }
}
