//! One look at a whole pod: what its containers are, by what the engine says of them now.

use petset_core::backend::ContainerState;
use petset_core::{Result, Timestamp};

use super::cell::Cell;
use super::inspect::{self, Life, Seen};
use super::shared::Shared;
use crate::labels::{self, Role};

/// Notes how the pod's containers are now, by a fresh look at all of them.
pub(super) async fn survey(shared: &Shared, cell: &Cell) -> Result<()> {
    let seen = inspect::look(&shared.client, labels::part_of(Role::Container, &cell.key)).await?;
    note(cell, &seen).await;
    Ok(())
}

/// Notes how the pod's containers were `seen`, all of them. Readiness that was known of a container holds as long as it
/// runs.
pub(super) async fn note(cell: &Cell, seen: &[Seen]) {
    let now = Timestamp::now();
    cell.note(|record| {
        for container in &mut record.containers {
            let own = seen.iter().find(|seen| seen.labels.get(labels::CONTAINER) == Some(&container.name));
            if container.ready.as_ref() != own.filter(|own| own.life.is_running()).map(|own| &own.id) {
                container.ready = None;
            }
            let life = own.map_or(Life::Leaving, |own| own.life);
            if let Some(state) = state_of(life, &container.state, now) {
                let succeeded = matches!(state, ContainerState::Terminated { exit_code: Some(0), .. });
                container.finished |= container.init && succeeded;
                container.state = state;
            }
        }
    })
    .await;
}

/// Notes that a container of the pod has ended, before others of the pod have.
pub(super) async fn note_end(cell: &Cell, name: &str) {
    let now = Timestamp::now();
    cell.note(|record| {
        for container in record.containers.iter_mut().filter(|container| container.name == name) {
            container.ready = None;
            if let Some(state) = state_of(Life::Leaving, &container.state, now) {
                container.state = state;
            }
        }
    })
    .await;
}

/// What a container is doing, of which was known what it did `before`; `None` when there is nothing new. One that is gone
/// is as one that is going.
fn state_of(life: Life, before: &ContainerState, now: Timestamp) -> Option<ContainerState> {
    match life {
        Life::Running { started_at } => Some(ContainerState::Running { started_at }),
        Life::Ended { code, started_at, finished_at } if started_at != Timestamp::default() => {
            Some(ContainerState::Terminated { exit_code: code, finished_at })
        }
        // It ran, and nobody saw how it ended.
        Life::Leaving if matches!(before, ContainerState::Running { .. }) => {
            Some(ContainerState::Terminated { exit_code: None, finished_at: now })
        }
        Life::Created | Life::Leaving | Life::Ended { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_container_that_ran_and_is_gone_has_ended() {
        let (then, now) = (Timestamp::from_micros(1), Timestamp::from_micros(2));
        let waiting = ContainerState::Waiting { reason: "PodInitializing".to_owned(), message: String::new() };
        let running = ContainerState::Running { started_at: then };
        let ended = |exit_code| Some(ContainerState::Terminated { exit_code, finished_at: now });
        assert_eq!(state_of(Life::Leaving, &running, now), ended(None));
        assert_eq!(state_of(Life::Leaving, &waiting, now), None, "it never ran");
        assert_eq!(state_of(Life::Running { started_at: then }, &waiting, now), Some(running.clone()));
        let life = Life::Ended { code: Some(3), started_at: then, finished_at: now };
        assert_eq!(state_of(life, &running, now), ended(Some(3)));
        assert_eq!(state_of(Life::Created, &running, now), None, "S2: what is not said to have ended runs");
    }
}
