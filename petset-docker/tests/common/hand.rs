//! A hand on the wire that holds requests back, answers for the engine, or lets nobody through.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::watch;
use tokio::task::AbortHandle;

use crate::http::{refuse, request_line};

/// Which requests are meant: those of a method with these words in their path.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Of(pub(crate) &'static str, pub(crate) &'static str);

impl Of {
    fn is(self, line: &str) -> bool {
        line.strip_prefix(self.0).is_some_and(|rest| rest.starts_with(' ') && rest.contains(self.1))
    }
}

/// What the engine is said to have answered.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) message: String,
    /// The engine does what it was asked for all the same.
    pub(crate) done: bool,
}

#[derive(Debug, Default)]
struct Rules {
    answers: Vec<(Of, Answer)>,
    /// Which request waits, after how many of its kind.
    held: Option<(Of, usize)>,
    silent: bool,
}

/// How far the request has come that is to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Awaited,
    Waits,
    Goes,
}

#[derive(Debug)]
struct Shared {
    engine: PathBuf,
    rules: Mutex<Rules>,
    stage: watch::Sender<Stage>,
    /// How many requests were answered here.
    answered: watch::Sender<usize>,
    /// Every change cuts all connections.
    cut: watch::Sender<()>,
}

/// A socket before the engine's own.
#[derive(Debug)]
pub(crate) struct Hand {
    path: PathBuf,
    shared: Arc<Shared>,
    task: AbortHandle,
}

impl Drop for Hand {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Hand {
    pub(crate) fn start(path: &Path, engine: PathBuf) -> Self {
        let listener = UnixListener::bind(path).expect("a socket");
        let shared = Arc::new(Shared {
            engine,
            rules: Mutex::default(),
            stage: watch::Sender::new(Stage::Awaited),
            answered: watch::Sender::new(0),
            cut: watch::Sender::new(()),
        });
        let task = tokio::spawn(serve(listener, Arc::clone(&shared))).abort_handle();
        Self { path: path.to_owned(), shared, task }
    }

    /// What a node is told.
    pub(crate) fn host(&self) -> String {
        format!("unix://{}", self.path.display())
    }

    /// From now on the engine does not hear of these requests, and refuses them.
    pub(crate) fn refuse(&self, of: Of, status: u16, message: &str) {
        self.answer(of, Answer { status, message: message.to_owned(), done: false });
    }

    /// From now on these requests are answered so.
    pub(crate) fn answer(&self, of: Of, answer: Answer) {
        self.shared.rules().answers.push((of, answer));
    }

    /// From now on the engine answers for itself.
    pub(crate) fn mend(&self) {
        self.shared.rules().answers.clear();
    }

    /// Waits until so many requests were answered here.
    pub(crate) async fn until_answered(&self, count: usize) {
        let answered = self.shared.answered.subscribe().wait_for(|answered| *answered >= count).await.map(drop);
        answered.expect("this has the sender");
    }

    /// The next such request after so many others will wait.
    pub(crate) fn hold(&self, of: Of, after: usize) {
        self.shared.rules().held = Some((of, after));
        self.shared.stage.send_replace(Stage::Awaited);
    }

    /// Waits until it waits.
    pub(crate) async fn until_held(&self) {
        let waits = self.shared.stage.subscribe().wait_for(|stage| *stage == Stage::Waits).await.map(drop);
        waits.expect("this has the sender");
    }

    /// Lets it through.
    pub(crate) fn let_go(&self) {
        self.shared.stage.send_replace(Stage::Goes);
    }

    /// Cuts every connection, and hangs up on new ones until told otherwise.
    pub(crate) fn silence(&self, silent: bool) {
        self.shared.rules().silent = silent;
        self.shared.cut.send_replace(());
    }
}

impl Shared {
    fn rules(&self) -> MutexGuard<'_, Rules> {
        self.rules.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer_to(&self, line: &str) -> Option<Answer> {
        self.rules().answers.iter().find(|(of, _)| of.is(line)).map(|(_, answer)| answer.clone())
    }

    /// Whether this is the request that waits.
    fn holds(&self, line: &str) -> bool {
        let mut rules = self.rules();
        let Some((of, after)) = &mut rules.held else { return false };
        if !of.is(line) {
            return false;
        }
        if *after > 0 {
            *after -= 1;
            return false;
        }
        rules.held = None;
        self.stage.send_replace(Stage::Waits);
        true
    }
}

async fn serve(listener: UnixListener, shared: Arc<Shared>) {
    while let Ok((client, _)) = listener.accept().await {
        let (shared, mut cuts) = (Arc::clone(&shared), shared.cut.subscribe());
        tokio::spawn(async move {
            tokio::select! {
                _ = cuts.changed() => {}
                _ = pass(client, &shared) => {}
            }
        });
    }
}

async fn pass(mut client: UnixStream, shared: &Shared) -> io::Result<()> {
    if shared.rules().silent {
        return Ok(());
    }
    let mut engine = UnixStream::connect(&shared.engine).await?;
    let (mut said, mut answered) = ([0; 16 << 10], [0; 16 << 10]);
    let mut instead: Option<Answer> = None;
    loop {
        tokio::select! {
            read = client.read(&mut said) => {
                let said = &said[..read?];
                if said.is_empty() {
                    return Ok(());
                }
                if let Some(line) = request_line(said) {
                    if shared.holds(line) {
                        let went = shared.stage.subscribe().wait_for(|stage| *stage == Stage::Goes).await.map(drop);
                        went.expect("the sender is shared");
                    }
                    instead = shared.answer_to(line);
                }
                if let Some(Answer { status, message, done: false }) = &instead {
                    Box::pin(refuse(&mut client, said, *status, message)).await?;
                    instead = None;
                    shared.answered.send_modify(|answered| *answered += 1);
                } else {
                    engine.write_all(said).await?;
                }
            }
            read = engine.read(&mut answered) => match (read?, &instead) {
                (0, _) => return Ok(()),
                // It has done it, and this is what is heard of it.
                (_, Some(Answer { status, message, .. })) => {
                    Box::pin(refuse(&mut client, b"GET / HTTP/1.1\r\n\r\n", *status, message)).await?;
                    shared.answered.send_modify(|answered| *answered += 1);
                    return Ok(());
                }
                (read, None) => client.write_all(&answered[..read]).await?,
            },
        }
    }
}
