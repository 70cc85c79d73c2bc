//! The way to the cluster.

use std::time::Duration;

use kube::client::ClientBuilder;
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};
use tower::limit::RateLimitLayer;

use crate::Error;
use crate::arguments::Arguments;

/// A client, and the namespace that it is at home in.
pub(crate) struct Connection {
    pub(crate) client: Client,
    pub(crate) home: String,
}

/// Finds the cluster. Nothing is asked of it yet.
pub(crate) async fn connect(arguments: &Arguments) -> Result<Connection, Error> {
    let mut config = match &arguments.kubeconfig {
        Some(path) => {
            let unreadable = |error| format!("--kubeconfig {}: {error}", path.display());
            let kubeconfig = Kubeconfig::read_from(path).map_err(unreadable)?;
            Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.map_err(unreadable)?
        }
        None => Config::infer().await?,
    };
    // A connection that is dead is not told from a silent one otherwise. A watch is ended by the server before.
    config.read_timeout.get_or_insert(Duration::from_secs(295));
    // A server that is too busy is asked again by whoever knows what is still wanted.
    config.default_retry = false;
    let home = config.default_namespace.clone();
    tracing::info!(server = %config.cluster_url, namespace = home, "the cluster");
    let builder = ClientBuilder::try_from(config)?;
    let client = match arguments.requests_per_second {
        Some(most) => builder.with_layer(&RateLimitLayer::new(most.get(), Duration::from_secs(1))).build(),
        None => builder.build(),
    };
    Ok(Connection { client, home })
}
