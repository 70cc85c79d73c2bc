//! One look at a whole pod: what its containers are, by what the engine says of them now.

use petset_core::backend::ContainerState;
use petset_core::{Result, Timestamp};

use super::cell::Cell;
use super::inspect::{self, Life, Seen};
use super::shared::Shared;
use crate::labels::{self, Role};

/// Notes how the pod's containers are. Readiness that was known of a container holds as long as it runs.
pub(super) async fn survey(shared: &Shared, cell: &Cell) -> Result<()> {
    let seen = inspect::look(&shared.client, labels::part_of(Role::Container, &cell.key)).await?;
    cell.note(|record| {
        for container in &mut record.containers {
            let own = seen.iter().find(|seen| seen.labels.get(labels::CONTAINER) == Some(&container.name));
            if container.ready.as_ref() != own.filter(|own| own.life.is_running()).map(|own| &own.id) {
                container.ready = None;
            }
            if let Some(state) = own.and_then(state_of) {
                let succeeded = matches!(state, ContainerState::Terminated { exit_code: Some(0), .. });
                container.finished = container.init && succeeded;
                container.state = state;
            }
        }
    })
    .await;
    Ok(())
}

/// What a container is doing; `None` when it never started.
fn state_of(seen: &Seen) -> Option<ContainerState> {
    match seen.life {
        Life::Created | Life::Leaving => None,
        Life::Running { started_at } => Some(ContainerState::Running { started_at }),
        Life::Ended { started_at, .. } if started_at == Timestamp::default() => None,
        Life::Ended { code, finished_at, .. } => Some(ContainerState::Terminated { exit_code: code, finished_at }),
    }
}
