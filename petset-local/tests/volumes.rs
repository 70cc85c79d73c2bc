//! The behaviour that `VolumeProvisioner` promises, on directories.
#![cfg(feature = "node")]

mod common;

use std::collections::BTreeSet;
use std::fs;

use common::{Place, claim, known, new, pool, pooled, request, set};
use futures::StreamExt;
use petset_core::backend::{ClaimChange, ClaimPhase, Deleted, Hints, VolumeProvisioner, WatchEvent};
use petset_core::spec::{ClaimTemplate, LabelSelector, Quantity};
use petset_core::{ErrorKind, Ordinal, PodUid, SetKey, SetUid};
use petset_local::volumes::{LocalVolumes, VolumeOptions};

#[tokio::test]
async fn check_claim_names_every_refused_field() {
    let place = Place::new();
    let volumes = place.open().await;
    let template: ClaimTemplate = serde_json::from_str(
        r#"{"metadata":{"name":"www"},"spec":{"accessModes":["ReadWriteOnce","Sometimes"],"volumeMode":"Block",
            "dataSource":{"name":"x"},"resources":{"requests":{"storage":"lots","iops":5},"limits":{"storage":"1Gi"}}}}"#,
    )
    .unwrap();
    let mut paths: Vec<String> = volumes.check(&template).into_iter().map(|violation| violation.path).collect();
    paths.sort();
    let expected = [
        "spec.accessModes[1]",
        "spec.dataSource",
        "spec.resources.limits",
        "spec.resources.requests.iops",
        "spec.resources.requests.storage",
        "spec.volumeMode",
    ];
    assert_eq!(paths, expected);
    let empty: Vec<String> = volumes.check(&ClaimTemplate::default()).into_iter().map(|found| found.path).collect();
    assert_eq!(empty, ["spec.accessModes", "spec.resources.requests.storage"]);
    let good = ClaimTemplate { spec: request("web", 0).spec, ..ClaimTemplate::default() };
    assert!(volumes.check(&good).is_empty());
}

#[tokio::test]
async fn list_claims_shows_every_identity() {
    let place = Place::new();
    let volumes = place.open().await;
    for ordinal in 0..4 {
        let mut request = request("web", ordinal);
        if ordinal == 1 {
            request.spec.storage_class_name = Some("nosuch".into());
        }
        new(volumes.provision(request).await.unwrap());
    }
    new(volumes.provision(request("web-1", 0)).await.unwrap());
    let lost = claim(&volumes, "web", 2).await;
    fs::remove_dir_all(place.volume("web", 2)).unwrap();
    let deleted = claim(&volumes, "web", 3).await;
    volumes.hold(&set("web"), &deleted.name, &PodUid::from("pod"));
    volumes.delete(&deleted.reference()).await.unwrap();
    let seen = volumes.list(&set("web")).await.unwrap();
    let phases: Vec<_> = seen.iter().map(|claim| (claim.ordinal.0, claim.phase)).collect();
    let expected =
        [(0, ClaimPhase::Bound), (1, ClaimPhase::Pending), (2, ClaimPhase::Lost), (3, ClaimPhase::Terminating)];
    assert_eq!(phases, expected);
    assert_eq!(seen[2].uid, lost.uid);
    assert!(seen[1].message.as_deref().unwrap().contains("the classes are local"), "{seen:?}");
    assert_eq!(LocalVolumes::inspect(place.volumes()).await.unwrap().len(), 5);
}

#[tokio::test]
async fn list_claims_is_complete_or_an_error() {
    let place = Place::new();
    let volumes = place.open().await;
    for name in ["web", "db"] {
        new(volumes.provision(request(name, 0)).await.unwrap());
    }
    drop(volumes);
    let record = place.record("web", 0);
    let good = fs::read(&record).unwrap();
    fs::write(&record, b"{\"set\":").unwrap();
    let volumes = place.open().await;
    assert_eq!(volumes.list(&set("web")).await.unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(volumes.provision(request("web", 0)).await.unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(volumes.list(&set("db")).await.unwrap().len(), 1);
    assert!(LocalVolumes::inspect(place.volumes()).await.is_err());
    // A record in the wrong place is as bad as one that cannot be read.
    fs::copy(place.record("db", 0), &record).unwrap();
    assert_eq!(volumes.list(&set("web")).await.unwrap_err().kind(), ErrorKind::Corrupt);
    fs::write(&record, good).unwrap();
    assert_eq!(volumes.list(&set("web")).await.unwrap()[0].phase, ClaimPhase::Bound);
}

#[tokio::test]
async fn provision_of_a_new_claim_is_new() {
    let place = Place::new();
    let volumes = place.open().await;
    let made = new(volumes.provision(request("web", 0)).await.unwrap());
    assert_eq!(made.phase, ClaimPhase::Bound);
    assert_eq!(made.capacity_bytes, Some(1 << 20));
    assert_eq!(made.storage_class.as_deref(), Some("local"));
    assert_eq!(made.volume.as_deref(), Some("local/default/www-web-0"));
    assert_eq!(volumes.list(&set("web")).await.unwrap(), [made]);
    assert!(volumes.directory(&set("web"), "www-web-0").unwrap().is_dir());
    assert_eq!(fs::read_dir(volumes.directory(&set("web"), "www-web-0").unwrap()).unwrap().count(), 0);
}

#[tokio::test]
async fn provision_of_a_known_claim_changes_nothing() {
    let place = Place::new();
    let volumes = place.open().await;
    let first = new(volumes.provision(request("web", 0)).await.unwrap());
    let data = volumes.directory(&set("web"), "www-web-0").unwrap();
    fs::write(data.join("file"), "kept").unwrap();
    let mut other = request("web", 0);
    other.owner = Some(SetUid::from("another"));
    other.spec.storage_class_name = Some("nosuch".into());
    other.spec.resources.requests.insert("storage".into(), Quantity::from("5Mi"));
    assert_eq!(known(volumes.provision(other.clone()).await.unwrap()), first);
    other.spec.resources.requests.insert("storage".into(), Quantity::from("0"));
    assert_eq!(known(volumes.provision(other).await.unwrap()), first);
    drop(volumes);
    let volumes = place.open().await;
    assert_eq!(known(volumes.provision(request("web", 0)).await.unwrap()), first);
    assert_eq!(fs::read_to_string(data.join("file")).unwrap(), "kept");
}

#[tokio::test]
async fn provision_without_a_match_is_pending() {
    let place = Place::new();
    let volumes = place.open().await;
    let mut of_pool = request("web", 0);
    of_pool.spec.storage_class_name = Some(String::new());
    let pending = new(volumes.provision(of_pool.clone()).await.unwrap());
    assert_eq!(pending.phase, ClaimPhase::Pending);
    assert!(pending.message.unwrap().contains("1048576 bytes"));
    assert_eq!(volumes.directory(&set("web"), "www-web-0").unwrap_err().kind(), ErrorKind::Unavailable);
    drop(volumes);
    // As soon as a volume is there, the claim is bound, and stays what it is.
    let volumes = place.open_with(pool([pooled(&place, "a", 2 << 20)])).await;
    let bound = claim(&volumes, "web", 0).await;
    assert_eq!((bound.phase, bound.volume.as_deref()), (ClaimPhase::Bound, Some("a")));
    assert_eq!(bound.uid, pending.uid);
}

#[tokio::test]
async fn provision_refuses_a_foreign_name() {
    let place = Place::new();
    let volumes = place.open().await;
    let mut first = request("b", 0);
    (first.template, first.name) = ("x-a".into(), "x-a-b-0".into());
    let mut second = request("a-b", 0);
    (second.template, second.name) = ("x".into(), "x-a-b-0".into());
    let made = new(volumes.provision(first.clone()).await.unwrap());
    assert!(volumes.provision(second.clone()).await.unwrap_err().is_already_exists());
    let mut other_ordinal = first.clone();
    other_ordinal.ordinal = Ordinal(1);
    assert!(volumes.provision(other_ordinal).await.unwrap_err().is_already_exists());
    // Also when the record vanished: the volume knows whose it is.
    drop(volumes);
    fs::remove_dir_all(place.volumes().join("claims")).unwrap();
    let volumes = place.open().await;
    assert!(volumes.provision(second).await.unwrap_err().is_already_exists());
    assert_eq!(new(volumes.provision(first).await.unwrap()).uid, made.uid);
}

#[tokio::test]
async fn grow_keeps_the_content() {
    let place = Place::new();
    let volumes = place.open().await;
    let made = new(volumes.provision(request("web", 0)).await.unwrap());
    let data = volumes.directory(&set("web"), "www-web-0").unwrap();
    fs::write(data.join("file"), "kept").unwrap();
    let to = |amount: &str| ClaimChange { owner: None, storage: Some(Quantity::from(amount)) };
    volumes.change(&made.reference(), to("3Mi")).await.unwrap();
    for bad in ["1Mi", "lots"] {
        let error = volumes.change(&made.reference(), to(bad)).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    }
    assert_eq!(volumes.change(&made.reference(), to("1Ei")).await.unwrap_err().kind(), ErrorKind::Exhausted);
    drop(volumes);
    let volumes = place.open().await;
    assert_eq!(claim(&volumes, "web", 0).await.capacity_bytes, Some(3 << 20));
    assert_eq!(fs::read_to_string(data.join("file")).unwrap(), "kept");
}

#[tokio::test]
async fn a_volume_made_by_hand_grows_up_to_what_it_holds() {
    let place = Place::new();
    let volumes = place.open_with(pool([pooled(&place, "a", 2 << 20)])).await;
    let made = new(volumes.provision(of_pool("web", 0)).await.unwrap());
    let to = |amount: &str| ClaimChange { owner: None, storage: Some(Quantity::from(amount)) };
    volumes.change(&made.reference(), to("2Mi")).await.unwrap();
    assert_eq!(volumes.change(&made.reference(), to("3Mi")).await.unwrap_err().kind(), ErrorKind::Invalid);
}

#[tokio::test]
async fn delete_claim_in_use_waits() {
    let place = Place::new();
    let volumes = place.open().await;
    let made = new(volumes.provision(request("web", 0)).await.unwrap());
    let (one, two) = (PodUid::from("one"), PodUid::from("two"));
    for pod in [&one, &two, &one] {
        volumes.hold(&set("web"), &made.name, pod);
    }
    assert_eq!(volumes.delete(&made.reference()).await.unwrap(), Deleted::Started);
    assert_eq!(volumes.delete(&made.reference()).await.unwrap(), Deleted::Started);
    assert_eq!(claim(&volumes, "web", 0).await.phase, ClaimPhase::Terminating);
    assert_eq!(volumes.directory(&set("web"), &made.name).unwrap_err().kind(), ErrorKind::Conflict);
    assert_eq!(known(volumes.provision(request("web", 0)).await.unwrap()).phase, ClaimPhase::Terminating);
    volumes.release(&set("web"), &made.name, &one);
    assert_eq!(claim(&volumes, "web", 0).await.phase, ClaimPhase::Terminating);

    // The mark survives; a restarted node waits until the pods that run are found.
    drop(volumes);
    let volumes = LocalVolumes::open(place.volumes(), VolumeOptions::default()).await.unwrap();
    assert_eq!(claim(&volumes, "web", 0).await.phase, ClaimPhase::Terminating);
    volumes.hold(&set("web"), &made.name, &two);
    volumes.settle().await.unwrap();
    assert_eq!(claim(&volumes, "web", 0).await.phase, ClaimPhase::Terminating);
    assert!(place.volume("web", 0).exists());
    volumes.release(&set("web"), &made.name, &two);
    assert!(volumes.list(&set("web")).await.unwrap().is_empty());
    assert!(!place.volume("web", 0).exists());
}

#[tokio::test]
async fn a_watcher_that_falls_behind_is_told_so() {
    let place = Place::new();
    let volumes = place.open().await;
    let made = new(volumes.provision(request("web", 1)).await.unwrap());
    let mut hints = volumes.watch();
    for n in 0..=Hints::CAPACITY {
        let owner = Some(Some(SetUid::new(n.to_string())));
        volumes.change(&made.reference(), ClaimChange { owner, storage: None }).await.unwrap();
    }
    assert_eq!(hints.next().await, Some(WatchEvent::Gap));
}

#[tokio::test]
async fn names_cannot_lead_out() {
    let place = Place::new();
    let volumes = place.open().await;
    for bad in ["../x", "a/b", "..", "", "a\0b", "/etc", "A", ".hidden"] {
        let mut requests = [request("web", 0), request("web", 0), request("web", 0), request("web", 0)];
        requests[0].set = SetKey::new(bad, "web");
        requests[1].set = SetKey::new("default", bad);
        requests[2].name = bad.into();
        requests[3].template = bad.into();
        for request in requests {
            assert_eq!(volumes.provision(request).await.unwrap_err().kind(), ErrorKind::Invalid, "{bad:?}");
        }
    }
    assert_eq!(LocalVolumes::inspect(place.volumes()).await.unwrap(), []);
}

#[tokio::test]
async fn a_link_out_of_the_class_is_refused() {
    let place = Place::new();
    let volumes = place.open().await;
    new(volumes.provision(request("web", 0)).await.unwrap());
    let outside = place.root().join("outside");
    fs::rename(place.volume("web", 0), &outside).unwrap();
    std::os::unix::fs::symlink(&outside, place.volume("web", 0)).unwrap();
    assert_eq!(volumes.directory(&set("web"), "www-web-0").unwrap_err().kind(), ErrorKind::Forbidden);
}

#[tokio::test]
async fn twenty_at_once_get_a_volume_each_and_no_more() {
    let place = Place::new();
    let disks: Vec<_> = (0..15).map(|n| pooled(&place, &format!("v{n}"), 2 << 20)).collect();
    let volumes = place.open_with(pool(disks)).await;
    let all = futures::future::join_all((0..20).map(|n| {
        let volumes = volumes.clone();
        tokio::spawn(async move { new(volumes.provision(of_pool("web", n)).await.unwrap()) })
    }))
    .await;
    let claims: Vec<_> = all.into_iter().map(Result::unwrap).collect();
    let bound: Vec<_> = claims.iter().filter_map(|claim| claim.volume.clone()).collect();
    assert_eq!((bound.len(), bound.iter().collect::<BTreeSet<_>>().len()), (15, 15));
    assert_eq!(claims.iter().filter(|claim| claim.phase == ClaimPhase::Pending).count(), 5);
}

#[tokio::test]
async fn the_smallest_that_fits_everything_is_taken() {
    let place = Place::new();
    let mut disks: Vec<_> = [("big", 9), ("small", 2), ("tiny", 0), ("slow", 2), ("read", 2)]
        .map(|(n, m)| pooled(&place, n, m << 20))
        .into();
    for volume in &mut disks {
        volume.labels.insert("disk".into(), if volume.name == "slow" { "hdd" } else { "ssd" }.into());
        if volume.name == "read" {
            volume.access_modes = vec!["ReadOnlyMany".into()];
        }
    }
    let volumes = place.open_with(pool(disks)).await;
    let mut wanted = of_pool("web", 0);
    let labels = [("disk".to_owned(), "ssd".to_owned())].into();
    wanted.spec.selector = Some(LabelSelector { match_labels: labels, ..LabelSelector::default() });
    let made = new(volumes.provision(wanted).await.unwrap());
    assert_eq!((made.volume.as_deref(), made.capacity_bytes), (Some("small"), Some(2 << 20)));
    let mut named = of_pool("web", 1);
    named.spec.volume_name = Some("big".into());
    assert_eq!(new(volumes.provision(named.clone()).await.unwrap()).volume.as_deref(), Some("big"));
    named = common::renumbered(named, 2);
    let pending = new(volumes.provision(named).await.unwrap());
    assert!(pending.message.unwrap().contains("named big"));
}

#[tokio::test]
async fn a_released_volume_waits_for_somebody_to_scrub_it() {
    let place = Place::new();
    let volumes = place.open_with(pool([pooled(&place, "a", 2 << 20)])).await;
    let made = new(volumes.provision(of_pool("web", 0)).await.unwrap());
    assert_eq!(volumes.scrub("a").await.unwrap_err().kind(), ErrorKind::Conflict);
    let data = volumes.directory(&set("web"), &made.name).unwrap();
    fs::write(data.join("file"), "precious").unwrap();
    volumes.delete(&made.reference()).await.unwrap();
    assert!(volumes.list(&set("web")).await.unwrap().is_empty());
    assert_eq!(volumes.released(), ["a"]);
    assert_eq!(new(volumes.provision(of_pool("web", 0)).await.unwrap()).phase, ClaimPhase::Pending);
    assert_eq!(fs::read_to_string(data.join("file")).unwrap(), "precious");
    volumes.scrub("a").await.unwrap();
    let bound = claim(&volumes, "web", 0).await;
    assert_eq!((bound.phase, bound.volume.as_deref()), (ClaimPhase::Bound, Some("a")));
    assert!(!data.join("file").exists());
}

#[tokio::test]
async fn options_that_could_share_a_directory_are_refused() {
    let place = Place::new();
    let one = pooled(&place, "a", 1 << 20);
    let mut same_path = pooled(&place, "b", 1 << 20);
    same_path.path = one.path.join(".");
    let mut inside = pooled(&place, "c", 1 << 20);
    inside.path = one.path.join("below");
    let same_name = petset_local::volumes::StaticVolume { path: place.root().join("elsewhere"), ..one.clone() };
    for other in [same_path, inside, same_name] {
        let error = LocalVolumes::open(place.volumes(), pool([one.clone(), other])).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Invalid, "{error}");
    }
}

#[tokio::test]
async fn one_process_at_a_time_and_readers_beside_it() {
    let place = Place::new();
    let volumes = place.open().await;
    new(volumes.provision(request("web", 0)).await.unwrap());
    let error = LocalVolumes::open(place.volumes(), VolumeOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked, "{error}");
    let seen = LocalVolumes::inspect(place.volumes()).await.unwrap();
    assert_eq!(seen, volumes.list(&set("web")).await.unwrap());
}

fn of_pool(name: &str, ordinal: u32) -> petset_core::backend::ClaimRequest {
    let mut request = request(name, ordinal);
    request.spec.storage_class_name = Some(String::new());
    request
}

#[tokio::test]
async fn s5_s6_a_directory_that_another_node_uses_is_refused_by_its_path() {
    let (one, two) = (Place::new(), Place::new());
    let shared = one.root().join("shared");
    fs::create_dir(&shared).unwrap();
    let mut by_class = VolumeOptions::default();
    by_class.classes.insert("fast".into(), shared.clone());
    let by_pool = pool([pooled(&one, "disk", 2 << 20)]);
    for (options, path) in [(by_class, &shared), (by_pool, &one.root().join("disks/disk"))] {
        let first = one.open_with(options.clone()).await;
        let error = LocalVolumes::open(two.volumes(), options.clone()).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Locked);
        assert!(error.to_string().contains(path.to_str().unwrap()), "{error}");
        drop(first);
        two.open_with(options).await;
    }
}

#[tokio::test]
async fn s5_s6_a_directory_that_appears_later_is_used_by_one_node() {
    let (one, two) = (Place::new(), Place::new());
    let shared = one.root().join("shared");
    let mut options = VolumeOptions::default();
    options.classes.insert("fast".into(), shared.clone());
    options.default_class = "fast".into();
    let (first, second) = (one.open_with(options.clone()).await, two.open_with(options).await);
    assert_eq!(first.provision(request("web", 0)).await.unwrap_err().kind(), ErrorKind::Unavailable);
    fs::create_dir(&shared).unwrap();
    new(first.provision(request("web", 0)).await.unwrap());
    new(first.provision(request("web", 1)).await.unwrap());
    let error = second.provision(request("web", 0)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Locked);
    assert!(error.to_string().contains(shared.to_str().unwrap()), "{error}");
}
