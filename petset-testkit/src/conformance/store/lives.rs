//! What is remembered of sets that are no more.

use petset_core::store::{Cascade, GoneSet, StoredSet};
use petset_core::{SetKey, SetUid};

use super::support::deletion;
use crate::conformance::bench::{Bench, Outcome};

/// Creates a set and removes it.
async fn removed(bench: &Bench, key: &SetKey) -> Outcome<StoredSet> {
    let made = bench.stored(key).await?;
    let marked = bench.store().mark_deleted(key, &made.version, deletion(Cascade::Ordered, 1)).await?;
    bench.store().remove(key, &marked.version).await?;
    Ok(made)
}

async fn lives(bench: &Bench, key: &SetKey) -> Outcome<Vec<SetUid>> {
    let mut all = bench.store().gone().await?.into_iter();
    Ok(all.find(|GoneSet { set, .. }| set == key).map(|gone| gone.lives).unwrap_or_default())
}

pub(super) async fn of_a_removed_set(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    assert_eq!(lives(bench, &key).await?, [], "it never was");
    let made = removed(bench, &key).await?;
    assert_eq!(made.former, []);
    assert_eq!(lives(bench, &key).await?, [made.uid]);
    let all = bench.store().gone().await?;
    assert_eq!(all.iter().find(|gone| gone.set == key).map(|gone| gone.cascade), Some(Cascade::Ordered));
    Ok(())
}

pub(super) async fn until_created_anew(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    let first = removed(bench, &key).await?;
    let second = bench.stored(&key).await?;
    assert_eq!((&second.former, lives(bench, &key).await?), (&vec![first.uid.clone()], vec![]));
    assert_eq!(bench.current(&key).await?, second);
    let marked = bench.store().mark_deleted(&key, &second.version, deletion(Cascade::Ordered, 1)).await?;
    bench.store().remove(&key, &marked.version).await?;
    assert_eq!(lives(bench, &key).await?, [first.uid, second.uid]);
    Ok(())
}
