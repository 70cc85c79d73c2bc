//! An onlooker that checks, at every hint of a change, what must hold at every instant of an ordered set.

use std::sync::{Arc, Mutex, PoisonError};

use futures::StreamExt;
use petset::backend::Pod;
use tokio::task::JoinHandle;

use crate::Error;
use crate::machine::Machine;

/// What was seen that must not be.
type Complaints = Arc<Mutex<Vec<String>>>;

pub(crate) struct Observer {
    complaints: Complaints,
    task: JoinHandle<()>,
}

impl Observer {
    /// Watches an ordered set whose pods nobody but the controller touches.
    pub(crate) fn ordered(machine: &Machine) -> Self {
        let key = machine.set.clone();
        let (pods, complaints) = (Arc::clone(&machine.backends.pods), Complaints::default());
        let mut hints = pods.watch();
        let task = tokio::spawn({
            let complaints = Arc::clone(&complaints);
            async move {
                while hints.next().await.is_some() {
                    let Ok(seen) = pods.list(&key).await else { continue };
                    let wrong = judge(seen);
                    complaints.lock().unwrap_or_else(PoisonError::into_inner).extend(wrong);
                }
            }
        });
        Self { complaints, task }
    }

    /// What was seen that must not be.
    pub(crate) fn end(self) -> Result<(), Error> {
        self.task.abort();
        let complaints = self.complaints.lock().unwrap_or_else(PoisonError::into_inner);
        if complaints.is_empty() { Ok(()) } else { Err(complaints.join("; ").into()) }
    }
}

fn judge(mut pods: Vec<Pod>) -> Vec<String> {
    pods.sort_by_key(|pod| pod.ordinal);
    let mut wrong = Vec::new();
    let story = || {
        let words = pods.iter().map(|pod| {
            let ready = if pod.status.ready_since.is_some() { "ready" } else { "unready" };
            format!("{}{}{}", pod.name(), if pod.terminating { " ending " } else { " " }, ready)
        });
        words.collect::<Vec<_>>().join(", ")
    };
    let ending = pods.iter().filter(|pod| pod.terminating).count();
    if ending > 1 {
        wrong.push(format!("S9: two ends at once: {}", story()));
    }
    let coming: Vec<_> = pods.iter().filter(|pod| !pod.terminating && pod.status.ready_since.is_none()).collect();
    if coming.len() > 1 {
        wrong.push(format!("S8: two starts at once: {}", story()));
    }
    wrong
}
