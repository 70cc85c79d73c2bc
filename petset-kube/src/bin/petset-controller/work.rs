//! [`Work`]: the controllers of all kinds of sets, from start to stop.

use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use kube::Client;
use petset_core::controller::Sets;
use petset_core::{Controller, ControllerOptions};
use petset_kube::cluster::Cluster;
use petset_kube::events::Recording;
use petset_kube::resource::SetKind;
use tokio::time::timeout;

use crate::arguments::Arguments;
use crate::health::Sight;
use crate::stop::Stop;

/// So long each worker may take to end the request that it is in.
const GRACE: Duration = Duration::from_secs(20);

/// A status that only says how far a set has come is written at most this often: whatever is done writes it as well, and so
/// does whoever has reached the goal, at once.
const STATUS_INTERVAL: Duration = Duration::from_secs(1);

/// The controller of one kind of sets, and what writes down what it tells.
struct Controlled {
    sight: Sight,
    sets: Sets,
    recording: Recording,
}

/// The controllers at work.
pub(crate) struct Work(Vec<Controlled>);

impl Work {
    pub(crate) fn start(client: &Client, arguments: &Arguments) -> Self {
        let builder = Cluster::builder(client.clone()).domain(&arguments.cluster_domain);
        let builder = match &arguments.namespace {
            Some(namespace) => builder.namespace(namespace),
            None => builder,
        };
        Self(match (arguments.petsets, arguments.statefulsets) {
            (true, true) => {
                // Both see pods and claims through the same views.
                let cluster = builder.open();
                vec![Controlled::start(&cluster.stateful_sets(), arguments), Controlled::start(&cluster, arguments)]
            }
            (false, true) => vec![Controlled::start(&builder.stateful_sets().open(), arguments)],
            (_, false) => vec![Controlled::start(&builder.open(), arguments)],
        })
    }

    /// What tells for how long the cluster has not been seen.
    pub(crate) fn sight(&self) -> Vec<Sight> {
        self.0.iter().map(|controlled| Arc::clone(&controlled.sight)).collect()
    }

    /// Stops after the requests that are under way, all kinds at once, or at once when somebody insists. Pods keep running.
    pub(crate) async fn stop(self, stop: &Stop) {
        join_all(self.0.into_iter().map(|controlled| controlled.stop(stop))).await;
    }
}

impl Controlled {
    fn start<K: SetKind>(cluster: &Cluster<K>, arguments: &Arguments) -> Self {
        let mut options = ControllerOptions::default();
        options.workers = arguments.concurrency.into();
        options.engine.status_interval = STATUS_INTERVAL;
        let sets = Controller::new(cluster.clone()).options(options).spawn();
        let recording = cluster.record(sets.events());
        let cluster = cluster.clone();
        Self { sight: Arc::new(move || cluster.blind_for()), sets, recording }
    }

    async fn stop(self, stop: &Stop) {
        let Self { sight, sets, recording } = self;
        drop(sight);
        tokio::select! {
            stopped = timeout(GRACE, sets.shutdown()) => {
                if stopped.is_err() {
                    sets.abort();
                }
                recording.finish().await;
            }
            () = stop.insisted() => sets.abort(),
        }
    }
}
