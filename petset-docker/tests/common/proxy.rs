//! A hand on the wire between a node and its engine.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// Where the engine of this machine is.
pub(crate) fn engine() -> PathBuf {
    let said = std::env::var("DOCKER_HOST").ok();
    said.as_deref().and_then(|host| host.strip_prefix("unix://")).unwrap_or("/var/run/docker.sock").into()
}

/// A word of the requests that are answered by halves.
type Damage = Arc<Mutex<Option<String>>>;

/// A socket before the engine's own.
#[derive(Debug)]
pub(crate) struct Proxy {
    path: PathBuf,
    damaged: Damage,
    /// Every change cuts all connections.
    cut: watch::Sender<()>,
    task: AbortHandle,
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Proxy {
    pub(crate) fn start(path: &Path) -> io::Result<Self> {
        let listener = UnixListener::bind(path)?;
        let (cut, cuts) = watch::channel(());
        let damaged = Damage::default();
        let task = tokio::spawn(serve(listener, Arc::clone(&damaged), cuts)).abort_handle();
        Ok(Self { path: path.to_owned(), damaged, cut, task })
    }

    /// What a node is told.
    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    /// From now on every answer is half of one.
    pub(crate) fn damage(&self) {
        self.set(Some(String::new()));
    }

    /// From now on every answer to a request with this word in it is half of one.
    pub(crate) fn damage_all_with(&self, word: &str) {
        self.set(Some(word.to_owned()));
    }

    /// From now on the engine answers.
    pub(crate) fn mend(&self) {
        self.set(None);
    }

    fn set(&self, damaged: Option<String>) {
        *self.damaged.lock().unwrap_or_else(PoisonError::into_inner) = damaged;
        self.cut.send_replace(());
    }
}

async fn serve(listener: UnixListener, damaged: Damage, cuts: watch::Receiver<()>) {
    while let Ok((client, _)) = listener.accept().await {
        let (damaged, mut cuts) = (Arc::clone(&damaged), cuts.clone());
        cuts.mark_unchanged();
        tokio::spawn(async move {
            tokio::select! {
                _ = cuts.changed() => {}
                _ = pass(client, damaged) => {}
            }
        });
    }
}

/// Passes on what both sides say, but half of an answer to every damaged request.
async fn pass(mut client: UnixStream, damaged: Damage) -> io::Result<()> {
    const HALF: &[u8] =
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n[{\"Volumes\": ";
    let mut engine = UnixStream::connect(engine()).await?;
    let (mut said, mut answered) = ([0; 16 << 10], [0; 16 << 10]);
    loop {
        tokio::select! {
            read = client.read(&mut said) => match read? {
                0 => return Ok(()),
                read if is_damaged(&damaged, &said[..read]) => client.write_all(HALF).await?,
                read => engine.write_all(&said[..read]).await?,
            },
            read = engine.read(&mut answered) => match read? {
                0 => return Ok(()),
                read => client.write_all(&answered[..read]).await?,
            },
        }
    }
}

fn is_damaged(damaged: &Damage, request: &[u8]) -> bool {
    let damaged = damaged.lock().unwrap_or_else(PoisonError::into_inner);
    damaged.as_ref().is_some_and(|word| String::from_utf8_lossy(request).contains(word))
}
