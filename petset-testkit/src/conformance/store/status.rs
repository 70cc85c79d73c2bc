//! Status, the mark of deletion, and removal.

use petset_core::ErrorKind;
use petset_core::store::{Cascade, Deletion};

use super::support::{deletion, refused, status};
use crate::conformance::bench::{Bench, Outcome};

pub(super) async fn first_mark(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    let made = bench.stored(&key).await?;
    let first = bench.store().mark_deleted(&key, &made.version, deletion(Cascade::Ordered, 1)).await?;
    assert_eq!(first.deletion.map(|deletion| deletion.cascade), Some(Cascade::Ordered));
    let second = bench.store().mark_deleted(&key, &first.version, deletion(Cascade::Ordered, 2)).await?;
    assert_eq!(second, first);
    Ok(())
}

pub(super) async fn orphans_win(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    let made = bench.stored(&key).await?;
    let first = bench.store().mark_deleted(&key, &made.version, deletion(Cascade::Ordered, 1)).await?;
    let orphan = bench.store().mark_deleted(&key, &first.version, deletion(Cascade::Orphan, 3)).await?;
    let asked_first = first.deletion.map(|first| Deletion { cascade: Cascade::Orphan, ..first });
    assert_eq!(orphan.deletion, asked_first, "the moment is that of the first mark");
    assert_ne!(orphan.version, first.version);
    let last = bench.store().mark_deleted(&key, &orphan.version, deletion(Cascade::Ordered, 4)).await?;
    assert_eq!(last, orphan);
    Ok(())
}

pub(super) async fn old_version(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    let made = bench.stored(&key).await?;
    bench.store().update_status(&key, &made.version, status(1)).await?;
    let error = refused(bench.store().update_status(&key, &made.version, status(2)).await)?;
    assert!(error.is_conflict(), "{error}");
    assert_eq!(bench.current(&key).await?.status, status(1));
    Ok(())
}

pub(super) async fn racing(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    let made = bench.stored(&key).await?;
    let answers = Bench::at_once((1..=8).map(|count| {
        let (store, key, version) = (bench.store(), key.clone(), made.version.clone());
        async move { store.update_status(&key, &version, status(count)).await }
    }))
    .await?;
    assert_eq!(answers.iter().flatten().count(), 1);
    assert!(answers.iter().filter_map(|answer| answer.as_ref().err()).all(petset_core::Error::is_conflict));
    Ok(())
}

pub(super) async fn remove_old_version(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    let made = bench.stored(&key).await?;
    bench.store().mark_deleted(&key, &made.version, deletion(Cascade::Ordered, 1)).await?;
    let error = refused(bench.store().remove(&key, &made.version).await)?;
    assert!(error.is_conflict(), "{error}");
    bench.current(&key).await?;
    Ok(())
}

pub(super) async fn remove_needs_the_mark(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    let made = bench.stored(&key).await?;
    let error = refused(bench.store().remove(&key, &made.version).await)?;
    assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    assert_eq!(bench.current(&key).await?, made);
    Ok(())
}
