//! `SetStore::watch`.

use petset_core::backend::{Hints, WatchEvent};
use petset_core::store::Cascade;

use super::support::{declared, deletion, map, status};
use crate::conformance::bench::{Bench, Outcome};
use crate::conformance::wait::drain;

pub(super) async fn every_change(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    let mut hints = bench.store().watch();
    let made = bench.stored(&key).await?;
    bench.hinted(&mut hints, &key, "create").await?;
    drain(&mut hints);
    let updated = bench.store().update(&key, &made.version, declared(&key, 5)).await?;
    bench.hinted(&mut hints, &key, "update").await?;
    drain(&mut hints);
    let version = bench.store().update_status(&key, &updated.version, status(1)).await?;
    bench.hinted(&mut hints, &key, "update_status").await?;
    drain(&mut hints);
    let marked = bench.store().mark_deleted(&key, &version, deletion(Cascade::Ordered, 1)).await?;
    bench.hinted(&mut hints, &key, "mark_deleted").await?;
    drain(&mut hints);
    bench.store().remove(&key, &marked.version).await?;
    bench.hinted(&mut hints, &key, "remove").await
}

pub(super) async fn objects(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    bench.stored(&key).await?;
    let name = format!("settings-{}", bench.tag);
    let mut hints = bench.store().watch();
    bench.store().put_object(map(&key.namespace, &name, "1")).await?;
    bench.hinted(&mut hints, &key, "put_object").await?;
    drain(&mut hints);
    bench.remove_map(&key.namespace, &name).await?;
    bench.hinted(&mut hints, &key, "delete_object").await
}

pub(super) async fn gap(bench: &Bench) -> Outcome {
    let (quiet, busy) = (bench.set("quiet"), bench.set("busy"));
    let (first, mut last) = (bench.stored(&quiet).await?, bench.stored(&busy).await?.version);
    let mut hints = bench.store().watch();
    bench.store().update_status(&quiet, &first.version, status(1)).await?;
    for count in (1..).take(Hints::CAPACITY + 10) {
        last = bench.store().update_status(&busy, &last, status(count)).await?;
    }
    let seen = drain(&mut hints);
    let is_told = seen.contains(&WatchEvent::Gap) || seen.contains(&WatchEvent::Changed(quiet));
    assert!(is_told, "a hint was lost without a word");
    Ok(())
}
