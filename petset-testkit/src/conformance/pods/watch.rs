//! `PodBackend::watch`.

use petset_core::backend::PodChange;

use crate::conformance::bench::{Bench, Outcome, drain};

pub(super) async fn every_change(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let mut hints = bench.pods().watch();
    let pod = bench.run(&set, 0, bench.ready()?).await?;
    bench.hinted(&mut hints, &set, "a creation").await?;
    bench.until_ready(&pod).await?;
    drain(&mut hints);
    bench.pods().update(&pod.reference(), PodChange { owner: Some(None), ..PodChange::default() }).await?;
    bench.hinted(&mut hints, &set, "an update").await?;
    drain(&mut hints);
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
