//! Creation, environment, order, readiness.

use std::fs;
use std::time::Duration;

use petset_core::backend::{ContainerState, PodBackend as _, PodPhase};
use petset_core::spec::ConfigMap;
use serde_json::json;

use super::bench::{Bench, container, shell, until_file};

#[tokio::test]
async fn a_created_pod_is_listed_at_once_and_ready_in_time() {
    let bench = Bench::new().await;
    let made = bench.run("exec sleep 600").await;
    assert_eq!(made.status.phase, PodPhase::Pending);
    assert_eq!(bench.list().await[0].uid, made.uid);
    let ready = bench.until_ready().await;
    assert_eq!((ready.uid, ready.status.phase), (made.uid, PodPhase::Running));
    assert_ne!(ready.version, made.version);
    assert!(matches!(ready.status.containers[0].state, ContainerState::Running { .. }));
    assert!(!bench.is_free(), "a running pod holds its lock");
}

#[tokio::test]
async fn l2_s6_a_creation_that_nobody_waits_for_is_completed() {
    use futures::FutureExt as _;
    let bench = Bench::new().await;
    bench.claim("www-web-0");
    let mut request = bench.request(shell("exec sleep 600"));
    request.claims = [("www".to_owned(), "www-web-0".to_owned())].into();
    // One poll, then the future is gone.
    assert!(bench.pods().create(request).now_or_never().is_none());
    let pod = bench.until_some().await;
    assert_eq!(bench.claims.held.lock().unwrap().len(), 1, "a pod on record holds its claims");
    bench.until_ready().await;
    bench.delete(&pod, None).await;
    bench.until_gone().await;
    assert!(bench.claims.held.lock().unwrap().is_empty());
    bench.run("exec sleep 600").await;
    bench.until_ready().await;
}

#[tokio::test]
async fn variables_come_from_the_pod_and_from_config() {
    let bench = Bench::new().await;
    let mut request = bench.request(json!({ "containers": [{
        "name": "main",
        "command": ["/bin/sh", "-c", "{ tr '\\0' '\\n' < /proc/$$$$/environ; echo at $PWD; } > $(OUT); exec sleep 600"],
        "workingDir": "/tmp",
        "env": [
            { "name": "OUT", "value": bench.file("env").to_str().unwrap() },
            { "name": "app.mode", "value": "dotted" },
            { "name": "NAME", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } },
            { "name": "IP", "valueFrom": { "fieldRef": { "fieldPath": "status.podIP" } } },
            { "name": "MODE", "valueFrom": { "configMapKeyRef": { "name": "settings", "key": "mode" } } },
        ],
    }] }));
    let mut config = (*request.config).clone();
    let data = [("mode".to_owned(), "fast; $(rm) 'x'".to_owned())].into();
    config.config_maps.insert("settings".to_owned(), ConfigMap { data, ..ConfigMap::default() });
    request.config = config.into();
    bench.create(request).await;
    let pod = bench.until_ready().await;
    let env = until_file(&bench.file("env"), |text| text.contains("at /")).await;
    let has = |line: String| assert!(env.lines().any(|found| found == line), "{line} in\n{env}");
    has("NAME=web-0".to_owned());
    has("app.mode=dotted".to_owned());
    has(format!("IP={}", pod.status.addresses[0]));
    has("MODE=fast; $(rm) 'x'".to_owned());
    has("HOSTNAME=web-0".to_owned());
    has("at /tmp".to_owned());
}

#[tokio::test]
async fn init_containers_run_one_after_the_other_before_the_others() {
    let bench = Bench::new().await;
    let out = bench.file("order");
    let step = |word: &str| format!("echo {word} >> {}", out.display());
    let once = bench.file("failed-once");
    let flaky = format!("[ -e {0} ] || {{ touch {0}; exit 3; }}; {1}", once.display(), step("second"));
    bench
        .create(bench.request(json!({
            "initContainers": [container("first", &step("first")), container("second", &flaky)],
            "containers": [container("main", &format!("{}; exec sleep 600", step("main")))],
        })))
        .await;
    let pod = bench.until_ready().await;
    assert_eq!(until_file(&out, |text| text.lines().count() == 3).await, "first\nsecond\nmain\n");
    let restarts: Vec<_> = pod.status.containers.iter().map(|container| container.restarts).collect();
    assert_eq!(restarts, [0, 1, 0]);
}

#[tokio::test]
async fn readiness_follows_the_probe() {
    let bench = Bench::new().await;
    let flag = bench.file("flag");
    let mut spec = shell("exec sleep 600");
    spec["containers"][0]["readinessProbe"] =
        json!({ "exec": { "command": ["test", "-e", flag] }, "periodSeconds": 1, "failureThreshold": 1 });
    bench.create(bench.request(spec)).await;
    bench
        .until("running and complaining", |pod| {
            pod.status.phase == PodPhase::Running && pod.status.reason.as_deref() == Some("ContainersNotReady")
        })
        .await;
    fs::write(&flag, "").unwrap();
    bench.until_ready().await;
    fs::remove_file(&flag).unwrap();
    bench.until("unready", |pod| pod.status.ready_since.is_none()).await;
}

#[tokio::test]
async fn tcp_and_http_are_asked_at_the_pods_own_address() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let bench = Bench::new().await;
    let mut spec = shell("exec sleep 600");
    spec["containers"][0]["ports"] = json!([{ "name": "web", "containerPort": 18080 }]);
    spec["containers"][0]["startupProbe"] = json!({ "tcpSocket": { "port": "web" }, "periodSeconds": 1 });
    spec["containers"][0]["readinessProbe"] =
        json!({ "httpGet": { "port": "web", "path": "/health" }, "periodSeconds": 1 });
    bench.create(bench.request(spec)).await;
    let pod = bench.until("an address", |pod| !pod.status.addresses.is_empty()).await;
    let server = tokio::net::TcpListener::bind((pod.status.addresses[0], 18080)).await.unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = server.accept().await.unwrap();
            let mut head = [0; 512];
            let length = stream.read(&mut head).await.unwrap_or(0);
            let found = String::from_utf8_lossy(&head[..length]).starts_with("GET /health HTTP/1.1\r\n");
            let answer = if found { "204 No Content" } else { "404 Not Found" };
            drop(stream.write_all(format!("HTTP/1.1 {answer}\r\n\r\n").as_bytes()).await);
        }
    });
    bench.until_ready().await;
}

#[tokio::test]
async fn logs_are_kept_and_cut() {
    let mut bench = Bench::new().await;
    bench.options.logs.max_bytes = 1000;
    bench.options.logs.interval = Duration::from_millis(50);
    bench.open().await;
    let pod = bench.run("while :; do echo 0123456789; sleep 0.001; done").await;
    bench.until_ready().await;
    let files = bench.pods().logs(&pod.reference(), "main").unwrap();
    until_file(&files.stdout.with_extension("log.1"), |text| text.len() > 1000).await;
    until_file(&files.stdout, |text| !text.is_empty() && text.len() < 1000).await;
    let (printed, _) = bench.pods().log_tail(&pod.reference(), "main", 20).await.unwrap();
    assert!(printed.len() <= 20);
}
