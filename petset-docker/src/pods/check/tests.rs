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

fn refused_near(spec: &Value, container: &Value) -> Vec<String> {
    refused(Ground { options: &PodOptions::default(), host: HOST, far: false }, spec, container)
}

#[test]
fn every_field_of_a_pod_that_is_not_honoured_is_named() {
    assert!(refused_near(&json!({}), &json!({})).is_empty(), "the rest of the pod is fine");
    let in_spec = [
        (json!({ "restartPolicy": "Never" }), "restartPolicy"),
        (json!({ "activeDeadlineSeconds": 5 }), "activeDeadlineSeconds"),
        (json!({ "hostNetwork": true }), "hostNetwork"),
        (json!({ "hostPID": true }), "hostPID"),
        (json!({ "hostIPC": true }), "hostIPC"),
        (json!({ "hostUsers": false }), "hostUsers"),
        (json!({ "imagePullSecrets": [{ "name": "a" }] }), "imagePullSecrets"),
        (json!({ "runtimeClassName": "fast" }), "runtimeClassName"),
        (json!({ "os": { "name": "windows" } }), "os"),
        (json!({ "dnsPolicy": "Default" }), "dnsPolicy"),
        (json!({ "setHostnameAsFQDN": true }), "setHostnameAsFQDN"),
        (json!({ "readinessGates": [{ "conditionType": "a" }] }), "readinessGates"),
        (json!({ "schedulingGates": [{ "name": "a" }] }), "schedulingGates"),
        (json!({ "nodeName": "a" }), "nodeName"),
        (json!({ "overhead": { "cpu": "1" } }), "overhead"),
        (json!({ "resources": { "limits": { "cpu": "1" } } }), "resources"),
        (json!({ "resourceClaims": [{ "name": "a" }] }), "resourceClaims"),
        (json!({ "ephemeralContainers": [{ "name": "a" }] }), "ephemeralContainers"),
        (json!({ "securityContext": { "seLinuxOptions": { "level": "a" } } }), "securityContext.seLinuxOptions"),
        (json!({ "securityContext": { "sysctls": [{ "name": "a", "value": "1" }] } }), "securityContext.sysctls"),
        (json!({ "securityContext": { "windowsOptions": {} } }), "securityContext.windowsOptions"),
        (json!({ "securityContext": { "appArmorProfile": {} } }), "securityContext.appArmorProfile"),
        (
            json!({ "securityContext": { "supplementalGroupsPolicy": "Strict" } }),
            "securityContext.supplementalGroupsPolicy",
        ),
        (
            json!({ "securityContext": { "seccompProfile": { "type": "Unconfined" } } }),
            "securityContext.seccompProfile",
        ),
        (json!({ "securityContext": { "fsGroup": "staff" } }), "securityContext.fsGroup"),
        (json!({ "volumes": [{ "name": "a", "nfs": { "server": "a" } }] }), "volumes[0].nfs"),
        (json!({ "volumes": [{ "name": "a", "csi": { "driver": "a" } }] }), "volumes[0].csi"),
        (json!({ "volumes": [{ "name": "a", "ephemeral": {} }] }), "volumes[0].ephemeral"),
        (json!({ "volumes": [{ "name": "a", "image": {} }] }), "volumes[0].image"),
        (json!({ "volumes": [{ "name": "a", "hostPath": { "path": "/etc" } }] }), "volumes[0].hostPath.path"),
        (json!({ "volumes": [{ "name": "a", "emptyDir": { "sizeLimit": "1Gi" } }] }), "volumes[0].emptyDir.sizeLimit"),
        (json!({ "volumes": [{ "name": "a", "emptyDir": { "medium": "HugePages" } }] }), "volumes[0].emptyDir.medium"),
        (
            json!({ "volumes": [{ "name": "a", "persistentVolumeClaim": { "claimName": "b" } }] }),
            "volumes[0].persistentVolumeClaim.claimName",
        ),
        (
            json!({ "volumes": [{ "name": "a", "projected": { "sources": [{ "serviceAccountToken": { "path": "a" } }] } }] }),
            "volumes[0].projected.sources[0].serviceAccountToken",
        ),
        (json!({ "dnsConfig": { "other": 1 } }), "dnsConfig.other"),
        (
            json!({ "initContainers": [{ "name": "a", "image": "b", "restartPolicy": "Always" }] }),
            "initContainers[0].restartPolicy",
        ),
        (
            json!({ "initContainers": [{ "name": "a", "image": "b", "readinessProbe": { "exec": { "command": ["a"] } } }] }),
            "initContainers[0].readinessProbe",
        ),
        (json!({ "initContainers": [{ "name": "a", "image": "b", "lifecycle": {} }] }), "initContainers[0].lifecycle"),
        (
            json!({ "initContainers": [{ "name": "a", "image": "b", "ports": [{ "containerPort": 1, "hostPort": 1 }] }] }),
            "initContainers[0].ports[0].hostPort",
        ),
    ];
    for (spec, path) in in_spec {
        assert_eq!(refused_near(&spec, &json!({})), [format!("spec.{path}")], "{spec}");
    }
}

#[test]
fn every_field_of_a_container_that_is_not_honoured_is_named() {
    let grpc = json!({ "grpc": { "port": 1 } });
    let https = json!({ "httpGet": { "port": 1, "scheme": "HTTPS" } });
    let in_container = [
        (json!({ "image": "" }), "image"),
        (json!({ "volumeDevices": [{ "name": "a", "devicePath": "/dev/a" }] }), "volumeDevices"),
        (json!({ "restartPolicyRules": [{}] }), "restartPolicyRules"),
        (json!({ "env": [{ "name": "a", "valueFrom": { "fileKeyRef": {} } }] }), "env[0].valueFrom.fileKeyRef"),
        (
            json!({ "volumeMounts": [{ "name": "a", "mountPath": "/a", "subPathExpr": "$(A)" }] }),
            "volumeMounts[0].subPathExpr",
        ),
        (
            json!({ "volumeMounts": [{ "name": "a", "mountPath": "/a", "mountPropagation": "Bidirectional" }] }),
            "volumeMounts[0].mountPropagation",
        ),
        (
            json!({ "volumeMounts": [{ "name": "a", "mountPath": "/a", "recursiveReadOnly": "Enabled" }] }),
            "volumeMounts[0].recursiveReadOnly",
        ),
        (json!({ "resources": { "limits": { "nvidia.com/gpu": "1" } } }), "resources.limits.nvidia.com/gpu"),
        (
            json!({ "resources": { "requests": { "ephemeral-storage": "1Gi" } } }),
            "resources.requests.ephemeral-storage",
        ),
        (json!({ "resources": { "limits": { "memory": "1Mi" } } }), "resources.limits.memory"),
        (json!({ "resources": { "claims": [{ "name": "a" }] } }), "resources.claims"),
        (json!({ "startupProbe": grpc }), "startupProbe.grpc"),
        (json!({ "readinessProbe": grpc }), "readinessProbe.grpc"),
        (json!({ "livenessProbe": https }), "livenessProbe.httpGet.scheme"),
        (json!({ "lifecycle": { "preStop": https } }), "lifecycle.preStop.httpGet.scheme"),
        (json!({ "lifecycle": { "postStart": { "grpc": { "port": 1 } } } }), "lifecycle.postStart.grpc"),
        (json!({ "lifecycle": { "stopSignal": "TERM" } }), "lifecycle.stopSignal"),
        (json!({ "lifecycle": { "stopSignal": 15 } }), "lifecycle.stopSignal"),
        (json!({ "securityContext": { "privileged": true } }), "securityContext.privileged"),
        (json!({ "securityContext": { "procMount": "Unmasked" } }), "securityContext.procMount"),
        (
            json!({ "securityContext": { "capabilities": { "add": ["SYS_ADMIN"] } } }),
            "securityContext.capabilities.add[0]",
        ),
        (json!({ "securityContext": { "seLinuxOptions": { "level": "a" } } }), "securityContext.seLinuxOptions"),
        (json!({ "securityContext": { "runAsUser": "root" } }), "securityContext.runAsUser"),
    ];
    for (container, path) in in_container {
        assert_eq!(refused_near(&json!({}), &container), [format!("spec.containers[0].{path}")], "{container}");
    }
}

#[test]
fn s3_a_signal_of_the_template_is_a_signals_name() {
    let options = PodOptions::default();
    let refused = |signal: &str| {
        let container = json!({ "lifecycle": { "stopSignal": signal } });
        refused(Ground { options: &options, host: HOST, far: false }, &json!({ "os": { "name": "linux" } }), &container)
    };
    for signal in ["SIGTERM", "SIGUSR1", "SIGRTMIN+3"] {
        assert!(refused(signal).is_empty(), "{signal}");
    }
    for signal in ["", "SIG", "usr1", "SIGUSR1; true"] {
        assert_eq!(refused(signal), ["spec.containers[0].lifecycle.stopSignal"], "{signal}");
    }
}
