//! `VolumeProvisioner::change`.

use petset_core::backend::{Claim, ClaimChange, ClaimPhase, ClaimRef};
use petset_core::spec::Quantity;
use petset_core::{ClaimUid, ErrorKind, SetUid};

use super::support::{settled, stays};
use crate::conformance::bench::{Bench, Outcome};

fn owned_by(owner: Option<&str>) -> ClaimChange {
    ClaimChange { owner: Some(owner.map(SetUid::from)), storage: None }
}

fn grown_to(size: Quantity) -> ClaimChange {
    ClaimChange { owner: None, storage: Some(size) }
}

async fn bound(bench: &Bench) -> Outcome<Claim> {
    let set = bench.set("web");
    bench.claim(&set, 0).await?;
    let is_bound = |claims: &[Claim]| claims.iter().all(|claim| claim.phase == ClaimPhase::Bound);
    Ok(bench.until_claims(&set, "a bound claim", is_bound).await?.remove(0))
}

pub(super) async fn another_life(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let claim = settled(bench, &set).await?;
    let other = ClaimRef { uid: ClaimUid::from("never-was"), ..claim.reference() };
    let answer = bench.volumes().change(&other, owned_by(Some("somebody"))).await;
    assert!(answer.as_ref().is_err_and(petset_core::Error::is_not_found), "{answer:?}");
    stays(bench, &claim).await
}

pub(super) async fn after_its_end(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let claim = bench.claim(&set, 0).await?;
    bench.volumes().delete(&claim.reference()).await?;
    bench.until_claims(&set, "the end of the claim", <[_]>::is_empty).await?;
    let answer = bench.volumes().change(&claim.reference(), owned_by(Some("somebody"))).await;
    assert!(answer.as_ref().is_err_and(petset_core::Error::is_not_found), "{answer:?}");
    Ok(())
}

pub(super) async fn this_life(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let mut claim = settled(bench, &set).await?;
    for owner in [Some("somebody"), None] {
        bench.volumes().change(&claim.reference(), owned_by(owner)).await?;
        claim.owner = owner.map(SetUid::from);
        stays(bench, &claim).await?;
    }
    Ok(())
}

pub(super) async fn grow(bench: &Bench) -> Outcome {
    let claim = bound(bench).await?;
    let larger = bench.given("is a larger size", |workload| &workload.larger)?;
    let bytes = larger.bytes();
    bench.volumes().change(&claim.reference(), grown_to(larger)).await?;
    let is_grown = |claims: &[Claim]| claims.iter().all(|claim| claim.capacity_bytes >= bytes);
    let grown = bench.until_claims(&claim.set, "a larger volume", is_grown).await?.remove(0);
    let expected = Claim { capacity_bytes: grown.capacity_bytes, ..claim };
    assert_eq!(grown, expected, "the same life and volume");
    Ok(())
}

pub(super) async fn grow_with_files(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let larger = bench.given("is a larger size", |workload| &workload.larger)?;
    let claim = bench.claim(&set, 0).await?;
    let writer = bench.run(&set, 0, bench.given("writes into its volume", |workload| &workload.writer)?).await?;
    bench.until_ready(&writer).await?;
    bench.volumes().change(&claim.reference(), grown_to(larger)).await?;
    bench.end(&writer, 5).await?;
    bench.until_gone(&writer).await?;
    let reader = bench.run(&set, 0, bench.given("reads from its volume", |workload| &workload.reader)?).await?;
    bench.until_ready(&reader).await?;
    Ok(())
}

pub(super) async fn never_grows(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    bench.claim(&set, 0).await?;
    let claim = bench.claims(&set).await?.remove(0);
    let larger = bench.given("is a larger size", |workload| &workload.larger)?;
    let change = ClaimChange { owner: Some(Some(SetUid::from("somebody"))), storage: Some(larger) };
    let answer = bench.volumes().change(&claim.reference(), change).await;
    assert!(answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::Unsupported), "{answer:?}");
    assert_eq!(bench.claims(&set).await?, [claim]);
    Ok(())
}

pub(super) async fn never_shrinks(bench: &Bench) -> Outcome {
    let claim = bound(bench).await?;
    for size in ["1", "no size"] {
        let answer = bench.volumes().change(&claim.reference(), grown_to(size.into())).await;
        assert!(answer.as_ref().is_err_and(|error| error.kind() == ErrorKind::Invalid), "{size}: {answer:?}");
    }
    assert_eq!(bench.claims(&claim.set).await?, [claim]);
    Ok(())
}
