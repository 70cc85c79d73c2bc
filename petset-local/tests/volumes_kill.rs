//! A process that makes and deletes claims is killed, over and over; what it left must always add up.
#![cfg(feature = "node")]

#[expect(dead_code, reason = "not all of it is used here")]
mod common;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use common::{Place, pool, pooled, request, set};
use petset_core::backend::{ClaimPhase, ClaimRequest, VolumeProvisioner};
use petset_local::volumes::{LocalVolumes, VolumeOptions};

const ROUNDS: usize = 25;
const PETS: u32 = 6;
const DIR: &str = "PETSET_TEST_DIR";

/// Even pets have a directory of a class, odd ones a volume made by hand.
fn wanted(ordinal: u32) -> ClaimRequest {
    let mut wanted = request("web", ordinal);
    if ordinal % 2 == 1 {
        wanted.spec.storage_class_name = Some(String::new());
    }
    wanted
}

fn options(root: &Path) -> VolumeOptions {
    pool((0..2).map(|n| {
        let path = root.join("disks").join(n.to_string());
        petset_local::volumes::StaticVolume {
            name: format!("v{n}"),
            path,
            capacity_bytes: 2 << 20,
            access_modes: vec!["ReadWriteOnce".into()],
            labels: BTreeMap::new(),
            storage_class: String::new(),
        }
    }))
}

/// The process that is killed; says a line after each step.
#[tokio::test]
#[ignore = "run by the test below"]
async fn child() {
    let Some(root) = std::env::var_os(DIR) else { return };
    let root = Path::new(&root);
    let volumes = LocalVolumes::open(root.join("volumes"), options(root)).await.unwrap();
    volumes.settle().await.unwrap();
    for step in 0_u32.. {
        let ordinal = step.wrapping_mul(7) % PETS;
        volumes.provision(wanted(ordinal)).await.unwrap();
        if let Ok(data) = volumes.directory(&set("web"), &wanted(ordinal).name) {
            fs::write(data.join("owner"), ordinal.to_string()).unwrap();
        }
        let victim = step.wrapping_mul(5) % PETS;
        for claim in volumes.list(&set("web")).await.unwrap().iter().filter(|claim| claim.ordinal.0 == victim) {
            volumes.delete(&claim.reference()).await.unwrap();
        }
        for released in volumes.released() {
            volumes.scrub(&released).await.unwrap();
        }
        std::io::stdout().write_all(b"step\n").unwrap();
    }
}

#[tokio::test]
async fn s5_killed_at_any_moment_it_leaves_no_half_claims_and_no_shared_volumes() {
    let place = Place::new();
    for name in ["0", "1"] {
        pooled(&place, name, 0);
    }
    for round in 0..ROUNDS {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .env(DIR, place.root())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        // Killed while it works on a later step each time; where in it, only the machine knows.
        let steps = BufReader::new(process.stdout.take().unwrap()).lines().map_while(Result::ok);
        let seen = steps.filter(|line| line.ends_with("step")).take(round % 9 + 1).count();
        process.kill().unwrap();
        process.wait().unwrap();
        assert_eq!(seen, round % 9 + 1, "the process ended by itself");

        let volumes = LocalVolumes::open(place.volumes(), options(place.root())).await.unwrap();
        let mut owners: BTreeMap<String, String> = BTreeMap::new();
        for claim in volumes.list(&set("web")).await.unwrap() {
            assert_ne!(claim.phase, ClaimPhase::Lost, "{claim:?}");
            let Some(volume) = claim.volume.clone() else { continue };
            assert_eq!(owners.insert(volume, claim.name.clone()), None, "{claim:?}");
            if claim.phase == ClaimPhase::Bound {
                let data = volumes.directory(&set("web"), &claim.name).unwrap();
                if let Ok(owner) = fs::read_to_string(data.join("owner")) {
                    assert!(owner.is_empty() || owner == claim.ordinal.to_string(), "{owner} in {claim:?}");
                }
            }
        }
        volumes.settle().await.unwrap();
        for claim in volumes.list(&set("web")).await.unwrap() {
            assert_ne!(claim.phase, ClaimPhase::Terminating, "{claim:?}");
        }
        // Every claim can be asked for again.
        for ordinal in 0..PETS {
            volumes.provision(wanted(ordinal)).await.unwrap();
        }
    }
}
