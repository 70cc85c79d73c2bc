//! Making and starting the container of a keeper.

use std::collections::HashMap;

use petset_core::backend::ContainerState;
use petset_core::{Error, ErrorKind, Result, Timestamp};
use petset_local::probe::Probes;
use tokio::time::sleep_until;

use super::container::Plan;
use super::doubt::{end_unseen, never_ran};
use super::files::Files;
use super::image::{self, NoImage, Policy};
use super::inspect::{self, Life};
use super::keeper::{Keeper, Running, Trouble};
use super::mounts::claim_place;
use super::record::Record;
use super::security::Security;
use crate::client::Failure;
use crate::labels;

/// Why a container waits that was made and does not start.
const NOT_STARTED: &str = "RunContainerError";

impl Keeper {
    /// Makes and starts a new container.
    pub(super) async fn launch(&self) -> Result<Running, Trouble> {
        let config = |error: Error| {
            let is_config = matches!(error.kind(), ErrorKind::NotFound | ErrorKind::Invalid | ErrorKind::Forbidden);
            let reason = if is_config { "CreateContainerConfigError" } else { "CreateContainerError" };
            (reason, error.chain().to_string())
        };
        // Most images are there, and the engine says when one is not.
        if Policy::of(&self.declared) != Policy::IfNotPresent || self.must_look_at_image() {
            self.ensure_image().await?;
        }
        let id = if let Some(id) = self.make().await.map_err(config)? {
            id
        } else {
            self.ensure_image().await?;
            let made = self.make().await.map_err(config)?;
            made.ok_or_else(|| ("ErrImagePull", "the image was removed as soon as it was there".to_owned()))?
        };
        let begun = self.begin(&id).await;
        begun.map_err(|failure| (NOT_STARTED, Error::from(failure).chain().to_string()))
    }

    /// Sees to it that the image is there, as its pull policy says.
    async fn ensure_image(&self) -> Result<(), Trouble> {
        let Self { shared, cell, declared, .. } = self;
        let told = |message: String| async move {
            let pulling = || ContainerState::Waiting { reason: "Pulling".to_owned(), message: message.clone() };
            cell.note_container(self.index, |container| container.state = pulling()).await;
        };
        let name = declared.image.as_deref().unwrap_or_default();
        let there = image::ensure(&shared.client, name, Policy::of(declared), told).await;
        there.map_err(|NoImage { reason, message }| {
            let again = cell.container(self.index).failures > 0 && reason == "ErrImagePull";
            (if again { "ImagePullBackOff" } else { reason }, message)
        })
    }

    fn must_look_at_image(&self) -> bool {
        let pod = self.cell.read(|record| record.request.template.spec.security_context.clone());
        Security::new(pod.as_ref(), self.declared.security_context.as_ref()).must_look_at_user()
    }

    /// Starts a container that is there.
    async fn begin(&self, id: &str) -> Result<Running, Failure> {
        let Self { shared, cell, declared, .. } = self;
        let events = cell.watch();
        inspect::start(&shared.client, id).await?;
        // A short program has ended already, which is found and counted by the next step. The engine's clock counts.
        let seen = inspect::inspect(&shared.client, id).await.ok().flatten();
        let (started_at, events) = match seen.map(|seen| seen.life) {
            Some(Life::Running { started_at }) => (started_at, Some(events)),
            Some(Life::Ended { started_at, .. }) => (started_at, None),
            Some(Life::Created | Life::Leaving) | None => (Timestamp::now(), None),
        };
        let has_handler = declared.lifecycle.as_ref().is_some_and(|lifecycle| lifecycle.post_start.is_some());
        let is_ready = events.is_some() && !has_handler && Probes::of(declared).ready_at_start();
        cell.note_container(self.index, |container| {
            container.state = ContainerState::Running { started_at };
            if is_ready && !container.init {
                container.ready = Some(id.to_owned());
                container.problem = None;
            }
        })
        .await;
        Ok(Running { id: id.to_owned(), started_at, adopted: false, events })
    }

    /// Makes the container; `None` when there is no such image.
    async fn make(&self) -> Result<Option<String>> {
        let Self { shared, cell, declared, volumes, .. } = self;
        let (request, address, host_ip) = cell.read(|record| (record.request.clone(), record.address, record.host_ip));
        let claims = request.claims.keys();
        let claims =
            claims.filter_map(|template| Some((template.clone(), volumes.get(&claim_place(template))?.clone())));
        let claims: HashMap<String, String> = claims.collect();
        let files = Files {
            client: &shared.client,
            request: &request,
            uid: &self.uid,
            node_name: &shared.node_name,
            address,
            host_ip,
        };
        let (record, node) = (&cell.key, &shared.node);
        let body = Plan { client: &shared.client, files, record, node, claims: &claims, declared }.body().await?;
        let name = labels::container(&declared.name, &cell.set, cell.ordinal);
        match inspect::create(&shared.client, &name, body).await {
            Err(failure) if failure.is_conflict() => {
                self.free(&name).await?;
                Err(Error::from(failure))
            }
            Err(failure) if failure.is_not_found() && failure.to_string().contains("image") => Ok(None),
            made => Ok(Some(made?)),
        }
    }

    /// Frees a container's name from what an earlier incarnation left. What runs is never removed: it is in the way
    /// until it has ended, and so is what is not ours.
    async fn free(&self, name: &str) -> Result<()> {
        let Some(seen) = inspect::inspect(&self.shared.client, name).await? else { return Ok(()) };
        let record = seen.labels.get(labels::RECORD);
        let is_left = record.is_some_and(|record| !self.shared.has_record(record));
        if is_left && !seen.life.is_running() && seen.labels.get(labels::NODE) == Some(&self.shared.node) {
            inspect::remove(&self.shared.client, &seen.id).await?;
        }
        Ok(())
    }

    /// A container that the engine may have forgotten the start of is the one that is wanted: it is asked to start it. One
    /// that runs unseen is of no use, and is ended.
    pub(super) async fn start_again(&mut self, id: &str) -> Option<Running> {
        sleep_until(self.not_before).await;
        let failure = match self.begin(id).await {
            Ok(running) => return Some(running),
            Err(failure) => failure,
        };
        let (is_over, error) = if failure.is_running_unseen() {
            match end_unseen(&self.cell, id, self.cell.read(Record::grace)).await {
                Ok(()) => (true, failure.into()),
                Err(error) => (false, error),
            }
        } else {
            (never_ran(&failure), Error::from(failure))
        };
        self.wait_for((NOT_STARTED, error.chain().to_string())).await;
        if is_over {
            self.clear(id).await;
        }
        None
    }
}
