//! Malformed manifests, generated from a valid one: each ends in an error that names the field, none in a panic.
#![recursion_limit = "512"]
use std::collections::BTreeSet;

use petset_core::manifest::{Manifest, ManifestError};
use serde_json::{Value, json};

/// A valid set that says something at every typed field.
fn valid() -> Value {
    json!({
        "apiVersion": "petset.rs/v1", "kind": "PetSet",
        "metadata": {"name": "web", "namespace": "prod", "labels": {"app": "x"}, "annotations": {"note": "y"}},
        "spec": {
            "replicas": 3, "serviceName": "nginx", "minReadySeconds": 1, "revisionHistoryLimit": 5,
            "podManagementPolicy": "Parallel", "ordinals": {"start": 2},
            "selector": {"matchLabels": {"app": "x"},
                "matchExpressions": [{"key": "app", "operator": "In", "values": ["x"]}]},
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 1, "maxUnavailable": "50%"}},
            "persistentVolumeClaimRetentionPolicy": {"whenScaled": "Retain", "whenDeleted": "Delete"},
            "template": {
                "metadata": {"labels": {"app": "x"}, "annotations": {"petset.rs/initialized": "true"}},
                "spec": {
                    "restartPolicy": "Always", "terminationGracePeriodSeconds": 3, "serviceAccountName": "robot",
                    "hostNetwork": true, "hostPID": true, "hostIPC": true, "securityContext": {"runAsUser": 1},
                    "hostAliases": [{"ip": "127.0.0.1", "hostnames": ["a.b"]}],
                    "dnsConfig": {"nameservers": ["1.1.1.1"], "searches": ["x.y"]},
                    "initContainers": [{"name": "init", "image": "i"}],
                    "containers": [{
                        "name": "main", "image": "i", "imagePullPolicy": "Always", "command": ["a"], "args": ["b"],
                        "workingDir": "/w",
                        "env": [{"name": "A", "value": "1"},
                            {"name": "B", "valueFrom": {"fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.name"}}},
                            {"name": "C", "valueFrom": {"resourceFieldRef": {"containerName": "main",
                                "resource": "limits.cpu", "divisor": "1m"}}},
                            {"name": "D", "valueFrom": {"configMapKeyRef": {"name": "m", "key": "k", "optional": true}}},
                            {"name": "E", "valueFrom": {"secretKeyRef": {"name": "m", "key": "k", "optional": true}}}],
                        "envFrom": [{"prefix": "P_", "configMapRef": {"name": "m", "optional": true}},
                            {"secretRef": {"name": "s", "optional": true}}],
                        "ports": [{"name": "web", "containerPort": 80, "hostPort": 8080, "hostIP": "1.2.3.4",
                            "protocol": "TCP"}],
                        "volumeMounts": [{"name": "www", "mountPath": "/www", "subPath": "a/b", "readOnly": true},
                            {"name": "conf", "mountPath": "/conf"}],
                        "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "500m"}},
                        "livenessProbe": {"exec": {"command": ["true"]}, "successThreshold": 1},
                        "readinessProbe": {"httpGet": {"path": "/", "port": "web", "host": "h", "scheme": "HTTP",
                            "httpHeaders": [{"name": "X-A", "value": "b"}]}, "initialDelaySeconds": 1,
                            "periodSeconds": 1, "timeoutSeconds": 1, "successThreshold": 2, "failureThreshold": 3},
                        "startupProbe": {"tcpSocket": {"port": 80, "host": "h"}},
                        "lifecycle": {"postStart": {"sleep": {"seconds": 1}}, "preStop": {"exec": {"command": ["x"]}}},
                        "securityContext": {"runAsUser": 1}}],
                    "volumes": [
                        {"name": "conf", "configMap": {"name": "m", "defaultMode": 420, "optional": true,
                            "items": [{"key": "k", "path": "p/q", "mode": 420}]}},
                        {"name": "secret", "secret": {"secretName": "s", "defaultMode": 420, "optional": true}},
                        {"name": "tmp", "emptyDir": {"medium": "Memory", "sizeLimit": "1Gi"}},
                        {"name": "down", "downwardAPI": {"defaultMode": 420,
                            "items": [{"path": "l", "fieldRef": {"fieldPath": "metadata.labels"}}]}},
                        {"name": "all", "projected": {"defaultMode": 420, "sources": [{"secret": {"name": "s"}}]}},
                        {"name": "own", "persistentVolumeClaim": {"claimName": "c", "readOnly": true}},
                        {"name": "host", "hostPath": {"path": "/h", "type": "Directory"}}]}},
            "volumeClaimTemplates": [{"metadata": {"name": "www", "labels": {"a": "b"}}, "spec": {
                "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
                "storageClassName": "fast", "selector": {"matchLabels": {"a": "b"}}, "volumeName": "v",
                "volumeMode": "Filesystem"}}],
        },
    })
}

/// A service, a config map and a secret, each valid.
fn valid_objects() -> [Value; 3] {
    [
        json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "nginx"}, "spec": {"clusterIP": "None",
            "publishNotReadyAddresses": true, "selector": {"a": "b"},
            "ports": [{"name": "web", "port": 80, "targetPort": "web", "protocol": "TCP"}]}}),
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}, "data": {"k": "v"},
            "binaryData": {"b": "AAEC"}}),
        json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "s"}, "type": "Opaque",
            "data": {"k": "AAEC"}, "stringData": {"t": "v"}}),
    ]
}

/// Every path of the value below metadata and spec (or data), as printed and as a JSON pointer.
fn paths(value: &Value, at: &str, pointer: &str, all: &mut Vec<(String, String)>) {
    let join = |key: &str| match (at.is_empty(), key.chars().all(|c| c.is_ascii_alphanumeric())) {
        (true, _) => key.to_owned(),
        (false, true) => format!("{at}.{key}"),
        (false, false) => format!("{at}['{key}']"),
    };
    let mut each = |at: String, key: &str, value: &Value| {
        let pointer = format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"));
        // What is inside of a security context is kept word for word, whatever it is.
        if !at.contains("securityContext.") && key != "apiVersion" && key != "kind" {
            all.push((at.clone(), pointer.clone()));
            paths(value, &at, &pointer, all);
        }
    };
    match value {
        Value::Object(fields) => fields.iter().for_each(|(key, value)| each(join(key), key, value)),
        Value::Array(items) => {
            let items = items.iter().enumerate();
            items.for_each(|(index, value)| each(format!("{at}[{index}]"), &index.to_string(), value));
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// A path as printed, from a JSON pointer whose keys are words.
fn printed(pointer: &str) -> String {
    let steps = pointer.split('/').skip(1);
    let steps = steps.map(|step| match step.parse::<usize>() {
        Ok(index) => format!("[{index}]"),
        Err(_) => format!(".{step}"),
    });
    steps.collect::<String>().trim_start_matches('.').to_owned()
}

fn error_of(text: &str) -> ManifestError {
    Manifest::parse(text).expect_err(&text.chars().take(400).collect::<String>())
}

fn assert_names(error: &ManifestError, path: &str, what: &str) {
    let found: Vec<&str> = error.violations.iter().map(|found| found.violation.path.as_str()).collect();
    assert!(found.contains(&path), "{what}: `{path}` is not in {found:?}");
    let text = error.to_string();
    assert_eq!(text.lines().count(), error.violations.len(), "one line per violation: {text}");
    assert!(text.lines().all(|line| line.len() < 1500), "{text}");
}

#[test]
fn the_originals_are_valid() {
    for document in valid_objects().into_iter().chain([valid()]) {
        Manifest::parse(&document.to_string()).unwrap_or_else(|error| panic!("{error}"));
    }
}

#[test]
fn a_wrong_type_at_any_path_is_named() {
    let mut mutations = 0;
    for original in valid_objects().into_iter().chain([valid()]) {
        let mut all = Vec::new();
        paths(&original, "", "", &mut all);
        for (path, pointer) in &all {
            let wrong = match original.pointer(pointer).unwrap() {
                Value::Bool(_) | Value::Number(_) | Value::Array(_) => json!("text"),
                Value::Object(_) => json!(7),
                // Texts that may be numbers too: ports, percentages, quantities.
                Value::String(_) => json!({"a": []}),
                Value::Null => continue,
            };
            // A port or a socket's port may be a text, but not any text.
            let mut mutated = original.clone();
            *mutated.pointer_mut(pointer).unwrap() = wrong;
            assert_names(&error_of(&mutated.to_string()), path, pointer);
            mutations += 1;
        }
    }
    assert!(mutations >= 200, "{mutations}");
}

#[test]
fn unquoted_booleans_and_numbers_are_no_texts() {
    let text = |labels: &str| {
        format!(
            "apiVersion: petset.rs/v1\nkind: PetSet\nmetadata: {{name: web, annotations: {{{labels}}}}}\nspec:\n  \
             template:\n    metadata: {{labels: {{app: x}}}}\n    spec: {{containers: [{{name: c, image: i}}]}}\n"
        )
    };
    Manifest::parse(&text("a: \"true\", b: '1', c: word")).unwrap();
    // A label of the wrong type is one violation, not also a selector that does not match.
    let mut mutated = valid();
    mutated["spec"]["template"]["metadata"]["labels"]["app"] = json!(true);
    let error = error_of(&mutated.to_string());
    assert_names(&error, "spec.template.metadata.labels.app", "label");
    assert_eq!(error.violations.len(), 1, "{error}");
    for value in ["true", "no", "1", "1.5", "[]", "{}", "0x1f"] {
        let error = error_of(&text(&format!("example.com/a: {value}")));
        assert_names(&error, "metadata.annotations['example.com/a']", value);
    }
}

#[test]
fn an_unknown_field_is_named_wherever_it_stands() {
    for (pointer, key, path) in [
        ("", "extra", "extra"),
        ("/metadata", "label", "metadata.label"),
        ("/spec", "replica", "spec.replica"),
        ("/spec/updateStrategy", "Type", "spec.updateStrategy.Type"),
        ("/spec/updateStrategy/rollingUpdate", "maxSurge", "spec.updateStrategy.rollingUpdate.maxSurge"),
        ("/spec/ordinals", "end", "spec.ordinals.end"),
        ("/spec/selector", "matchLabel", "spec.selector.matchLabel"),
        (
            "/spec/persistentVolumeClaimRetentionPolicy",
            "whenScale",
            "spec.persistentVolumeClaimRetentionPolicy.whenScale",
        ),
        ("/spec/template", "specs", "spec.template.specs"),
        ("/spec/template/spec/containers/0/ports/0", "port", "spec.template.spec.containers[0].ports[0].port"),
        ("/spec/template/spec/containers/0/env/0", "val", "spec.template.spec.containers[0].env[0].val"),
        ("/spec/volumeClaimTemplates/0", "specs", "spec.volumeClaimTemplates[0].specs"),
        ("/spec/volumeClaimTemplates/0/spec", "accessMode", "spec.volumeClaimTemplates[0].spec.accessMode"),
    ] {
        let mut mutated = valid();
        mutated.pointer_mut(pointer).unwrap()[key] = json!({"x": 1});
        assert_names(&error_of(&mutated.to_string()), path, path);
    }
    let mut mutated = valid();
    mutated["spec"]["replica"] = json!(4);
    assert!(error_of(&mutated.to_string()).to_string().contains("did you mean `replicas`?"));
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table")]
fn every_rule_names_its_field() {
    let long = "x".repeat(300);
    let c = "/spec/template/spec/containers/0";
    let v = "/spec/template/spec/volumes";
    let t = "/spec/volumeClaimTemplates/0";
    let port = |port: i32| json!({"tcpSocket": {"port": port}});
    let table: Vec<(String, Value)> = [
        // Names.
        ("/metadata/name", json!("../x")),
        ("/metadata/name", json!(long)),
        ("/metadata/name", json!("")),
        ("/metadata/name", json!("x".repeat(53))),
        ("/metadata/name", json!("Web")),
        ("/metadata/name", json!("a\0b")),
        ("/metadata/name", json!("a.b")),
        ("/metadata/name", json!("-a")),
        ("/metadata/name", json!("ünï")),
        ("/metadata/namespace", json!("../x")),
        ("/metadata/namespace", json!(long)),
        ("/metadata/namespace", json!("A")),
        ("/metadata/labels/app", json!("../x")),
        ("/metadata/labels/app", json!(long)),
        ("/spec/serviceName", json!("../x")),
        ("/spec/serviceName", json!(long)),
        ("/spec/serviceName", json!("a.b")),
        // Numbers.
        ("/spec/replicas", json!(-1)),
        ("/spec/replicas", json!(i32::MIN)),
        ("/spec/replicas", json!(1_u64 << 31)),
        ("/spec/replicas", json!(u64::MAX)),
        ("/spec/replicas", json!(1.5)),
        ("/spec/replicas", json!("3")),
        ("/spec/minReadySeconds", json!(-1)),
        ("/spec/ordinals/start", json!(-1)),
        ("/spec/ordinals/start", json!(i32::MAX)),
        ("/spec/ordinals/start", json!(i32::MAX - 1)),
        ("/spec/ordinals/start", json!(1_u64 << 31)),
        // Policies.
        ("/spec/podManagementPolicy", json!("Ordered")),
        ("/spec/podManagementPolicy", json!("")),
        ("/spec/updateStrategy/type", json!("Recreate")),
        ("/spec/updateStrategy/rollingUpdate/partition", json!(-1)),
        ("/spec/updateStrategy/rollingUpdate/maxUnavailable", json!(0)),
        ("/spec/updateStrategy/rollingUpdate/maxUnavailable", json!(-1)),
        ("/spec/updateStrategy/rollingUpdate/maxUnavailable", json!("0%")),
        ("/spec/updateStrategy/rollingUpdate/maxUnavailable", json!("101%")),
        ("/spec/updateStrategy/rollingUpdate/maxUnavailable", json!("99999999999%")),
        ("/spec/updateStrategy/rollingUpdate/maxUnavailable", json!("half")),
        ("/spec/updateStrategy/rollingUpdate/maxUnavailable", json!("%")),
        ("/spec/updateStrategy/rollingUpdate/maxUnavailable", json!("+5%")),
        ("/spec/persistentVolumeClaimRetentionPolicy/whenScaled", json!("Recycle")),
        ("/spec/persistentVolumeClaimRetentionPolicy/whenDeleted", json!("retain")),
        // Selector.
        ("/spec/selector", json!({})),
        ("/spec/selector/matchLabels/app", json!("a b")),
        ("/spec/selector/matchExpressions/0/operator", json!("Near")),
        ("/spec/selector/matchExpressions/0/key", json!("a/b/c")),
        ("/spec/selector/matchExpressions/0/values", json!([])),
        // Pod.
        ("/spec/template/metadata/labels", json!({"app": "other"})),
        ("/spec/template/spec/containers", json!([])),
        ("/spec/template/spec/restartPolicy", json!("Never")),
        ("/spec/template/spec/hostAliases/0/ip", json!("x")),
        ("/spec/template/spec/terminationGracePeriodSeconds", json!(-1)),
        ("/spec/template/spec/dnsConfig/nameservers/0", json!("dns")),
        ("/spec/template/spec/serviceAccountName", json!("../x")),
        ("/spec/template/spec/initContainers/0/name", json!("../x")),
        // Container.
        (&format!("{c}/name"), json!("../x")),
        (&format!("{c}/name"), json!(long)),
        (&format!("{c}/name"), json!("init")),
        (&format!("{c}/name"), json!("")),
        (&format!("{c}/image"), json!(" i")),
        (&format!("{c}/image"), json!("")),
        (&format!("{c}/imagePullPolicy"), json!("Sometimes")),
        (&format!("{c}/command/0"), json!("a\0")),
        (&format!("{c}/args/0"), json!("a\0")),
        (&format!("{c}/workingDir"), json!("a\0")),
        (&format!("{c}/env/0/name"), json!("A=B")),
        (&format!("{c}/env/0/name"), json!("")),
        (&format!("{c}/env/0/value"), json!("\0")),
        (&format!("{c}/env/1/valueFrom"), json!({})),
        (&format!("{c}/env/1/valueFrom/fieldRef/fieldPath"), json!("spec.hostname")),
        (&format!("{c}/env/1/valueFrom/fieldRef/fieldPath"), json!("metadata.labels")),
        (&format!("{c}/env/1/valueFrom/fieldRef/fieldPath"), json!("")),
        (&format!("{c}/env/2/valueFrom/resourceFieldRef/resource"), json!("limits.gpu")),
        (&format!("{c}/env/2/valueFrom/resourceFieldRef/divisor"), json!("much")),
        (&format!("{c}/env/3/valueFrom/configMapKeyRef/name"), json!("../x")),
        (&format!("{c}/env/3/valueFrom/configMapKeyRef/key"), json!("../x")),
        (&format!("{c}/env/4/valueFrom/secretKeyRef/key"), json!("")),
        (&format!("{c}/envFrom/0/prefix"), json!("=")),
        (&format!("{c}/envFrom/1"), json!({})),
        (&format!("{c}/envFrom/1/secretRef/name"), json!("A")),
        (&format!("{c}/ports/0/name"), json!("8080")),
        (&format!("{c}/ports/0/name"), json!("sixteen-letters1")),
        (&format!("{c}/ports/0/containerPort"), json!(0)),
        (&format!("{c}/ports/0/containerPort"), json!(65536)),
        (&format!("{c}/ports/0/hostPort"), json!(-1)),
        (&format!("{c}/ports/0/protocol"), json!("ICMP")),
        (&format!("{c}/volumeMounts/0/name"), json!("gone")),
        (&format!("{c}/volumeMounts/0/mountPath"), json!("www")),
        (&format!("{c}/volumeMounts/0/mountPath"), json!("/../x")),
        (&format!("{c}/volumeMounts/0/mountPath"), json!("")),
        (&format!("{c}/volumeMounts/1/mountPath"), json!("/www/")),
        (&format!("{c}/volumeMounts/0/subPath"), json!("../x")),
        (&format!("{c}/volumeMounts/0/subPath"), json!("/x")),
        (&format!("{c}/resources/limits/cpu"), json!("lots")),
        (&format!("{c}/resources/limits/cpu"), json!("-1")),
        (&format!("{c}/resources/requests/cpu"), json!("2")),
        // Probes.
        (&format!("{c}/livenessProbe"), json!({})),
        (&format!("{c}/livenessProbe/successThreshold"), json!(2)),
        (&format!("{c}/livenessProbe/exec/command"), json!([])),
        (&format!("{c}/startupProbe/tcpSocket/port"), json!(0)),
        (&format!("{c}/startupProbe/tcpSocket/port"), json!("gone")),
        (&format!("{c}/readinessProbe/httpGet/port"), json!("Web")),
        (&format!("{c}/readinessProbe/httpGet/scheme"), json!("FTP")),
        (&format!("{c}/readinessProbe/httpGet/httpHeaders/0/name"), json!("a b")),
        (&format!("{c}/readinessProbe/periodSeconds"), json!(0)),
        (&format!("{c}/readinessProbe/timeoutSeconds"), json!(-1)),
        (&format!("{c}/readinessProbe/failureThreshold"), json!(0)),
        (&format!("{c}/readinessProbe/initialDelaySeconds"), json!(-1)),
        (&format!("{c}/readinessProbe"), json!({"exec": {"command": ["a"]}, "tcpSocket": {"port": 1}})),
        (&format!("{c}/lifecycle/preStop"), json!({})),
        (&format!("{c}/lifecycle/postStart/sleep/seconds"), json!(-1)),
        ("/spec/template/spec/initContainers/0/readinessProbe", port(80)),
        ("/spec/template/spec/activeDeadlineSeconds", json!(1)),
        // Volumes.
        (&format!("{v}/0/name"), json!("../x")),
        (&format!("{v}/1/name"), json!("conf")),
        (&format!("{v}/1"), json!({"name": "secret"})),
        (&format!("{v}/0/configMap/name"), json!("")),
        (&format!("{v}/0/configMap/defaultMode"), json!(512)),
        (&format!("{v}/0/configMap/items/0/path"), json!("../x")),
        (&format!("{v}/0/configMap/items/0/path"), json!("/x")),
        (&format!("{v}/0/configMap/items/0/path"), json!("..x")),
        (&format!("{v}/0/configMap/items/0/key"), json!("../x")),
        (&format!("{v}/0/configMap/items/0/mode"), json!(-1)),
        (&format!("{v}/1/secret/secretName"), json!("")),
        (&format!("{v}/2/emptyDir/sizeLimit"), json!("big")),
        (&format!("{v}/3/downwardAPI/items/0/fieldRef/fieldPath"), json!("status.podIP")),
        (&format!("{v}/3/downwardAPI/items/0/path"), json!("a/../../x")),
        (&format!("{v}/4/projected/sources/0"), json!({})),
        (&format!("{v}/4/projected/sources/0/secret/name"), json!("")),
        (&format!("{v}/5/persistentVolumeClaim/claimName"), json!("../x")),
        (&format!("{v}/6/hostPath/path"), json!("../x")),
        // Claims.
        (&format!("{t}/metadata/name"), json!("../x")),
        (&format!("{t}/metadata/name"), json!("")),
        (&format!("{t}/metadata/name"), json!(long)),
        (&format!("{t}/spec/accessModes"), json!([])),
        (&format!("{t}/spec/accessModes/0"), json!("ReadWrite")),
        (&format!("{t}/spec/accessModes"), json!(["ReadWriteOncePod", "ReadWriteMany"])),
        (&format!("{t}/spec/resources/requests/storage"), json!("0")),
        (&format!("{t}/spec/resources/requests/storage"), json!("-1Gi")),
        (&format!("{t}/spec/resources/requests/storage"), json!("1 GB")),
        (&format!("{t}/spec/storageClassName"), json!("../x")),
        (&format!("{t}/spec/volumeMode"), json!("Tape")),
        (&format!("{t}/spec/volumeName"), json!("../x")),
        (&format!("{t}/spec/selector/matchLabels/a"), json!("/")),
    ]
    .into_iter()
    .map(|(pointer, value)| (pointer.to_owned(), value))
    .collect();
    for (pointer, wrong) in &table {
        let mut mutated = valid();
        let (parent, key) = pointer.rsplit_once('/').unwrap();
        let parent = mutated.pointer_mut(parent).unwrap();
        match key.parse::<usize>() {
            Ok(index) => parent[index] = wrong.clone(),
            Err(_) => parent[key] = wrong.clone(),
        }
        let path = printed(pointer);
        assert_names(&error_of(&mutated.to_string()), &path, &format!("{pointer} = {wrong}"));
    }
    assert_eq!(
        table.iter().map(|(pointer, wrong)| format!("{pointer}{wrong}")).collect::<BTreeSet<_>>().len(),
        table.len()
    );
}

#[test]
fn what_is_left_out_is_named() {
    for (parent, key, path) in [
        ("", "apiVersion", "apiVersion"),
        ("", "kind", "kind"),
        ("/metadata", "name", "metadata.name"),
        ("/spec/template/metadata", "labels", "spec.template.metadata.labels"),
        ("/spec/template/spec", "containers", "spec.template.spec.containers"),
        ("/spec/template/spec/containers/0", "name", "spec.template.spec.containers[0].name"),
        (
            "/spec/volumeClaimTemplates/0/spec",
            "resources",
            "spec.volumeClaimTemplates[0].spec.resources.requests.storage",
        ),
        ("/spec/volumeClaimTemplates/0/spec", "accessModes", "spec.volumeClaimTemplates[0].spec.accessModes"),
    ] {
        let mut mutated = valid();
        mutated.pointer_mut(parent).unwrap().as_object_mut().unwrap().remove(key);
        assert_names(&error_of(&mutated.to_string()), path, path);
    }
    let mut stateful = valid();
    (stateful["apiVersion"], stateful["kind"]) = (json!("apps/v1"), json!("StatefulSet"));
    stateful["spec"].as_object_mut().unwrap().remove("selector");
    assert_names(&error_of(&stateful.to_string()), "spec.selector", "a StatefulSet says what it selects");
}

#[test]
fn services_config_maps_and_secrets_are_checked_and_secrets_are_not_shown() {
    let [service, map, secret] = valid_objects();
    for (original, pointer, wrong, path) in [
        (&service, "/metadata/name", json!("1a"), "metadata.name"),
        (&service, "/spec/clusterIP", json!("none"), "spec.clusterIP"),
        (&service, "/spec/ports/0/port", json!(0), "spec.ports[0].port"),
        (&service, "/spec/ports/0/name", json!("Web"), "spec.ports[0].name"),
        (&service, "/spec/ports/0/targetPort", json!(70000), "spec.ports[0].targetPort"),
        (&service, "/spec/ports/0/targetPort", json!("a--b"), "spec.ports[0].targetPort"),
        (&service, "/spec/ports/0/protocol", json!("tcp"), "spec.ports[0].protocol"),
        (&service, "/spec/ports", json!([{"port": 1}, {"port": 2}]), "spec.ports[0].name"),
        (&service, "/spec/selector/a", json!("../x"), "spec.selector.a"),
        (&map, "/metadata/name", json!("../x"), "metadata.name"),
        (&map, "/data", json!({"../x": "v"}), "data['../x']"),
        (&map, "/data", json!({"b": "v"}), "binaryData.b"),
        (&map, "/data/k", json!("x".repeat(2 << 20)), "data"),
        (&map, "/binaryData/b", json!("%%"), "binaryData.b"),
        (&map, "/apiVersion", json!("v2"), "apiVersion"),
        (&map, "/kind", json!("ConfigMaps"), "kind"),
        (&map, "/kind", json!("Pod"), "kind"),
        (&map, "/kind", json!(7), "kind"),
        (&secret, "/data/k", json!("hunter2"), "data.k"),
        (&secret, "/data/k", json!({"hunter2": 1}), "data.k"),
        (&secret, "/stringData/t", json!(["hunter2"]), "stringData.t"),
        (&secret, "/data", json!("hunter2"), "data"),
        (&secret, "/stringData", json!({"..": "hunter2"}), "stringData['..']"),
    ] {
        let mut mutated = original.clone();
        *mutated.pointer_mut(pointer).unwrap() = wrong;
        let error = error_of(&mutated.to_string());
        assert_names(&error, path, pointer);
        assert!(!error.to_string().contains("hunter2"), "{error}");
    }
}

#[test]
fn several_documents_are_checked_together() {
    let claim = |name: &str| {
        json!({"metadata": {"name": name},
            "spec": {"accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1"}}}})
    };
    let mut twice = valid();
    twice["spec"]["volumeClaimTemplates"] = json!([claim("www"), claim("log"), claim("www")]);
    assert_names(&error_of(&twice.to_string()), "spec.volumeClaimTemplates[2].metadata.name", "duplicate claims");

    let both = error_of(&format!("{}\n---\n{}", valid(), valid()));
    assert_names(&both, "metadata.name", "duplicate sets");
    assert_eq!(both.violations[0].document.index, Some(2));

    let named = |set: &str, template: &str| {
        let mut named = valid();
        named["metadata"]["name"] = json!(set);
        named["spec"]["volumeClaimTemplates"] = json!([claim("www"), claim(template)]);
        named
    };
    let colliding = error_of(&format!("{}\n---\n{}", named("a-b", "c"), named("b", "c-a")));
    assert_names(&colliding, "spec.volumeClaimTemplates", "colliding claims");
    assert!(colliding.to_string().contains("c-a-b-2"), "{colliding}");

    let mut many = valid();
    many["metadata"]["name"] = json!("../x");
    many["spec"]["replicas"] = json!("three");
    many["spec"]["ordinals"]["start"] = json!(-4);
    many["spec"]["template"]["spec"]["containers"][0]["ports"][0]["containerPort"] = json!(0);
    let error = error_of(&format!("{many}\n---\nkind: Pod\n---\n{}", valid()));
    for path in ["metadata.name", "spec.replicas", "spec.ordinals.start", "kind"] {
        assert_names(&error, path, "all at once");
    }
    assert_eq!(error.violations.len(), 5, "{error}");
    assert!(
        error.to_string().contains("document 1, PetSet ../x: spec.replicas: `three`: must be a whole number"),
        "{error}"
    );
}

#[test]
fn what_is_no_manifest_at_all_is_an_error_with_a_place() {
    let text = valid().to_string();
    let yaml = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../examples/manifests/web.yaml")).unwrap();
    let mut bomb = "a: &a [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for (last, next) in ('a'..'k').zip('b'..='k') {
        bomb.extend([format!("{next}: &{next} [{}]\n", vec![format!("*{last}"); 9].join(", "))]);
    }
    let mut texts = vec![
        String::new(),
        " \n\t".to_owned(),
        "---\n---".to_owned(),
        "7".to_owned(),
        "word".to_owned(),
        "[1, 2]".to_owned(),
        "true".to_owned(),
        "\0".to_owned(),
        "\u{1}\u{2}".to_owned(),
        "a: b: c".to_owned(),
        "a: &x *x".to_owned(),
        "!!binary x".to_owned(),
        "? [a]\n: b".to_owned(),
        "<<: 1".to_owned(),
        "kind: {}".to_owned(),
        "{".repeat(100_000),
        "[".repeat(100_000),
        "- ".repeat(100_000),
        "a:\n ".repeat(5_000),
        "&a ".repeat(1000),
        bomb,
        format!("{text}: {text}"),
        text.replace("\"metadata\"", "\"kind\""),
        format!("{text}\n---\n{{"),
        text.replace("prod", "pr\0od"),
        "x".repeat(50 << 20),
        format!("kind: {}", "x".repeat(50 << 20)),
        format!("{}{text}", "# comment\n".repeat(5 << 20)),
        format!("kind: \"{}\"", "x".repeat(1 << 20)),
    ];
    // A text in braces that ends anywhere but at its end is broken.
    texts.extend((1..60).map(|part| text[..text.len() * part / 60].to_owned()));
    for text in texts {
        let error = error_of(&text);
        assert!(!error.violations.is_empty());
        assert!(error.violations.iter().all(|found| !found.violation.path.is_empty()), "{error}");
        assert!(error.to_string().len() < 20_000);
    }
    // In block style it may end earlier and still be whole; then it must not panic, and no more can be said.
    for end in 0..yaml.len() {
        if let Some(Err(error)) = yaml.get(..end).map(Manifest::parse) {
            assert!(error.violations.iter().all(|found| !found.violation.path.is_empty()), "{error}");
        }
    }
}
