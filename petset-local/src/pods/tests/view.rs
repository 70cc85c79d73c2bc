//! What a pod sees of the machine.

use std::fs;
use std::path::Path;

use petset_core::spec::ConfigMap;
use serde_json::json;

use super::bench::{Bench, shell, until_file};

#[tokio::test]
async fn a_pod_has_its_own_name_hosts_and_resolver() {
    let bench = Bench::new().await;
    if !bench.has_views() {
        return;
    }
    let mut spec = shell("exec sleep 600");
    spec["hostAliases"] = json!([{ "ip": "10.1.2.3", "hostnames": ["db", "db.local"] }]);
    spec["dnsConfig"] =
        json!({ "searches": ["corp"], "options": [{ "name": "ndots", "value": "2" }, { "name": "rotate" }] });
    bench.create(bench.request(spec)).await;
    let pod = bench.until_ready().await;
    assert_eq!(bench.inside("cat /proc/sys/kernel/hostname").await, "web-0\n");
    let hosts = bench.inside("cat /etc/hosts").await;
    assert!(
        hosts.contains(&format!("{}\tweb-0.web.default.svc.cluster.local\tweb-0\n", pod.status.addresses[0])),
        "{hosts}"
    );
    assert!(hosts.contains("10.1.2.3\tdb\tdb.local\n"), "{hosts}");
    assert_eq!(
        bench.inside("cat /etc/resolv.conf").await,
        "# written by petset\nnameserver 127.0.0.53\nsearch default.svc.cluster.local corp\noptions ndots:2 rotate\n"
    );
    assert_ne!(fs::read_to_string("/proc/sys/kernel/hostname").unwrap(), "web-0\n");
}

#[tokio::test]
async fn s5_claims_and_volumes_appear_only_in_the_pod() {
    let bench = Bench::new().await;
    if !bench.has_views() {
        return;
    }
    let claim = bench.claim("www-web-0");
    fs::write(claim.join("kept"), "from before").unwrap();
    let top = format!("/petset-view-{}", std::process::id());
    let deep = bench.file("beside/deep");
    let hidden = bench.file("beside").join("host-file");
    fs::create_dir(hidden.parent().unwrap()).unwrap();
    fs::write(&hidden, "of the host").unwrap();
    let mut spec = shell("exec sleep 600");
    spec["volumes"] = json!([
        { "name": "scratch", "emptyDir": {} },
        { "name": "memory", "emptyDir": { "medium": "Memory" } },
        { "name": "config", "configMap": { "name": "settings" } },
        { "name": "facts", "downwardAPI": { "items": [{ "path": "name", "fieldRef": { "fieldPath": "metadata.name" } }] } },
    ]);
    spec["containers"][0]["volumeMounts"] = json!([
        { "name": "www", "mountPath": format!("{top}/data") },
        { "name": "www", "mountPath": format!("{top}/ro"), "readOnly": true },
        { "name": "www", "mountPath": deep, "subPath": "part" },
        { "name": "scratch", "mountPath": "/tmp" },
        { "name": "memory", "mountPath": "/tmp/memory" },
        { "name": "config", "mountPath": "/etc/petset-app.conf", "subPath": "app.conf" },
        { "name": "facts", "mountPath": format!("{top}/facts") },
    ]);
    let mut request = bench.request(spec);
    request.claims.insert("www".to_owned(), "www-web-0".to_owned());
    let mut config = (*request.config).clone();
    let data = [("app.conf".to_owned(), "colour=blue\n".to_owned())].into();
    config.config_maps.insert("settings".to_owned(), ConfigMap { data, ..ConfigMap::default() });
    request.config = config.into();
    let pod = bench.create(request).await;
    bench.until_ready().await;

    assert_eq!(bench.inside(&format!("cat {top}/data/kept")).await, "from before");
    bench.inside(&format!("echo new > {top}/data/made && ! echo no > {top}/ro/kept 2>/dev/null")).await;
    assert_eq!(fs::read_to_string(claim.join("made")).unwrap(), "new\n");
    bench.inside("echo a > /tmp/a && echo b > /tmp/memory/b && ls /usr /proc/self >/dev/null").await;
    assert_eq!(bench.inside("cat /etc/petset-app.conf /etc/hosts | head -n 1").await, "colour=blue\n");
    assert_eq!(bench.inside(&format!("cat {top}/facts/name")).await, "web-0");
    assert!(claim.join("part").is_dir());
    for path in [Path::new(&top), Path::new("/etc/petset-app.conf"), Path::new("/tmp/a"), &deep] {
        assert!(!path.exists(), "{} is on the machine", path.display());
    }
    bench.delete(&pod, Some(0)).await;
    bench.until_gone().await;
    let memory = Path::new("/dev/shm").join(format!("petset-{}", pod.uid));
    assert!(!memory.exists(), "{} outlived the pod", memory.display());
    assert_eq!(fs::read_to_string(claim.join("made")).unwrap(), "new\n");
}

#[tokio::test]
async fn other_entries_beside_a_mount_point_stay_visible() {
    let bench = Bench::new().await;
    if !bench.has_views() {
        return;
    }
    let beside = bench.file("beside");
    fs::create_dir_all(beside.join("dir")).unwrap();
    fs::write(beside.join("file"), "text").unwrap();
    fs::write(beside.join("dir/inner"), "inner").unwrap();
    std::os::unix::fs::symlink("file", beside.join("link")).unwrap();
    let out = bench.file("out");
    let script = format!("cat {0}/file {0}/dir/inner {0}/link > {1}; exec sleep 600", beside.display(), out.display());
    let mut spec = shell(&script);
    spec["volumes"] = json!([{ "name": "scratch", "emptyDir": {} }]);
    spec["containers"][0]["volumeMounts"] = json!([{ "name": "scratch", "mountPath": beside.join("new/point") }]);
    bench.create(bench.request(spec)).await;
    bench.until_ready().await;
    assert_eq!(until_file(&out, |text| !text.is_empty()).await, "textinnertext");
    bench.inside(&format!("test -d {}", beside.join("new/point").display())).await;
    assert!(!beside.join("new").exists());
}

#[tokio::test]
async fn s7_a_missing_claim_is_named_and_nothing_is_started() {
    let bench = Bench::new().await;
    if !bench.has_views() {
        return;
    }
    let mut spec = shell("exec sleep 600");
    spec["containers"][0]["volumeMounts"] = json!([{ "name": "www", "mountPath": "/data" }]);
    let mut request = bench.request(spec);
    request.claims.insert("www".to_owned(), "www-web-0".to_owned());
    bench.create(request).await;
    let pod = bench.until("a reason", |pod| pod.status.reason.as_deref() == Some("CreateContainerConfigError")).await;
    assert!(pod.status.message.unwrap().contains("www-web-0"));
    assert!(bench.is_free());
    bench.claim("www-web-0");
    bench.until_ready().await;
}

#[tokio::test]
async fn what_is_in_a_template_is_never_read_as_shell_text() {
    let bench = Bench::new().await;
    let bait = bench.file("bait");
    let evil = format!("$(touch {0}) `touch {0}`; touch {0} #' \" \\", bait.display());
    let mut spec = json!({ "containers": [{ "name": "main", "command": ["sleep"], "args": ["600"] }] });
    spec["containers"][0]["env"] = json!([{ "name": "EVIL", "value": evil }]);
    if bench.has_views() {
        spec["volumes"] = json!([{ "name": "scratch", "emptyDir": {} }]);
        spec["containers"][0]["volumeMounts"] =
            json!([{ "name": "scratch", "mountPath": format!("/{}", evil.replace('/', "_")) }]);
    }
    bench.create(bench.request(spec)).await;
    bench.until_ready().await;
    assert!(!bait.exists());
}

#[tokio::test]
async fn without_namespaces_pods_run_and_mounts_are_refused() {
    use petset_core::backend::PodBackend as _;
    let mut bench = Bench::new().await;
    bench.options.namespaces = false;
    bench.open().await;
    assert!(!bench.pods().capabilities().mounts && !bench.pods().capabilities().hostname);
    let mut spec = shell("exec sleep 600");
    spec["containers"][0]["volumeMounts"] = json!([{ "name": "www", "mountPath": "/data" }]);
    let violations = bench.pods().check(&bench.request(spec).template);
    assert_eq!(violations[0].path, "spec.containers[0].volumeMounts[0]");
    bench.run("exec sleep 600").await;
    bench.until_ready().await;
    assert_eq!(bench.inside("pwd").await, "/\n");
}
