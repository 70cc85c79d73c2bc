//! [`LaggingServer`]: an API server that does not hear of what happens.

use petset_core::Result;

use super::way::Way;
use super::{Server, ServerOptions};

/// One more API server over the etcd of another one, which may fall behind: then it hears nothing more of what is written,
/// as behind a network that is broken for its watches alone. Its own watches say nothing, what it serves from memory (lists
/// with `resourceVersion=0`) is as old as that, while what it reads from etcd and writes there is as good as ever.
///
/// Clones of [`server`](Self::server) are handles of it, which outlive this; the way to etcd ends with this.
///
/// ```no_run
/// # async fn run() -> petset_core::Result<()> {
/// use petset_kube::envtest::{LaggingServer, Server};
///
/// let server = Server::start().await?;
/// let lagging = LaggingServer::start(&server).await?;
/// lagging.fall_behind();
/// // … what is written now it does not hear of …
/// lagging.catch_up();
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct LaggingServer {
    server: Server,
    way: Way,
}

impl LaggingServer {
    /// Starts it beside a server, and waits until it is ready. It knows the same accounts and their tokens.
    ///
    /// # Errors
    /// As of [`Server::start`].
    pub async fn start(beside: &Server) -> Result<Self> {
        Self::start_with(beside, &ServerOptions::default()).await
    }

    /// The same with what is to be different about it; its etcd stays as it is.
    ///
    /// # Errors
    /// As of [`Server::start`].
    pub async fn start_with(beside: &Server, options: &ServerOptions) -> Result<Self> {
        let way = Way::open(beside.etcd_port())?;
        let server = beside.start_beside(way.port(), options).await?;
        Ok(Self { server, way })
    }

    /// The server. Its etcd is the other one's.
    pub fn server(&self) -> &Server {
        &self.server
    }

    /// From now on it hears of nothing that is written, by whomever.
    pub fn fall_behind(&self) {
        self.way.set_deaf(true);
    }

    /// From now on it hears of everything, of what it has missed first.
    pub fn catch_up(&self) {
        self.way.set_deaf(false);
    }
}
