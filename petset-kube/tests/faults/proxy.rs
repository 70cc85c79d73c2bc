//! The program talks to a proxy, and the proxy does badly what it is there for.

use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use http::{Method, Request, Response};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use kube::client::Body;
use kube::{Client, Config};
use petset_testkit::seed::Dice;
use serde_json::json;
use tempfile::NamedTempFile;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower::BoxError;

use crate::account::account;
use crate::cut::{Cut, cut};
use crate::fate::{Fate, Fates, TROUBLES, refusal};
use crate::kind::Kind;
use crate::program::Program;
use crate::story::Story;
use crate::way::{Answer, heard, is_watch};
use crate::world;
use crate::{Error, ensure};

/// What the proxy has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Done {
    Read(Fate),
    Write(Fate),
    /// The server has done what it was asked for, and whoever asked hears nothing of it, and not that he never will.
    Held,
    Watch(Cut),
}

/// Requests of which a trouble happens to one in three.
#[derive(Debug)]
struct Line {
    fates: Fates,
    done: fn(Fate) -> Done,
    /// Answers that are to be lost. Only one of which something has come is worth it.
    to_lose: AtomicU64,
}

impl Line {
    fn new(seed: u64, name: &'static str, done: fn(Fate) -> Done) -> Self {
        Self { fates: Fates::new(seed, name), done, to_lose: AtomicU64::new(0) }
    }

    fn loses(&self) -> bool {
        let one_less = |count: u64| count.checked_sub(1);
        self.to_lose.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less).is_ok()
    }
}

/// The one answer that is held back for ever: to the `nth` of these that the server does.
#[derive(Debug)]
struct Held {
    method: Method,
    part: &'static str,
    nth: u64,
    done: AtomicU64,
}

impl Held {
    fn new(seed: u64) -> Self {
        let mut dice = Dice::of(seed, "held", 0);
        let all = [(Method::POST, "/pods"), (Method::DELETE, "/pods/"), (Method::PATCH, "/status")];
        let (method, part) = dice.pick(&all).clone();
        Self { method, part, nth: dice.below(3), done: AtomicU64::new(0) }
    }

    fn is(&self, method: &Method, path: &str) -> bool {
        *method == self.method && path.contains(self.part) && self.done.fetch_add(1, Ordering::Relaxed) == self.nth
    }
}

/// What stands between the program and the server.
struct Between {
    client: Client,
    seed: u64,
    reads: Line,
    writes: Line,
    held: Held,
    /// How often each resource was watched.
    watches: Mutex<BTreeMap<String, u64>>,
    done: watch::Sender<BTreeMap<Done, u64>>,
}

pub(crate) fn broken() -> BoxError {
    io::Error::from(io::ErrorKind::ConnectionReset).into()
}

impl Between {
    fn tell(&self, done: Done) {
        self.done.send_modify(|all| *all.entry(done).or_default() += 1);
    }

    /// The answer; an error breaks the connection.
    async fn answer(self: Arc<Self>, request: Request<Incoming>) -> Result<Answer, BoxError> {
        let (head, body) = request.into_parts();
        let (method, path) = (head.method.clone(), head.uri.path().to_owned());
        let request = Request::from_parts(head, Body::from(body.collect().await?.to_bytes().to_vec()));
        if is_watch(&request) {
            let answer = self.client.send(request).await?;
            return Ok(self.watched(&path, answer));
        }
        let line = if method == Method::GET { &self.reads } else { &self.writes };
        match line.fates.next() {
            Fate::Refused(code) => {
                self.tell((line.done)(Fate::Refused(code)));
                return Ok(heard(refusal(code), |parts| parts));
            }
            Fate::LostRequest => {
                self.tell((line.done)(Fate::LostRequest));
                return Err(broken());
            }
            Fate::LostAnswer => {
                line.to_lose.fetch_add(1, Ordering::Relaxed);
            }
            Fate::Good => {}
        }
        let answer = self.client.send(request).await?;
        if answer.status().is_success() {
            if self.held.is(&method, &path) {
                self.tell(Done::Held);
                return pending().await;
            }
            if line.loses() {
                self.tell((line.done)(Fate::LostAnswer));
                return Err(broken());
            }
        }
        Ok(heard(answer, |parts| parts))
    }

    /// Of three watches of a resource one breaks, one ends too early, and one is left alone.
    fn watched(self: &Arc<Self>, path: &str, answer: Response<Body>) -> Answer {
        let resource = path.rsplit('/').next().unwrap_or_default();
        let nth = {
            let mut watches = self.watches.lock().unwrap_or_else(PoisonError::into_inner);
            let count = watches.entry(resource.to_owned()).or_default();
            *count += 1;
            *count - 1
        };
        let how = match nth % 3 {
            0 => Cut::Breaks,
            1 => Cut::Ends,
            _ => return heard(answer, |parts| parts),
        };
        let lines = Dice::of(self.seed, resource, nth).below(4);
        let between = Arc::clone(self);
        heard(answer, |parts| cut(parts, lines, how, move || between.tell(Done::Watch(how))))
    }
}

/// A proxy at work, until this is dropped.
struct Proxy {
    task: JoinHandle<()>,
    between: Arc<Between>,
    kubeconfig: NamedTempFile,
}

impl Proxy {
    /// Starts one; whoever talks to it is the owner of this configuration.
    async fn start(mut config: Config, seed: u64) -> Result<Self, Error> {
        // It does what it is told, once.
        config.default_retry = false;
        let between = Arc::new(Between {
            client: Client::try_from(config)?,
            seed,
            reads: Line::new(seed, "reads", Done::Read),
            writes: Line::new(seed, "writes", Done::Write),
            held: Held::new(seed),
            watches: Mutex::default(),
            done: watch::Sender::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let kubeconfig = NamedTempFile::new()?;
        let text = json!({
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{ "name": "proxy", "cluster": { "server": format!("http://{}", listener.local_addr()?) } }],
            "users": [{ "name": "user", "user": {} }],
            "contexts": [{ "name": "proxy", "context": { "cluster": "proxy", "user": "user" } }],
            "current-context": "proxy",
        });
        std::fs::write(kubeconfig.path(), text.to_string())?;
        let of_task = Arc::clone(&between);
        let task = tokio::spawn(async move {
            // Whoever cannot be accepted asks again.
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, Arc::clone(&of_task)));
            }
        });
        Ok(Self { task, between, kubeconfig })
    }

    fn kubeconfig(&self) -> &Path {
        self.kubeconfig.path()
    }

    /// Waits until an answer is held back.
    async fn until_held(&self) -> Result<(), Error> {
        self.between.done.subscribe().wait_for(|done| done.contains_key(&Done::Held)).await?;
        Ok(())
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(stream: TcpStream, between: Arc<Between>) {
    let answer = service_fn(move |request| Arc::clone(&between).answer(request));
    // That it breaks is what it is for.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answer).await;
}

/// Every trouble happens to writes, and watches are cut in the middle of a line. One program hears nothing of something
/// that it has done, and waits for the answer; another one, behind the same proxy, goes on with the set.
pub(crate) async fn program(seed: u64, kind: Kind) -> Result<(), Error> {
    let world = world::the_world().await?;
    let story = Story::new(world.server.client()?, kind, "proxy").await?;
    let proxy = Proxy::start(account(&world.server).await?.config(), seed).await?;
    let [kind, namespace] = story.arguments();
    let start = || Program::start(proxy.kubeconfig(), &[&kind, &namespace, "--leader-elect=false"]);
    let mut programs = vec![start()?];
    let helping = async {
        proxy.until_held().await?;
        programs.push(start()?);
        pending::<Result<(), Error>>().await
    };
    tokio::select! {
        done = story.run() => done?,
        failed = helping => failed?,
    }
    let done = proxy.between.done.borrow().clone();
    let of_writes = TROUBLES.map(Done::Write);
    let others = [Done::Held, Done::Watch(Cut::Breaks), Done::Watch(Cut::Ends)];
    let missing: Vec<_> = of_writes.iter().chain(&others).filter(|wanted| !done.contains_key(wanted)).collect();
    ensure!(missing.is_empty(), "{missing:?} did not happen, but {done:?}");
    for program in &mut programs {
        ensure!(program.child.try_wait()?.is_none(), "a program has ended: {:#?}", program.lines());
    }
    Ok(())
}
