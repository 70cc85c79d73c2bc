//! `PodBackend::create`.

use std::collections::BTreeSet;
use std::time::Duration;

use petset_core::SetUid;
use petset_core::backend::{Created, Pod, PodChange, PodPhase, PodRequest};

use crate::conformance::bench::{Bench, Outcome, Stop};

/// The pod that has the name.
async fn taken(bench: &Bench, request: PodRequest) -> Outcome<Pod> {
    match bench.pods().create(request).await? {
        Created::AlreadyThere(pod) => Ok(pod),
        Created::New(pod) => Err(Stop::Failed(format!("a second pod was made: {pod:?}"))),
    }
}

pub(super) async fn free_name(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let pod = bench.run(&set, 0, bench.ready()?).await?;
    assert!(!pod.uid.as_str().is_empty());
    let listed = bench.pods().list(&set).await?;
    assert_eq!(listed.iter().map(Pod::reference).collect::<Vec<_>>(), [pod.reference()]);
    Ok(())
}

pub(super) async fn after_the_end(bench: &Bench) -> Outcome {
    let (set, template) = (bench.set("web"), bench.ready()?);
    let mut uids = BTreeSet::new();
    for _ in 0..3 {
        let pod = bench.run(&set, 0, template.clone()).await?;
        assert!(uids.insert(pod.uid.clone()), "{} was used before", pod.uid);
        bench.end(&pod, 5).await?;
        bench.until_gone(&pod).await?;
    }
    Ok(())
}

pub(super) async fn each_pet(bench: &Bench) -> Outcome {
    let (set, template) = (bench.set("web"), bench.ready()?);
    let mut uids = BTreeSet::new();
    for ordinal in [0, 1, 2] {
        uids.insert(bench.run(&set, ordinal, template.clone()).await?.uid);
    }
    assert_eq!(uids.len(), 3);
    Ok(())
}

pub(super) async fn taken_name(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let pod = bench.run(&set, 0, bench.ready()?).await?;
    let before = bench.until_ready(&pod).await?;
    let mut other = bench.pod_request(&set, 0, bench.ready()?);
    other.revision = "another-1".into();
    other.labels.insert("other".to_owned(), "label".to_owned());
    let answer = taken(bench, other).await?;
    assert_eq!((&answer.uid, &answer.revision), (&before.uid, &before.revision));
    assert_eq!(bench.pods().list(&set).await?, [before]);
    Ok(())
}

pub(super) async fn taken_by_another_owner(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let mut foreign = bench.pod_request(&set, 0, bench.ready()?);
    foreign.owner = SetUid::from("somebody");
    let pod = bench.create(foreign).await?;
    let answer = taken(bench, bench.pod_request(&set, 0, bench.ready()?)).await?;
    assert_eq!((&answer.uid, &answer.owner), (&pod.uid, &Some(SetUid::from("somebody"))));
    Ok(())
}

pub(super) async fn taken_by_an_orphan(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let pod = bench.run(&set, 0, bench.ready()?).await?;
    bench.pods().update(&pod.reference(), PodChange { owner: Some(None), ..PodChange::default() }).await?;
    let answer = taken(bench, bench.pod_request(&set, 0, bench.ready()?)).await?;
    assert_eq!((answer.uid, answer.owner), (pod.uid, None));
    Ok(())
}

pub(super) async fn taken_while_terminating(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let pod = bench.run(&set, 0, bench.stubborn()?).await?;
    bench.until_ready(&pod).await?;
    bench.end(&pod, 2).await?;
    let answer = taken(bench, bench.pod_request(&set, 0, bench.ready()?)).await?;
    assert_eq!((&answer.uid, answer.terminating), (&pod.uid, true));
    bench.until_gone(&pod).await
}

pub(super) async fn at_the_same_time(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let request = bench.pod_request(&set, 0, bench.ready()?);
    let answers = Bench::at_once((0..8).map(|_| {
        let (pods, request) = (bench.pods(), request.clone());
        async move { pods.create(request).await }
    }))
    .await?;
    let (mut made, mut uids) = (0, BTreeSet::new());
    for answer in answers {
        let pod = match answer? {
            Created::New(pod) => {
                made += 1;
                pod
            }
            Created::AlreadyThere(pod) => pod,
        };
        uids.insert(pod.uid);
    }
    assert_eq!((made, uids.len()), (1, 1), "one of them made it, and all of them saw it");
    assert_eq!(bench.pods().list(&set).await?.len(), 1);
    Ok(())
}

pub(super) async fn waits_for_no_readiness(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let template = bench.given("never becomes ready", |workload| &workload.never_ready)?;
    let pod = bench.run(&set, 0, template).await?;
    assert_eq!(pod.status.ready_since, None);
    let running = bench.until(&set, 0, "a start", |pod| pod.status.phase == PodPhase::Running).await?;
    assert_eq!(running.status.ready_since, None);
    bench.pass(Duration::from_millis(300)).await;
    assert_eq!(bench.pod(&set, 0).await?.and_then(|pod| pod.status.ready_since), None);
    Ok(())
}

pub(super) async fn readiness_comes(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let pod = bench.run(&set, 0, bench.ready()?).await?;
    let ready = bench.until_ready(&pod).await?;
    assert_eq!(ready.status.phase, PodPhase::Running);
    assert!(!ready.status.containers.is_empty() && ready.status.containers.iter().all(|container| container.ready));
    assert!(!ready.status.addresses.is_empty(), "a ready pod has an address");
    bench.pass(Duration::from_millis(100)).await;
    let later = bench.pod(&set, 0).await?.and_then(|pod| pod.status.ready_since);
    assert_eq!(later, ready.status.ready_since, "without a break");
    Ok(())
}

pub(super) async fn readiness_changes_the_version(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let pod = bench.run(&set, 0, bench.ready()?).await?;
    if pod.status.ready_since.is_some() {
        return Err(Stop::Skipped("its pods are ready when they are made".to_owned()));
    }
    let ready = bench.until_ready(&pod).await?;
    assert_ne!(pod.version, ready.version);
    Ok(())
}
