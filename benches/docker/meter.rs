//! Counts what goes over the wire between a node and its engine.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::task::AbortHandle;

/// How often each kind of request was made.
#[derive(Debug, Default)]
pub(crate) struct Calls(BTreeMap<String, usize>);

impl Calls {
    /// How many requests change something.
    pub(crate) fn writes(&self) -> usize {
        self.0.iter().filter(|(kind, _)| !kind.starts_with("GET") && !kind.starts_with("HEAD")).map(|(_, n)| n).sum()
    }

    /// How many requests were made.
    pub(crate) fn all(&self) -> usize {
        self.0.values().sum()
    }

    /// One line per kind, with what it is for.
    #[expect(clippy::cast_precision_loss, reason = "counts are small")]
    pub(crate) fn print(&self, parts: usize) {
        for (kind, count) in &self.0 {
            println!("  {count:>5} {:>6.1}  {kind:<32} {}", *count as f64 / parts as f64, why(kind));
        }
        println!("  {:>5} {:>6.1}  in all", self.all(), self.all() as f64 / parts as f64);
    }
}

fn why(kind: &str) -> &'static str {
    match kind {
        "POST containers/create" => "the sandbox, and the container that joins it",
        "POST containers/{}/start" => "both",
        "POST volumes/create" => "the claim's volume",
        "POST networks/create" => "the namespace's network, once",
        "GET containers/json" => "sandboxes of the set, at every look at it: always a fresh read (S2)",
        "GET containers/{}/json" => "that each of the two runs, and where",
        "GET volumes" => "volumes of the set, at every look at it, and before and after a pod names one (S7)",
        "GET volumes/{}" => {
            "that this is still the engine that the node is on, before a pod is made and where nothing is found"
        }
        "GET networks" => "the namespace's network before each sandbox, for all that ask at once",
        "GET events" => "the stream of events",
        _ => "",
    }
}

/// A socket before the engine's own.
#[derive(Debug)]
pub(crate) struct Meter {
    path: PathBuf,
    calls: Arc<Mutex<Calls>>,
    task: AbortHandle,
}

impl Drop for Meter {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Meter {
    pub(crate) fn start(path: PathBuf) -> io::Result<Self> {
        let listener = UnixListener::bind(&path)?;
        let calls = Arc::<Mutex<Calls>>::default();
        let task = tokio::spawn(serve(listener, Arc::clone(&calls))).abort_handle();
        Ok(Self { path, calls, task })
    }

    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    /// What was counted since the last time.
    pub(crate) fn take(&self) -> Calls {
        std::mem::take(&mut *self.calls.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Where the engine of this machine is.
fn engine() -> PathBuf {
    let said = std::env::var("DOCKER_HOST").ok();
    Path::new(said.as_deref().and_then(|host| host.strip_prefix("unix://")).unwrap_or("/var/run/docker.sock"))
        .to_owned()
}

async fn serve(listener: UnixListener, calls: Arc<Mutex<Calls>>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(pass(client, Arc::clone(&calls)));
    }
}

async fn pass(mut client: UnixStream, calls: Arc<Mutex<Calls>>) -> io::Result<()> {
    let mut engine = UnixStream::connect(engine()).await?;
    let (mut said, mut answered) = ([0; 16 << 10], [0; 16 << 10]);
    loop {
        tokio::select! {
            read = client.read(&mut said) => {
                let said = &said[..read?];
                if said.is_empty() {
                    return Ok(());
                }
                if let Some(kind) = kind(said) {
                    *calls.lock().unwrap_or_else(PoisonError::into_inner).0.entry(kind).or_default() += 1;
                }
                engine.write_all(said).await?;
            }
            read = engine.read(&mut answered) => match read? {
                0 => return Ok(()),
                read => client.write_all(&answered[..read]).await?,
            },
        }
    }
}

/// Method and path of a request that begins here, without version, names and query.
fn kind(said: &[u8]) -> Option<String> {
    let line = said.split(|byte| *byte == b'\r').next()?;
    let mut words = std::str::from_utf8(line).ok()?.split(' ');
    let (method, target, "HTTP/1.1") = (words.next()?, words.next()?, words.next()?) else { return None };
    let path = target.split('?').next()?;
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty() && !part.starts_with("v1.")).collect();
    let parts: Vec<&str> = match parts[..] {
        [kind, name] if !matches!(name, "json" | "create" | "prune") => vec![kind, "{}"],
        [kind, _, ref acts @ ..] if !acts.is_empty() => [&[kind, "{}"], acts.last_chunk::<1>()?.as_slice()].concat(),
        _ => parts,
    };
    Some(format!("{method} {}", parts.join("/")))
}
