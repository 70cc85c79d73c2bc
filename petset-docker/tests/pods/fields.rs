//! Fields of a container, as its program sees them.

use bollard::models::{ContainerConfig, ContainerCreateBody};
use bollard::query_parameters::{
    CommitContainerOptionsBuilder, CreateContainerOptions, InspectContainerOptions, RemoveContainerOptions,
    RemoveImageOptions,
};
use serde_json::json;

use crate::place::Place;
use crate::support::{
    IMAGE, RUN, create, end, ids, inspected, only, open, options, request, script, sh, until, until_gone, until_ready,
};

#[tokio::test(flavor = "multi_thread")]
async fn a_program_sees_its_command_environment_user_and_name() {
    let place = Place::new();
    let node = open(&place).await;
    let mut main = script("main", RUN);
    main["args"] = json!(["sh", "$(POD)-arg"]);
    main["workingDir"] = json!("/tmp");
    main["env"] = json!([
        { "name": "POD", "valueFrom": { "fieldRef": { "fieldPath": "metadata.name" } } },
        { "name": "IP", "valueFrom": { "fieldRef": { "fieldPath": "status.podIP" } } },
        { "name": "UID", "valueFrom": { "fieldRef": { "fieldPath": "metadata.uid" } } },
        { "name": "CPU", "valueFrom": { "resourceFieldRef": { "resource": "limits.memory" } } },
        { "name": "FULL", "value": "$(POD).nginx" },
    ]);
    main["resources"] = json!({ "limits": { "memory": "64Mi", "cpu": "500m" }, "requests": { "memory": "1Mi" } });
    main["securityContext"] = json!({ "runAsUser": 1234, "runAsGroup": 77, "readOnlyRootFilesystem": true, "capabilities": { "drop": ["ALL"] } });
    let spec = json!({ "containers": [main], "hostAliases": [{ "ip": "10.9.8.7", "hostnames": ["old"] }] });
    create(&node.pods(), request(&place, &spec)).await;
    let pod = until_ready(&node.pods(), &place).await;
    let pods = node.pods();
    let address = pod.status.addresses[0].to_string();
    assert_eq!(
        sh(&pods, &pod, "main", "echo $POD $FULL $IP $CPU").await,
        format!("web-0 web-0.nginx {address} 67108864")
    );
    assert_eq!(sh(&pods, &pod, "main", "echo $UID").await, pod.uid.as_str());
    assert_eq!(sh(&pods, &pod, "main", "hostname; pwd; id -u; id -g").await, "web-0\n/tmp\n1234\n77");
    assert_eq!(sh(&pods, &pod, "main", "tr '\\0' '\\n' < /proc/1/cmdline | tail -1").await, "web-0-arg");
    assert_eq!(sh(&pods, &pod, "main", "touch /x 2>/dev/null || echo no").await, "no");
    assert_eq!(sh(&pods, &pod, "main", "grep old /etc/hosts | cut -f1").await, "10.9.8.7");
    let seen = inspected(&place, &ids(&place, "container").await[0]).await;
    assert!(seen.contains("\"Memory\":67108864") && seen.contains("\"CpuQuota\":50000"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_health_check_of_an_image_is_not_run() {
    let place = Place::new();
    // An image with one, from a container that never starts.
    let image = format!("petset.test/{}:sick", place.namespace);
    let body = ContainerCreateBody { image: Some(IMAGE.to_owned()), ..ContainerCreateBody::default() };
    let made = place.engine.create_container(None::<CreateContainerOptions>, body).await.unwrap().id;
    let (repo, tag) = image.split_once(':').unwrap();
    let commit = CommitContainerOptionsBuilder::default().container(&made).repo(repo).tag(tag);
    let commit = commit.changes("HEALTHCHECK --interval=1s CMD exit 1").build();
    place.engine.commit_container(commit, ContainerConfig::default()).await.unwrap();
    place.engine.remove_container(&made, None::<RemoveContainerOptions>).await.unwrap();

    let mut options = options();
    image.clone_into(&mut options.sandbox_image);
    let node = place.builder().pod_options(options).open().await.unwrap();
    let mut main = script("main", RUN);
    main["image"] = json!(image);
    create(&node.pods(), request(&place, &json!({ "containers": [main] }))).await;
    until_ready(&node.pods(), &place).await;
    for id in [ids(&place, "container").await, ids(&place, "sandbox").await].concat() {
        let seen = place.engine.inspect_container(&id, None::<InspectContainerOptions>).await.unwrap();
        assert!(seen.state.unwrap().health.is_none_or(|health| health.log.is_none_or(|log| log.is_empty())));
        assert_eq!(seen.config.unwrap().healthcheck.and_then(|check| check.test), Some(vec!["NONE".to_owned()]));
    }
    let pod = only(&node.pods(), &place).await.expect("it is there");
    end(&node.pods(), &pod).await;
    until_gone(&node.pods(), &place).await;
    place.engine.remove_image(&image, None::<RemoveImageOptions>, None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_are_in_no_label_and_containers_of_a_pod_share_its_network() {
    let place = Place::new();
    let node = open(&place).await;
    let mut main = script("main", "echo hello > /tmp/index.html; exec httpd -f -p 8080 -h /tmp");
    main["env"] = json!([{ "name": "WORD", "valueFrom": { "secretKeyRef": { "name": "keys", "key": "word" } } }]);
    main["ports"] = json!([{ "name": "web", "containerPort": 8080 }]);
    main["readinessProbe"] = json!({ "httpGet": { "path": "/index.html", "port": "web" }, "periodSeconds": 1 });
    let mut side = script("side", RUN);
    side["readinessProbe"] = json!({ "tcpSocket": { "port": 8080 }, "periodSeconds": 1 });
    let mut request = request(&place, &json!({ "containers": [main, side] }));
    let secret = serde_json::from_value(json!({ "metadata": { "name": "keys" }, "stringData": { "word": "s3cr3t" } }));
    let secrets = [("keys".to_owned(), secret.unwrap())].into();
    request.config = std::sync::Arc::new(petset_core::backend::ConfigBundle { secrets, ..Default::default() });
    create(&node.pods(), request).await;
    let pod = until_ready(&node.pods(), &place).await;
    assert_eq!(sh(&node.pods(), &pod, "main", "echo $WORD").await, "s3cr3t");
    assert_eq!(sh(&node.pods(), &pod, "side", "wget -qO- http://localhost:8080/").await, "hello");
    for id in [ids(&place, "container").await, ids(&place, "sandbox").await].concat() {
        let seen = place.engine.inspect_container(&id, None::<InspectContainerOptions>);
        let labels = seen.await.unwrap().config.unwrap().labels.unwrap();
        assert!(labels.values().all(|value| !value.contains("s3cr3t")), "{labels:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_of_the_host_leads_to_the_pod_and_a_taken_one_is_told() {
    let place = Place::new();
    let node = open(&place).await;
    let taken = std::net::TcpListener::bind("0.0.0.0:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut main = script("main", "echo hello > /tmp/index.html; exec httpd -f -p 8080 -h /tmp");
    main["ports"] = json!([{ "containerPort": 8080, "hostPort": port }]);
    create(&node.pods(), request(&place, &json!({ "containers": [main] }))).await;
    let is_told = |pod: &petset_core::backend::Pod| pod.status.reason.as_deref() == Some("FailedCreatePodSandBox");
    let pod = until(&node.pods(), &place, "a reason", is_told).await;
    assert!(pod.status.message.unwrap().contains(&port.to_string()));
    drop(taken);
    until_ready(&node.pods(), &place).await;
    tokio::net::TcpStream::connect(("127.0.0.1", port)).await.expect("the port leads to the pod");
}

#[tokio::test(flavor = "multi_thread")]
async fn handlers_run_after_the_start_and_before_the_end() {
    let place = Place::new();
    let node = open(&place).await;
    let mut main = script("main", "trap 'echo term >> /work/log; exit 0' TERM; while :; do sleep 0.05; done");
    main["volumeMounts"] = json!([{ "name": "work", "mountPath": "/work" }]);
    let say = |word: &str| json!({ "exec": { "command": ["/bin/sh", "-c", format!("echo {word} >> /work/log")] } });
    main["lifecycle"] = json!({ "postStart": say("start"), "preStop": say("stop") });
    main["livenessProbe"] =
        json!({ "exec": { "command": ["test", "!", "-e", "/work/sick"] }, "periodSeconds": 1, "failureThreshold": 1 });
    let spec = json!({ "containers": [main], "volumes": [{ "name": "work", "emptyDir": {} }] });
    create(&node.pods(), request(&place, &spec)).await;
    let pod = until_ready(&node.pods(), &place).await;
    sh(&node.pods(), &pod, "main", "touch /work/sick").await;
    // A container that a probe ends is ended as politely as any other.
    let is_again = |pod: &petset_core::backend::Pod| pod.status.containers[0].restarts > 0;
    until(&node.pods(), &place, "a restart", is_again).await;
    let log = until_log(&node, &place, "start\nstop\nterm\nstart").await;
    assert!(log.starts_with("start\nstop\nterm\nstart"), "{log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_a_handler_that_takes_all_the_grace_leaves_some_for_the_polite_signal() {
    let place = Place::new();
    let node = open(&place).await;
    let mut main = script("main", "trap 'echo term >> /work/log; exit 0' TERM; while :; do sleep 0.05; done");
    main["volumeMounts"] = json!([{ "name": "work", "mountPath": "/work" }]);
    main["lifecycle"] = json!({ "preStop": { "exec": { "command": ["sleep", "600"] } } });
    main["livenessProbe"] =
        json!({ "exec": { "command": ["test", "!", "-e", "/work/sick"] }, "periodSeconds": 1, "failureThreshold": 1 });
    let volumes = json!([{ "name": "work", "emptyDir": {} }]);
    let spec = json!({ "containers": [main], "volumes": volumes, "terminationGracePeriodSeconds": 1 });
    create(&node.pods(), request(&place, &spec)).await;
    let pod = until_ready(&node.pods(), &place).await;
    sh(&node.pods(), &pod, "main", "touch /work/sick").await;
    let is_again = |pod: &petset_core::backend::Pod| pod.status.containers[0].restarts > 0;
    until(&node.pods(), &place, "a restart", is_again).await;
    until_log(&node, &place, "term").await;
}

async fn until_log(node: &petset_docker::node::Node, place: &Place, wanted: &str) -> String {
    for _ in 0..300 {
        let pod = until(&node.pods(), place, "a pod", |_| true).await;
        let argv = ["/bin/sh", "-c", "rm -f /work/sick; cat /work/log"].map(str::to_owned);
        if let Ok((Some(0), text)) = node.pods().exec(&pod.reference(), "main", &argv).await
            && let Ok(text) = String::from_utf8(text)
            && text.starts_with(wanted)
        {
            return text;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("waited for {wanted}")
}
