//! One place with a controller and one set, and the questions that tests ask of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use petset::backend::Pod;
use petset::{Backends, Controller, Manifest, Ordinal, PodUid, SetKey, Sets, Until};

use crate::client::Client;
use crate::manifests::web_port;
use crate::pet::OVERLAP;
use crate::place::{On, Place};
use crate::{Error, ensure};

pub(crate) const SOON: Duration = Duration::from_secs(120);

pub(crate) struct Machine {
    pub(crate) sets: Sets,
    pub(crate) backends: Backends,
    /// The set that the trial is about.
    pub(crate) set: SetKey,
    /// Dropped last: it removes what is left.
    pub(crate) place: Arc<dyn Place>,
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.sets.abort();
    }
}

impl Machine {
    /// A machine for the set `web`.
    pub(crate) async fn start(on: On) -> Result<Self, Error> {
        Self::on_pool(on, "web", &[]).await
    }

    /// A machine with volumes that were made beforehand; their names end in these.
    pub(crate) async fn on_pool(on: On, set: &str, pool: &[&str]) -> Result<Self, Error> {
        Ok(Self::over(on.start(pool).await?, set))
    }

    pub(crate) fn over(place: Arc<dyn Place>, set: &str) -> Self {
        let backends = place.backends();
        let set = SetKey::new(place.namespace(), set);
        let sets = Controller::new(backends.clone()).spawn();
        Self { sets, backends, set, place }
    }

    pub(crate) async fn apply(&self, mut manifest: Manifest) -> Result<(), Error> {
        self.place.fit(&mut manifest);
        self.sets.apply(manifest).await?;
        Ok(())
    }

    pub(crate) async fn reach(&self, until: Until) -> Result<(), Error> {
        self.sets.wait(&self.set, until, SOON).await?;
        Ok(())
    }

    /// The full name of a service.
    pub(crate) fn name(&self, service: &str) -> String {
        format!("{service}.{}.svc.cluster.local", self.set.namespace)
    }

    /// The name of the set `web` of the examples.
    pub(crate) fn domain(&self) -> String {
        self.name("nginx")
    }

    /// The full name of a pet of the set `web` of the examples.
    pub(crate) fn name_of(&self, ordinal: u32) -> String {
        format!("web-{ordinal}.{}", self.domain())
    }

    /// Who asks as a stranger would.
    pub(crate) async fn client(&self) -> Result<Client, Error> {
        Client::new(self.place.name_server().await?)
    }

    /// Waits for a level; the last answer is told when it is not reached.
    pub(crate) async fn eventually(
        &self,
        what: &str,
        holds: impl AsyncFn() -> Result<bool, Error>,
    ) -> Result<(), Error> {
        eventually(what, holds).await
    }

    pub(crate) async fn pods(&self) -> Result<Vec<Pod>, Error> {
        Ok(self.sets.snapshot(&self.set).await?.pods)
    }

    pub(crate) async fn ordinals(&self) -> Result<Vec<u32>, Error> {
        Ok(self.pods().await?.iter().map(|pod| pod.ordinal.0).collect())
    }

    pub(crate) async fn uids(&self) -> Result<BTreeMap<u32, PodUid>, Error> {
        Ok(self.pods().await?.into_iter().map(|pod| (pod.ordinal.0, pod.uid)).collect())
    }

    /// Waits until a pet has another pod than `old`, and serves again under its name. The status of the set may be older
    /// than what somebody just did to a pod, so this asks the pet itself.
    pub(crate) async fn is_back(&self, ordinal: u32, old: &PodUid) -> Result<(), Error> {
        let what = format!("web-{ordinal} is back");
        self.eventually(&what, async || {
            let pods = self.pods().await?;
            let pod = pods.iter().find(|pod| pod.ordinal.0 == ordinal && pod.uid != *old);
            Ok(pod.is_some_and(|pod| pod.status.ready_since.is_some()) && self.page(ordinal, "/name").await.is_ok())
        })
        .await
    }

    /// SIGKILL to a pet's program; returns when the same pod is ready again.
    pub(crate) async fn crash(&self, ordinal: u32) -> Result<(), Error> {
        let before = self.sets.pod(&self.set, Ordinal(ordinal)).await?;
        let restarts = |pod: &Pod| pod.status.containers.iter().map(|container| container.restarts).sum::<u32>();
        self.place.crash(&before.reference(), self.main_container()).await?;
        self.eventually("it is back", async || {
            let now = self.sets.pod(&self.set, Ordinal(ordinal)).await?;
            Ok(now.uid == before.uid && restarts(&now) > restarts(&before) && now.status.ready_since.is_some())
        })
        .await
    }

    fn main_container(&self) -> &str {
        if &*self.set.name == "web" { "nginx" } else { &self.set.name }
    }

    /// What a command prints inside a pet, without the line's end; a command that fails is an error.
    pub(crate) async fn inside(&self, ordinal: u32, command: &[&str]) -> Result<String, Error> {
        let argv: Vec<String> = command.iter().map(|&word| word.to_owned()).collect();
        let pod = self.sets.pod(&self.set, Ordinal(ordinal)).await?;
        let (succeeded, printed) = self.place.run(&pod.reference(), self.main_container(), &argv).await?;
        ensure!(succeeded, "{argv:?} in {}: {printed}", pod.name());
        Ok(printed.trim().to_owned())
    }

    /// What a pet serves, found by its DNS name.
    pub(crate) async fn page(&self, ordinal: u32, path: &str) -> Result<String, Error> {
        self.client().await?.get(&self.name_of(ordinal), web_port(), path).await
    }

    /// Every pet still serves what its first start wrote, and its journal lost no line and shows no second process.
    pub(crate) async fn is_sound(&self, count: u32) -> Result<(), Error> {
        for ordinal in 0..count {
            let page = self.page(ordinal, "/").await?;
            ensure!(page == format!("web-{ordinal}"), "web-{ordinal} serves `{page}`");
            is_sound_journal(&self.page(ordinal, "/journal").await?)?;
        }
        Ok(())
    }
}

/// Lines are numbered from 1 without a gap, and no process ever found another one in its volume.
pub(crate) fn is_sound_journal(journal: &str) -> Result<usize, Error> {
    ensure!(!journal.contains(OVERLAP), "two processes of one pet: {journal}");
    for (index, line) in journal.lines().enumerate() {
        ensure!(line.starts_with(&format!("{} ", index + 1)), "the journal lost a line: {journal}");
    }
    Ok(journal.lines().count())
}

pub(crate) async fn eventually(what: &str, holds: impl AsyncFn() -> Result<bool, Error>) -> Result<(), Error> {
    let deadline = tokio::time::Instant::now() + SOON;
    loop {
        let last = match holds().await {
            Ok(true) => return Ok(()),
            Ok(false) => "not yet".to_owned(),
            Err(error) => error.to_string(),
        };
        ensure!(tokio::time::Instant::now() < deadline, "{what}: not within {SOON:?}: {last}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}
