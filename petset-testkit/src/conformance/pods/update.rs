//! `PodBackend::update`.

use std::collections::BTreeMap;
use std::sync::Arc;

use petset_core::backend::{Pod, PodChange, PodRef};
use petset_core::{PodUid, SetUid};

use crate::conformance::bench::{Bench, Outcome};

async fn ready(bench: &Bench) -> Outcome<Pod> {
    let pod = bench.run(&bench.set("web"), 0, bench.ready()?).await?;
    bench.until_ready(&pod).await
}

async fn updated(bench: &Bench, pod: &Pod, change: PodChange) -> Outcome<Pod> {
    bench.pods().update(&pod.reference(), change).await?;
    Ok(bench.pods().list(&pod.set).await?.remove(0))
}

fn changes<const N: usize>(changes: [(&str, Option<&str>); N]) -> BTreeMap<String, Option<String>> {
    changes.into_iter().map(|(key, value)| (key.to_owned(), value.map(str::to_owned))).collect()
}

pub(super) async fn only_what_is_named(bench: &Bench) -> Outcome {
    let pod = ready(bench).await?;
    let change = PodChange {
        labels: changes([("app", None), ("new", Some("1"))]),
        annotations: changes([("note", Some("x"))]),
        owner: None,
        version: None,
    };
    let changed = updated(bench, &pod, change).await?;
    let mut expected = pod.clone();
    expected.version = changed.version.clone();
    let labels = Arc::make_mut(&mut expected.labels);
    labels.remove("app");
    labels.insert("new".to_owned(), "1".to_owned());
    Arc::make_mut(&mut expected.annotations).insert("note".to_owned(), "x".to_owned());
    assert_eq!(changed, expected, "the same incarnation, not restarted");
    Ok(())
}

pub(super) async fn owner(bench: &Bench) -> Outcome {
    let pod = ready(bench).await?;
    for owner in [None, Some(SetUid::from("somebody"))] {
        let changed = updated(bench, &pod, PodChange { owner: Some(owner.clone()), ..PodChange::default() }).await?;
        assert_eq!(changed, Pod { owner, version: changed.version.clone(), ..pod.clone() });
    }
    Ok(())
}

pub(super) async fn removing_nothing(bench: &Bench) -> Outcome {
    let pod = ready(bench).await?;
    let change = PodChange { labels: changes([("no-such-label", None)]), ..PodChange::default() };
    let changed = updated(bench, &pod, change).await?;
    assert_eq!(changed, Pod { version: changed.version.clone(), ..pod });
    Ok(())
}

pub(super) async fn new_version(bench: &Bench) -> Outcome {
    let pod = ready(bench).await?;
    let change = PodChange { annotations: changes([("note", Some("x"))]), ..PodChange::default() };
    assert_ne!(updated(bench, &pod, change).await?.version, pod.version);
    Ok(())
}

pub(super) async fn another_incarnation(bench: &Bench) -> Outcome {
    let pod = ready(bench).await?;
    let other = PodRef { uid: PodUid::from("never-was"), ..pod.reference() };
    let change = PodChange { owner: Some(None), ..PodChange::default() };
    let answer = bench.pods().update(&other, change).await;
    assert!(answer.as_ref().is_err_and(petset_core::Error::is_not_found), "{answer:?}");
    assert_eq!(bench.pods().list(&pod.set).await?, [pod]);
    Ok(())
}

pub(super) async fn after_its_end(bench: &Bench) -> Outcome {
    let pod = ready(bench).await?;
    bench.end(&pod, 5).await?;
    bench.until_gone(&pod).await?;
    let change = PodChange { owner: Some(None), ..PodChange::default() };
    let answer = bench.pods().update(&pod.reference(), change).await;
    assert!(answer.as_ref().is_err_and(petset_core::Error::is_not_found), "{answer:?}");
    Ok(())
}

pub(super) async fn old_version(bench: &Bench) -> Outcome {
    let pod = ready(bench).await?;
    let change = |note: &str, version: Option<petset_core::Version>| PodChange {
        annotations: changes([("note", Some(note))]),
        version,
        ..PodChange::default()
    };
    let now = updated(bench, &pod, change("x", None)).await?;
    let old = change("y", Some(pod.version.clone()));
    let error = bench.pods().update(&pod.reference(), old).await.expect_err("the version is old");
    assert!(error.is_conflict(), "{error}");
    updated(bench, &pod, change("z", Some(now.version))).await?;
    Ok(())
}
