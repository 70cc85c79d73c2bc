//! `PodBackend::list`: what runs is listed.

use petset_core::backend::{Created, Pod};
use petset_core::spec::PodTemplate;

use crate::conformance::bench::{Bench, Outcome, Stop, by_hand};

/// A pod that runs, as its author's hand sees it.
async fn running(bench: &Bench, template: PodTemplate) -> Outcome<Pod> {
    let pod = bench.run(&bench.set("web"), 0, template).await?;
    let pod = bench.until_ready(&pod).await?;
    if !by_hand(bench.hands().runs(&pod).await)? {
        return Err(Stop::Failed(format!("the hand sees nothing of {}, which is ready", pod.name())));
    }
    Ok(pod)
}

/// Nothing of the pod is left.
async fn has_ended(bench: &Bench, pod: &Pod) -> Outcome {
    let runs = by_hand(bench.hands().runs(pod).await)?;
    assert!(!runs, "{} ({}) is not listed any more, and runs", pod.name(), pod.uid);
    Ok(())
}

pub(super) async fn after_a_polite_end(bench: &Bench) -> Outcome {
    let pod = running(bench, bench.ready()?).await?;
    bench.end(&pod, 5).await?;
    bench.until_gone(&pod).await?;
    has_ended(bench, &pod).await
}

pub(super) async fn after_a_hard_end(bench: &Bench) -> Outcome {
    let pod = running(bench, bench.stubborn()?).await?;
    bench.end(&pod, 1).await?;
    bench.until_gone(&pod).await?;
    has_ended(bench, &pod).await
}

pub(super) async fn before_the_next(bench: &Bench) -> Outcome {
    let pod = running(bench, bench.stubborn()?).await?;
    bench.end(&pod, 1).await?;
    let request = bench.pod_request(&pod.set, 0, bench.ready()?);
    for _ in 0..bench.looks() {
        match bench.pods().create(request.clone()).await? {
            Created::AlreadyThere(there) => assert_eq!(there.uid, pod.uid),
            Created::New(_) => return has_ended(bench, &pod).await,
        }
        bench.pause().await;
    }
    Err(Stop::Failed(format!("waited for the name of {}", pod.name())))
}
