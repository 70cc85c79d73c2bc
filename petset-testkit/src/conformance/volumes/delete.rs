//! `VolumeProvisioner::delete`.

use petset_core::backend::{Claim, ClaimPhase, ClaimRef, Deleted, Pod};
use petset_core::{ClaimUid, SetKey};

use super::support::{settled, stays};
use crate::conformance::Workload;
use crate::conformance::bench::{Bench, Outcome};

/// A claim and a pod that uses it.
pub(super) async fn used(bench: &Bench, set: &SetKey) -> Outcome<(Claim, Pod)> {
    let claim = bench.claim(set, 0).await?;
    let mut request = bench.pod_request(set, 0, bench.ready()?);
    request.claims.insert(Workload::CLAIM.to_owned(), claim.name.clone());
    let pod = bench.create(request).await?;
    let ready = bench.until_ready(&pod).await?;
    Ok((claim, ready))
}

async fn terminates(bench: &Bench, claim: &Claim) -> Outcome {
    let seen = bench.claims(&claim.set).await?;
    let seen: Vec<_> = seen.iter().map(|claim| (&claim.uid, claim.phase)).collect();
    assert_eq!(seen, [(&claim.uid, ClaimPhase::Terminating)]);
    Ok(())
}

async fn all_end(bench: &Bench, pod: &Pod) -> Outcome {
    bench.end(pod, 5).await?;
    bench.until_gone(pod).await?;
    bench.until_claims(&pod.set, "the end of the claim", <[_]>::is_empty).await?;
    Ok(())
}

pub(super) async fn another_life(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let claim = settled(bench, &set).await?;
    let other = ClaimRef { uid: ClaimUid::from("never-was"), ..claim.reference() };
    assert_eq!(bench.volumes().delete(&other).await?, Deleted::AlreadyGone);
    stays(bench, &claim).await
}

pub(super) async fn after_a_new_life(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let old = bench.claim(&set, 0).await?;
    bench.volumes().delete(&old.reference()).await?;
    bench.until_claims(&set, "the end of the claim", <[_]>::is_empty).await?;
    let new = bench.claim(&set, 0).await?;
    assert_ne!(new.uid, old.uid);
    assert_eq!(bench.volumes().delete(&old.reference()).await?, Deleted::AlreadyGone);
    assert_eq!(bench.claims(&set).await?.iter().map(|claim| &claim.uid).collect::<Vec<_>>(), [&new.uid]);
    Ok(())
}

pub(super) async fn unknown(bench: &Bench) -> Outcome {
    let set = bench.set("nobody");
    let name = set.claim_name(Workload::CLAIM, petset_core::Ordinal(0));
    let claim = ClaimRef { set, name, uid: ClaimUid::from("never-was") };
    assert_eq!(bench.volumes().delete(&claim).await?, Deleted::AlreadyGone);
    Ok(())
}

pub(super) async fn in_use(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let (claim, pod) = used(bench, &set).await?;
    assert_eq!(bench.volumes().delete(&claim.reference()).await?, Deleted::Started);
    terminates(bench, &claim).await?;
    let still = bench.pod(&set, 0).await?;
    assert!(still.is_some_and(|still| still.uid == pod.uid && still.status.ready_since.is_some()));
    all_end(bench, &pod).await
}

pub(super) async fn in_use_twice(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let (claim, pod) = used(bench, &set).await?;
    for _ in 0..2 {
        assert_eq!(bench.volumes().delete(&claim.reference()).await?, Deleted::Started);
        terminates(bench, &claim).await?;
    }
    all_end(bench, &pod).await
}

pub(super) async fn of_nobody(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let (goes, stays) = (bench.claim(&set, 0).await?, bench.claim(&set, 1).await?);
    assert_eq!(bench.volumes().delete(&goes.reference()).await?, Deleted::Started);
    let one_is_left = |claims: &[Claim]| claims.iter().map(|claim| &claim.uid).eq([&stays.uid]);
    bench.until_claims(&set, "the end of one claim", one_is_left).await?;
    Ok(())
}
