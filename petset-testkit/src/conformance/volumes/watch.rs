//! `VolumeProvisioner::watch`.

use petset_core::backend::{Claim, ClaimChange, ClaimPhase, Deleted, WatchStream};
use petset_core::{SetKey, SetUid};

use super::delete::used;
use crate::conformance::bench::{Bench, Outcome, by_hand};
use crate::conformance::wait::drain;

/// Looks when a hint comes and never else, until the claims are as wanted: what nobody tells of is not seen.
async fn told(
    bench: &Bench,
    hints: &mut WatchStream,
    set: &SetKey,
    what: &str,
    wanted: impl Fn(&[Claim]) -> bool + Send,
) -> Outcome {
    loop {
        bench.hinted(hints, set, what).await?;
        drain(hints);
        let claims = bench.claims(set).await?;
        if wanted(&claims) {
            return Ok(());
        }
    }
}

fn all_are(phase: ClaimPhase) -> impl Fn(&[Claim]) -> bool + Send {
    move |claims| !claims.is_empty() && claims.iter().all(|claim| claim.phase == phase)
}

pub(super) async fn every_change(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let mut hints = bench.volumes().watch();
    let claim = bench.claim(&set, 0).await?.reference();
    bench.hinted(&mut hints, &set, "a new claim").await?;
    drain(&mut hints);
    let change = ClaimChange { owner: Some(Some(SetUid::from("somebody"))), storage: None };
    bench.volumes().change(&claim, change).await?;
    bench.hinted(&mut hints, &set, "a change").await?;
    drain(&mut hints);
    bench.volumes().delete(&claim).await?;
    bench.hinted(&mut hints, &set, "a deletion").await
}

pub(super) async fn a_binding(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let mut hints = bench.volumes().watch();
    bench.claim(&set, 0).await?;
    told(bench, &mut hints, &set, "a binding", all_are(ClaimPhase::Bound)).await
}

pub(super) async fn a_late_binding(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let unmatched = bench.given("asks for what nothing serves", |workload| &workload.unmatched)?;
    let claim = bench.provision(bench.claim_request(&set, 0, unmatched)).await?;
    assert_eq!(claim.phase, ClaimPhase::Pending);
    let mut hints = bench.volumes().watch();
    by_hand(bench.hands().supply_volume(&claim).await)?;
    told(bench, &mut hints, &set, "a binding", all_are(ClaimPhase::Bound)).await
}

pub(super) async fn a_loss(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    bench.claim(&set, 0).await?;
    let claim = bench.until_claims(&set, "a bound claim", all_are(ClaimPhase::Bound)).await?.remove(0);
    let mut hints = bench.volumes().watch();
    by_hand(bench.hands().vanish_volume(&claim).await)?;
    told(bench, &mut hints, &set, "a loss", all_are(ClaimPhase::Lost)).await
}

pub(super) async fn the_end(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let claim = bench.claim(&set, 0).await?;
    let mut hints = bench.volumes().watch();
    assert_eq!(bench.volumes().delete(&claim.reference()).await?, Deleted::Started);
    told(bench, &mut hints, &set, "the end", <[_]>::is_empty).await
}

pub(super) async fn the_end_after_its_pod(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let (claim, pod) = used(bench, &set).await?;
    assert_eq!(bench.volumes().delete(&claim.reference()).await?, Deleted::Started);
    let mut hints = bench.volumes().watch();
    bench.end(&pod, 5).await?;
    told(bench, &mut hints, &set, "the end", <[_]>::is_empty).await
}
