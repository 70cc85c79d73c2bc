//! `PodBackend::delete`: whom it ends.

use std::collections::BTreeMap;
use std::time::Duration;

use petset_core::backend::{DeleteOptions, Deleted, Pod, PodChange, PodRef};
use petset_core::{Ordinal, PodUid, Version};

use crate::conformance::bench::{Bench, Outcome};

fn of_version(version: Version) -> DeleteOptions {
    DeleteOptions { grace_seconds: Some(5), version: Some(version) }
}

/// Nothing happens to a pod that is ready.
async fn untouched(bench: &Bench, pod: &Pod) -> Outcome {
    bench.pass(Duration::from_millis(100)).await;
    assert_eq!(bench.pods().list(&pod.set).await?, std::slice::from_ref(pod));
    Ok(())
}

async fn ready(bench: &Bench) -> Outcome<Pod> {
    let pod = bench.run(&bench.set("web"), 0, bench.ready()?).await?;
    bench.until_ready(&pod).await
}

pub(super) async fn gone_pod(bench: &Bench) -> Outcome {
    let pod = ready(bench).await?;
    assert_eq!(bench.end(&pod, 5).await?, Deleted::Started);
    bench.until_gone(&pod).await?;
    assert_eq!(bench.end(&pod, 5).await?, Deleted::AlreadyGone);
    Ok(())
}

pub(super) async fn never_was(bench: &Bench) -> Outcome {
    let pod = PodRef { set: bench.set("nobody"), ordinal: Ordinal(0), uid: PodUid::from("never-was") };
    assert_eq!(bench.pods().delete(&pod, DeleteOptions::default()).await?, Deleted::AlreadyGone);
    assert_eq!(bench.pods().delete(&pod, of_version(Version::from("1"))).await?, Deleted::AlreadyGone);
    Ok(())
}

pub(super) async fn another_incarnation(bench: &Bench) -> Outcome {
    let pod = ready(bench).await?;
    let other = PodRef { uid: PodUid::from("never-was"), ..pod.reference() };
    assert_eq!(bench.pods().delete(&other, DeleteOptions::default()).await?, Deleted::AlreadyGone);
    untouched(bench, &pod).await
}

pub(super) async fn after_replacement(bench: &Bench) -> Outcome {
    let old = ready(bench).await?;
    bench.end(&old, 5).await?;
    bench.until_gone(&old).await?;
    let new = ready(bench).await?;
    assert_eq!(bench.end(&old, 5).await?, Deleted::AlreadyGone);
    untouched(bench, &new).await
}

pub(super) async fn another_pet(bench: &Bench) -> Outcome {
    let pod = ready(bench).await?;
    let other = PodRef { ordinal: Ordinal(1), ..pod.reference() };
    assert_eq!(bench.pods().delete(&other, DeleteOptions::default()).await?, Deleted::AlreadyGone);
    untouched(bench, &pod).await
}

pub(super) async fn twice(bench: &Bench) -> Outcome {
    let pod = bench.run(&bench.set("web"), 0, bench.stubborn()?).await?;
    bench.until_ready(&pod).await?;
    let asked = bench.now();
    assert_eq!(bench.end(&pod, 3).await?, Deleted::Started);
    assert_eq!(bench.end(&pod, 1).await?, Deleted::Started);
    bench.until_gone(&pod).await?;
    let lived = bench.now().since(asked);
    assert!(lived >= Duration::from_millis(2900), "the grace period was shortened to {lived:?}");
    Ok(())
}

pub(super) async fn never_longer(bench: &Bench) -> Outcome {
    let pod = bench.run(&bench.set("web"), 0, bench.stubborn()?).await?;
    bench.until_ready(&pod).await?;
    bench.end(&pod, 2).await?;
    assert_eq!(bench.end(&pod, bench.beyond_patience()).await?, Deleted::Started);
    bench.until_gone(&pod).await
}

pub(super) async fn old_version(bench: &Bench) -> Outcome {
    let pod = ready(bench).await?;
    let answer = bench.pods().delete(&pod.reference(), of_version(Version::from("0"))).await;
    assert!(answer.as_ref().is_err_and(petset_core::Error::is_conflict), "{answer:?}");
    untouched(bench, &pod).await
}

pub(super) async fn version_after_a_change(bench: &Bench) -> Outcome {
    let pod = ready(bench).await?;
    let annotations = BTreeMap::from([("step".to_owned(), Some("two".to_owned()))]);
    bench.pods().update(&pod.reference(), PodChange { annotations, ..PodChange::default() }).await?;
    let answer = bench.pods().delete(&pod.reference(), of_version(pod.version.clone())).await;
    assert!(answer.as_ref().is_err_and(petset_core::Error::is_conflict), "{answer:?}");
    let seen = bench.pod(&pod.set, 0).await?;
    assert!(seen.is_some_and(|seen| seen.uid == pod.uid && !seen.terminating));
    Ok(())
}

pub(super) async fn newest_version(bench: &Bench) -> Outcome {
    let pod = ready(bench).await?;
    assert_eq!(bench.pods().delete(&pod.reference(), of_version(pod.version.clone())).await?, Deleted::Started);
    bench.until_gone(&pod).await
}
