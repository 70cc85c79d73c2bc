//! Revisions.

use std::time::Duration;

use petset_core::store::Revision;
use petset_core::{SetKey, SetUid};

use super::support::{NOW, refused, revision, revision_name};
use crate::conformance::bench::{Bench, Outcome};

pub(super) async fn removed_along(bench: &Bench) -> Outcome {
    let (goes, stays) = (bench.stored(&bench.set("web")).await?, bench.stored(&bench.set("web-1")).await?);
    for stored in [&goes, &stays] {
        for number in [1, 2] {
            let revision = revision(&stored.key(), &number.to_string(), number);
            bench.store().put_revision(&stored.key(), &stored.uid, revision).await?;
        }
    }
    bench.remove_stored(&goes.key()).await?;
    assert_eq!(bench.store().revisions(&goes.key(), &goes.uid).await?, []);
    assert_eq!(bench.store().revisions(&stays.key(), &stays.uid).await?.len(), 2);
    Ok(())
}

pub(super) async fn another_life(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    let made = bench.stored(&key).await?;
    bench.store().put_revision(&key, &made.uid, revision(&key, "1", 1)).await?;
    let other = SetUid::from("never-was");
    assert_eq!(bench.store().revisions(&key, &other).await?, []);
    let error = refused(bench.store().put_revision(&key, &other, revision(&key, "2", 2)).await)?;
    assert!(error.is_not_found(), "{error}");
    assert_eq!(bench.store().revisions(&key, &made.uid).await?, [revision(&key, "1", 1)]);
    Ok(())
}

pub(super) async fn next_life(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    let first = bench.stored(&key).await?;
    bench.store().put_revision(&key, &first.uid, revision(&key, "1", 1)).await?;
    bench.remove_stored(&key).await?;
    let next = bench.stored(&key).await?;
    for uid in [&next.uid, &first.uid] {
        assert_eq!(bench.store().revisions(&key, uid).await?, []);
    }
    Ok(())
}

pub(super) async fn renumbered(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    let made = bench.stored(&key).await?;
    for (hash, number) in [("z", 1), ("a", 2)] {
        bench.store().put_revision(&key, &made.uid, revision(&key, hash, number)).await?;
    }
    let all = bench.store().revisions(&key, &made.uid).await?;
    assert_eq!(all, [revision(&key, "z", 1), revision(&key, "a", 2)]);
    let later = Revision { created_at: NOW.after(Duration::from_secs(9)), ..revision(&key, "other", 3) };
    let again = Revision { name: revision_name(&key, "z"), ..later };
    bench.store().put_revision(&key, &made.uid, again).await?;
    let all = bench.store().revisions(&key, &made.uid).await?;
    let expected = [revision(&key, "a", 2), Revision { number: 3, ..revision(&key, "z", 1) }];
    assert_eq!(all, expected, "the number is new, the template and the time are the old ones");
    assert_eq!(bench.current(&key).await?.version, made.version);
    Ok(())
}

pub(super) async fn delete_unknown(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    let uid = bench.stored(&key).await?.uid;
    let name = revision_name(&key, "1");
    bench.store().put_revision(&key, &uid, revision(&key, "1", 1)).await?;
    bench.store().delete_revision(&key, &uid, &revision_name(&key, "2")).await?;
    bench.store().delete_revision(&key, &SetUid::from("never-was"), &name).await?;
    bench.store().delete_revision(&SetKey::new("no", "set"), &uid, &name).await?;
    assert_eq!(bench.store().revisions(&key, &uid).await?, [revision(&key, "1", 1)]);
    for _ in 0..2 {
        bench.store().delete_revision(&key, &uid, &name).await?;
    }
    assert_eq!(bench.store().revisions(&key, &uid).await?, []);
    Ok(())
}
