//! Where a walkthrough runs.

use std::net::SocketAddr;
use std::sync::Arc;

use async_trait::async_trait;
use petset::backend::PodRef;
use petset::{Backends, Manifest};

use crate::Error;
#[cfg(feature = "docker")]
use crate::docker::place::{self as docker, DockerPlace};
use crate::local::{self, LocalPlace};

/// The backends that walkthroughs run on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    Local,
    #[cfg(feature = "docker")]
    Docker,
}

impl On {
    /// What the names of trials begin with.
    pub(crate) fn prefix(self) -> &'static str {
        match self {
            Self::Local => "",
            #[cfg(feature = "docker")]
            Self::Docker => "docker_",
        }
    }

    /// Why nothing can run here, if so.
    pub(crate) async fn cannot_run(self) -> Option<String> {
        match self {
            Self::Local => local::cannot_run().await,
            #[cfg(feature = "docker")]
            Self::Docker => docker::cannot_run(),
        }
    }

    /// Whether a run without this backend has failed.
    pub(crate) fn is_required(self) -> bool {
        match self {
            Self::Local => false,
            #[cfg(feature = "docker")]
            Self::Docker => std::env::var("PETSET_REQUIRE_DOCKER").is_ok_and(|value| value == "1"),
        }
    }

    /// A place of one's own, with volumes that were made beforehand.
    pub(crate) async fn start(self, pool: &[&str]) -> Result<Arc<dyn Place>, Error> {
        Ok(match self {
            Self::Local => Arc::new(LocalPlace::start(pool).await?),
            #[cfg(feature = "docker")]
            Self::Docker => Arc::new(DockerPlace::start(pool).await?),
        })
    }
}

/// What differs from backend to backend. Dropping it removes what was made there.
#[async_trait]
pub(crate) trait Place: Send + Sync {
    fn backends(&self) -> Backends;

    /// The namespace that the trial has to itself.
    fn namespace(&self) -> &str;

    /// Puts a manifest into the namespace, and this program where its containers find it.
    fn fit(&self, manifest: &mut Manifest);

    /// Whether a pet's address is that of the incarnation before.
    fn keeps_addresses(&self) -> bool;

    /// Who answers for names, to anybody who asks.
    async fn name_server(&self) -> Result<SocketAddr, Error>;

    /// Whether a command inside a container succeeded, and what it printed.
    async fn run(&self, pod: &PodRef, container: &str, argv: &[String]) -> Result<(bool, String), Error>;

    /// SIGKILL to a pod's program.
    async fn crash(&self, pod: &PodRef, container: &str) -> Result<(), Error>;
}
