//! `PodBackend::create`: which volumes a pod sees.

use std::collections::BTreeMap;
use std::time::Duration;

use petset_core::ErrorKind;
use petset_core::backend::{Claim, ClaimPhase, ContainerState};
use petset_core::spec::PodTemplate;

use crate::conformance::Workload;
use crate::conformance::bench::{Bench, Outcome, Stop};

fn writer(bench: &Bench) -> Outcome<PodTemplate> {
    bench.given("writes into its volume", |workload| &workload.writer)
}

fn reader(bench: &Bench) -> Outcome<PodTemplate> {
    bench.given("reads from its volume", |workload| &workload.reader)
}

pub(super) async fn named_claims(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let claim = bench.claim(&set, 0).await?;
    let mut template = bench.subject.workload.writer.clone().map_or_else(|| bench.ready(), Ok)?;
    let mounts = template.spec.containers.iter_mut().flat_map(|container| &mut container.volume_mounts);
    assert!(mounts.count() > 0 || bench.subject.workload.writer.is_none(), "a writer mounts its claim");
    let mut request = bench.pod_request(&set, 0, template);
    request.claims.insert(Workload::CLAIM.to_owned(), claim.name.clone());
    let pod = bench.create(request).await?;
    let ready = bench.until_ready(&pod).await?;
    match bench.hands().mounts(&ready).await {
        Ok(mounts) => assert_eq!(mounts, BTreeMap::from([(Workload::CLAIM.to_owned(), claim.name)])),
        // The writer would not be ready without its volume.
        Err(error) if error.kind() == ErrorKind::Unsupported => {
            writer(bench)?;
        }
        Err(error) => return Err(error.into()),
    }
    Ok(())
}

pub(super) async fn content_stays(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    bench.claim(&set, 0).await?;
    let writing = bench.run(&set, 0, writer(bench)?).await?;
    bench.until_ready(&writing).await?;
    bench.end(&writing, 5).await?;
    bench.until_gone(&writing).await?;
    let reading = bench.run(&set, 0, reader(bench)?).await?;
    bench.until_ready(&reading).await?;
    Ok(())
}

pub(super) async fn own_pet(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    for ordinal in [0, 1] {
        bench.claim(&set, ordinal).await?;
    }
    let writing = bench.run(&set, 0, writer(bench)?).await?;
    bench.until_ready(&writing).await?;
    bench.run(&set, 1, reader(bench)?).await?;
    bench.pass(Duration::from_secs(2)).await;
    let other = bench.pod(&set, 1).await?;
    assert_eq!(other.and_then(|pod| pod.status.ready_since), None, "it sees what another pet wrote");
    Ok(())
}

/// A claim that went and was made anew since somebody decided to use it.
pub(super) async fn another_claim(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let before = bench.claim(&set, 0).await?;
    bench.volumes().delete(&before.reference()).await?;
    bench.until_claims(&set, "the end of the claim", <[_]>::is_empty).await?;
    let mut request = bench.pod_request(&set, 0, bench.ready()?);
    request.claims.insert(Workload::CLAIM.to_owned(), before.name.clone());
    request.claim_uids.insert(Workload::CLAIM.to_owned(), before.uid.clone());
    for made_anew in [false, true] {
        if made_anew {
            let after = bench.claim(&set, 0).await?;
            assert_ne!(after.uid, before.uid);
        }
        match bench.pods().create(request.clone()).await {
            Err(error) => assert!(error.is_conflict(), "{error}"),
            Ok(created) => return Err(Stop::Failed(format!("it started on another claim: {created:?}"))),
        }
        assert_eq!(bench.pods().list(&set).await?, []);
    }
    Ok(())
}

/// A claim whose end was asked for, and that another pod still uses.
pub(super) async fn ending_claim(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let claim = bench.claim(&set, 0).await?;
    let mut user = bench.pod_request(&set, 0, bench.ready()?);
    user.claims.insert(Workload::CLAIM.to_owned(), claim.name.clone());
    let user = bench.create(user).await?;
    bench.until_ready(&user).await?;
    bench.volumes().delete(&claim.reference()).await?;
    let ends = |claims: &[Claim]| claims.iter().all(|claim| claim.phase == ClaimPhase::Terminating);
    assert_eq!(bench.until_claims(&set, "a claim that ends", ends).await?.len(), 1, "a pod uses it");
    // Its own pet has a pod that uses it; another one cannot start on it any more.
    let mut request = bench.pod_request(&set, 1, bench.ready()?);
    request.claims.insert(Workload::CLAIM.to_owned(), claim.name.clone());
    request.claim_uids.insert(Workload::CLAIM.to_owned(), claim.uid);
    match bench.pods().create(request).await {
        Err(error) => assert!(error.is_conflict(), "{error}"),
        Ok(created) => return Err(Stop::Failed(format!("it started on a claim that ends: {created:?}"))),
    }
    let left: Vec<_> = bench.pods().list(&set).await?.into_iter().map(|pod| pod.uid).collect();
    assert_eq!(left, [user.uid]);
    Ok(())
}

pub(super) async fn its_own_claim(bench: &Bench) -> Outcome {
    let set = bench.set("web");
    let claim = bench.claim(&set, 0).await?;
    let mut request = bench.pod_request(&set, 0, bench.ready()?);
    request.claims.insert(Workload::CLAIM.to_owned(), claim.name.clone());
    request.claim_uids.insert(Workload::CLAIM.to_owned(), claim.uid);
    let pod = bench.create(request).await?;
    bench.until_ready(&pod).await?;
    Ok(())
}

pub(super) async fn missing(bench: &Bench) -> Outcome {
    let template = bench.subject.workload.reader.clone().map_or_else(|| bench.ready(), Ok)?;
    starts_nothing(bench, template).await
}

pub(super) async fn missing_and_unseen(bench: &Bench) -> Outcome {
    starts_nothing(bench, bench.ready()?).await
}

/// Creates a pod whose claim nobody made: it is refused, or waits.
async fn starts_nothing(bench: &Bench, template: PodTemplate) -> Outcome {
    let set = bench.set("web");
    let mut request = bench.pod_request(&set, 0, template);
    request.claims.insert(Workload::CLAIM.to_owned(), set.claim_name(Workload::CLAIM, request.ordinal));
    if let Err(error) = bench.pods().create(request).await {
        assert_ne!(error.kind(), ErrorKind::Internal, "{error}");
        assert_eq!(bench.pods().list(&set).await?, []);
        return Ok(());
    }
    bench.pass(Duration::from_millis(500)).await;
    let pod = bench.pod(&set, 0).await?.ok_or_else(|| Stop::Failed("the pod is not listed".to_owned()))?;
    let runs = pod.status.containers.iter().any(|container| matches!(container.state, ContainerState::Running { .. }));
    assert!(!runs && pod.status.ready_since.is_none(), "it was started without its claim (S7): {pod:?}");
    assert_eq!(bench.volumes().list(&set).await?, [], "nobody made the claim");
    Ok(())
}
