//! An engine that dies right after a start has forgotten it, and says that the container never started.

use petset_core::backend::{DeleteOptions, DnsSettings, Pod, PodBackend, PodPhase, PodRequest};
use petset_core::{Ordinal, PodUid, SetKey, SetUid};
use petset_docker::node::Node;
use serde_json::json;
use tokio::time::{Duration, Instant, sleep};

use crate::Error;
use crate::engine::{Engine, processes};
use crate::story::{IMAGE, open, sandbox_word};

/// The container's supervisor tells of the start again and again, for less than this long.
const DOWN: Duration = Duration::from_secs(25);
const SOON: Duration = Duration::from_secs(120);
const LOOK: Duration = Duration::from_millis(100);

/// The engine is back at once, and hears of the start or does not.
pub(crate) async fn back_at_once() -> Result<(), Error> {
    let Forgotten { engine, node, set, word } = forgotten(Duration::ZERO).await?;
    ends(&engine, &node, &set, &word).await
}

/// The engine is back when nobody tells of the start any more.
pub(crate) async fn back_too_late() -> Result<(), Error> {
    let Forgotten { engine, node, set, word } = forgotten(DOWN).await?;
    let said = engine.docker(&["ps", "-a", "--filter", "label=petset.rs/role=container", "--format", "{{.State}}"])?;
    if said.trim() != "created" {
        return Err(format!("the engine forgot nothing, it says `{said}`").into());
    }
    ends(&engine, &node, &set, &word).await
}

/// To find out what became of the container its sandbox is started again, and the engine dies in the middle of that too.
pub(crate) async fn and_its_sandbox() -> Result<(), Error> {
    let Forgotten { mut engine, node, set, word } = forgotten(DOWN).await?;
    let sandbox = sandbox_word(&engine.path(""));
    engine.forget(&sandbox)?;
    delete(&node, &set).await?;
    engine.until_dead()?;
    sleep(DOWN).await;
    engine.raise()?;
    ends(&engine, &node, &set, &word).await?;
    match processes(&sandbox).as_slice() {
        [] => Ok(()),
        left => Err(format!("the pod is gone and its sandbox runs: {left:?}").into()),
    }
}

/// The engine died when it started the sandbox, and has heard since that it runs: without all that it had prepared for it.
pub(crate) async fn sandbox_by_hearsay() -> Result<(), Error> {
    let mut engine = Engine::start_forgetful()?;
    let (dir, host) = (engine.path(""), engine.host());
    let node = open(&dir, &host).await?;
    engine.forget(&sandbox_word(&dir))?;
    let set = SetKey::new("default", "web");
    node.pods().create(request(&set, "next")?).await?;
    engine.until_dead()?;
    node.pods().shutdown().await;
    drop(node);
    engine.raise()?;
    // It hears of it most times. When it does not, the next try to start it finds that out.
    let deadline = Instant::now() + DOWN;
    while engine.docker(&["ps", "--quiet"])?.is_empty() && Instant::now() < deadline {
        sleep(LOOK).await;
    }
    let node = open(&dir, &host).await?;
    let is_settled = |pod: &Pod| pod.status.phase == PodPhase::Failed || pod.status.ready_since.is_some();
    let pod = until(&node, &set, "a pod that has failed, or is ready", is_settled).await?;
    node.pods().delete(&pod.reference(), DeleteOptions { grace_seconds: Some(1), version: None }).await?;
    until_gone(&engine, &node, &set).await?;
    node.pods().create(request(&set, "next")?).await?;
    until(&node, &set, "the next one", |pod| pod.status.ready_since.is_some()).await.map(drop)
}

/// The pod goes with nobody's help, and its program before it.
async fn ends(engine: &Engine, node: &Node, set: &SetKey, word: &str) -> Result<(), Error> {
    if processes(word).is_empty() {
        return Err("nothing runs, so nothing is shown".into());
    }
    delete(node, set).await?;
    until_gone(engine, node, set).await?;
    match processes(word).as_slice() {
        [] => Ok(()),
        left => Err(format!("S1: the pod is gone and its program runs: {left:?}").into()),
    }
}

async fn until_gone(engine: &Engine, node: &Node, set: &SetKey) -> Result<(), Error> {
    let deadline = Instant::now() + SOON;
    loop {
        match node.pods().list(set).await.as_deref() {
            Ok([]) => return Ok(()),
            seen if Instant::now() > deadline => {
                return Err(format!("the pod does not go: {seen:#?}: {}", engine.last_words()).into());
            }
            Ok(_) | Err(_) => sleep(LOOK).await,
        }
    }
}

struct Forgotten {
    engine: Engine,
    node: Node,
    set: SetKey,
    word: String,
}

/// A pod whose container runs and of which its engine, back after `down`, says that it was never started.
async fn forgotten(down: Duration) -> Result<Forgotten, Error> {
    let mut engine = Engine::start_forgetful()?;
    let node = open(&engine.path(""), &engine.host()).await?;
    let (set, word) = (SetKey::new("default", "web"), format!("forgotten-{}", PodUid::random()));
    engine.forget(&word)?;
    node.pods().create(request(&set, &word)?).await?;
    engine.until_dead()?;
    if processes(&word).is_empty() {
        return Err("the container did not start, so nothing was forgotten".into());
    }
    sleep(down).await;
    engine.raise()?;
    Ok(Forgotten { engine, node, set, word })
}

/// A pod that runs until it is asked to end, with a word among what it runs.
fn request(set: &SetKey, word: &str) -> Result<PodRequest, Error> {
    let run = format!("trap 'exit 0' TERM; while : {word}; do sleep 600 & wait; done");
    let spec = json!({ "containers": [{ "name": "main", "image": IMAGE, "command": ["/bin/sh", "-c", run] }] });
    Ok(PodRequest {
        set: set.clone(),
        owner: SetUid::from("owner"),
        ordinal: Ordinal(0),
        revision: "web-1".into(),
        template: serde_json::from_value(json!({ "spec": spec }))?,
        labels: [].into(),
        claims: [].into(),
        claim_uids: [].into(),
        config: std::sync::Arc::default(),
        dns: DnsSettings { domain: "cluster.local".to_owned(), ..DnsSettings::default() },
    })
}

async fn delete(node: &Node, set: &SetKey) -> Result<(), Error> {
    let pod = until(node, set, "the pod", |_| true).await?;
    node.pods().delete(&pod.reference(), DeleteOptions { grace_seconds: Some(1), version: None }).await?;
    Ok(())
}

async fn until(node: &Node, set: &SetKey, what: &str, is: impl Fn(&Pod) -> bool) -> Result<Pod, Error> {
    let deadline = Instant::now() + SOON;
    loop {
        // An engine that has just come back may not answer yet.
        let seen = node.pods().list(set).await.unwrap_or_default();
        if let Some(pod) = seen.iter().find(|pod| is(pod)) {
            return Ok(pod.clone());
        }
        if Instant::now() > deadline {
            return Err(format!("waited for {what}: {seen:#?}").into());
        }
        sleep(LOOK).await;
    }
}
