//! What a program finds around it: variables of maps, name servers, other programs of its pod, ports of the host.

use std::sync::Arc;

use bollard::query_parameters::InspectNetworkOptions;
use petset_core::backend::ConfigBundle;
use serde_json::json;

use crate::place::Place;
use crate::support::{RUN, create, ids, inspected, open, request, script, sh, until_ready};

#[tokio::test(flavor = "multi_thread")]
async fn all_of_a_map_or_a_secret_is_in_the_environment() {
    let place = Place::new();
    let node = open(&place).await;
    let mut main = script("main", RUN);
    main["envFrom"] = json!([
        { "configMapRef": { "name": "look" } },
        { "prefix": "KEY_", "secretRef": { "name": "keys" } },
        { "configMapRef": { "name": "nowhere", "optional": true } },
    ]);
    main["env"] = json!([{ "name": "colour", "value": "red" }, { "name": "both", "value": "$(size)-$(KEY_word)" }]);
    let mut request = request(&place, &json!({ "containers": [main] }));
    let map = json!({ "metadata": { "name": "look" }, "data": { "colour": "blue", "size": "large" } });
    let secret = json!({ "metadata": { "name": "keys" }, "stringData": { "word": "s3cr3t" } });
    request.config = Arc::new(ConfigBundle {
        config_maps: [("look".to_owned(), serde_json::from_value(map).unwrap())].into(),
        secrets: [("keys".to_owned(), serde_json::from_value(secret).unwrap())].into(),
    });
    create(&node.pods(), request).await;
    let pod = until_ready(&node.pods(), &place).await;
    let seen = sh(&node.pods(), &pod, "main", "echo $colour $size $KEY_word $both").await;
    assert_eq!(seen, "red large s3cr3t large-s3cr3t", "a variable's own word wins");
}

#[tokio::test(flavor = "multi_thread")]
async fn searches_and_options_of_the_resolver_are_those_of_the_template_too() {
    let place = Place::new();
    let node = open(&place).await;
    let config =
        json!({ "searches": ["example.test"], "options": [{ "name": "ndots", "value": "3" }, { "name": "rotate" }] });
    let mut request = request(&place, &json!({ "containers": [script("main", RUN)], "dnsConfig": config }));
    request.dns.searches = vec!["cluster.local".to_owned()];
    create(&node.pods(), request).await;
    let pod = until_ready(&node.pods(), &place).await;
    let seen = sh(&node.pods(), &pod, "main", "cat /etc/resolv.conf").await;
    let line = |word: &str| seen.lines().find(|line| line.starts_with(word)).unwrap_or_default().to_owned();
    assert_eq!(line("search"), "search cluster.local example.test", "{seen}");
    let options = line("options");
    let last = options.split_whitespace().rfind(|option| option.starts_with("ndots:"));
    assert_eq!(last, Some("ndots:3"), "a resolver heeds the last one: {seen}");
    assert!(options.contains("rotate"), "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_see_each_other_where_the_pod_shares_its_processes_and_only_there() {
    for shares in [true, false] {
        let place = Place::new();
        let node = open(&place).await;
        let side = script("side", &format!(": the other one; {RUN}"));
        let spec = json!({ "containers": [script("main", RUN), side], "shareProcessNamespace": shares });
        create(&node.pods(), request(&place, &spec)).await;
        let pod = until_ready(&node.pods(), &place).await;
        let all = "cat /proc/[0-9]*/cmdline | tr '\\0' ' '";
        let seen = sh(&node.pods(), &pod, "main", all).await;
        assert_eq!(seen.contains(": the other one"), shares, "{seen}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_of_one_address_of_the_host_is_at_no_other() {
    let place = Place::new();
    let node = open(&place).await;
    let port = std::net::TcpListener::bind("0.0.0.0:0").unwrap().local_addr().unwrap().port();
    let mut main = script("main", "exec httpd -f -p 8080 -h /tmp");
    main["ports"] = json!([{ "containerPort": 8080, "hostPort": port, "hostIP": "127.0.0.1" }]);
    main["readinessProbe"] = json!({ "tcpSocket": { "port": 8080 }, "periodSeconds": 1 });
    create(&node.pods(), request(&place, &json!({ "containers": [main] }))).await;
    until_ready(&node.pods(), &place).await;
    tokio::net::TcpStream::connect(("127.0.0.1", port)).await.expect("it is there");
    let network = format!("{}.petset", place.namespace);
    let seen = place.engine.inspect_network(&network, None::<InspectNetworkOptions>).await.unwrap();
    let other = seen.ipam.unwrap().config.unwrap().remove(0).gateway.unwrap();
    let refused = tokio::net::TcpStream::connect((other.as_str(), port)).await;
    assert!(refused.is_err(), "{other} is the host's too");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_share_of_the_processors_is_what_was_asked_for() {
    let place = Place::new();
    let node = open(&place).await;
    let mut main = script("main", RUN);
    main["resources"] = json!({ "requests": { "cpu": "250m" } });
    create(&node.pods(), request(&place, &json!({ "containers": [main] }))).await;
    let pod = until_ready(&node.pods(), &place).await;
    let seen = inspected(&place, &ids(&place, "container").await[0]).await;
    assert!(seen.contains("\"CpuShares\":256"), "{seen}");
    // Where the kernel shows it: 256 of 1024 shares, which is 10 of 100 weights.
    let own = "cat /sys/fs/cgroup/cpu/cpu.shares /sys/fs/cgroup/cpu.weight 2>/dev/null || true";
    let shown = sh(&node.pods(), &pod, "main", own).await;
    assert!(["", "256", "10"].contains(&shown.as_str()), "{shown}");
}
