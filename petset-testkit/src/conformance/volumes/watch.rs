//! `VolumeProvisioner::watch`.

use petset_core::SetUid;
use petset_core::backend::ClaimChange;

use crate::conformance::bench::{Bench, Outcome, drain};

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
