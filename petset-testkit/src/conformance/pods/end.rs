//! `PodBackend::delete`: how a pod ends.

use std::time::Duration;

use petset_core::backend::{DeleteOptions, PodPhase};

use crate::conformance::bench::{Bench, Outcome};

pub(super) async fn politely(bench: &Bench) -> Outcome {
    let pod = bench.run(&bench.set("web"), 0, bench.ready()?).await?;
    bench.until_ready(&pod).await?;
    // One that is not asked, but waited for and killed, is not gone in time.
    bench.end(&pod, bench.beyond_patience()).await?;
    bench.until_gone(&pod).await
}

pub(super) async fn hard(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let pod = bench.run(&set, 0, bench.stubborn()?).await?;
    bench.until_ready(&pod).await?;
    let asked = bench.now();
    bench.end(&pod, 2).await?;
    bench.pass(Duration::from_secs(1)).await;
    assert!(bench.pod(&set, 0).await?.is_some_and(|pod| pod.terminating), "it ended before its grace period was over");
    bench.until_gone(&pod).await?;
    let lived = bench.now().since(asked);
    assert!(lived >= Duration::from_millis(1900), "it ended after {lived:?}");
    Ok(())
}

pub(super) async fn own_grace(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let mut template = bench.stubborn()?;
    template.spec.termination_grace_period_seconds = Some(2);
    let pod = bench.run(&set, 0, template).await?;
    bench.until_ready(&pod).await?;
    let asked = bench.now();
    bench.pods().delete(&pod.reference(), DeleteOptions::default()).await?;
    bench.until_gone(&pod).await?;
    let lived = bench.now().since(asked);
    assert!(lived >= Duration::from_millis(1900), "it ended after {lived:?}");
    Ok(())
}

pub(super) async fn last_words(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    bench.claim(&set, 0).await?;
    let pod = bench.run(&set, 0, bench.given("writes at its end", |workload| &workload.last_words)?).await?;
    bench.until_ready(&pod).await?;
    bench.end(&pod, 20).await?;
    bench.until_gone(&pod).await?;
    let next = bench.run(&set, 0, bench.given("reads from its volume", |workload| &workload.reader)?).await?;
    bench.until_ready(&next).await?;
    Ok(())
}

pub(super) async fn before_ready(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let template = bench.given("never becomes ready", |workload| &workload.never_ready)?;
    for wait in [false, true] {
        let pod = bench.run(&set, 0, template.clone()).await?;
        if wait {
            bench.until(&set, 0, "a start", |pod| pod.status.phase == PodPhase::Running).await?;
        }
        bench.end(&pod, 5).await?;
        bench.until_gone(&pod).await?;
    }
    Ok(())
}

pub(super) async fn no_other_pet(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let stays = bench.run(&set, 0, bench.ready()?).await?;
    let goes = bench.run(&set, 1, bench.ready()?).await?;
    let stays = bench.until_ready(&stays).await?;
    bench.until_ready(&goes).await?;
    bench.end(&goes, 5).await?;
    bench.until_gone(&goes).await?;
    assert_eq!(bench.pods().list(&set).await?, [stays]);
    Ok(())
}
