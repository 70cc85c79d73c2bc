//! What half-made pods leave behind goes: objects of this node that no record tells of.

use bollard::models::ContainerSummaryStateEnum;
use bollard::query_parameters::{ListVolumesOptions, RemoveVolumeOptions};
use petset_core::Result;

use super::inspect;
use super::shared::Shared;
use crate::labels::{self, Role};

/// Removes containers of this node that never started, and volumes that lived with their pods, when there is no record of
/// their pod. What ran once is left for people: its record was lost, not its end seen.
async fn sweep(shared: &Shared) -> Result<()> {
    for role in [Role::Container, Role::Sandbox] {
        let mut filter = labels::filter(role, None);
        filter.entry("label".to_owned()).or_default().push(format!("{}={}", labels::NODE, shared.node));
        for container in inspect::list(&shared.client, filter).await? {
            let record = container.labels.as_ref().and_then(|labels| labels.get(labels::RECORD));
            let is_known = record.is_some_and(|record| shared.has_record(record));
            if is_known || container.state != Some(ContainerSummaryStateEnum::CREATED) {
                continue;
            }
            let id = container.id.unwrap_or_default();
            tracing::info!(container = id, "remove what a half-made pod left behind");
            if let Err(failure) = inspect::remove(&shared.client, &id).await {
                tracing::warn!(container = id, %failure, "a leftover is left for the next sweep");
            }
        }
    }
    for (volume, record) in volumes(shared, None).await? {
        if !shared.has_record(&record) {
            remove_volume(shared, volume).await;
        }
    }
    Ok(())
}

/// As [`sweep`]; what cannot be swept now is in nobody's way.
pub(super) async fn clean(shared: &Shared) {
    if let Err(error) = sweep(shared).await {
        tracing::warn!(error = %error.chain(), "leftovers are not swept");
    }
}

/// Removes the volumes that lived with a pod.
pub(super) async fn remove_volumes(shared: &Shared, record: &str) {
    match volumes(shared, Some(record)).await {
        Ok(volumes) => {
            for (volume, _) in volumes {
                remove_volume(shared, volume).await;
            }
        }
        Err(error) => tracing::warn!(error = %error.chain(), "volumes of an ended pod are left for the next sweep"),
    }
}

async fn remove_volume(shared: &Shared, volume: String) {
    let name = volume.clone();
    let removed = shared
        .client
        .ask("remove a volume", |docker| async move { docker.remove_volume(&name, None::<RemoveVolumeOptions>).await });
    if let Err(failure) = removed.await
        && !failure.is_not_found()
    {
        tracing::warn!(volume, %failure, "a volume of an ended pod is left for the next sweep");
    }
}

/// The volumes that live with pods of this node, each with its record.
async fn volumes(shared: &Shared, record: Option<&str>) -> Result<Vec<(String, String)>> {
    let mut filter = labels::filter(Role::PodVolume, None);
    let labels = filter.entry("label".to_owned()).or_default();
    labels.push(format!("{}={}", labels::NODE, shared.node));
    labels.extend(record.map(|record| format!("{}={record}", labels::RECORD)));
    let options = ListVolumesOptions { filters: Some(filter) };
    let found = shared.client.ask("list volumes", |docker| async move { docker.list_volumes(Some(options)).await });
    let found = found.await?.volumes.unwrap_or_default();
    Ok(found.into_iter().filter_map(|mut volume| Some((volume.name, volume.labels.remove(labels::RECORD)?))).collect())
}
