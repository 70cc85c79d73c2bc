//! A wire on which the test decides what becomes of each request.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::proxy::engine;

const PATIENCE: Duration = Duration::from_secs(60);

/// What becomes of a request.
#[derive(Debug, Clone)]
pub(crate) enum Deal {
    /// The engine answers it.
    Pass,
    /// The engine never sees it, and the caller is hung up on.
    Cut,
    /// The engine never sees it, and nobody answers.
    Silence,
    /// The engine never sees it, and this is the answer.
    Answer(String),
    /// The engine does it, and this is the answer.
    Lie(String),
}

impl Deal {
    /// The engine never sees it, and says that it broke.
    pub(crate) fn refuse(why: &str) -> Self {
        Self::Answer(broken(why))
    }

    /// The engine does it, and says that it broke.
    pub(crate) fn deny(why: &str) -> Self {
        Self::Lie(broken(why))
    }

    /// The engine never sees it, and this is what it says.
    pub(crate) fn say(json: &str) -> Self {
        Self::Answer(answer("200 OK", json))
    }
}

fn broken(why: &str) -> String {
    answer("500 Internal Server Error", &serde_json::json!({ "message": why }).to_string())
}

fn answer(status: &str, json: &str) -> String {
    let length = json.len();
    format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n{json}")
}

type Dealer = Box<dyn FnMut(&str) -> Deal + Send>;

/// What was asked, and what becomes of it.
struct State {
    dealer: Dealer,
    /// Every request that was not passed on.
    kept: Vec<String>,
}

/// A socket before the engine's own.
#[derive(Debug)]
pub(crate) struct Hand {
    path: PathBuf,
    state: Arc<Mutex<State>>,
    /// Counts the requests that were not passed on.
    kept: watch::Sender<usize>,
    task: AbortHandle,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.kept.fmt(f)
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Hand {
    /// Everything is passed on at first.
    pub(crate) fn start(path: &Path) -> io::Result<Self> {
        let listener = UnixListener::bind(path)?;
        let state = Arc::new(Mutex::new(State { dealer: Box::new(|_| Deal::Pass), kept: Vec::new() }));
        let kept = watch::Sender::new(0);
        let task = tokio::spawn(serve(listener, Arc::clone(&state), kept.clone())).abort_handle();
        Ok(Self { path: path.to_owned(), state, kept, task })
    }

    /// What a node is told.
    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    /// From now on this decides, by a request's first line.
    pub(crate) fn deal(&self, dealer: impl FnMut(&str) -> Deal + Send + 'static) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).dealer = Box::new(dealer);
    }

    /// From now on everything is passed on.
    pub(crate) fn pass(&self) {
        self.deal(|_| Deal::Pass);
    }

    /// The requests that were not passed on.
    pub(crate) fn kept(&self) -> Vec<String> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).kept.clone()
    }

    /// Waits until so many more requests were not passed on.
    pub(crate) async fn until_kept(&self, more: usize) {
        let wanted = *self.kept.borrow() + more;
        let mut kept = self.kept.subscribe();
        let asked = tokio::time::timeout(PATIENCE, kept.wait_for(|kept| *kept >= wanted)).await;
        asked.expect("asked so often").map(drop).expect("this has the sender");
    }
}

async fn serve(listener: UnixListener, state: Arc<Mutex<State>>, kept: watch::Sender<usize>) {
    while let Ok((client, _)) = listener.accept().await {
        tokio::spawn(pass(client, Arc::clone(&state), kept.clone()));
    }
}

async fn pass(mut client: UnixStream, state: Arc<Mutex<State>>, kept: watch::Sender<usize>) -> io::Result<()> {
    let mut engine = UnixStream::connect(engine()).await?;
    let (mut said, mut answered) = ([0; 16 << 10], [0; 16 << 10]);
    let mut lie = None;
    loop {
        tokio::select! {
            read = client.read(&mut said) => {
                let said = &said[..read?];
                if said.is_empty() {
                    return Ok(());
                }
                match deal(said, &state, &kept) {
                    Deal::Pass => engine.write_all(said).await?,
                    Deal::Cut => return Ok(()),
                    Deal::Silence => std::future::pending().await,
                    Deal::Answer(text) => client.write_all(text.as_bytes()).await?,
                    Deal::Lie(text) => {
                        lie = Some(text);
                        engine.write_all(said).await?;
                    }
                }
            }
            read = engine.read(&mut answered) => match (read?, &lie) {
                (0, _) => return Ok(()),
                (_, Some(lie)) => return client.write_all(lie.as_bytes()).await,
                (read, None) => client.write_all(&answered[..read]).await?,
            },
        }
    }
}

fn deal(said: &[u8], state: &Mutex<State>, kept: &watch::Sender<usize>) -> Deal {
    let text = String::from_utf8_lossy(said);
    let line = text.lines().next().unwrap_or_default();
    // The rest is what belongs to a request that was dealt with.
    if !["GET /", "POST /", "PUT /", "DELETE /", "HEAD /"].iter().any(|method| line.starts_with(method)) {
        return Deal::Pass;
    }
    let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
    let dealt = (state.dealer)(line);
    if !matches!(dealt, Deal::Pass) {
        state.kept.push(line.to_owned());
        kept.send_modify(|kept| *kept += 1);
    }
    dealt
}
