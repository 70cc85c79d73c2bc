//! [`Way`]: a way to etcd on which watches may fall silent.

use std::collections::BTreeSet;
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::sync::{Arc, Mutex as Lock, PoisonError};
use std::thread::JoinHandle;

use petset_core::{Error, ErrorKind, Result};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Mutex, oneshot, watch};

use super::frame::{self, Frame};

/// A way to etcd, on a thread of its own, until it is dropped.
///
/// A watch of etcd is a request that its client never ends. While the way is deaf, what such requests are answered is lost;
/// everything else arrives. When it hears again all connections break: the client makes new ones, and asks for everything
/// since what it saw last.
#[derive(Debug)]
pub(super) struct Way {
    port: u16,
    deaf: watch::Sender<bool>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Way {
    /// Opens one to the etcd on this port.
    pub(super) fn open(etcd: u16) -> Result<Self> {
        let failed = |error: io::Error| Error::new(ErrorKind::Internal, "open a way to etcd").with_source(error);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
        listener.set_nonblocking(true).map_err(failed)?;
        let port = listener.local_addr().map_err(failed)?.port();
        let (deaf, (stop, stopped)) = (watch::Sender::new(false), oneshot::channel());
        let of_thread = deaf.clone();
        let thread = std::thread::Builder::new().name("way to etcd".to_owned()).spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a thread can have a runtime").block_on(async {
                tokio::select! {
                    () = accept(listener, etcd, &of_thread) => {}
                    _ = stopped => {}
                }
            });
        });
        Ok(Self { port, deaf, stop: Some(stop), thread: Some(thread.map_err(failed)?) })
    }

    /// Where it begins.
    pub(super) fn port(&self) -> u16 {
        self.port
    }

    pub(super) fn set_deaf(&self, deaf: bool) {
        self.deaf.send_replace(deaf);
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A thread that panicked has said so.
            let _ = thread.join();
        }
    }
}

async fn accept(listener: TcpListener, etcd: u16, deaf: &watch::Sender<bool>) {
    let listener = tokio::net::TcpListener::from_std(listener).expect("it does not block");
    // Whoever cannot be accepted asks again.
    while let Ok((client, _)) = listener.accept().await {
        let deaf = deaf.subscribe();
        tokio::spawn(async move {
            if let Err(error) = connect(client, etcd, deaf).await {
                tracing::debug!(%error, "a connection to etcd broke");
            }
        });
    }
}

/// One connection, from its beginning to its end.
async fn connect(client: TcpStream, etcd: u16, deaf: watch::Receiver<bool>) -> io::Result<()> {
    let etcd = TcpStream::connect((Ipv4Addr::LOCALHOST, etcd)).await?;
    client.set_nodelay(true)?;
    etcd.set_nodelay(true)?;
    let ((asks, hears), (answers, asked)) = (client.into_split(), etcd.into_split());
    let (asked, ended) = (Mutex::new(asked), Arc::default());
    tokio::select! {
        broke = forth(asks, &asked, &ended) => broke,
        broke = back(answers, hears, &asked, &ended, deaf.clone()) => broke,
        () = until_it_hears_again(deaf) => Ok(()),
    }
}

async fn until_it_hears_again(mut deaf: watch::Receiver<bool>) {
    // The way lives as long as its connections.
    let _ = deaf.wait_for(|deaf| *deaf).await;
    let _ = deaf.wait_for(|deaf| !deaf).await;
}

/// The requests that their client has ended, and which are not answered yet: none of them is a watch.
type Ended = Lock<BTreeSet<u32>>;

fn with<T>(ended: &Ended, change: impl FnOnce(&mut BTreeSet<u32>) -> T) -> T {
    change(&mut ended.lock().unwrap_or_else(PoisonError::into_inner))
}

/// From the client to etcd: all of it.
async fn forth(mut from: OwnedReadHalf, to: &Mutex<OwnedWriteHalf>, ended: &Ended) -> io::Result<()> {
    let mut preface = [0; frame::PREFACE];
    from.read_exact(&mut preface).await?;
    to.lock().await.write_all(&preface).await?;
    loop {
        let frame = Frame::read(&mut from).await?;
        if frame.ends_stream() {
            with(ended, |ended| ended.insert(frame.stream()));
        } else if frame.resets_stream() {
            with(ended, |ended| ended.remove(&frame.stream()));
        }
        frame.write(&mut *to.lock().await).await?;
    }
}

/// From etcd to the client: while the way is deaf without what watches say.
async fn back(
    mut from: OwnedReadHalf,
    mut to: OwnedWriteHalf,
    asked: &Mutex<OwnedWriteHalf>,
    ended: &Ended,
    deaf: watch::Receiver<bool>,
) -> io::Result<()> {
    loop {
        let frame = Frame::read(&mut from).await?;
        let is_of_watch = frame.is_data() && !with(ended, |ended| ended.contains(&frame.stream()));
        if is_of_watch && *deaf.borrow() {
            // Or else etcd would wait for somebody to read it, and answer nothing on this connection.
            if frame.len() > 0 {
                Frame::allow(frame.len()).write(&mut *asked.lock().await).await?;
            }
            continue;
        }
        if frame.ends_stream() || frame.resets_stream() {
            with(ended, |ended| ended.remove(&frame.stream()));
        }
        frame.write(&mut to).await?;
    }
}
