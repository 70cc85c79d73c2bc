//! The story that goes on while things break: scaling up and down, and rolling updates, round and round.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use petset_core::manifest::Manifest;
use petset_core::{Controller, ErrorKind, Sets, until};
use petset_docker::node::Node;
use petset_docker::pods::{PodOptions, RestartBackoff};
use serde_json::json;

use crate::Error;
use crate::witness::PET;

pub(crate) const IMAGE: &str = "petset.test/busybox:1";
/// How many pets there are at the end.
pub(crate) const LAST: i32 = 3;
/// Replicas and version, step by step.
const STEPS: [(i32, &str); 6] = [(2, "one"), (4, "one"), (4, "two"), (3, "two"), (3, "three"), (1, "three")];
/// Longer than any step takes, once nothing breaks any more.
const STEP: Duration = Duration::from_secs(180);
/// How often a step looks whether things still break.
const LOOK: Duration = Duration::from_secs(5);

fn declared(replicas: i32, version: &str) -> Result<Manifest, Error> {
    let field = |name: &str, path: &str| json!({ "name": name, "valueFrom": { "fieldRef": { "fieldPath": path } } });
    let set = json!({
        "apiVersion": "petset.rs/v1",
        "kind": "PetSet",
        "metadata": { "name": "web" },
        "spec": {
            "replicas": replicas,
            "template": {
                "metadata": { "labels": { "app": "web" } },
                "spec": {
                    "terminationGracePeriodSeconds": 5,
                    "containers": [{
                        "name": "main",
                        "image": IMAGE,
                        "command": ["/bin/sh", "-c", PET],
                        "env": [
                            field("POD_NAME", "metadata.name"),
                            field("POD_UID", "metadata.uid"),
                            { "name": "VERSION", "value": version },
                        ],
                        "volumeMounts": [{ "name": "data", "mountPath": "/data" }],
                    }],
                },
            },
            "volumeClaimTemplates": [{
                "metadata": { "name": "data" },
                "spec": { "accessModes": ["ReadWriteOnce"], "resources": { "requests": { "storage": "1Mi" } } },
            }],
        },
    });
    Ok(Manifest::parse(&set.to_string())?)
}

/// What only sandboxes of this directory's node have among what they run.
pub(crate) fn sandbox_word(dir: &Path) -> String {
    format!("sandbox of {}", dir.display())
}

/// Opens the node as soon as the one before it has let go.
pub(crate) async fn open(dir: &Path, host: &str) -> Result<Node, Error> {
    let mut options = PodOptions::default();
    options.backoff = RestartBackoff::new(Duration::from_millis(100), Duration::from_secs(1));
    IMAGE.clone_into(&mut options.sandbox_image);
    let wait = format!("trap 'exit 0' TERM; while : {}; do sleep 600 & wait; done", sandbox_word(dir));
    options.sandbox_command = ["/bin/sh", "-c", &wait].map(str::to_owned).into();
    loop {
        match Node::builder(dir.join("node")).host(host).pod_options(options.clone()).open().await {
            Ok(node) => return Ok(node),
            Err(error) if error.kind() == ErrorKind::Locked => tokio::time::sleep(Duration::from_millis(10)).await,
            Err(error) => return Err(error.chain().to_string().into()),
        }
    }
}

/// Goes on with the step that the last one was in, until a file `finish` says that this is the last step. Writes the uids
/// of the last pets into a file `finished`.
pub(crate) async fn tell(dir: &Path, node: Node) -> Result<(), Error> {
    let sets = Controller::new(node).spawn();
    let progress = dir.join("progress");
    while !dir.join("finish").exists() {
        let step = steps(dir);
        let (replicas, version) = STEPS[step % STEPS.len()];
        reach(dir, &sets, declared(replicas, version)?).await?;
        fs::write(dir.join("progress.next"), (step + 1).to_string())?;
        fs::rename(dir.join("progress.next"), &progress)?;
    }
    reach(dir, &sets, declared(LAST, "last")?).await?;
    let pods = sets.snapshot("web").await?.pods;
    let uids: Vec<String> = pods.iter().map(|pod| format!("{} {}", pod.name(), pod.uid)).collect();
    fs::write(dir.join("finished.next"), uids.join("\n"))?;
    fs::rename(dir.join("finished.next"), dir.join("finished"))?;
    sets.shutdown().await;
    Ok(())
}

async fn reach(dir: &Path, sets: &Sets, manifest: Manifest) -> Result<(), Error> {
    sets.apply(manifest).await?;
    let mut calm = None;
    while let Err(error) = sets.wait("web", until::rolled_out(), LOOK).await {
        if dir.join("finish").exists() {
            calm.get_or_insert_with(Instant::now);
        }
        if error.kind() == ErrorKind::Timeout && calm.is_none_or(|since| since.elapsed() < STEP) {
            continue;
        }
        let why = sets.explain("web").await.map(|why| format!("{why:?}"));
        let pods = sets.snapshot("web").await.map(|seen| format!("{:#?}", seen.pods));
        return Err(format!("{}\n{why:?}\n{}", error.chain(), pods.unwrap_or_default()).into());
    }
    Ok(())
}

/// How many steps are done.
pub(crate) fn steps(dir: &Path) -> usize {
    fs::read_to_string(dir.join("progress")).ok().and_then(|text| text.trim().parse().ok()).unwrap_or(0)
}
