//! What is on disk after a crash between any two steps, and what comes of it; and what goes missing.
#![cfg(feature = "node")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "not all of it is used here")]
mod common;

use std::fs;
use std::path::{Path, PathBuf};

use common::{Place, claim, known, new, pool, pooled, request, set};
use petset_core::backend::{ClaimPhase, ClaimRequest, VolumeProvisioner};
use petset_core::{ErrorKind, PodUid};
use petset_local::volumes::{LocalVolumes, VolumeOptions};

fn of_pool(name: &str, ordinal: u32) -> ClaimRequest {
    let mut request = request(name, ordinal);
    request.spec.storage_class_name = Some(String::new());
    request
}

fn names(dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let mut names: Vec<_> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Waits for what a thread does in its own time.
async fn eventually(what: impl Fn() -> bool) {
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while !what() {
        assert!(std::time::Instant::now() < deadline, "it never came");
        tokio::task::yield_now().await;
    }
}

type Harm = (&'static str, Box<dyn Fn()>);

#[tokio::test]
async fn s7_a_volume_that_vanished_is_lost_and_never_made_again() {
    let place = Place::new();
    let volumes = place.open().await;
    let made = new(volumes.provision(request("web", 0)).await.unwrap());
    let volume = place.volume("web", 0);
    let away = place.root().join("away");
    let marker = fs::read(volume.join("volume.json")).unwrap();
    let (v, a) = (volume.clone(), away.clone());
    let harms: Vec<Harm> = vec![
        ("vanished", Box::new(move || fs::rename(&v, &a).unwrap())),
        (
            "vanished",
            Box::new({
                let v = volume.clone();
                move || fs::remove_file(v.join("volume.json")).unwrap()
            }),
        ),
        (
            "data directory vanished",
            Box::new({
                let v = volume.clone();
                move || fs::remove_dir(v.join("data")).unwrap()
            }),
        ),
        (
            "replaced",
            Box::new({
                let v = volume.clone();
                let other = String::from_utf8(marker.clone()).unwrap().replace(made.uid.as_str(), "another");
                move || fs::write(v.join("volume.json"), &other).unwrap()
            }),
        ),
    ];
    for (problem, harm) in harms {
        harm();
        let seen = claim(&volumes, "web", 0).await;
        assert_eq!((seen.phase, &seen.uid), (ClaimPhase::Lost, &made.uid));
        assert!(seen.message.as_deref().unwrap().contains(problem), "{problem}: {seen:?}");
        assert_eq!(known(volumes.provision(request("web", 0)).await.unwrap()).phase, ClaimPhase::Lost);
        let error = volumes.directory(&set("web"), &made.name).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unavailable);
        // What comes back is the same volume.
        if away.exists() {
            fs::rename(&away, &volume).unwrap();
        }
        fs::create_dir_all(volume.join("data")).unwrap();
        fs::write(volume.join("volume.json"), &marker).unwrap();
        assert_eq!(claim(&volumes, "web", 0).await, made);
    }
    drop(volumes);
    fs::remove_dir_all(&volume).unwrap();
    let volumes = place.open().await;
    assert_eq!(claim(&volumes, "web", 0).await.phase, ClaimPhase::Lost);
    assert!(!volume.exists());
}

#[tokio::test]
async fn s7_an_unmounted_volume_made_by_hand_is_lost() {
    let place = Place::new();
    let disk = pooled(&place, "a", 2 << 20);
    let volumes = place.open_with(pool([disk.clone()])).await;
    let made = new(volumes.provision(of_pool("web", 0)).await.unwrap());
    let away = place.root().join("away");
    fs::rename(&disk.path, &away).unwrap();
    fs::create_dir(&disk.path).unwrap();
    assert_eq!(claim(&volumes, "web", 0).await.phase, ClaimPhase::Lost);
    drop(volumes);
    let volumes = place.open_with(pool([disk.clone()])).await;
    assert_eq!(claim(&volumes, "web", 0).await.phase, ClaimPhase::Lost);
    assert_eq!(names(&disk.path), Vec::<String>::new());
    fs::remove_dir(&disk.path).unwrap();
    fs::rename(&away, &disk.path).unwrap();
    assert_eq!(claim(&volumes, "web", 0).await, made);
}

#[tokio::test]
async fn cut_before_the_volume_has_its_name() {
    let place = Place::new();
    drop(place.open().await);
    let half = place.volumes().join("local/default/.new-1234/data");
    fs::create_dir_all(&half).unwrap();
    let volumes = place.open().await;
    assert!(volumes.list(&set("web")).await.unwrap().is_empty());
    let made = new(volumes.provision(request("web", 0)).await.unwrap());
    assert_eq!(made.phase, ClaimPhase::Bound);
    eventually(|| !half.exists()).await;
}

#[tokio::test]
async fn cut_between_volume_and_record() {
    let place = Place::new();
    let volumes = place.open().await;
    let made = new(volumes.provision(request("web", 0)).await.unwrap());
    drop(volumes);
    fs::remove_file(place.record("web", 0)).unwrap();
    // Also a record that was being written.
    fs::write(place.record("web", 0).with_extension("json.half"), b"{").unwrap();
    let volumes = place.open().await;
    assert!(volumes.list(&set("web")).await.unwrap().is_empty());
    // Nobody else gets the directory; the same claim does, in the same life.
    let again = new(volumes.provision(request("web", 0)).await.unwrap());
    assert_eq!(again, made);
}

#[tokio::test]
async fn a_directory_without_a_mark_is_nobodys() {
    let place = Place::new();
    let volumes = place.open().await;
    fs::create_dir_all(place.volume("web", 0).join("data")).unwrap();
    assert!(volumes.provision(request("web", 0)).await.unwrap_err().is_already_exists());
    assert!(volumes.list(&set("web")).await.unwrap().is_empty());
}

#[tokio::test]
async fn cut_while_a_volume_made_by_hand_is_given() {
    // 0: on record as given; 1: and with a data directory; 2: and marked. Never with a claim.
    for steps in 0..3 {
        let place = Place::new();
        let disks = || [pooled(&place, "a", 2 << 20), pooled(&place, "b", 3 << 20)];
        let volumes = place.open_with(pool(disks())).await;
        let first = new(volumes.provision(of_pool("web", 0)).await.unwrap());
        assert_eq!(first.volume.as_deref(), Some("a"));
        drop(volumes);
        let path = place.root().join("disks/a");
        fs::remove_file(place.record("web", 0)).unwrap();
        if steps < 2 {
            fs::remove_file(path.join("volume.json")).unwrap();
        }
        if steps < 1 {
            fs::remove_dir(path.join("data")).unwrap();
        }
        let volumes = place.open_with(pool(disks())).await;
        let other = new(volumes.provision(of_pool("web", 1)).await.unwrap());
        assert_eq!(other.volume.as_deref(), Some("b"), "{steps}");
        let third = new(volumes.provision(of_pool("web", 2)).await.unwrap());
        assert_eq!(third.phase, ClaimPhase::Pending, "{steps}");
        let again = new(volumes.provision(of_pool("web", 0)).await.unwrap());
        assert_eq!((&again.volume, &again.uid), (&first.volume, &first.uid), "{steps}");
        assert_eq!(again.phase, ClaimPhase::Bound);
    }
}

#[tokio::test]
async fn a_volume_made_by_hand_keeps_its_claim_when_any_one_record_is_lost() {
    for victim in ["record", "given", "damaged given", "damaged record"] {
        let place = Place::new();
        let disks = || [pooled(&place, "a", 2 << 20)];
        let volumes = place.open_with(pool(disks())).await;
        new(volumes.provision(of_pool("web", 0)).await.unwrap());
        drop(volumes);
        let given = place.volumes().join("pool/a.json");
        match victim {
            "record" => fs::remove_file(place.record("web", 0)).unwrap(),
            "given" => fs::remove_file(given).unwrap(),
            "damaged given" => fs::write(given, "{").unwrap(),
            _ => fs::write(place.record("web", 0), "{").unwrap(),
        }
        let volumes = place.open_with(pool(disks())).await;
        let other = new(volumes.provision(of_pool("db", 0)).await.unwrap());
        assert_eq!(other.phase, ClaimPhase::Pending, "{victim}");
    }
}

/// The record as it is between the request to delete and the end.
fn mark_deleted(record: &PathBuf) {
    let text = fs::read_to_string(record).unwrap();
    let marked = text.replace("\"deleting\": false", "\"deleting\": true");
    assert_ne!(text, marked);
    fs::write(record, marked).unwrap();
}

#[tokio::test]
async fn cut_anywhere_in_a_deletion() {
    // 0: marked; 1: and the data out of the way; 2: and the record gone.
    for steps in 0..3 {
        let place = Place::new();
        let volumes = place.open().await;
        let made = new(volumes.provision(request("web", 0)).await.unwrap());
        new(volumes.provision(request("web", 1)).await.unwrap());
        drop(volumes);
        let volume = place.volume("web", 0);
        let trash = volume.parent().unwrap().join(format!(".trash-{}", made.uid));
        mark_deleted(&place.record("web", 0));
        if steps >= 1 {
            fs::rename(&volume, &trash).unwrap();
        }
        if steps >= 2 {
            fs::remove_file(place.record("web", 0)).unwrap();
        }
        let volumes = LocalVolumes::open(place.volumes(), VolumeOptions::default()).await.unwrap();
        let before: Vec<_> = volumes.list(&set("web")).await.unwrap().iter().map(|claim| claim.phase).collect();
        let (terminating, bound) = (ClaimPhase::Terminating, ClaimPhase::Bound);
        assert_eq!(before, if steps < 2 { vec![terminating, bound] } else { vec![bound] });
        volumes.settle().await.unwrap();
        let left = volumes.list(&set("web")).await.unwrap();
        assert_eq!(left.len(), 1, "{steps}");
        assert!(!volume.exists());
        eventually(|| names(volume.parent().unwrap()) == ["www-web-1"]).await;
        let next = new(volumes.provision(request("web", 0)).await.unwrap());
        assert_ne!(next.uid, made.uid);
    }
}

#[tokio::test]
async fn cut_in_the_deletion_of_a_claim_on_a_volume_made_by_hand() {
    let place = Place::new();
    let disks = || [pooled(&place, "a", 2 << 20)];
    let volumes = place.open_with(pool(disks())).await;
    let made = new(volumes.provision(of_pool("web", 0)).await.unwrap());
    let data = volumes.directory(&set("web"), &made.name).unwrap();
    fs::write(data.join("file"), "precious").unwrap();
    drop(volumes);
    mark_deleted(&place.record("web", 0));
    let given = place.volumes().join("pool/a.json");
    let text = fs::read_to_string(&given).unwrap();
    fs::write(&given, text.replace("\"released\": false", "\"released\": true")).unwrap();
    let volumes = place.open_with(pool(disks())).await;
    assert!(volumes.list(&set("web")).await.unwrap().is_empty());
    assert_eq!(volumes.released(), ["a"]);
    assert!(data.join("file").exists());
}

#[tokio::test]
async fn s6_a_directory_that_is_not_the_claims_any_more_is_not_deleted_with_it() {
    let place = Place::new();
    let volumes = place.open().await;
    let made = new(volumes.provision(request("web", 0)).await.unwrap());
    let marker = place.volume("web", 0).join("volume.json");
    let other = fs::read_to_string(&marker).unwrap().replace(made.uid.as_str(), "another");
    fs::write(&marker, other).unwrap();
    volumes.delete(&made.reference()).await.unwrap();
    assert!(volumes.list(&set("web")).await.unwrap().is_empty());
    assert!(marker.exists());
}

#[tokio::test]
async fn a_deletion_that_cannot_end_now_ends_later() {
    let place = Place::new();
    let volumes = place.open().await;
    let made = new(volumes.provision(request("web", 0)).await.unwrap());
    volumes.hold(&set("web"), &made.name, &PodUid::from("pod"));
    volumes.delete(&made.reference()).await.unwrap();
    // A mark that cannot be read stops the deletion: it is not known whose data that is.
    let marker = place.volume("web", 0).join("volume.json");
    let text = fs::read(&marker).unwrap();
    fs::write(&marker, "{").unwrap();
    volumes.release(&set("web"), &made.name, &PodUid::from("pod"));
    assert_eq!(claim(&volumes, "web", 0).await.phase, ClaimPhase::Terminating);
    assert!(marker.exists());
    fs::write(&marker, text).unwrap();
    assert!(volumes.list(&set("web")).await.unwrap().is_empty());
    assert!(!marker.exists());
}

#[tokio::test]
async fn a_class_whose_disk_is_not_there_is_not_made() {
    let place = Place::new();
    let mut options = VolumeOptions::default();
    let fast = place.root().join("fast");
    options.classes.insert("fast".into(), fast.clone());
    let volumes = place.open_with(options.clone()).await;
    let mut wanted = request("web", 0);
    wanted.spec.storage_class_name = Some("fast".into());
    assert_eq!(volumes.provision(wanted.clone()).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert!(!fast.exists());
    fs::create_dir(&fast).unwrap();
    let made = new(volumes.provision(wanted).await.unwrap());
    assert_eq!(made.volume.as_deref(), Some("fast/default/www-web-0"));
    assert!(fast.join("default/www-web-0/data").is_dir());
}

#[tokio::test]
async fn all_of_it_can_be_moved() {
    let place = Place::new();
    let volumes = place.open().await;
    let made = new(volumes.provision(request("web", 0)).await.unwrap());
    drop(volumes);
    let there = place.root().join("there");
    fs::rename(place.volumes(), &there).unwrap();
    let volumes = LocalVolumes::open(&there, VolumeOptions::default()).await.unwrap();
    assert_eq!(claim(&volumes, "web", 0).await, made);
}
