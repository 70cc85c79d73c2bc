//! A cluster of one's own, for tests where no cluster is: a real API server over a real etcd ([`Server`]), and a stand-in
//! for the nodes ([`Kubelet`]) that makes pods run, ends them, and binds claims.
//!
//! The programs are those of the folder that `KUBEBUILDER_ASSETS` names, as of every envtest.
//!
//! ```no_run
//! # async fn run() -> petset_core::Result<()> {
//! use petset_kube::envtest::{Kubelet, Server};
//!
//! let server = Server::start().await?;
//! let kubelet = Kubelet::start(server.config());
//! let client = server.client()?;
//! # drop((kubelet, client)); Ok(())
//! # }
//! ```

mod account;
mod arguments;
mod controllers;
mod frame;
mod identity;
mod kubelet;
mod lagging;
mod options;
mod program;
mod server;
mod way;

pub use account::Account;
pub use controllers::Controllers;
pub use kubelet::{Kubelet, Program};
pub use lagging::LaggingServer;
pub use options::ServerOptions;
pub use server::Server;
