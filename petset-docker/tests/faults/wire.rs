//! A bad wire between a node and its engine: it is cut, nobody answers for a while, one side hangs up on the other's words,
//! requests and answers get lost, and somebody else answers.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::http::{refuse, request_line};

/// What happens to a request that changes something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The engine never sees it.
    Request,
    /// The engine does it, and its answer never comes.
    Answer,
    /// The engine sees half of it.
    Half,
    /// The engine never sees it, and is said to have refused it: something is in the way, or it broke.
    Refused,
}

/// How a wire is silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Silence {
    /// Whoever calls is hung up on.
    Dead,
    /// Whoever calls is let in, and hears nothing.
    Mute,
}

#[derive(Debug, Default)]
struct Faults {
    /// For as long as this is so, nobody gets through.
    silence: Option<Silence>,
    /// What happens to the next such requests.
    losses: Vec<Loss>,
}

#[derive(Debug)]
struct Shared {
    engine: PathBuf,
    faults: Mutex<Faults>,
    lost: AtomicUsize,
    /// Every change cuts all connections.
    cut: watch::Sender<()>,
}

#[derive(Debug)]
pub(crate) struct Wire {
    path: PathBuf,
    shared: Arc<Shared>,
    task: AbortHandle,
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Wire {
    pub(crate) fn start(path: PathBuf, engine: PathBuf) -> io::Result<Self> {
        let listener = UnixListener::bind(&path)?;
        let (cut, _) = watch::channel(());
        let shared = Arc::new(Shared { engine, faults: Mutex::default(), lost: AtomicUsize::new(0), cut });
        let task = tokio::spawn(serve(listener, Arc::clone(&shared))).abort_handle();
        Ok(Self { path, shared, task })
    }

    /// What a node is told.
    pub(crate) fn host(&self) -> String {
        host(&self.path)
    }

    /// Cuts every connection, the streams of events too; new ones are fine.
    pub(crate) fn cut(&self) {
        self.shared.cut.send_replace(());
    }

    /// Cuts every connection, and lets none through until told otherwise.
    pub(crate) fn silence(&self, silence: Option<Silence>) {
        self.shared.faults().silence = silence;
        self.cut();
    }

    /// The next request that changes something, or its answer, is lost.
    pub(crate) fn lose(&self, loss: Loss) {
        self.shared.faults().losses.push(loss);
    }

    /// How many requests and answers were lost.
    pub(crate) fn lost(&self) -> usize {
        self.shared.lost.load(Ordering::SeqCst)
    }
}

/// What engines were heard to say: of names and removals that something is in the way, of everything that they are broken.
fn refusal(said: &[u8]) -> (u16, &'static str) {
    match request_line(said) {
        Some(line) if line.starts_with("DELETE ") && line.contains("/containers/") => {
            (409, "removal of container is already in progress")
        }
        Some(line) if line.contains("/containers/create") => {
            (409, "Conflict. The container name is already in use by container \"0\"")
        }
        _ => (500, "context deadline exceeded"),
    }
}

fn host(path: &Path) -> String {
    format!("unix://{}", path.display())
}

impl Shared {
    fn faults(&self) -> std::sync::MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What happens to these bytes, when they begin such a request.
    fn loss_of(&self, said: &[u8]) -> Option<Loss> {
        let changes = request_line(said).is_some_and(|line| !line.starts_with("GET ") && !line.starts_with("HEAD "));
        let loss = if changes { self.faults().losses.pop() } else { None };
        if loss.is_some() {
            self.lost.fetch_add(1, Ordering::SeqCst);
        }
        loss
    }
}

async fn serve(listener: UnixListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        let mut cuts = shared.cut.subscribe();
        tokio::spawn(async move {
            tokio::select! {
                _ = cuts.changed() => {}
                _ = pass(client, &shared) => {}
            }
        });
    }
}

/// Passes on what both sides say, until something is lost: then it hangs up.
async fn pass(mut client: UnixStream, shared: &Shared) -> io::Result<()> {
    let silence = shared.faults().silence;
    match silence {
        None => {}
        Some(Silence::Dead) => return Ok(()),
        // Until all connections are cut.
        Some(Silence::Mute) => std::future::pending().await,
    }
    let mut engine = UnixStream::connect(&shared.engine).await?;
    let (mut said, mut answered) = ([0; 16 << 10], [0; 16 << 10]);
    let mut deaf = false;
    loop {
        tokio::select! {
            read = client.read(&mut said) => {
                let said = &said[..read?];
                if said.is_empty() {
                    return Ok(());
                }
                match shared.loss_of(said) {
                    Some(Loss::Request) => return Ok(()),
                    Some(Loss::Answer) => deaf = true,
                    Some(Loss::Half) => {
                        engine.write_all(&said[..said.len() / 2]).await?;
                        // The engine hears that no more comes; what it says to that is heard.
                        engine.shutdown().await?;
                        continue;
                    }
                    Some(Loss::Refused) => {
                        let (status, message) = refusal(said);
                        Box::pin(refuse(&mut client, said, status, message)).await?;
                        continue;
                    }
                    None => {}
                }
                engine.write_all(said).await?;
            }
            read = engine.read(&mut answered) => match read? {
                0 => return Ok(()),
                // The engine has answered, so it has done it.
                _ if deaf => return Ok(()),
                read => client.write_all(&answered[..read]).await?,
            },
        }
    }
}
