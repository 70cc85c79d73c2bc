//! A hand on the wire between a node and its engine.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

/// Where the engine of this machine is.
fn engine() -> PathBuf {
    let said = std::env::var("DOCKER_HOST").ok();
    said.as_deref().and_then(|host| host.strip_prefix("unix://")).unwrap_or("/var/run/docker.sock").into()
}

/// A socket before the engine's own.
#[derive(Debug)]
pub struct Proxy {
    path: PathBuf,
    damaged: Arc<AtomicBool>,
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
    pub fn start(path: &Path) -> io::Result<Self> {
        let listener = UnixListener::bind(path)?;
        let (cut, cuts) = watch::channel(());
        let damaged = Arc::new(AtomicBool::new(false));
        let task = tokio::spawn(serve(listener, Arc::clone(&damaged), cuts)).abort_handle();
        Ok(Self { path: path.to_owned(), damaged, cut, task })
    }

    /// What a node is told.
    pub fn host(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    /// From now on every answer is half of one.
    pub fn damage(&self) {
        self.damaged.store(true, Ordering::SeqCst);
        self.cut.send_replace(());
    }

    /// From now on the engine answers.
    pub fn mend(&self) {
        self.damaged.store(false, Ordering::SeqCst);
        self.cut.send_replace(());
    }
}

async fn serve(listener: UnixListener, damaged: Arc<AtomicBool>, cuts: watch::Receiver<()>) {
    while let Ok((client, _)) = listener.accept().await {
        let (damaged, mut cuts) = (Arc::clone(&damaged), cuts.clone());
        cuts.mark_unchanged();
        tokio::spawn(async move {
            tokio::select! {
                _ = cuts.changed() => {}
                _ = pass(client, damaged.load(Ordering::SeqCst)) => {}
            }
        });
    }
}

async fn pass(mut client: UnixStream, damaged: bool) -> io::Result<()> {
    if damaged {
        let mut request = [0; 4096];
        while client.read(&mut request).await? > 0 {
            client
                .write_all(
                    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 13\r\n\r\n[{\"Volumes\": ",
                )
                .await?;
        }
        return Ok(());
    }
    let mut engine = UnixStream::connect(engine()).await?;
    copy_bidirectional(&mut client, &mut engine).await.map(drop)
}
