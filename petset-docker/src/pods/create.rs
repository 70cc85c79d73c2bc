//! Making a pod: its volumes, then its sandbox, which takes the name.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use petset_core::backend::{Created, Pod, PodRequest};
use petset_core::{Error, ErrorKind, PodUid, Result, Retry, Timestamp};
use tokio::time::sleep;

use super::backend::sandboxes;
use super::cell::Cell;
use super::image::{self, Policy};
use super::inspect;
use super::mounts::{of_pod, recipe};
use super::record::{PODS, Record};
use super::sandbox::Sandbox;
use super::shared::Shared;
use super::supervise::Origin;
use super::sweep::remove_volumes;
use crate::client::Failure;
use crate::labels;
use crate::networks::Networks;

const OPERATION: &str = "create a pod";
/// How often, and after which pauses, whoever took a name is looked for.
const LOOKS: u32 = 50;
const LOOK: Duration = Duration::from_millis(100);

/// What a creation came to.
pub(super) enum Made {
    /// The pod is there now, and this looks after it.
    New(Arc<Cell>),
    /// The name was taken.
    Taken(Box<Pod>),
    /// Nobody knows; this finds out.
    Unknown(Arc<Cell>, Error),
}

/// Asks for the pod.
pub(super) async fn create(shared: &Arc<Shared>, request: PodRequest) -> Result<Made> {
    // The next reads would say that nothing is there of what another engine has.
    shared.client.has_node().await?;
    if let Some(pod) = settled(shared, &request).await? {
        return Ok(Made::Taken(Box::new(pod)));
    }
    let claims = volumes_of(shared, &request).await?;
    // The network that the sandbox is to join has nobody in it before the sandbox is there.
    let _kept = Networks::keep(&request.set.namespace).await;
    let attachment = shared.names.attach(&request).await?;
    // The key is a fresh random text; that of a pod that never gets a sandbox is never seen.
    let key = PodUid::random().as_str().to_owned();
    let record = Record::new(request, Timestamp::now());
    // On record before anything is made: whatever is made is found again.
    shared.records.put(PODS, &key, &record).await?;
    let cell = shared.know(&key, record);
    let request = cell.read(|record| record.request.clone());
    let sandbox = Sandbox {
        request: &request,
        record: &key,
        node: &shared.node,
        attachment: &attachment,
        claims: &claims,
        options: &shared.options,
    };
    match make(shared, &sandbox).await {
        Ok(id) => {
            cell.found(PodUid::new(id));
            Ok(Made::New(cell))
        }
        Err(failure) if !failure.is_definite() => {
            let error = Error::from(failure).with_context("pod", cell.name());
            Ok(Made::Unknown(cell, error))
        }
        Err(failure) => {
            remove_volumes(shared, &key).await;
            if let Err(error) = forget(shared, &cell).await {
                // It stays on record until whoever looks after it can take it off.
                return Ok(Made::Unknown(cell, error));
            }
            if failure.is_conflict() {
                return taken(shared, &cell).await;
            }
            Err(Error::from(failure).with_context("pod", cell.name()))
        }
    }
}

/// Waits until it is known what came of every earlier creation of this identity: until then something of it may run. Answers
/// the pod that is there now, if there is one.
async fn settled(shared: &Shared, request: &PodRequest) -> Result<Option<Pod>> {
    for _ in 0..LOOKS {
        let Some(cell) = shared.of(&request.set).into_values().find(|cell| cell.ordinal == request.ordinal) else {
            return Ok(None);
        };
        if let Some(pod) = cell.pod() {
            return Ok(Some(pod));
        }
        sleep(LOOK).await;
    }
    Err(Error::new(ErrorKind::Conflict, OPERATION)
        .with_retry(Retry::Backoff)
        .with_context("pod", request.name())
        .with_message("nobody knows yet what became of an earlier try, of which something may run"))
}

/// Claim template → the engine's volume, which is there now and the one that the pod was asked for with.
pub(super) async fn volumes_of(shared: &Shared, request: &PodRequest) -> Result<BTreeMap<String, String>> {
    let mut volumes = BTreeMap::new();
    for (template, claim) in &request.claims {
        let uid = request.claim_uids.get(template);
        volumes.insert(template.clone(), shared.volumes.mount(&request.set, claim, uid).await?);
    }
    Ok(volumes)
}

/// The volumes and the sandbox; answers the sandbox's id.
async fn make(shared: &Shared, sandbox: &Sandbox<'_>) -> Result<String, Failure> {
    for volume in of_pod(sandbox.request) {
        let recipe = recipe(volume, sandbox.request, sandbox.record, sandbox.node);
        shared.client.ask("make a volume", |docker| async move { docker.create_volume(recipe).await }).await?;
    }
    let name = labels::sandbox(&sandbox.request.set, sandbox.request.ordinal);
    match inspect::create(&shared.client, &name, sandbox.body()).await {
        Err(failure) if failure.is_not_found() && failure.to_string().contains("image") => {
            let image = &shared.options.sandbox_image;
            if let Err(problem) = image::ensure(&shared.client, image, Policy::IfNotPresent, |_| async {}).await {
                return Err(failure.with_message(format!(
                    "there is no image for the container that is the pod: {}; make it available to the engine, or name \
                     another one with NodeBuilder::sandbox",
                    problem.message
                )));
            }
            inspect::create(&shared.client, &name, sandbox.body()).await
        }
        made => made,
    }
}

async fn forget(shared: &Shared, cell: &Cell) -> Result<()> {
    cell.bury().await?;
    shared.cells().remove(&cell.key);
    Ok(())
}

/// Who has the name, by fresh reads: the engine gives a name away before it lists who got it.
async fn taken(shared: &Shared, cell: &Cell) -> Result<Made> {
    for _ in 0..LOOKS {
        if let Some(pod) = sandboxes(shared, &cell.set).await?.into_iter().find(|pod| pod.ordinal == cell.ordinal) {
            return Ok(Made::Taken(Box::new(pod)));
        }
        let name = labels::sandbox(&cell.set, cell.ordinal);
        if let Some(stranger) = inspect::inspect(&shared.client, &name).await?
            && labels::identity_of(&stranger.labels).is_none()
        {
            return Err(Error::new(ErrorKind::AlreadyExists, OPERATION).with_context("pod", cell.name()).with_message(
                format!(
                    "the name `{name}` is taken by container {}, which is not petset's: remove or rename it",
                    stranger.id
                ),
            ));
        }
        sleep(LOOK).await;
    }
    Err(Error::new(ErrorKind::Conflict, OPERATION)
        .with_retry(Retry::Backoff)
        .with_context("pod", cell.name())
        .with_message("the name was taken, and whoever had it is not there any more"))
}

impl Made {
    /// What is to be looked after from now on, and whether anybody may have touched it.
    pub(super) fn to_supervise(&self) -> Option<(&Arc<Cell>, Origin)> {
        match self {
            Self::New(cell) => Some((cell, Origin::Made)),
            Self::Unknown(cell, _) => Some((cell, Origin::Found)),
            Self::Taken(_) => None,
        }
    }
}

impl From<Made> for Result<Created<Pod>> {
    fn from(made: Made) -> Self {
        match made {
            Made::New(cell) => cell.pod().map(Created::New).ok_or_else(|| super::cell::gone(OPERATION, &cell.name())),
            Made::Taken(pod) => Ok(Created::AlreadyThere(*pod)),
            Made::Unknown(_, error) => Err(error),
        }
    }
}
