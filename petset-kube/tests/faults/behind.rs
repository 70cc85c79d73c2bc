//! The controller goes from an API server that knows everything to one that has fallen behind, in the midst of a rollout.

use std::collections::BTreeMap;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{DynamicObject, ListParams};
use kube::{Api, Client, ResourceExt};
use petset_kube::envtest::{Account, Kubelet, LaggingServer, Server};
use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use crate::account::account;
use crate::killed::until_it_works;
use crate::kind::Kind;
use crate::program::Program;
use crate::story::{Story, claims, scaled};
use crate::web::Web;
use crate::world::World;
use crate::{Error, ensure};

/// How long something is waited for.
const PATIENCE: Duration = Duration::from_secs(120);

/// So long a pod takes until it is ready: in the meantime a controller is killed.
const READY_AFTER: Duration = Duration::from_millis(1500);

/// So long each controller may do wrong on the server that has fallen behind.
const TEMPTED_FOR: Duration = Duration::from_secs(6);

/// Every pod is of this image, and takes its time.
fn image(image: &str) -> Value {
    let program = json!({ "readyMillis": u64::try_from(READY_AFTER.as_millis()).unwrap_or(u64::MAX) }).to_string();
    json!({ "spec": { "template": {
        "metadata": { "annotations": { Kubelet::PROGRAM: program } },
        "spec": { "containers": [{ "name": "nginx", "image": image,
            "volumeMounts": [{ "name": "www", "mountPath": "/usr/share/nginx/html" }] }] },
    } } })
}

/// The pods of a set: image, uid, and whether it is ready.
type Seen = BTreeMap<String, (String, String, bool)>;

/// What a server says of the pods: what it has in memory, or what etcd has.
async fn pods(client: &Client, web: &Web, from_memory: bool) -> Result<Seen, Error> {
    let api: Api<Pod> = Api::namespaced(client.clone(), &web.namespace);
    let parameters = ListParams::default();
    let found = api.list(&if from_memory { parameters.match_any() } else { parameters }).await?;
    let seen = |pod: &Pod| {
        let image = pod.spec.as_ref().and_then(|spec| spec.containers.first()?.image.clone());
        let mut conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
        let is_ready = conditions.any(|condition| condition.type_ == "Ready" && condition.status == "True");
        (pod.name_any(), (image.unwrap_or_default(), pod.uid().unwrap_or_default(), is_ready))
    };
    Ok(found.iter().map(seen).collect())
}

/// Waits until a server says this of the pods.
async fn until(client: &Client, web: &Web, from_memory: bool, wanted: impl Fn(&Seen) -> bool) -> Result<Seen, Error> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let seen = pods(client, web, from_memory).await?;
        if wanted(&seen) {
            return Ok(seen);
        }
        ensure!(Instant::now() < deadline, "it stays at {seen:?}");
        sleep(Duration::from_millis(20)).await;
    }
}

/// The scene of the story, and who sees it how.
struct Stage {
    story: Story,
    /// The administrator's, of the server that knows everything.
    client: Client,
    /// And of the one that falls behind.
    behind: Client,
    accounts: [Account; 2],
}

impl Stage {
    async fn new(server: &Server, lagging: &Server, kind: Kind) -> Result<Self, Error> {
        let (client, behind) = (server.client()?, lagging.client()?);
        let known = account(server).await?;
        let same = Account::of(lagging, "petset-system", "petset-controller").await?;
        let story = Story::new(client.clone(), kind, "behind").await?;
        Ok(Self { story, client, behind, accounts: [known, same] })
    }

    /// A controller that works on the server that knows everything, or on the one that has fallen behind.
    async fn controller(&self, is_behind: bool) -> Result<Program, Error> {
        let [kind, namespace] = self.story.arguments();
        let account = &self.accounts[usize::from(is_behind)];
        let program = Program::start(&account.kubeconfig(), &[&kind, &namespace, "--leader-elect=false"])?;
        until_it_works(&program).await?;
        Ok(program)
    }

    /// Declares an image, and kills the controller when this pod has it and is not ready yet. In the end that pod is ready,
    /// nobody works, and those below it are of the image before.
    async fn part_way_to(&self, new: &str, pod: &str, controller: Program) -> Result<Seen, Error> {
        let web = &self.story.web;
        web.patch(&image(new)).await?;
        let is_new = |seen: &Seen| seen.get(pod).is_some_and(|(image, ..)| image == new);
        let seen = until(&self.client, web, false, is_new).await?;
        drop(controller);
        ensure!(!seen[pod].2, "{pod} was ready before the controller was killed: {seen:?}");
        let whole = until(&self.client, web, false, |seen| seen.values().all(|(.., is_ready)| *is_ready)).await?;
        let is_part_way = whole.iter().all(|(name, (image, ..))| (image == new) == (name.as_str() >= pod));
        ensure!(is_part_way && whole.len() == 3, "it is not part of the way to {new}: {whole:?}");
        Ok(whole)
    }

    /// Waits until the server that falls behind remembers these pods, and the set as it is.
    async fn until_remembered(&self, wanted: &Seen) -> Result<(), Error> {
        let web = &self.story.web;
        until(&self.behind, web, true, |seen| seen == wanted).await?;
        let resource = self.story.kind.resource();
        let sets =
            |client: &Client| -> Api<DynamicObject> { Api::namespaced_with(client.clone(), &web.namespace, &resource) };
        let (now, deadline) = (sets(&self.client).get("web").await?, Instant::now() + PATIENCE);
        loop {
            let remembered = sets(&self.behind).list(&ListParams::default().match_any()).await?;
            if remembered.iter().any(|set| set.resource_version() == now.resource_version()) {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "it remembers {remembered:?}, not {now:?}");
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// A server falls behind when a rollout has replaced the highest of three pods. The rollout ends, and the next one has
/// replaced two when the controller is killed. The next controllers work on the server that remembers the first rollout, by
/// which the second pod is to be replaced: it has been, twice. When the server has caught up the goal is reached, and each
/// pod was ended exactly as often as was declared.
pub(crate) async fn server(_seed: u64, kind: Kind) -> Result<(), Error> {
    let world = World::make().await?;
    let lagging = LaggingServer::start(&world.server).await?;
    let stage = Stage::new(&world.server, lagging.server(), kind).await?;
    let (web, behind) = (&stage.story.web, &stage.behind);

    let first = stage.controller(false).await?;
    web.create(3).await?;
    web.until_rolled_out(3).await?;
    let declared = claims(web).await?;
    let old = stage.part_way_to("nginx-slim:0.9", "web-2", first).await?;
    stage.until_remembered(&old).await?;
    lagging.fall_behind();

    let second = stage.controller(false).await?;
    web.until_rolled_out(3).await?;
    let now = stage.part_way_to("nginx-slim:0.10", "web-1", second).await?;
    ensure!(pods(behind, web, false).await? == now, "it cannot read what there is");
    let mut tempted = None;
    for _ in 0..2 {
        drop(tempted.take());
        tempted = Some(stage.controller(true).await?);
        sleep(TEMPTED_FOR).await;
    }
    let remembered = pods(behind, web, true).await?;
    ensure!(remembered == old, "it remembers {remembered:?}, not {old:?}");
    lagging.catch_up();
    web.until_rolled_out(3).await?;
    web.patch(&scaled(2)).await?;
    web.until_rolled_out(2).await?;
    drop(tempted);

    ensure!(claims(web).await? == declared, "the claims were {declared:?}, and are {:?}", claims(web).await?);
    let (made, ended) = stage.story.finish()?;
    ensure!(made == [0, 1, 2, 2, 1, 0, 2, 1, 0], "pods were made in the order {made:?}");
    ensure!(ended == [2, 1, 0, 2, 1, 0, 2], "pods were ended in the order {ended:?}");
    Ok(())
}
