//! [`Work`]: the controllers of all kinds of sets, from start to stop.

use std::time::Duration;

use kube::Client;
use petset_core::controller::Sets;
use petset_core::{Controller, ControllerOptions};
use petset_kube::cluster::Cluster;
use petset_kube::events::Recording;
use tokio::time::timeout;

use crate::arguments::{Arguments, Kind};
use crate::stop::Stop;

/// So long each worker may take to end the request that it is in.
const GRACE: Duration = Duration::from_secs(20);

/// The controller of one kind of sets, and what writes down what it tells.
struct Controlled {
    sets: Sets,
    recording: Recording,
}

/// The controllers at work.
pub(crate) struct Work(Vec<Controlled>);

impl Work {
    pub(crate) fn start(client: &Client, arguments: &Arguments) -> Self {
        Self(arguments.kinds().into_iter().map(|kind| Controlled::start(kind, client.clone(), arguments)).collect())
    }

    /// Stops after the requests that are under way, at once when somebody insists. Pods keep running.
    pub(crate) async fn stop(self, stop: &Stop) {
        for Controlled { sets, recording } in self.0 {
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
}

impl Controlled {
    fn start(kind: Kind, client: Client, arguments: &Arguments) -> Self {
        let mut options = ControllerOptions::default();
        options.workers = arguments.concurrency.into();
        match kind {
            Kind::PetSets => {
                let builder = Cluster::builder(client).domain(&arguments.cluster_domain);
                let cluster = match &arguments.namespace {
                    Some(namespace) => builder.namespace(namespace),
                    None => builder,
                }
                .open();
                let sets = Controller::new(cluster.clone()).options(options).spawn();
                let recording = cluster.record(sets.events());
                Self { sets, recording }
            }
        }
    }
}
