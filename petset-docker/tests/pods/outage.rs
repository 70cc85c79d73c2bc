//! An engine that does not answer, or not with the truth, at the wrong moment.

use std::time::Duration;

use bollard::query_parameters::EventsOptionsBuilder;
use futures::StreamExt;
use petset_core::ErrorKind;
use petset_core::backend::{Created, DeleteOptions, PodBackend};
use petset_docker::node::Node;
use serde_json::json;

use crate::hand::{Deal, Hand};
use crate::place::Place;
use crate::support::{RUN, create, ids, only, options, request, running, script, until, until_gone, until_ready};

async fn through(place: &Place) -> (Hand, Node) {
    let hand = Hand::start(&place.path("docker.sock")).expect("a socket");
    let node = open_through(place, &hand).await;
    (hand, node)
}

async fn open_through(place: &Place, hand: &Hand) -> Node {
    place.builder().host(hand.host()).pod_options(options()).open().await.expect("scripts/services docker images")
}

/// What is dealt to requests with all of these words, and the rest is passed on.
fn to(words: &'static [&str], deal: Deal) -> impl FnMut(&str) -> Deal + Send + 'static {
    move |line| if words.iter().all(|word| line.contains(word)) { deal.clone() } else { Deal::Pass }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_that_the_engine_cannot_ask_counts_neither_way() {
    let place = Place::new();
    let (hand, node) = through(&place).await;
    let mut main = script("main", RUN);
    main["livenessProbe"] = json!({ "exec": { "command": ["true"] }, "periodSeconds": 1, "failureThreshold": 1 });
    create(&node.pods(), request(&place, &json!({ "containers": [main] }))).await;
    until_ready(&node.pods(), &place).await;
    let before = ids(&place, "container").await;
    for how in [Deal::Cut, Deal::Silence, Deal::refuse("the runtime cannot be reached")] {
        hand.deal(to(&["/exec"], how));
        hand.until_kept(3).await;
        hand.pass();
        let pod = only(&node.pods(), &place).await.expect("it is there");
        assert_eq!(pod.status.containers[0].restarts, 0, "{pod:#?}");
        assert_eq!(ids(&place, "container").await, before);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_whose_command_fails_or_takes_too_long_restarts_its_container() {
    for command in [json!(["false"]), json!(["sleep", "30"]), json!(["/no/such/program"])] {
        let place = Place::new();
        let (_hand, node) = through(&place).await;
        let mut main = script("main", RUN);
        main["livenessProbe"] = json!({ "exec": { "command": command }, "periodSeconds": 1, "failureThreshold": 1 });
        create(&node.pods(), request(&place, &json!({ "containers": [main] }))).await;
        until(&node.pods(), &place, "a restart", |pod| pod.status.containers[0].restarts > 0).await;
    }
}

/// The first signal that the engine sent to a container.
async fn first_signal(place: &Place, id: &str) -> String {
    let filters = [("container", vec![id]), ("event", vec!["kill"])].into();
    let options = EventsOptionsBuilder::default().since("1").filters(&filters).build();
    let event = place.engine.events(Some(options)).boxed().next().await.expect("one was sent").expect("it is told");
    event.actor.and_then(|actor| actor.attributes).expect("attributes")["signal"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn s3_the_hard_signal_follows_a_polite_one_that_was_taken() {
    const GRACE: u32 = 1;
    for words in [&[][..], &["/kill"]] {
        let place = Place::new();
        let (hand, node) = through(&place).await;
        create(&node.pods(), running(&place)).await;
        let pod = until_ready(&node.pods(), &place).await;
        let container = ids(&place, "container").await.remove(0);
        hand.deal(to(words, Deal::Cut));
        let options = DeleteOptions { grace_seconds: Some(GRACE), version: None };
        node.pods().delete(&pod.reference(), options).await.expect("it is on record");
        hand.until_kept(1).await;
        // All of the grace passes by, and the engine heard of nothing.
        tokio::time::sleep(Duration::from_secs(u64::from(GRACE) + 1)).await;
        hand.pass();
        until_gone(&node.pods(), &place).await;
        assert_eq!(first_signal(&place, &container).await, "15", "{words:?}: {:?}", hand.kept());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_there_is_no_second_creation_before_the_first_is_known_to_be_nothing() {
    let place = Place::new();
    let (hand, node) = through(&place).await;
    hand.deal(|line| {
        let cut = line.contains("name=web-0.") || (line.contains("/containers/json") && line.contains("sandbox"));
        if cut { Deal::Cut } else { Deal::Pass }
    });
    node.pods().create(running(&place)).await.expect_err("nobody knows");
    hand.deal(to(&["/containers/json", "sandbox"], Deal::Cut));
    let error = node.pods().create(running(&place)).await.expect_err("the first may still come to be");
    assert_eq!(error.kind(), ErrorKind::Conflict, "{error:?}");
    hand.pass();
    let created = node.pods().create(running(&place)).await.expect("nothing is in the way");
    assert!(matches!(created, Created::New(_)), "{created:?}");
    until_ready(&node.pods(), &place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_a_creation_that_broke_in_the_engine_may_have_been_carried_out() {
    let place = Place::new();
    let (hand, node) = through(&place).await;
    let mut first = true;
    hand.deal(move |line| {
        let lies = line.contains("name=web-0.") && std::mem::take(&mut first);
        if lies { Deal::deny("unexpected EOF") } else { Deal::Pass }
    });
    let error = node.pods().create(running(&place)).await.expect_err("it broke");
    assert!(error.to_string().contains("unexpected EOF"), "{error}");
    until_ready(&node.pods(), &place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_end_that_the_engine_does_not_bring_about_is_told() {
    let place = Place::new();
    let (hand, node) = through(&place).await;
    let stubborn = script("main", "trap '' TERM; while :; do sleep 1; done");
    create(&node.pods(), request(&place, &json!({ "containers": [stubborn] }))).await;
    let pod = until_ready(&node.pods(), &place).await;
    for (how, words) in [(Deal::Silence, "no answer"), (Deal::refuse("the shim is stuck"), "the shim is stuck")] {
        hand.deal(to(&["/kill", "SIGKILL"], how));
        let options = DeleteOptions { grace_seconds: Some(1), version: None };
        node.pods().delete(&pod.reference(), options).await.expect("it is on record");
        let is_told = |pod: &petset_core::backend::Pod| {
            pod.status.reason.as_deref() == Some("FailedKillPod")
                && pod.status.message.as_ref().is_some_and(|message| message.contains(words))
        };
        let pod = until(&node.pods(), &place, words, is_told).await;
        let message = pod.status.message.expect("told");
        assert!(message.contains("SIGKILL") && message.contains("`main`"), "{message}");
    }
    hand.pass();
    until_gone(&node.pods(), &place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn s1_podman_may_have_died_and_still_remember_what_it_made() {
    const PODMAN: &str =
        r#"{"Version":"4.3.1","ApiVersion":"1.41","Components":[{"Name":"Podman Engine","Version":"4.3.1"}]}"#;
    let place = Place::new();
    let hand = Hand::start(&place.path("docker.sock")).expect("a socket");
    let mut starts = 0;
    hand.deal(move |line| {
        starts += i32::from(line.contains("/start"));
        // The second is that of the container, after its sandbox.
        match line {
            _ if line.contains("/version") => Deal::say(PODMAN),
            _ if line.contains("/start") && starts == 2 => Deal::Cut,
            _ => Deal::Pass,
        }
    });
    let node = open_through(&place, &hand).await;
    create(&node.pods(), running(&place)).await;
    until_ready(&node.pods(), &place).await;
    let id = ids(&place, "container").await.remove(0);
    let start = hand.kept().into_iter().find(|line| line.contains("/start")).expect("one was cut");
    assert!(start.contains(&id), "it may run: it is asked to start, and not removed; {start}");
}
