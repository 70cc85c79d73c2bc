//! Disks that are full, read-only or not ours to write.
#![cfg(feature = "node")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "not all of it is used here")]
mod common;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::{Place, new, request, set};
use petset_core::ErrorKind;
use petset_core::backend::VolumeProvisioner;
use petset_core::spec::Quantity;
use petset_local::volumes::VolumeOptions;

/// A small file system of its own, or `None` where the test may not mount.
struct Disk(PathBuf);

impl Disk {
    fn mount(place: &Place, size: &str) -> Option<Self> {
        let path = place.root().join("disk");
        fs::create_dir(&path).unwrap();
        let options = format!("size={size}");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &options, "petset-test"]).arg(&path).output();
        if mounted.is_ok_and(|output| output.status.success()) {
            return Some(Self(path));
        }
        #[expect(clippy::print_stderr, reason = "the reason of a skipped test")]
        {
            eprintln!("skipped: a tmpfs cannot be mounted here");
        }
        None
    }

    fn remount(&self, how: &str) {
        let status = Command::new("mount").args(["-o", &format!("remount,{how}")]).arg(&self.0).status().unwrap();
        assert!(status.success());
    }

    fn class(&self) -> VolumeOptions {
        let mut options = VolumeOptions::default();
        options.classes.insert("small".into(), self.0.clone());
        options.default_class = "small".into();
        options.reserve_bytes = 1 << 20;
        options
    }

    fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[tokio::test]
async fn a_full_disk_is_exhausted_and_leaves_no_claim() {
    let place = Place::new();
    let Some(disk) = Disk::mount(&place, "8m") else { return };
    let volumes = place.open_with(disk.class()).await;
    let mut large = request("web", 0);
    large.spec.resources.requests.insert("storage".into(), Quantity::from("7.5Mi"));
    let error = volumes.provision(large.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Exhausted);
    let text = error.to_string();
    assert!(text.contains("7864320 bytes are wanted") && text.contains("8388608 bytes are free"), "{text}");
    assert!(volumes.list(&set("web")).await.unwrap().is_empty());
    let left: Vec<_> = fs::read_dir(disk.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left, [".petset.lock"]);
    large.spec.resources.requests.insert("storage".into(), Quantity::from("6Mi"));
    new(volumes.provision(large).await.unwrap());
}

#[tokio::test]
async fn records_on_a_full_disk_leave_no_claim() {
    let place = Place::new();
    let Some(disk) = Disk::mount(&place, "1m") else { return };
    let mut options = VolumeOptions::default();
    options.reserve_bytes = 0;
    let volumes =
        petset_local::volumes::LocalVolumes::open(disk.path().join("volumes"), options.clone()).await.unwrap();
    volumes.settle().await.unwrap();
    let mut tiny = request("web", 0);
    tiny.spec.resources.requests.insert("storage".into(), Quantity::from("1"));
    let ballast = disk.path().join("ballast");
    // Leaves one free byte more than nothing: the check passes, the writes do not.
    fs::write(&ballast, vec![0; 900 << 10]).unwrap();
    let mut grown = 900 << 10;
    while fs::write(&ballast, vec![0; grown]).is_ok() {
        grown += 4096;
    }
    let error = volumes.provision(tiny.clone()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Exhausted, "{error}");
    assert!(volumes.list(&set("web")).await.unwrap().is_empty());
    fs::remove_file(&ballast).unwrap();
    new(volumes.provision(tiny).await.unwrap());
}

#[tokio::test]
async fn a_read_only_disk_is_forbidden_and_leaves_no_claim() {
    let place = Place::new();
    let Some(disk) = Disk::mount(&place, "8m") else { return };
    let volumes = place.open_with(disk.class()).await;
    disk.remount("ro");
    let error = volumes.provision(request("web", 0)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Forbidden, "{error}");
    assert!(error.to_string().contains(&disk.path().display().to_string()), "{error}");
    assert!(volumes.list(&set("web")).await.unwrap().is_empty());
    disk.remount("rw");
    new(volumes.provision(request("web", 0)).await.unwrap());
}
