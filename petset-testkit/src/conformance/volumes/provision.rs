//! `VolumeProvisioner::provision`.

use std::collections::BTreeSet;

use petset_core::SetUid;
use petset_core::backend::{Claim, ClaimPhase, ClaimRequest, Created};

use super::support::{settled, stays, unchanged};
use crate::conformance::bench::{Bench, Outcome, Stop, by_hand};

async fn known(bench: &Bench, request: ClaimRequest) -> Outcome<Claim> {
    match bench.volumes().provision(request).await? {
        Created::AlreadyThere(claim) => Ok(claim),
        Created::New(claim) => Err(Stop::Failed(format!("a second claim was made: {claim:?}"))),
    }
}

pub(super) async fn new_claim(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let request = bench.claim_request(&set, 3, bench.subject.workload.claim.clone());
    let claim = bench.provision(request.clone()).await?;
    assert_eq!((&claim.set, claim.ordinal), (&set, request.ordinal));
    assert_eq!((&claim.name, &claim.template), (&request.name, &request.template));
    if bench.volumes().capabilities().binds_before_use {
        let is_bound = |claims: &[Claim]| claims.iter().any(|claim| claim.phase == ClaimPhase::Bound);
        let bound = bench.until_claims(&set, "a bound claim", is_bound).await?;
        assert_eq!((bound.len(), &bound[0].uid), (1, &claim.uid));
        assert!(bound[0].volume.is_some());
    }
    assert_eq!(bench.claims(&set).await?.iter().map(|claim| &claim.uid).collect::<Vec<_>>(), [&claim.uid]);
    Ok(())
}

pub(super) async fn with_its_owner(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let mut request = bench.claim_request(&set, 0, bench.subject.workload.claim.clone());
    request.owner = Some(bench.owner.clone());
    bench.provision(request).await?;
    assert_eq!(bench.claims(&set).await?[0].owner, Some(bench.owner.clone()));
    Ok(())
}

pub(super) async fn own_volume(bench: &Bench) -> Outcome {
    let sets = [bench.set("web"), bench.set("db")];
    let mut volumes = BTreeSet::new();
    for set in &sets {
        for ordinal in 0..2 {
            bench.claim(set, ordinal).await?;
        }
        let all_bound = |claims: &[Claim]| claims.iter().all(|claim| claim.phase == ClaimPhase::Bound);
        let claims = bench.until_claims(set, "bound claims", all_bound).await?;
        volumes.extend(claims.into_iter().filter_map(|claim| claim.volume));
    }
    assert_eq!(volumes.len(), 4, "{volumes:?}");
    Ok(())
}

pub(super) async fn known_claim(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let before = settled(bench, &set).await?;
    let mut other = bench.claim_request(&set, 0, bench.subject.workload.claim.clone());
    other.owner = Some(SetUid::from("somebody"));
    if let Some(larger) = &bench.subject.workload.larger {
        other.spec.resources.requests.insert("storage".to_owned(), larger.clone());
    }
    let found = known(bench, other).await?;
    assert_eq!(found, unchanged(&before, &found));
    stays(bench, &found).await
}

pub(super) async fn lost_claim(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let claim = bench.claim(&set, 0).await?;
    by_hand(bench.hands().vanish_volume(&claim).await)?;
    let again = known(bench, bench.claim_request(&set, 0, bench.subject.workload.claim.clone())).await?;
    assert_eq!((again.uid, again.phase), (claim.uid, ClaimPhase::Lost), "no empty volume instead (S7)");
    Ok(())
}

pub(super) async fn at_the_same_time(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let request = bench.claim_request(&set, 0, bench.subject.workload.claim.clone());
    let (mut made, mut uids) = (0, BTreeSet::new());
    let answers = Bench::at_once((0..8).map(|_| {
        let (volumes, request) = (bench.volumes(), request.clone());
        async move { volumes.provision(request).await }
    }));
    for answer in answers.await? {
        let claim = match answer? {
            Created::New(claim) => {
                made += 1;
                claim
            }
            Created::AlreadyThere(claim) => claim,
        };
        uids.insert(claim.uid);
    }
    assert_eq!((made, uids.len()), (1, 1), "one of them made it, and all of them saw it");
    Ok(())
}

pub(super) async fn without_a_match(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let unmatched = bench.given("asks for what nothing serves", |workload| &workload.unmatched)?;
    let claim = bench.provision(bench.claim_request(&set, 0, unmatched)).await?;
    assert_eq!((claim.phase, &claim.volume), (ClaimPhase::Pending, &None));
    let seen = bench.claims(&set).await?.remove(0);
    assert_eq!(seen.phase, ClaimPhase::Pending);
    assert!(seen.message.as_ref().is_some_and(|message| !message.is_empty()), "it says what is missing: {seen:?}");
    Ok(())
}

pub(super) async fn foreign_name(bench: &Bench) -> Outcome {
    // `a-b` of set `c` and `a` of set `b-c` want the same name.
    let first = bench.set("c");
    let second = bench.beside(&first, format!("b-{}", first.name));
    let spec = &bench.subject.workload.claim;
    let mut of_first = bench.claim_request(&first, 0, spec.clone());
    "a-b".clone_into(&mut of_first.template);
    of_first.name = first.claim_name("a-b", of_first.ordinal);
    let mut of_second = bench.claim_request(&second, 0, spec.clone());
    "a".clone_into(&mut of_second.template);
    of_second.name = second.claim_name("a", of_second.ordinal);
    assert_eq!(of_first.name, of_second.name);
    let claim = bench.provision(of_first).await?;
    let answer = bench.volumes().provision(of_second).await;
    assert!(answer.as_ref().is_err_and(petset_core::Error::is_already_exists), "{answer:?}");
    assert_eq!(bench.claims(&second).await?, []);
    assert_eq!(bench.claims(&first).await?[0].uid, claim.uid);
    Ok(())
}
