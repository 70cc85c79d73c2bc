//! What happens to volumes behind our back, from the engine's stream of events.

use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bollard::models::{EventMessage, EventMessageTypeEnum};
use bollard::query_parameters::EventsOptions;
use futures::StreamExt;
use tokio::time::sleep;

use super::core::Core;
use super::record::Binding;
use crate::background::Background;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// From now on every change on the engine is a hint, and a deletion goes on when the last user of its volume is gone.
pub(super) fn watch(core: &Arc<Core>) -> Background {
    Background::spawn(follow(Arc::downgrade(core)))
}

async fn follow(core: Weak<Core>) {
    let mut pause = FIRST_PAUSE;
    let mut since = now();
    while let Some(this) = core.upgrade() {
        // Whatever happened while nobody listened: every set is looked at.
        missed(&this).await;
        let mut events = this.client.docker().events(Some(EventsOptions {
            since: Some(since),
            filters: Some(HashMap::from([
                ("type".to_owned(), vec!["volume".to_owned(), "container".to_owned()]),
                // Docker and Podman have a word each for a removal.
                ("event".to_owned(), ["create", "destroy", "remove"].map(str::to_owned).into()),
            ])),
            ..EventsOptions::default()
        }));
        drop(this);
        since = now();
        while let Some(Ok(event)) = events.next().await {
            let Some(this) = core.upgrade() else { return };
            pause = FIRST_PAUSE;
            since = event.time.map_or(since, |seconds| seconds.to_string());
            happened(&this, event).await;
        }
        tracing::debug!("the events of volumes ended, they are asked for again");
        sleep(pause).await;
        pause = (pause * 2).min(LONGEST_PAUSE);
    }
}

/// Seconds since 1970, as the engine counts; a clock that differs costs hints that come again or at the next gap.
fn now() -> String {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |passed| passed.as_secs()).to_string()
}

async fn missed(core: &Core) {
    core.finish(|_| true).await;
    let sets = core.state().sets();
    for set in sets {
        core.hints.changed(&set);
    }
}

async fn happened(core: &Core, event: EventMessage) {
    let action = event.action.clone();
    let Some(volume) = volume_of(event) else {
        // A container is gone, and with it perhaps the last user of a volume.
        return core.finish(|_| true).await;
    };
    // What this process made, it has told of itself.
    if core.state().made.remove(&volume) && action.as_deref() == Some("create") {
        return;
    }
    let of_volume = |binding: &Binding| binding.volume == volume;
    let set = core
        .state()
        .all()
        .find(|claim| claim.binding.as_ref().is_some_and(of_volume))
        .map(|claim| claim.identity.set.clone());
    if let Some(set) = set {
        core.hints.changed(&set);
    }
}

/// The volume that an event is of; `None` for one of anything else.
fn volume_of(event: EventMessage) -> Option<String> {
    let actor = event.actor.filter(|_| event.typ == Some(EventMessageTypeEnum::VOLUME))?;
    // Podman has no id for it, and an attribute in its place.
    actor.id.filter(|id| !id.is_empty()).or_else(|| actor.attributes?.remove("name"))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn told(kind: &str, actor: &Value) -> Option<String> {
        volume_of(
            serde_json::from_value(json!({ "Type": kind, "Action": "create", "Actor": actor })).expect("an event"),
        )
    }

    #[test]
    fn l3_an_event_of_either_engine_says_which_volume_it_is_of() {
        let docker = json!({ "ID": "data", "Attributes": { "driver": "local" } });
        let podman = json!({ "ID": "", "Attributes": { "name": "data", "podId": "" } });
        let container = json!({ "ID": "0123", "Attributes": { "name": "web" } });
        assert_eq!(told("volume", &docker).as_deref(), Some("data"));
        assert_eq!(told("volume", &podman).as_deref(), Some("data"));
        assert_eq!(told("container", &container), None);
    }
}
