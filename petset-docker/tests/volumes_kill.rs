//! A process that makes and deletes claims is killed, over and over; what it left on the engine must always add up.

#[path = "common/place.rs"]
mod place;

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};
use std::time::Duration;

use bollard::models::VolumeCreateRequest;
use petset_core::backend::{ClaimPhase, ClaimRequest, VolumeProvisioner};
use petset_core::{ErrorKind, SetKey};
use petset_docker::node::{Node, NodeBuilder};
use petset_docker::volumes::StaticVolume;
use place::Place;
use tokio::time::sleep;

const ROUNDS: usize = 15;
const PETS: u32 = 6;
const POOL: usize = 2;
const DIR: &str = "PETSET_TEST_DIR";
const NAMESPACE: &str = "PETSET_TEST_NAMESPACE";

/// Even pets have a volume of a class, odd ones one made by hand.
fn wanted(place: &Place, ordinal: u32) -> ClaimRequest {
    let mut wanted = place.request("web", ordinal);
    if ordinal % 2 == 1 {
        wanted.spec.storage_class_name = Some(String::new());
    }
    wanted
}

fn pool(namespace: &str) -> Vec<StaticVolume> {
    (0..POOL).map(|number| StaticVolume::new(format!("pool-{number}-{namespace}"), 2 << 20)).collect()
}

async fn open(builder: NodeBuilder, namespace: &str) -> petset_core::Result<Node> {
    let builder = pool(namespace).into_iter().fold(builder, NodeBuilder::static_volume);
    loop {
        match builder.clone().open().await {
            // The tasks of a node that was dropped end in their own time.
            Err(error) if error.kind() == ErrorKind::Locked => sleep(Duration::from_millis(20)).await,
            opened => return opened,
        }
    }
}

/// The process that is killed; says a line after each step.
#[tokio::test]
#[ignore = "run by the test below"]
async fn child() {
    let (Some(dir), Ok(namespace)) = (std::env::var_os(DIR), std::env::var(NAMESPACE)) else { return };
    let node = open(Node::builder(dir), &namespace).await.unwrap();
    let (volumes, mut place) = (node.volumes(), Place::new());
    place.namespace.clone_from(&namespace);
    // Who tidies up is the one that started this.
    let place = std::mem::ManuallyDrop::new(place);
    let set = SetKey::new(namespace.as_str(), "web");
    for step in 0_u32.. {
        volumes.provision(wanted(&place, step.wrapping_mul(7) % PETS)).await.unwrap();
        let victim = step.wrapping_mul(5) % PETS;
        for claim in volumes.list(&set).await.unwrap().iter().filter(|claim| claim.ordinal.0 == victim) {
            volumes.delete(&claim.reference()).await.unwrap();
        }
        for released in volumes.released() {
            volumes.scrub(&released).await.unwrap();
        }
        std::io::stdout().write_all(b"step\n").unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn s5_killed_at_any_moment_it_leaves_no_half_claims_and_no_shared_volumes() {
    let place = Place::new();
    for volume in pool(&place.namespace) {
        let labels = [("petset.rs/namespace".to_owned(), place.namespace.clone())];
        let request = VolumeCreateRequest {
            name: Some(volume.name),
            labels: Some(labels.into()),
            ..VolumeCreateRequest::default()
        };
        place.engine.create_volume(request).await.unwrap();
    }
    let set = place.set("web");
    for round in 0..ROUNDS {
        let mut process = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .env(DIR, place.path("node"))
            .env(NAMESPACE, &place.namespace)
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

        let node = open(place.builder(), &place.namespace).await.unwrap();
        let volumes = node.volumes();
        let claims = volumes.list(&set).await.unwrap();
        let mut owners: BTreeMap<String, String> = BTreeMap::new();
        for claim in &claims {
            assert!(matches!(claim.phase, ClaimPhase::Bound | ClaimPhase::Pending), "{claim:?}");
            let Some(volume) = claim.volume.clone() else { continue };
            assert_eq!(owners.insert(volume.clone(), claim.name.clone()), None, "{claim:?}");
            assert_eq!(volumes.mount(&set, &claim.name, None).await.unwrap(), volume);
        }
        // Every claim can be asked for again, and every volume of the engine is somebody's then.
        for ordinal in 0..PETS {
            volumes.provision(wanted(&place, ordinal)).await.unwrap();
        }
        for released in volumes.released() {
            volumes.scrub(&released).await.unwrap();
        }
        let claims = volumes.list(&set).await.unwrap();
        let bound = claims.iter().filter(|claim| claim.phase == ClaimPhase::Bound).count();
        assert_eq!(bound, PETS as usize / 2 + POOL, "{claims:#?}");
        // The claims of the class, the pool, and who has what of the pool.
        assert_eq!(place.volumes().await.len(), PETS as usize / 2 + POOL + POOL);
    }
}
