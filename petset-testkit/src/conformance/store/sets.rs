//! Sets and their declarations.

use futures::StreamExt;
use petset_core::backend::WatchEvent;
use petset_core::store::Cascade;
use petset_core::{ErrorKind, SetKey};

use super::support::{NOW, declared, deletion, refused, revision, status};
use crate::conformance::bench::{Bench, Outcome, Stop};
use crate::conformance::wait::drain;

pub(super) async fn in_order(bench: &Bench) -> Outcome {
    let mut keys: Vec<SetKey> = ["b", "a-1", "a", "web", "a-b"].map(|name| bench.set(name)).into();
    for key in &keys {
        bench.stored(key).await?;
    }
    keys.sort();
    let listed = bench.store().list().await?;
    assert!(listed.is_sorted(), "{listed:?}");
    assert_eq!(listed.into_iter().filter(|key| keys.contains(key)).collect::<Vec<_>>(), keys);
    Ok(())
}

pub(super) async fn own_writes(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    assert_eq!(bench.store().get(&key).await?, None);
    let made = bench.stored(&key).await?;
    assert_eq!((made.generation, made.deletion), (1, None));
    assert_eq!(bench.current(&key).await?, made);
    let updated = bench.store().update(&key, &made.version, declared(&key, 5)).await?;
    assert_eq!(updated.set, declared(&key, 5));
    assert_eq!(bench.current(&key).await?, updated);
    let version = bench.store().update_status(&key, &updated.version, status(2)).await?;
    let seen = bench.current(&key).await?;
    assert_eq!((&seen.version, &seen.status), (&version, &status(2)));
    let marked = bench.store().mark_deleted(&key, &version, deletion(Cascade::Ordered, 1)).await?;
    assert_eq!(bench.current(&key).await?, marked);
    bench.store().remove(&key, &marked.version).await?;
    assert_eq!(bench.store().get(&key).await?, None);
    assert!(!bench.store().list().await?.contains(&key));
    Ok(())
}

pub(super) async fn new_versions(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    let made = bench.stored(&key).await?;
    let updated = bench.store().update(&key, &made.version, declared(&key, 5)).await?;
    let version = bench.store().update_status(&key, &updated.version, status(2)).await?;
    let marked = bench.store().mark_deleted(&key, &version, deletion(Cascade::Ordered, 1)).await?;
    let versions = [made.version, updated.version, version, marked.version];
    for (index, version) in versions.iter().enumerate() {
        assert!(!versions[index + 1..].contains(version), "each change gives a new version: {versions:?}");
    }
    Ok(())
}

pub(super) async fn taken_key(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    let made = bench.stored(&key).await?;
    let error = refused(bench.store().create(declared(&key, 9), NOW).await)?;
    assert!(error.is_already_exists() && error.to_string().contains(&key.to_string()), "{error}");
    assert_eq!(bench.current(&key).await?, made);
    Ok(())
}

pub(super) async fn racing_creates(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    let answers = Bench::at_once((1..=8).map(|replicas| {
        let (store, set) = (bench.store(), declared(&key, replicas));
        async move { store.create(set, NOW).await }
    }))
    .await?;
    let made: Vec<_> = answers.iter().flatten().collect();
    assert_eq!(made.len(), 1);
    assert_eq!(bench.current(&key).await?, *made[0]);
    assert!(answers.iter().filter_map(|answer| answer.as_ref().err()).all(petset_core::Error::is_already_exists));
    Ok(())
}

pub(super) async fn fresh_uid(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    let first = bench.stored(&key).await?;
    assert_ne!(bench.stored(&bench.set("db")).await?.uid, first.uid);
    bench.remove_stored(&key).await?;
    let second = bench.stored(&key).await?;
    assert_ne!(second.uid, first.uid);
    assert_ne!(second.version, first.version, "a version of an earlier life never fits a later one");
    Ok(())
}

pub(super) async fn old_version(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    let old = bench.stored(&key).await?.version;
    let newest = bench.store().update(&key, &old, declared(&key, 5)).await?;
    let error = refused(bench.store().update(&key, &old, declared(&key, 7)).await)?;
    assert!(error.is_conflict(), "{error}");
    let error = refused(bench.store().mark_deleted(&key, &old, deletion(Cascade::Ordered, 1)).await)?;
    assert!(error.is_conflict(), "{error}");
    assert_eq!(bench.current(&key).await?, newest);
    Ok(())
}

pub(super) async fn another_set(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    let made = bench.stored(&key).await?;
    let error = refused(bench.store().update(&key, &made.version, declared(&bench.set("db"), 3)).await)?;
    assert_eq!(error.kind(), ErrorKind::Invalid, "a declaration of another set");
    assert_eq!(bench.current(&key).await?, made);
    Ok(())
}

pub(super) async fn keeps_status_and_uid(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    let made = bench.stored(&key).await?;
    let version = bench.store().update_status(&key, &made.version, status(3)).await?;
    let marked = bench.store().mark_deleted(&key, &version, deletion(Cascade::Ordered, 7)).await?;
    let updated = bench.store().update(&key, &marked.version, declared(&key, 1)).await?;
    let kept = (updated.uid, updated.status, updated.deletion, updated.created_at);
    assert_eq!(kept, (made.uid, status(3), marked.deletion, made.created_at));
    Ok(())
}

pub(super) async fn generations(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    let made = bench.stored(&key).await?;
    let mut labelled = declared(&key, 3);
    labelled.metadata.labels.insert("team".to_owned(), "a".to_owned());
    let stored = bench.store().update(&key, &made.version, labelled.clone()).await?;
    assert_eq!(stored.generation, 1);
    assert_ne!(stored.version, made.version);
    labelled.spec.replicas = Some(4);
    assert_eq!(bench.store().update(&key, &stored.version, labelled).await?.generation, 2);
    Ok(())
}

pub(super) async fn what_is_there(bench: &Bench) -> Outcome {
    let (key, other) = (bench.set("web"), bench.set("other"));
    let made = bench.stored(&key).await?;
    let version = bench.store().update_status(&key, &made.version, status(1)).await?;
    let mut hints = bench.store().watch();
    // What was before may still be on its way; it comes before this one.
    bench.stored(&other).await?;
    bench.hinted(&mut hints, &other, "another set").await?;
    drain(&mut hints);
    assert_eq!(bench.store().update_status(&key, &version, status(1)).await?, version);
    assert_eq!(bench.store().update(&key, &version, declared(&key, 3)).await?.version, version);
    let after = bench.current(&other).await?;
    bench.store().update_status(&other, &after.version, status(1)).await?;
    let mut seen = Vec::new();
    while !seen.contains(&WatchEvent::Changed(other.clone())) {
        match tokio::time::timeout(bench.subject.patience, hints.next()).await {
            Ok(Some(WatchEvent::Gap)) => return Err(Stop::Skipped("hints were lost meanwhile".to_owned())),
            Ok(Some(hint)) => seen.push(hint),
            Ok(None) | Err(_) => return Err(Stop::Failed("the change of another set was not hinted at".to_owned())),
        }
    }
    assert!(!seen.contains(&WatchEvent::Changed(key)), "nothing changed, and a hint said so");
    Ok(())
}

pub(super) async fn unknown_set(bench: &Bench) -> Outcome {
    let key = bench.set("web");
    let made = bench.stored(&key).await?;
    bench.remove_stored(&key).await?;
    let (store, version) = (bench.store(), &made.version);
    for error in [
        refused(store.update(&key, version, declared(&key, 3)).await)?,
        refused(store.mark_deleted(&key, version, deletion(Cascade::Ordered, 1)).await)?,
        refused(store.update_status(&key, version, status(1)).await)?,
        refused(store.remove(&key, version).await)?,
        refused(store.put_revision(&key, &made.uid, revision(&key, "1", 1)).await)?,
    ] {
        assert!(error.is_not_found() && error.to_string().contains(&key.to_string()), "{error}");
    }
    Ok(())
}
