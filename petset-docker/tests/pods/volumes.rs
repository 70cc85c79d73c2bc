//! Volumes of a pod, as its containers see them.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use bollard::models::{ContainerCreateBody, HostConfig};
use bollard::query_parameters::{
    CreateContainerOptionsBuilder, EventsOptionsBuilder, InspectContainerOptions, RemoveVolumeOptions,
    StartContainerOptions,
};
use futures::StreamExt;
use petset_core::ErrorKind;
use petset_core::backend::PodBackend;
use petset_core::backend::{ClaimPhase, ConfigBundle, Pod, PodRequest, VolumeProvisioner};
use serde_json::{Value, json};

use crate::gate::Gate;
use crate::image::with_changes;
use crate::place::Place;
use crate::support::{
    IMAGE, RUN, create, end, ids, kill, open, options, request, script, sh, until, until_gone, until_ready,
};

fn with_config(mut request: PodRequest) -> PodRequest {
    let map = json!({ "metadata": { "name": "conf" }, "data": { "my.cnf": "port=1\n", "other": "x" } });
    let map = serde_json::from_value(map).expect("a config map");
    let config_maps = [("conf".to_owned(), map)].into();
    request.config = Arc::new(ConfigBundle { config_maps, ..ConfigBundle::default() });
    request
}

fn mounted(mut container: Value, mounts: Value) -> Value {
    container["volumeMounts"] = mounts;
    container
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_config_volumes_are_there_and_cannot_be_changed() {
    let place = Place::new();
    let node = open(&place).await;
    let main = mounted(
        script("main", RUN),
        json!([
            { "name": "conf", "mountPath": "/etc/conf" },
            { "name": "conf", "mountPath": "/etc/my.cnf", "subPath": "my.cnf" },
            { "name": "all", "mountPath": "/all" },
        ]),
    );
    let spec = json!({
        "containers": [main],
        "volumes": [
            { "name": "conf", "configMap": { "name": "conf", "defaultMode": 0o600 } },
            { "name": "all", "projected": { "sources": [
                { "configMap": { "name": "conf", "items": [{ "key": "other", "path": "deep/er/other" }] } },
                { "downwardAPI": { "items": [{ "path": "labels", "fieldRef": { "fieldPath": "metadata.labels" } }] } },
            ] } },
        ],
    });
    create(&node.pods(), with_config(request(&place, &spec))).await;
    let pod = until_ready(&node.pods(), &place).await;
    let see = async |script: &str| sh(&node.pods(), &pod, "main", script).await;
    assert_eq!(see("ls /etc/conf; stat -c %a /etc/conf/my.cnf").await, "my.cnf\nother\n600");
    assert_eq!(see("cat /etc/my.cnf /all/deep/er/other /all/labels").await, "port=1\nxapp=\"web\"");
    for path in ["/etc/conf/new", "/etc/conf/other", "/etc/my.cnf"] {
        assert_eq!(see(&format!("(echo x > {path}) 2>/dev/null || echo no")).await, "no", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_directory_is_shared_by_a_pod_and_gone_with_it() {
    let place = Place::new();
    let node = open(&place).await;
    let mounts = json!([{ "name": "disk", "mountPath": "/disk" }, { "name": "fast", "mountPath": "/fast" }]);
    let mut main = mounted(script("main", RUN), mounts.clone());
    main["securityContext"] = json!({ "runAsUser": 1234 });
    let spec = json!({
        "containers": [main, mounted(script("side", RUN), mounts)],
        "volumes": [
            { "name": "disk", "emptyDir": {} },
            { "name": "fast", "emptyDir": { "medium": "Memory", "sizeLimit": "1Mi" } },
        ],
    });
    create(&node.pods(), request(&place, &spec)).await;
    let pod = until_ready(&node.pods(), &place).await;
    sh(&node.pods(), &pod, "main", "echo one > /disk/a; echo two > /fast/a").await;
    assert_eq!(sh(&node.pods(), &pod, "side", "cat /disk/a /fast/a").await, "one\ntwo");
    assert_eq!(sh(&node.pods(), &pod, "side", "df -k /fast | tail -1 | awk '{print $2}'").await, "1024");
    assert_eq!(place.volumes().await.len(), 2);
    end(&node.pods(), &pod).await;
    until_gone(&node.pods(), &place).await;
    assert!(place.volumes().await.is_empty(), "they lived with the pod");
}

async fn claimed(place: &Place, node: &petset_docker::node::Node, spec: &Value) -> PodRequest {
    let claim = place.request("web", 0);
    let name = claim.name.clone();
    node.volumes().provision(claim).await.expect("a claim");
    let mut request = request(place, spec);
    request.claims = [("data".to_owned(), name)].into();
    request
}

#[tokio::test(flavor = "multi_thread")]
async fn s5_a_part_of_a_claim_is_the_same_part_for_the_next_pod() {
    let place = Place::new();
    let node = open(&place).await;
    let mounts = json!([
        { "name": "data", "mountPath": "/part", "subPath": "deep/mysql" },
        { "name": "data", "mountPath": "/whole" },
    ]);
    let spec = json!({
        "containers": [mounted(script("main", RUN), mounts)],
        "securityContext": { "fsGroup": 4321 },
    });
    let request = claimed(&place, &node, &spec).await;
    create(&node.pods(), request.clone()).await;
    let pod = until_ready(&node.pods(), &place).await;
    sh(&node.pods(), &pod, "main", "echo kept > /part/a").await;
    assert_eq!(
        sh(&node.pods(), &pod, "main", "cat /whole/deep/mysql/a; stat -c '%g %a' /whole").await,
        "kept\n4321 2775"
    );
    end(&node.pods(), &pod).await;
    until_gone(&node.pods(), &place).await;
    create(&node.pods(), request).await;
    let pod = until_ready(&node.pods(), &place).await;
    assert_eq!(sh(&node.pods(), &pod, "main", "cat /part/a").await, "kept");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_gets_what_is_there_and_the_owner_keeps_it() {
    let place = Place::new();
    let node = open(&place).await;
    let main = mounted(script("main", RUN), json!([{ "name": "data", "mountPath": "/data" }]));
    let request = claimed(&place, &node, &json!({ "containers": [main] })).await;
    create(&node.pods(), request.clone()).await;
    let pod = until_ready(&node.pods(), &place).await;
    sh(&node.pods(), &pod, "main", "chown 999:999 /data; chmod 750 /data; echo x > /data/a; chmod 600 /data/a").await;
    end(&node.pods(), &pod).await;
    until_gone(&node.pods(), &place).await;
    let mounts = json!([{ "name": "data", "mountPath": "/data" }, { "name": "conf", "mountPath": "/conf" }]);
    let spec = json!({
        "containers": [mounted(script("main", RUN), mounts)],
        "securityContext": { "fsGroup": 4321, "runAsUser": 1234 },
        "volumes": [{ "name": "conf", "configMap": { "name": "conf", "defaultMode": 0o400 } }],
    });
    let mut next = with_config(crate::support::request(&place, &spec));
    next.claims = request.claims;
    create(&node.pods(), next).await;
    let pod = until_ready(&node.pods(), &place).await;
    let see = async |script: &str| sh(&node.pods(), &pod, "main", script).await;
    assert_eq!(see("stat -c '%u %g %a' /data /data/a; touch /data/b").await, "999 4321 2770\n0 0 600");
    assert_eq!(see("stat -c '%g %a' /conf/my.cnf; cat /conf/my.cnf").await, "4321 440\nport=1");
}

#[tokio::test(flavor = "multi_thread")]
async fn s22_a_link_in_a_volume_leads_nowhere_else() {
    let place = Place::new();
    let node = open(&place).await;
    let whole = json!([{ "name": "data", "mountPath": "/whole" }]);
    let request = claimed(&place, &node, &json!({ "containers": [mounted(script("main", RUN), whole)] })).await;
    create(&node.pods(), request).await;
    let pod = until_ready(&node.pods(), &place).await;
    sh(&node.pods(), &pod, "main", "ln -s / /whole/escape").await;
    end(&node.pods(), &pod).await;
    until_gone(&node.pods(), &place).await;
    let part = json!([{ "name": "data", "mountPath": "/part", "subPath": "escape/etc" }]);
    let mut next = crate::support::request(&place, &json!({ "containers": [mounted(script("main", RUN), part)] }));
    next.claims = [("data".to_owned(), "data-web-0".to_owned())].into();
    create(&node.pods(), next).await;
    let is_told = |pod: &Pod| pod.status.reason.as_deref() == Some("CreateContainerConfigError");
    let pod = until(&node.pods(), &place, "a reason", is_told).await;
    assert!(pod.status.message.unwrap().contains("symbolic link"));
}

/// The engine makes a volume in silence when one is not there that a container names.
#[tokio::test(flavor = "multi_thread")]
async fn s7_a_pod_whose_volume_went_before_it_was_made_never_starts_though_the_answer_was_lost() {
    let place = Place::new();
    let gate = Gate::start(&place.path("docker.sock"), "/containers/create").unwrap();
    let node = place.builder().host(gate.host()).pod_options(options()).open().await.unwrap();
    let whole = json!([{ "name": "data", "mountPath": "/data" }]);
    let request = claimed(&place, &node, &json!({ "containers": [mounted(script("main", RUN), whole)] })).await;
    let volume = place.volumes().await.remove(0);
    let vanish = async {
        gate.until_closed().await;
        place.engine.remove_volume(&volume, None::<RemoveVolumeOptions>).await.expect("nobody has it yet");
        gate.open();
    };
    let (pods, set) = (node.pods(), place.set("web"));
    let (made, ()) = tokio::join!(pods.create(request), vanish);
    made.expect_err("its answer was lost");
    until_gone(&pods, &place).await;
    assert_eq!(starts(&place).await, 0, "it ran on an empty volume");
    let claims = node.volumes().list(&set).await.unwrap();
    assert_eq!(claims[0].phase, ClaimPhase::Lost, "{claims:?}");
}

/// How many containers of the place were ever started, as the engine remembers.
async fn starts(place: &Place) -> usize {
    let label = format!("petset.rs/namespace={}", place.namespace);
    let filters = [("label", vec![label.as_str()]), ("event", vec!["start"])].into();
    let until = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970").as_secs() + 1;
    let options = EventsOptionsBuilder::default().since("1").until(&until.to_string()).filters(&filters).build();
    place.engine.events(Some(options)).count().await
}

#[tokio::test(flavor = "multi_thread")]
async fn s7_a_pod_without_its_claim_is_not_made_and_no_volume_is() {
    let place = Place::new();
    let node = open(&place).await;
    let mut request = request(&place, &json!({ "containers": [script("main", RUN)] }));
    request.claims = [("data".to_owned(), "data-web-0".to_owned())].into();
    let error = node.pods().create(request).await.expect_err("nobody made the claim");
    assert_eq!(error.kind(), ErrorKind::NotFound, "{error:?}");
    assert!(place.volumes().await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_volumes_that_an_image_asks_for_go_with_their_container_and_claims_stay() {
    let place = Place::new();
    let node = open(&place).await;
    let image = with_changes(&place, "VOLUME /scratch").await;
    let mut main = mounted(script("main", RUN), json!([{ "name": "data", "mountPath": "/data" }]));
    main["image"] = json!(image.name);
    let request = claimed(&place, &node, &json!({ "containers": [main] })).await;
    create(&node.pods(), request).await;
    let pod = until_ready(&node.pods(), &place).await;
    let seen =
        place.engine.inspect_container(&ids(&place, "container").await[0], None::<InspectContainerOptions>).await;
    let mounts = seen.unwrap().mounts.unwrap();
    let nameless = mounts.iter().find(|mount| mount.destination.as_deref() == Some("/scratch")).expect("the image's");
    let nameless = nameless.name.clone().unwrap();
    assert!(place.engine.inspect_volume(&nameless).await.is_ok());
    end(&node.pods(), &pod).await;
    until_gone(&node.pods(), &place).await;
    let left = place.engine.inspect_volume(&nameless).await;
    assert_eq!(place.volumes().await.len(), 1, "the claim's");
    assert!(left.is_err(), "{left:?}");
}

/// A container of somebody else that runs with a volume, as `-v` says it.
async fn stranger(place: &Place, bind: &str) -> String {
    let name = format!("backup-{}", place.namespace);
    let body = ContainerCreateBody {
        image: Some(IMAGE.to_owned()),
        cmd: Some(["/bin/sh", "-c", RUN].map(str::to_owned).into()),
        labels: Some([("petset.rs/namespace".to_owned(), place.namespace.clone())].into()),
        host_config: Some(HostConfig { binds: Some(vec![bind.to_owned()]), ..HostConfig::default() }),
        ..ContainerCreateBody::default()
    };
    let options = CreateContainerOptionsBuilder::default().name(&name).build();
    let id = place.engine.create_container(Some(options), body).await.expect("a container").id;
    place.engine.start_container(&id, None::<StartContainerOptions>).await.expect("it starts");
    name
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_a_pet_does_not_start_on_a_volume_that_a_stranger_writes_to_and_says_who_it_is() {
    let place = Place::new();
    let node = open(&place).await;
    let main = mounted(script("main", RUN), json!([{ "name": "data", "mountPath": "/data" }]));
    let request = claimed(&place, &node, &json!({ "containers": [main] })).await;
    let volume = place.volumes().await.remove(0);
    let name = stranger(&place, &format!("{volume}:/data")).await;
    create(&node.pods(), request).await;
    let is_told = |pod: &Pod| pod.status.reason.as_deref() == Some("FailedMount");
    let told = until(&node.pods(), &place, "a reason", is_told).await.status.message.unwrap();
    assert!(told.contains(&name) && told.contains(&volume), "{told}");
    assert!(ids(&place, "container").await.is_empty(), "nothing of the pet runs");
    kill(&place, &name).await;
    until_ready(&node.pods(), &place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_only_reads_a_volume_or_may_write_with_others_keeps_no_pet_from_it() {
    for (modes, bind) in [(["ReadWriteOnce"], "/data:ro"), (["ReadWriteMany"], "/data")] {
        let place = Place::new();
        let node = open(&place).await;
        let mut claim = place.request("web", 0);
        claim.spec.access_modes = modes.map(str::to_owned).into();
        let name = claim.name.clone();
        node.volumes().provision(claim).await.expect("a claim");
        let main = mounted(script("main", RUN), json!([{ "name": "data", "mountPath": "/data" }]));
        let mut request = request(&place, &json!({ "containers": [main] }));
        request.claims = [("data".to_owned(), name)].into();
        stranger(&place, &format!("{}:{bind}", place.volumes().await[0])).await;
        create(&node.pods(), request).await;
        until_ready(&node.pods(), &place).await;
    }
}
