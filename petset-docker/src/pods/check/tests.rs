//! What is refused, by path.

use serde_json::{Value, json};

use super::{Ground, check};
use crate::pods::options::PodOptions;

const HOST: &str = "unix:///srv/engine.sock";

/// The paths that are refused of a pod spec with one container.
fn refused(ground: Ground<'_>, spec: &Value, container: &Value) -> Vec<String> {
    let mut spec = spec.clone();
    let mut main = json!({ "name": "main", "image": "busybox" });
    main.as_object_mut().expect("fields").extend(container.as_object().expect("fields").clone());
    spec["containers"] = json!([main]);
    let template = serde_json::from_value(json!({ "spec": spec })).expect("a template");
    check(&template, ground).into_iter().map(|violation| violation.path).collect()
}

fn users(pod: &Value, container: &Value) -> Vec<String> {
    let options = PodOptions::default();
    let spec = json!({ "securityContext": pod });
    refused(Ground { options: &options, host: HOST, far: false }, &spec, &json!({ "securityContext": container }))
}

#[test]
fn s22_nobody_is_root_where_either_context_says_so() {
    let (not_root, root) = (json!({ "runAsNonRoot": true }), json!({ "runAsUser": 0 }));
    assert_eq!(users(&not_root, &root), ["spec.containers[0].securityContext.runAsUser"]);
    assert_eq!(users(&root, &not_root), ["spec.securityContext.runAsUser"]);
    assert!(users(&json!({ "runAsNonRoot": true, "runAsUser": 0 }), &json!({ "runAsUser": 1 })).is_empty());
    assert!(users(&not_root, &json!({ "runAsNonRoot": false, "runAsUser": 0 })).is_empty(), "its own word wins");
}

#[test]
fn a_group_needs_a_user() {
    let group = json!({ "runAsGroup": 7 });
    assert_eq!(users(&group, &json!({})), ["spec.securityContext.runAsGroup"]);
    assert_eq!(users(&json!({}), &group), ["spec.containers[0].securityContext.runAsGroup"]);
    assert!(users(&group, &json!({ "runAsUser": 5 })).is_empty());
}

#[test]
fn s22_a_path_of_the_host_is_allowed_as_a_whole_and_without_an_engine_in_it() {
    let options = PodOptions { allowed_host_paths: vec!["/srv".into()], ..PodOptions::default() };
    let refused = |path: &str, part: &str| {
        let spec = json!({ "volumes": [{ "name": "a", "hostPath": { "path": path } }] });
        let mount = json!({ "volumeMounts": [{ "name": "a", "mountPath": "/a", "subPath": part }] });
        refused(Ground { options: &options, host: HOST, far: false }, &spec, &mount)
    };
    assert!(refused("/srv/a", "").is_empty());
    assert_eq!(refused("/srv/a", "x"), ["spec.containers[0].volumeMounts[0].subPath"]);
    for path in ["/srv", "/srv/engine.sock", "/srv/../etc", "/etc"] {
        assert_eq!(refused(path, ""), ["spec.volumes[0].hostPath.path"], "{path}");
    }
}

#[test]
fn a_kind_of_path_that_nobody_looks_at_is_refused() {
    let options = PodOptions { allowed_host_paths: vec!["/srv".into()], ..PodOptions::default() };
    let refused = |kind: &str| {
        let spec = json!({ "volumes": [{ "name": "a", "hostPath": { "path": "/srv/a", "type": kind } }] });
        refused(Ground { options: &options, host: HOST, far: false }, &spec, &json!({}))
    };
    for kind in ["Directory", "File", "Socket", "DirectoryOrCreate", "x"] {
        assert_eq!(refused(kind), ["spec.volumes[0].hostPath.type"], "{kind}");
    }
    assert!(refused("").is_empty());
}

#[test]
fn a_limit_that_no_container_can_start_with_is_refused() {
    let options = PodOptions::default();
    let refused = |memory: &str| {
        let container = json!({ "resources": { "limits": { "memory": memory, "cpu": "1m" } } });
        refused(Ground { options: &options, host: HOST, far: false }, &json!({}), &container)
    };
    assert_eq!(refused("5Mi"), ["spec.containers[0].resources.limits.memory"]);
    assert!(refused("6Mi").is_empty());
}

#[test]
fn a_pod_that_nobody_reaches_is_asked_by_commands_only() {
    let options = PodOptions::default();
    let http = json!({ "httpGet": { "port": 80 } });
    let tcp = json!({ "tcpSocket": { "port": 80 } });
    let exec = json!({ "exec": { "command": ["true"] } });
    let container = json!({
        "startupProbe": exec,
        "readinessProbe": http,
        "livenessProbe": tcp,
        "lifecycle": { "postStart": exec, "preStop": http },
    });
    let refused = |far: bool| refused(Ground { options: &options, host: HOST, far }, &json!({}), &container);
    let paths = ["readinessProbe.httpGet", "livenessProbe.tcpSocket", "lifecycle.preStop.httpGet"];
    assert_eq!(refused(true), paths.map(|path| format!("spec.containers[0].{path}")));
    assert!(refused(false).is_empty());
}

#[test]
fn a_policy_for_what_is_in_a_volume_is_refused() {
    let pod = json!({ "fsGroup": 7, "fsGroupChangePolicy": "OnRootMismatch" });
    assert_eq!(users(&pod, &json!({})), ["spec.securityContext.fsGroupChangePolicy"]);
}
