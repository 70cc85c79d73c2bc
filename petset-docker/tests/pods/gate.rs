//! A wire on which one request waits for as long as it takes, and has no answer.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::proxy::engine;

/// How far the request has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Awaited,
    Waits,
    Goes,
}

/// A socket before the engine's own.
#[derive(Debug)]
pub(crate) struct Gate {
    path: PathBuf,
    stage: Arc<watch::Sender<Stage>>,
    task: AbortHandle,
}

impl Drop for Gate {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Gate {
    /// The first request with `word` in it will wait.
    pub(crate) fn start(path: &Path, word: &'static str) -> io::Result<Self> {
        let listener = UnixListener::bind(path)?;
        let stage = Arc::new(watch::Sender::new(Stage::Awaited));
        let task = tokio::spawn(serve(listener, Arc::clone(&stage), word)).abort_handle();
        Ok(Self { path: path.to_owned(), stage, task })
    }

    /// What a node is told.
    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    /// Waits until the request waits.
    pub(crate) async fn until_closed(&self) {
        let waits = self.stage.subscribe().wait_for(|stage| *stage == Stage::Waits).await.map(drop);
        waits.expect("this has the sender");
    }

    /// Lets the request through.
    pub(crate) fn open(&self) {
        self.stage.send_replace(Stage::Goes);
    }
}

async fn serve(listener: UnixListener, stage: Arc<watch::Sender<Stage>>, word: &'static str) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(pass(client, Arc::clone(&stage), word));
    }
}

async fn pass(mut client: UnixStream, stage: Arc<watch::Sender<Stage>>, word: &'static str) -> io::Result<()> {
    let mut engine = UnixStream::connect(engine()).await?;
    let (mut said, mut answered) = ([0; 16 << 10], [0; 16 << 10]);
    let mut deaf = false;
    loop {
        tokio::select! {
            read = client.read(&mut said) => {
                let said = &said[..read?];
                if said.is_empty() {
                    return Ok(());
                }
                let waits = String::from_utf8_lossy(said).contains(word)
                    && stage.send_if_modified(|stage| {
                        let is_first = *stage == Stage::Awaited;
                        if is_first {
                            *stage = Stage::Waits;
                        }
                        is_first
                    });
                if waits {
                    deaf = true;
                    let went = stage.subscribe().wait_for(|stage| *stage == Stage::Goes).await.map(drop);
                    went.expect("this has the sender");
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
