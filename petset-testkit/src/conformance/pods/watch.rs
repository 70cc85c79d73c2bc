//! `PodBackend::watch`.

use std::time::Duration;

use petset_core::SetKey;
use petset_core::backend::{Pod, PodChange, PodPhase, WatchStream};
use petset_core::spec::PodTemplate;

use crate::conformance::bench::{Bench, Outcome};
use crate::conformance::wait::drain;

/// Looks when a hint comes and never else, until the pods are as wanted: what nobody tells of is not seen.
async fn told(
    bench: &Bench,
    hints: &mut WatchStream,
    set: &SetKey,
    what: &str,
    wanted: impl Fn(&[Pod]) -> bool + Send,
) -> Outcome {
    loop {
        bench.hinted(hints, set, what).await?;
        drain(hints);
        let pods = bench.pods().list(set).await?;
        if wanted(&pods) {
            return Ok(());
        }
    }
}

/// Takes hints until none has come for a while.
async fn quiet(bench: &Bench, hints: &mut WatchStream) {
    for _ in 0..bench.looks() {
        bench.pass(Duration::from_millis(100)).await;
        if drain(hints).is_empty() {
            return;
        }
    }
}

/// One that takes its time, where there is one.
fn slow(bench: &Bench) -> Outcome<PodTemplate> {
    bench.subject.workload.stubborn.clone().map_or_else(|| bench.ready(), Ok)
}

pub(super) async fn every_change(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let mut hints = bench.pods().watch();
    let pod = bench.run(&set, 0, bench.ready()?).await?;
    bench.hinted(&mut hints, &set, "a creation").await?;
    bench.until_ready(&pod).await?;
    // A late hint of readiness counts for one update at most.
    for owner in [None, Some(bench.owner.clone()), None] {
        quiet(bench, &mut hints).await;
        bench.pods().update(&pod.reference(), PodChange { owner: Some(owner), ..PodChange::default() }).await?;
        bench.hinted(&mut hints, &set, "an update").await?;
    }
    quiet(bench, &mut hints).await;
    bench.end(&pod, 5).await?;
    bench.hinted(&mut hints, &set, "a deletion").await?;
    bench.until_gone(&pod).await
}

pub(super) async fn every_watcher(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let (mut one, mut two) = (bench.pods().watch(), bench.pods().watch());
    bench.run(&set, 0, bench.ready()?).await?;
    bench.hinted(&mut one, &set, "a creation").await?;
    bench.hinted(&mut two, &set, "a creation").await
}

pub(super) async fn readiness(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let mut hints = bench.pods().watch();
    bench.run(&set, 0, slow(bench)?).await?;
    let is_ready = |pods: &[Pod]| pods.iter().any(|pod| pod.status.ready_since.is_some());
    told(bench, &mut hints, &set, "readiness", is_ready).await
}

pub(super) async fn a_failure(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let template = bench.given("fails", |workload| &workload.fails)?;
    let mut hints = bench.pods().watch();
    bench.run(&set, 0, template).await?;
    let is_told =
        |pods: &[Pod]| pods.iter().any(|pod| pod.status.phase == PodPhase::Failed || pod.status.reason.is_some());
    told(bench, &mut hints, &set, "a failure", is_told).await
}

pub(super) async fn the_end(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let pod = bench.run(&set, 0, slow(bench)?).await?;
    bench.until_ready(&pod).await?;
    let mut hints = bench.pods().watch();
    bench.end(&pod, 2).await?;
    told(bench, &mut hints, &set, "the end", <[_]>::is_empty).await
}
