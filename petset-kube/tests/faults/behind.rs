//! The controller goes from an API server that knows everything to one that has fallen behind, in the midst of a rollout.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::api::{DynamicObject, ListParams};
use kube::{Api, Client, ResourceExt};
use petset_core::backend::{DeleteOptions, Deleted};
use petset_core::{Engine, EngineOptions, SetKey};
use petset_kube::envtest::{Account, Kubelet, LaggingServer, Server, ServerOptions};
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

/// How often the server is to refuse what is decided on an old view.
const REFUSALS: usize = 3;

/// Who the controllers are to the servers.
const USER: &str = "system:serviceaccount:petset-system:petset-controller";

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

fn are_ready(seen: &Seen) -> bool {
    seen.values().all(|(.., is_ready)| *is_ready)
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
    /// Who has asked the one that falls behind for what.
    audit_log: PathBuf,
}

impl Stage {
    async fn new(server: &Server, lagging: &Server, kind: Kind) -> Result<Self, Error> {
        let (client, behind) = (server.client()?, lagging.client()?);
        let known = account(server).await?;
        let same = Account::of(lagging, "petset-system", "petset-controller").await?;
        let story = Story::new(client.clone(), kind, "behind").await?;
        Ok(Self { story, client, behind, accounts: [known, same], audit_log: lagging.audit_log() })
    }

    /// A controller that works on the server that knows everything, or on the one that has fallen behind.
    async fn controller(&self, is_behind: bool) -> Result<Program, Error> {
        let [kind, namespace] = self.story.arguments();
        let account = &self.accounts[usize::from(is_behind)];
        let program = Program::start(&account.kubeconfig(), &[&kind, &namespace, "--leader-elect=false"])?;
        until_it_works(&program).await?;
        Ok(program)
    }

    /// A controller that works on the server that has fallen behind, once it has listed everything there, asked for this,
    /// and told of it in an Event.
    async fn controller_behind(&self, does: &str) -> Result<Program, Error> {
        let before = self.asked()?.len();
        let controller = self.controller(true).await?;
        let sets = format!("200 list {}", self.story.kind.resource().plural);
        self.until_asked(before, &["200 list pods", &sets, does, "201 create events"]).await?;
        Ok(controller)
    }

    /// Kills such a controller, and waits until the server has written down that it watched.
    async fn end_behind(&self, controller: impl Sized) -> Result<(), Error> {
        let before = self.asked()?.len();
        drop(controller);
        let sets = format!("200 watch {}", self.story.kind.resource().plural);
        self.until_asked(before, &["200 watch pods", &sets]).await
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
        let whole = until(&self.client, web, false, are_ready).await?;
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

    /// What controllers have asked the server that falls behind for, after its answers: "409 patch petsets/status web". A
    /// watch is there when it has ended.
    fn asked(&self) -> Result<Vec<String>, Error> {
        let log = fs::read_to_string(&self.audit_log)?;
        // The last line may be half of one.
        let entries = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let of_controllers =
            entries.filter(|entry| entry["user"]["username"] == USER && entry["stage"] == "ResponseComplete");
        Ok(of_controllers.map(|entry| request(&entry)).collect())
    }

    /// Waits until they have asked for all of this, after so many other requests.
    async fn until_asked(&self, before: usize, wanted: &[&str]) -> Result<(), Error> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let asked = self.asked()?.split_off(before);
            let is_missing = |wanted: &&&str| !asked.iter().any(|asked| asked.starts_with(**wanted));
            let missing: Vec<_> = wanted.iter().filter(is_missing).collect();
            if missing.is_empty() {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "it never asked for {missing:?}, only for {asked:#?}");
            sleep(Duration::from_millis(20)).await;
        }
    }
}

/// An entry of an audit log in few words.
fn request(entry: &Value) -> String {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let object = &entry["objectRef"];
    let resource = [text(&object["resource"]), text(&object["subresource"])].join("/");
    let (code, verb) = (&entry["responseStatus"]["code"], text(&entry["verb"]));
    let request = format!("{code} {verb} {} {}", resource.trim_end_matches('/'), text(&object["name"]));
    request.trim_end().to_owned()
}

/// Somebody who has listened to a server since before it fell behind, and by whom the second pod is to be ended.
struct Listener {
    engine: Engine,
    key: SetKey,
    /// What is to be done, in its own words.
    wanted: String,
}

impl Listener {
    async fn start(stage: &Stage, known: &Seen) -> Result<Self, Error> {
        let backends = stage.story.backends(stage.accounts[1].client()?);
        let key = SetKey::new(stage.story.web.namespace.as_str(), "web");
        let wanted = format!("delete pod 1 ({}): outdated", known["web-1"].1);
        let listener = Self { engine: Engine::new(backends, EngineOptions::default()), key, wanted };
        listener.is_tempted().await?;
        Ok(listener)
    }

    /// It still wants to end that pod.
    async fn is_tempted(&self) -> Result<(), Error> {
        let Self { engine, key, wanted } = self;
        let explained = engine.explain(key).await?;
        ensure!(explained.actions.contains(wanted), "it does not want to {wanted}: {explained}");
        Ok(())
    }

    /// It asks for the end of that pod, which it had decided on, and decides again and again: the server refuses all of it,
    /// because of the pod's life and of the version of the set.
    async fn is_refused(&self, stage: &Stage) -> Result<(), Error> {
        let Self { engine, key, wanted: _ } = self;
        self.is_tempted().await?;
        let pods = &engine.backends().pods;
        let known = pods.list(key).await?;
        let second = known.iter().find(|pod| pod.name() == "web-1").ok_or("it knows no second pod")?;
        let late = pods.delete(&second.reference(), DeleteOptions::default()).await?;
        ensure!(late == Deleted::AlreadyGone, "what it knows is not gone: {late:?}");
        stage.until_asked(0, &["409 delete pods web-1"]).await?;

        let refused = format!("409 patch {}/status web", stage.story.kind.resource().plural);
        let deadline = Instant::now() + PATIENCE;
        while stage.asked()?.iter().filter(|asked| **asked == refused).count() < REFUSALS {
            let pass = engine.pass(key).await?;
            ensure!(pass.plan.is_none() && pass.outcomes.is_empty(), "it acts on what it remembers: {pass:#?}");
            ensure!(Instant::now() < deadline, "it is not refused: {:#?}", stage.asked()?);
        }
        Ok(())
    }
}

/// A server falls behind when a rollout has replaced the highest of three pods. The rollout ends, and the next one has
/// replaced two when the controller is killed. By what that server remembers the second pod is to be replaced: it has been,
/// twice. When the server has caught up the goal is reached, and each pod was ended exactly as often as was declared.
///
/// That controllers were tempted there is in the server's audit log. One that has listened to it all along still wants to
/// end the second pod, and is refused with 409. Those that start there list everything anew, go on where the rollout is, and
/// hear nothing of what comes of it: one ends the last pod, the next one makes it anew.
pub(crate) async fn server(_seed: u64, kind: Kind) -> Result<(), Error> {
    let world = World::make().await?;
    let mut options = ServerOptions::default();
    options.audits = true;
    let lagging = LaggingServer::start_with(&world.server, &options).await?;
    let stage = Stage::new(&world.server, lagging.server(), kind).await?;
    let (web, behind) = (&stage.story.web, &stage.behind);

    let first = stage.controller(false).await?;
    web.create(3).await?;
    web.until_rolled_out(3).await?;
    let declared = claims(web).await?;
    let old = stage.part_way_to("nginx-slim:0.9", "web-2", first).await?;
    stage.until_remembered(&old).await?;
    let listener = Listener::start(&stage, &old).await?;
    lagging.fall_behind();

    let second = stage.controller(false).await?;
    web.until_rolled_out(3).await?;
    let now = stage.part_way_to("nginx-slim:0.10", "web-1", second).await?;
    ensure!(pods(behind, web, false).await? == now, "it cannot read what there is");
    listener.is_refused(&stage).await?;
    stage.end_behind(listener).await?;
    let third = stage.controller_behind("200 delete pods web-0").await?;
    until(&stage.client, web, false, |seen| !seen.contains_key("web-0")).await?;
    stage.end_behind(third).await?;
    let last = stage.controller_behind("201 create pods web-0").await?;
    until(&stage.client, web, false, |seen| seen.len() == 3 && are_ready(seen)).await?;
    let remembered = pods(behind, web, true).await?;
    ensure!(remembered == old, "it remembers {remembered:?}, not {old:?}");

    lagging.catch_up();
    web.until_rolled_out(3).await?;
    web.patch(&scaled(2)).await?;
    web.until_rolled_out(2).await?;
    drop(last);

    ensure!(claims(web).await? == declared, "the claims were {declared:?}, and are {:?}", claims(web).await?);
    let (made, ended) = stage.story.finish()?;
    ensure!(made == [0, 1, 2, 2, 1, 0, 2, 1, 0], "pods were made in the order {made:?}");
    ensure!(ended == [2, 1, 0, 2, 1, 0, 2], "pods were ended in the order {ended:?}");
    Ok(())
}
