//! What is refused, and how.

use std::fs;

use petset_core::ErrorKind;
use petset_core::backend::PodBackend as _;
use serde_json::json;

use super::bench::{Bench, shell};

#[tokio::test]
async fn every_field_that_is_not_honoured_is_named() {
    let bench = Bench::new().await;
    let request = bench.request(json!({
        "hostNetwork": true,
        "runtimeClassName": "fast",
        "nodeSelector": { "disk": "ssd" },
        "securityContext": { "fsGroup": 2000 },
        "initContainers": [{ "name": "init", "command": ["true"], "restartPolicy": "Always" }],
        "containers": [{
            "name": "main",
            "image": "nginx",
            "imagePullPolicy": "Always",
            "resources": { "limits": { "cpu": "1" }, "requests": { "cpu": "1" } },
            "ports": [{ "containerPort": 80, "hostPort": 80 }],
            "volumeMounts": [{ "name": "data", "mountPath": "/data", "subPathExpr": "$(POD)" }],
            "livenessProbe": { "httpGet": { "port": 80, "scheme": "HTTPS" } },
            "readinessProbe": { "grpc": { "port": 80 } },
        }],
        "volumes": [{ "name": "data", "hostPath": { "path": "/etc" } }, { "name": "x", "nfs": { "server": "a" } }],
    }));
    let paths: Vec<_> = bench.pods().check(&request.template).into_iter().map(|violation| violation.path).collect();
    let mut expected = vec![
        "spec.initContainers[0].restartPolicy",
        "spec.containers[0].image",
        "spec.containers[0].command",
        "spec.containers[0].ports[0].hostPort",
        "spec.containers[0].volumeMounts[0].subPathExpr",
        "spec.containers[0].resources.limits.cpu",
        "spec.containers[0].readinessProbe.grpc",
        "spec.containers[0].livenessProbe.httpGet.scheme",
        "spec.volumes[0].hostPath.path",
        "spec.volumes[1].nfs",
        "spec.hostNetwork",
        "spec.securityContext.fsGroup",
        "spec.runtimeClassName",
    ];
    if !bench.has_views() {
        expected.insert(4, "spec.containers[0].volumeMounts[0]");
    }
    assert_eq!(paths, expected);
    let error = bench.pods().create(request).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("docker or kube"), "{error}");
    assert!(bench.list().await.is_empty());
}

#[tokio::test]
async fn s22_a_path_of_the_host_needs_the_embedder() {
    let mut bench = Bench::new().await;
    if !bench.has_views() {
        return;
    }
    let allowed = bench.file("allowed");
    fs::create_dir(&allowed).unwrap();
    fs::write(allowed.join("file"), "text").unwrap();
    std::os::unix::fs::symlink("/etc", allowed.join("out")).unwrap();
    let spec = |path: &std::path::Path| {
        let mut spec = shell("exec sleep 600");
        spec["volumes"] = json!([{ "name": "host", "hostPath": { "path": path } }]);
        spec["containers"][0]["volumeMounts"] = json!([{ "name": "host", "mountPath": "/mnt" }]);
        spec
    };
    assert_eq!(bench.pods().check(&bench.request(spec(&allowed)).template).len(), 1);
    bench.options.allowed_host_paths.push(allowed.clone());
    bench.open().await;
    assert_eq!(bench.pods().check(&bench.request(spec(&allowed.join("../x"))).template).len(), 1);
    let pod = bench.create(bench.request(spec(&allowed.join("out")))).await;
    bench.until("a refusal", |pod| pod.status.message.as_deref().is_some_and(|m| m.contains("leads out"))).await;
    bench.delete(&pod, Some(0)).await;
    bench.until_gone().await;
    bench.create(bench.request(spec(&allowed))).await;
    bench.until_ready().await;
    assert_eq!(bench.inside("cat /mnt/file").await, "text");
}

#[tokio::test]
async fn a_name_that_leads_elsewhere_is_refused() {
    let bench = Bench::new().await;
    let mut request = bench.request(shell("exit 0"));
    request.set.namespace = "../..".into();
    assert_eq!(bench.pods().create(request).await.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn a_failing_disk_is_an_error_that_names_the_path_and_leaves_nothing() {
    let bench = Bench::new().await;
    // A file where a directory is needed fails for every user, also for one that may write everywhere.
    let pets = bench.root().join("pets/default");
    fs::write(&pets, "").unwrap();
    let error = bench.pods().create(bench.request(shell("exit 0"))).await.unwrap_err();
    assert!(error.chain().to_string().contains(pets.to_str().unwrap()), "{}", error.chain());
    assert!(bench.list().await.is_empty());
    fs::remove_file(&pets).unwrap();
    bench.run("exec sleep 600").await;
    bench.until_ready().await;
}
