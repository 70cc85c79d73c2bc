//! What containers may, as their programs find out.

use petset_core::backend::Pod;
use serde_json::json;

use crate::image::with_changes;
use crate::place::Place;
use crate::support::{RUN, create, ids, open, request, script, sh, until, until_ready};

/// What a program may of what root may, as the kernel writes it.
const CAPABILITIES: &str = "awk '/^CapEff/ { print $2 }' /proc/1/status";

#[tokio::test(flavor = "multi_thread")]
async fn s22_a_program_has_the_capabilities_that_are_left_and_added_and_no_others() {
    let place = Place::new();
    let node = open(&place).await;
    let with = |name: &str, capabilities| {
        let mut container = script(name, RUN);
        container["securityContext"] = json!({ "capabilities": capabilities });
        container
    };
    let spec = json!({ "containers": [
        with("none", json!({ "drop": ["ALL"] })),
        with("one", json!({ "drop": ["ALL"], "add": ["CHOWN"] })),
        with("less", json!({ "drop": ["CHOWN"] })),
    ] });
    create(&node.pods(), request(&place, &spec)).await;
    let pod = until_ready(&node.pods(), &place).await;
    let see = async |container: &str, script: &str| sh(&node.pods(), &pod, container, script).await;
    assert_eq!(see("none", CAPABILITIES).await, "0000000000000000");
    assert_eq!(see("one", CAPABILITIES).await, "0000000000000001", "the first bit is CHOWN");
    let chown = "touch /tmp/x; chown 7 /tmp/x 2>/dev/null && stat -c %u /tmp/x || echo no";
    assert_eq!((see("none", chown).await, see("one", chown).await), ("no".to_owned(), "7".to_owned()));
    assert_eq!(see("less", chown).await, "no");
    let less = u64::from_str_radix(&see("less", CAPABILITIES).await, 16).expect("a number");
    assert!(less & 1 == 0 && less != 0, "{less:x}: the others are left");
}

#[tokio::test(flavor = "multi_thread")]
async fn s22_an_image_that_runs_as_root_is_refused_where_nobody_may_be() {
    let place = Place::new();
    let node = open(&place).await;
    let spec = json!({ "containers": [script("main", RUN)], "securityContext": { "runAsNonRoot": true } });
    create(&node.pods(), request(&place, &spec)).await;
    let is_told = |pod: &Pod| pod.status.reason.as_deref() == Some("CreateContainerConfigError");
    let told = until(&node.pods(), &place, "a reason", is_told).await.status.message.expect("a sentence");
    assert!(told.contains("runAsNonRoot") && told.contains("set runAsUser"), "{told}");
    assert!(ids(&place, "container").await.is_empty(), "nothing was made that would run as root");
}

#[tokio::test(flavor = "multi_thread")]
async fn s22_an_image_that_runs_as_somebody_is_run_where_nobody_may_be_root() {
    let place = Place::new();
    let node = open(&place).await;
    let image = with_changes(&place, "USER 1234").await;
    let mut main = script("main", RUN);
    main["image"] = json!(image.name);
    let spec = json!({ "containers": [main], "securityContext": { "runAsNonRoot": true } });
    create(&node.pods(), request(&place, &spec)).await;
    let pod = until_ready(&node.pods(), &place).await;
    assert_eq!(sh(&node.pods(), &pod, "main", "id -u").await, "1234");
}
