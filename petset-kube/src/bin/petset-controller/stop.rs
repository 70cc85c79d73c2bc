//! [`Stop`]: whether somebody asked for the end.

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use crate::Error;

/// Whether somebody asked for the end, with SIGTERM or SIGINT. Clones hear the same.
#[derive(Debug, Clone)]
pub(crate) struct Stop(watch::Receiver<u32>);

impl Stop {
    /// Listens from now on.
    pub(crate) fn listen() -> Result<Self, Error> {
        let (mut terminate, mut interrupt) = (signal(SignalKind::terminate())?, signal(SignalKind::interrupt())?);
        let (asked, heard) = watch::channel(0);
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
                asked.send_modify(|times| *times += 1);
            }
        });
        Ok(Self(heard))
    }

    /// Waits until somebody asks for the end.
    pub(crate) async fn asked(&self) {
        self.times(1).await;
    }

    /// Waits until somebody has asked twice, and so means at once.
    pub(crate) async fn insisted(&self) {
        self.times(2).await;
    }

    async fn times(&self, times: u32) {
        let mut heard = self.0.clone();
        if heard.wait_for(|asked| *asked >= times).await.is_err() {
            // Nobody listens any more; nobody will ask.
            std::future::pending::<()>().await;
        }
    }
}
