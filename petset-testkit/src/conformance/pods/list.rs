//! `PodBackend::list`.

use std::collections::{BTreeMap, BTreeSet};

use petset_core::backend::{Created, Pod, PodChange, PodPhase, PodStatus};
use petset_core::{SetKey, SetUid, Version};

use crate::conformance::bench::{Bench, Outcome};

async fn owners(bench: &Bench, set: &SetKey) -> Outcome<BTreeMap<u32, Option<SetUid>>> {
    Ok(bench.pods().list(set).await?.into_iter().map(|pod| (pod.ordinal.0, pod.owner)).collect())
}

pub(super) async fn every_pod_of_the_name(bench: &Bench) -> Outcome {
    let (set, template) = (bench.set("web"), bench.ready()?);
    bench.run(&set, 0, template.clone()).await?;
    let mut foreign = bench.pod_request(&set, 2, template.clone());
    foreign.owner = SetUid::from("somebody");
    bench.create(foreign).await?;
    let orphan = bench.run(&set, 10, template).await?;
    let change = PodChange { owner: Some(None), ..PodChange::default() };
    bench.pods().update(&orphan.reference(), change).await?;
    let expected = [(0, Some(bench.owner.clone())), (2, Some(SetUid::from("somebody"))), (10, None)];
    assert_eq!(owners(bench, &set).await?, BTreeMap::from(expected));
    Ok(())
}

pub(super) async fn failed_ones(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let template = bench.given("fails", |workload| &workload.fails)?;
    let pod = bench.run(&set, 0, template).await?;
    let is_told = |pod: &Pod| pod.status.phase == PodPhase::Failed || pod.status.reason.is_some();
    let failed = bench.until(&set, 0, "a failure", is_told).await?;
    assert_eq!(failed.uid, pod.uid);
    assert_eq!(failed.status.ready_since, None);
    Ok(())
}

pub(super) async fn ended_ones(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let template = bench.given("ends", |workload| &workload.ends)?;
    let pod = bench.run(&set, 0, template).await?;
    let has_ended = |pod: &Pod| {
        pod.status.phase == PodPhase::Succeeded
            || pod.status.containers.iter().any(|container| container.restarts > 0)
            || pod.status.reason.is_some()
    };
    assert_eq!(bench.until(&set, 0, "an end", has_ended).await?.uid, pod.uid);
    Ok(())
}

pub(super) async fn terminating_ones(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let pod = bench.run(&set, 0, bench.stubborn()?).await?;
    bench.until_ready(&pod).await?;
    bench.end(&pod, 2).await?;
    let seen = bench.pods().list(&set).await?;
    assert_eq!(seen.iter().map(|pod| (&pod.uid, pod.terminating)).collect::<Vec<_>>(), [(&pod.uid, true)]);
    bench.until_gone(&pod).await
}

pub(super) async fn no_other_set(bench: &Bench) -> Outcome {
    let web = bench.set("web");
    let longer = bench.beside(&web, format!("{}-1", web.name));
    let pod = bench.run(&longer, 0, bench.ready()?).await?;
    assert_eq!(bench.pods().list(&web).await?, []);
    assert_eq!(owners(bench, &longer).await?.len(), 1);
    assert_eq!(pod.set, longer);
    Ok(())
}

pub(super) async fn longer_name(bench: &Bench) -> Outcome {
    let web = bench.set("web");
    let longer = bench.beside(&web, format!("{}x", web.name));
    bench.run(&longer, 0, bench.ready()?).await?;
    bench.run(&web, 1, bench.ready()?).await?;
    assert_eq!(owners(bench, &web).await?.into_keys().collect::<Vec<_>>(), [1]);
    assert_eq!(owners(bench, &longer).await?.into_keys().collect::<Vec<_>>(), [0]);
    Ok(())
}

pub(super) async fn other_namespace(bench: &Bench) -> Outcome {
    let (here, there) = (bench.set("web"), bench.set_elsewhere("web")?);
    bench.run(&there, 0, bench.ready()?).await?;
    assert_eq!(bench.pods().list(&here).await?, []);
    bench.run(&here, 0, bench.ready()?).await?;
    assert_eq!(owners(bench, &here).await?.len(), 1);
    assert_eq!(owners(bench, &there).await?.len(), 1);
    Ok(())
}

pub(super) async fn complete_or_an_error(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    for ordinal in 0..2 {
        bench.run(&set, ordinal, bench.ready()?).await?;
    }
    bench.damage_pods(&set).await?;
    let answer = bench.pods().list(&set).await;
    assert!(answer.is_err(), "a damaged answer is an error: {answer:?}");
    bench.mend().await?;
    assert_eq!(bench.pods().list(&set).await?.len(), 2);
    Ok(())
}

pub(super) async fn others_can_be_read(bench: &Bench) -> Outcome {
    let (damaged, sound) = (bench.set("web"), bench.set("db"));
    for set in [&damaged, &sound] {
        bench.run(set, 0, bench.ready()?).await?;
    }
    bench.damage_pods(&damaged).await?;
    let answer = bench.pods().list(&damaged).await;
    assert!(answer.is_err(), "a damaged answer is an error: {answer:?}");
    assert_eq!(bench.pods().list(&sound).await?.len(), 1);
    Ok(())
}

pub(super) async fn of_nothing(bench: &Bench) -> Outcome {
    assert_eq!(bench.pods().list(&bench.set("nobody")).await?, []);
    Ok(())
}

pub(super) async fn many_at_once(bench: &Bench) -> Outcome {
    let (set, template) = (bench.set("web"), bench.ready()?);
    let answers = Bench::at_once((0..12).map(|ordinal| {
        let (pods, request) = (bench.pods(), bench.pod_request(&set, ordinal, template.clone()));
        async move { pods.create(request).await }
    }))
    .await?;
    let mut made = BTreeSet::new();
    for answer in answers {
        let (Created::New(pod) | Created::AlreadyThere(pod)) = answer?;
        made.insert(pod.uid);
    }
    let listed: BTreeSet<_> = bench.pods().list(&set).await?.into_iter().map(|pod| pod.uid).collect();
    assert_eq!((listed.len(), listed), (12, made));
    Ok(())
}

pub(super) async fn own_writes(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let pod = bench.run(&set, 0, bench.ready()?).await?;
    let listed = bench.pods().list(&set).await?;
    assert_eq!(listed.iter().map(|pod| &pod.uid).collect::<Vec<_>>(), [&pod.uid]);
    bench.until_ready(&pod).await?;
    bench.end(&pod, 5).await?;
    if let Some(seen) = bench.pod(&set, 0).await? {
        assert!(seen.terminating, "until its end is confirmed it is listed as terminating: {seen:?}");
    }
    bench.until_gone(&pod).await?;
    assert_eq!(bench.pods().list(&set).await?, []);
    Ok(())
}

pub(super) async fn as_asked_for(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let request = bench.pod_request(&set, 3, bench.ready()?);
    let made = bench.create(request.clone()).await?;
    let seen = bench.pods().list(&set).await?.remove(0);
    for pod in [made, seen] {
        assert_eq!((&pod.set, pod.ordinal), (&set, request.ordinal));
        assert_eq!(pod.owner.as_ref(), Some(&bench.owner));
        assert_eq!(pod.revision.as_ref(), Some(&request.revision));
        assert!(!pod.terminating);
        for (key, value) in &request.labels {
            assert_eq!(pod.labels.get(key), Some(value), "label {key}");
        }
        for (key, value) in &request.template.metadata.annotations {
            assert_eq!(pod.annotations.get(key), Some(value), "annotation {key}");
        }
    }
    Ok(())
}

pub(super) async fn an_update(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let pod = bench.run(&set, 0, bench.ready()?).await?;
    let labels = BTreeMap::from([("step".to_owned(), Some("two".to_owned()))]);
    bench.pods().update(&pod.reference(), PodChange { labels, ..PodChange::default() }).await?;
    let seen = bench.pods().list(&set).await?.remove(0);
    assert_eq!(seen.labels.get("step").map(String::as_str), Some("two"));
    Ok(())
}

/// What of a pod does not change by itself.
fn lasting(pod: Pod) -> Pod {
    Pod { version: Version::from("any"), status: PodStatus::default(), ..pod }
}

pub(super) async fn later_instance(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    for ordinal in [0, 2] {
        let pod = bench.run(&set, ordinal, bench.ready()?).await?;
        bench.until_ready(&pod).await?;
    }
    let before = bench.pods().list(&set).await?;
    let mut foreign = bench.pod_request(&set, 5, bench.ready()?);
    foreign.owner = SetUid::from("somebody");
    let foreign = bench.until_ready(&bench.create(foreign).await?).await?;
    bench.reopen().await?;
    let mut expected: Vec<Pod> = before.into_iter().chain([foreign]).map(lasting).collect();
    let mut after: Vec<Pod> = bench.pods().list(&set).await?.into_iter().map(lasting).collect();
    expected.sort_by_key(|pod| pod.ordinal);
    after.sort_by_key(|pod| pod.ordinal);
    assert_eq!(after, expected);
    for pod in &after {
        bench.until_ready(pod).await?;
    }
    let mut late = bench.pod_request(&set, 0, bench.ready()?);
    late.revision = "another-1".into();
    let answer = bench.pods().create(late).await?;
    assert!(matches!(&answer, Created::AlreadyThere(pod) if pod.uid == after[0].uid), "{answer:?}");
    Ok(())
}
