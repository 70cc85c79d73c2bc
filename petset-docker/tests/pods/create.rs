//! Taking a name, and what is in the way.

use bollard::models::ContainerCreateBody;
use bollard::query_parameters::CreateContainerOptionsBuilder;
use petset_core::ErrorKind;
use petset_core::backend::{Created, DeleteOptions, PodBackend, PodPhase};

use crate::place::Place;
use crate::support::{IMAGE, create, ids, only, open, options, running, until, until_ready};

#[tokio::test(flavor = "multi_thread")]
async fn s12_a_name_that_a_stranger_has_is_told() {
    let place = Place::new();
    let node = open(&place).await;
    let name = format!("web-0.{}.petset", place.namespace);
    let body = ContainerCreateBody {
        image: Some(IMAGE.to_owned()),
        labels: Some([("petset.rs/namespace".to_owned(), place.namespace.clone())].into()),
        ..ContainerCreateBody::default()
    };
    let options = CreateContainerOptionsBuilder::default().name(&name).build();
    let stranger = place.engine.create_container(Some(options), body).await.unwrap().id;
    let error = node.pods().create(running(&place)).await.expect_err("the name is taken");
    assert_eq!(error.kind(), ErrorKind::AlreadyExists, "{error:?}");
    assert!(error.to_string().contains(&stranger) && error.to_string().contains(&name), "{error}");
    assert!(only(&node.pods(), &place).await.is_none());
}

#[tokio::test(flavor = "multi_thread")]
async fn s12_a_pod_of_another_node_is_seen_and_left_alone() {
    let place = Place::new();
    let node = open(&place).await;
    let pod = create(&node.pods(), running(&place)).await;
    until_ready(&node.pods(), &place).await;
    let builder = petset_docker::node::Node::builder(place.path("other")).pod_options(options());
    let other = builder.open().await.unwrap();
    let seen = only(&other.pods(), &place).await.expect("it has the name");
    assert_eq!((&seen.uid, &seen.owner, seen.status.phase), (&pod.uid, &pod.owner, PodPhase::Unknown));
    let taken = other.pods().create(running(&place)).await.unwrap();
    assert!(matches!(taken, Created::AlreadyThere(taken) if taken.uid == pod.uid));
    let error = other.pods().delete(&pod.reference(), DeleteOptions::default()).await.expect_err("not its own");
    assert_eq!(error.kind(), ErrorKind::Forbidden);
    assert!(only(&node.pods(), &place).await.is_some_and(|pod| !pod.terminating));
}

#[tokio::test(flavor = "multi_thread")]
async fn leftovers_of_a_half_made_pod_are_swept() {
    let place = Place::new();
    let node = open(&place).await;
    create(&node.pods(), running(&place)).await;
    until_ready(&node.pods(), &place).await;
    // What a creation leaves whose record was given up: made, labelled as this node's, never started.
    let made = ids(&place, "sandbox").await;
    let labels = place.engine.inspect_container(&made[0], None::<bollard::query_parameters::InspectContainerOptions>);
    let mut labels = labels.await.unwrap().config.unwrap().labels.unwrap();
    labels.insert("petset.rs/record".to_owned(), "given-up".to_owned());
    labels.insert("petset.rs/ordinal".to_owned(), "7".to_owned());
    let body = ContainerCreateBody { image: Some(IMAGE.to_owned()), labels: Some(labels), ..Default::default() };
    place.engine.create_container(None::<bollard::query_parameters::CreateContainerOptions>, body).await.unwrap();
    assert_eq!(ids(&place, "sandbox").await.len(), 2);
    node.pods().shutdown().await;
    drop(node);
    let node = open(&place).await;
    assert_eq!(ids(&place, "sandbox").await, made);
    until_ready(&node.pods(), &place).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_image_is_told_and_healed() {
    let place = Place::new();
    let node = open(&place).await;
    let mut request = running(&place);
    let name = format!("petset.test/{}:1", place.namespace);
    let template = std::sync::Arc::make_mut(&mut request.template);
    template.spec.containers[0].image = Some(name.clone());
    template.spec.containers[0].image_pull_policy = Some("Never".to_owned());
    create(&node.pods(), request).await;
    let is_told = |pod: &petset_core::backend::Pod| pod.status.reason.as_deref() == Some("ErrImageNeverPull");
    let pod = until(&node.pods(), &place, "a reason", is_told).await;
    assert!(pod.status.message.is_some_and(|message| message.contains(&name)));
    let (repo, tag) = name.split_once(':').unwrap();
    let tag = bollard::query_parameters::TagImageOptionsBuilder::default().repo(repo).tag(tag).build();
    place.engine.tag_image(IMAGE, Some(tag)).await.unwrap();
    until_ready(&node.pods(), &place).await;
    node.pods().shutdown().await;
    let force = bollard::query_parameters::RemoveImageOptions { force: true, ..Default::default() };
    place.engine.remove_image(&name, Some(force), None).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_that_cannot_be_pulled_is_told() {
    let place = Place::new();
    let node = open(&place).await;
    let mut request = running(&place);
    let template = std::sync::Arc::make_mut(&mut request.template);
    template.spec.containers[0].image = Some("localhost:1/nothing/here:1".to_owned());
    create(&node.pods(), request).await;
    for reason in ["ErrImagePull", "ImagePullBackOff"] {
        until(&node.pods(), &place, reason, |pod| pod.status.reason.as_deref() == Some(reason)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_image_for_pods_that_cannot_be_pulled_is_told_with_what_to_do() {
    const IMAGE: &str = "localhost:1/nothing/pause:1";
    let place = Place::new();
    let node = place.builder().pod_options(options()).sandbox(IMAGE, []).open().await.unwrap();
    let error = node.pods().create(running(&place)).await.expect_err("there is no such image");
    let text = error.chain().to_string();
    assert!(
        text.contains(IMAGE) && text.contains("cannot be pulled") && text.contains("NodeBuilder::sandbox"),
        "{text}"
    );
}
