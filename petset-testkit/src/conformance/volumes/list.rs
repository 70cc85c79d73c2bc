//! `VolumeProvisioner::list`.

use petset_core::backend::{Claim, ClaimPhase};

use crate::conformance::bench::{Bench, Outcome, by_hand};

fn ordinals(claims: &[Claim]) -> Vec<u32> {
    claims.iter().map(|claim| claim.ordinal.0).collect()
}

pub(super) async fn every_identity(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    for ordinal in [10, 2, 7] {
        bench.claim(&set, ordinal).await?;
    }
    assert_eq!(ordinals(&bench.claims(&set).await?), [2, 7, 10]);
    Ok(())
}

pub(super) async fn pending_ones(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let unmatched = bench.given("asks for what nothing serves", |workload| &workload.unmatched)?;
    bench.provision(bench.claim_request(&set, 1, unmatched)).await?;
    bench.claim(&set, 0).await?;
    let claims = bench.claims(&set).await?;
    assert_eq!(ordinals(&claims), [0, 1]);
    assert_eq!(claims[1].phase, ClaimPhase::Pending);
    Ok(())
}

pub(super) async fn lost_ones(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let claim = bench.claim(&set, 0).await?;
    by_hand(bench.hands().vanish_volume(&claim).await)?;
    let is_lost = |claims: &[Claim]| claims.len() == 1 && claims[0].phase == ClaimPhase::Lost;
    let lost = bench.until_claims(&set, "a lost claim", is_lost).await?;
    assert_eq!(lost[0].uid, claim.uid);
    Ok(())
}

pub(super) async fn this_set_only(bench: &Bench) -> Outcome {
    let web = bench.set("web");
    let longer = bench.beside(&web, format!("{}-1", web.name));
    bench.claim(&longer, 0).await?;
    assert_eq!(bench.claims(&web).await?, []);
    assert_eq!(ordinals(&bench.claims(&longer).await?), [0]);
    Ok(())
}

pub(super) async fn this_namespace_only(bench: &Bench) -> Outcome {
    let (here, there) = (bench.set("web"), bench.set_elsewhere("web")?);
    let claim = bench.claim(&there, 0).await?;
    assert_eq!(bench.claims(&here).await?, []);
    let mine = bench.claim(&here, 0).await?;
    assert_ne!(mine.uid, claim.uid);
    assert_eq!(ordinals(&bench.claims(&there).await?), [0]);
    Ok(())
}

pub(super) async fn complete_or_an_error(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    for ordinal in 0..2 {
        bench.claim(&set, ordinal).await?;
    }
    bench.damage_claims(&set).await?;
    let answer = bench.volumes().list(&set).await;
    assert!(answer.is_err(), "a damaged answer is an error: {answer:?}");
    bench.mend().await?;
    assert_eq!(bench.claims(&set).await?.len(), 2);
    Ok(())
}

pub(super) async fn of_nothing(bench: &Bench) -> Outcome {
    assert_eq!(bench.claims(&bench.set("nobody")).await?, []);
    Ok(())
}

pub(super) async fn later_instance(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    for ordinal in [0, 2] {
        let mut request = bench.claim_request(&set, ordinal, bench.subject.workload.claim.clone());
        request.owner = Some(bench.owner.clone());
        bench.provision(request).await?;
    }
    if bench.volumes().capabilities().binds_before_use {
        let all_bound = |claims: &[Claim]| claims.iter().all(|claim| claim.phase == ClaimPhase::Bound);
        bench.until_claims(&set, "bound claims", all_bound).await?;
    }
    let before = bench.claims(&set).await?;
    bench.reopen().await?;
    assert_eq!(bench.claims(&set).await?, before);
    Ok(())
}
