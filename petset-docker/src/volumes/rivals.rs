//! Who else has a volume that a pet is about to start on.

use std::collections::{BTreeMap, HashMap};

use bollard::query_parameters::ListContainersOptions;
use petset_core::{Error, ErrorKind, Result, SetKey};

use super::core::Core;
use crate::labels;

/// The access mode of claims that may have several writers.
const FOR_MANY: &str = "ReadWriteMany";

impl Core {
    /// Refuses while a running container of anybody but the pod with this record may write to one of these volumes, by
    /// claim. Claims for many writers are not looked at, and neither is who only reads.
    ///
    /// # Errors
    /// `Unavailable`, with the volume and who has it.
    pub(super) async fn refuse_rivals(
        &self,
        set: &SetKey,
        volumes: &BTreeMap<String, String>,
        record: &str,
    ) -> Result<()> {
        let alone: Vec<String> = volumes
            .iter()
            .filter(|(claim, _)| !self.is_for_many(set, claim))
            .map(|(_, volume)| volume.clone())
            .collect();
        if alone.is_empty() {
            return Ok(());
        }
        let filters = HashMap::from([("volume".to_owned(), alone.clone())]);
        let options = ListContainersOptions { filters: Some(filters), ..ListContainersOptions::default() };
        let ask = self
            .client
            .ask("list a volume's users", |docker| async move { docker.list_containers(Some(options)).await });
        for user in ask.await? {
            if user.labels.is_some_and(|labels| labels.get(labels::RECORD).is_some_and(|own| own == record)) {
                continue;
            }
            let name = user.names.and_then(|names| Some(names.first()?.trim_matches('/').to_owned())).or(user.id);
            let mut mounts = user.mounts.unwrap_or_default().into_iter().filter(|mount| mount.rw != Some(false));
            if let Some(volume) = mounts.find_map(|mount| mount.name.filter(|name| alone.contains(name))) {
                let name = name.unwrap_or_else(|| "without a name".to_owned());
                return Err(Error::new(ErrorKind::Unavailable, "use a volume")
                    .with_context("volume", volume)
                    .with_message(format!(
                        "container {name} runs and may write to it: stop that container, or let it only read"
                    )));
            }
        }
        Ok(())
    }

    fn is_for_many(&self, set: &SetKey, claim: &str) -> bool {
        let state = self.state();
        state.get(set, claim).is_some_and(|claim| claim.spec.access_modes.iter().any(|mode| mode == FOR_MANY))
    }
}
