//! What a later instance of the store shows.

use petset_core::store::{Cascade, GoneSet};

use super::support::{declared, deletion, map, revision, status};
use crate::conformance::bench::{Bench, Outcome};

pub(super) async fn every_thing(bench: &Bench) -> Outcome {
    let (key, gone) = (bench.set("web"), bench.set("gone"));
    let made = bench.stored(&key).await?;
    bench.stored(&gone).await?;
    bench.remove_stored(&gone).await?;
    let updated = bench.store().update(&key, &made.version, declared(&key, 5)).await?;
    let version = bench.store().update_status(&key, &updated.version, status(2)).await?;
    bench.store().mark_deleted(&key, &version, deletion(Cascade::Orphan, 1)).await?;
    bench.store().put_revision(&key, &made.uid, revision(&key, "1", 1)).await?;
    let object = map(&key.namespace, &format!("settings-{}", bench.tag), "1");
    bench.store().put_object(object.clone()).await?;
    let (before, lives) = (bench.current(&key).await?, bench.store().gone().await?);
    bench.reopen().await?;
    assert_eq!(bench.current(&key).await?, before);
    assert_eq!(bench.store().get(&gone).await?, None);
    assert_eq!(bench.store().revisions(&key, &made.uid).await?, [revision(&key, "1", 1)]);
    assert_eq!(bench.maps(&key.namespace).await?, [object]);
    let is_of_the_case = |lives: &GoneSet| lives.set == gone;
    let found: Vec<_> = bench.store().gone().await?.into_iter().filter(is_of_the_case).collect();
    assert_eq!(found, lives.into_iter().filter(is_of_the_case).collect::<Vec<_>>());
    Ok(())
}
