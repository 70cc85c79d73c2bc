//! Writing one Event.

use k8s_openapi::api::core::v1::Event;
use kube::Api;
use kube::api::{Patch, PatchParams};
use petset_core::{Result, SetUid, Timestamp};
use serde_json::{Value, json};

use super::batch::{Batch, Written};
use crate::client::{Connection, Failure};
use crate::resource::{SetKind, SetRecord};

/// Who tells.
const REPORTER: &str = "petset-controller";

/// Writes one Event, or counts it in the one that says the same; `None` when its set is no more.
pub(super) async fn write<K: SetKind>(client: &Connection, batch: &Batch) -> Result<Option<Written>> {
    if let Some(again) = &batch.again
        && let Some(written) = count(client, batch, again).await?
    {
        return Ok(Some(written));
    }
    let Some(uid) = uid::<K>(client, batch).await? else { return Ok(None) };
    let body = body::<K>(batch, &uid);
    let made: Event = match client.create("tell of a set", &batch.set.namespace, &body).await {
        Ok(made) => made,
        // The namespace is gone: with the set, or before it.
        Err(failure) if failure.is_not_found() && found::<K>(client, batch).await? != Some(uid) => return Ok(None),
        Err(failure) => return Err(failure.into()),
    };
    let name = made.metadata.name.unwrap_or_default();
    Ok(Some(Written { name, note: batch.note.clone(), count: batch.count }))
}

/// Counts it in the Event that says the same; `None` when that is no more.
async fn count(client: &Connection, batch: &Batch, again: &Written) -> Result<Option<Written>> {
    let events: Api<Event> = client.namespaced(&batch.set.namespace);
    let count = again.count.saturating_add(batch.count);
    let patch = json!({ "count": count, "lastTimestamp": seconds(batch.last_at) });
    let patched = events.patch(&again.name, &PatchParams::default(), &Patch::Merge(patch)).await;
    match patched.map_err(|error| Failure::new("tell of a set again", error)) {
        Ok(_) => Ok(Some(Written { count, ..again.clone() })),
        Err(failure) if failure.is_not_found() => Ok(None),
        Err(failure) => Err(failure.into()),
    }
}

/// The life that it is about: where the set could not be read, the one that is there.
async fn uid<K: SetKind>(client: &Connection, batch: &Batch) -> Result<Option<SetUid>> {
    if let Some(uid) = &batch.uid {
        return Ok(Some(uid.clone()));
    }
    found::<K>(client, batch).await
}

/// The life that is there.
async fn found<K: SetKind>(client: &Connection, batch: &Batch) -> Result<Option<SetUid>> {
    let sets: Api<SetRecord<K>> = client.namespaced(&batch.set.namespace);
    let found = sets.get_metadata_opt(&batch.set.name).await.map_err(|error| Failure::new("find a set", error))?;
    Ok(found.and_then(|found| found.metadata.uid).map(SetUid::new))
}

fn body<K: SetKind>(batch: &Batch, uid: &SetUid) -> Value {
    let Batch { set, uid: _, warning, reason, note, count, first_at, last_at, told: _, again: _ } = batch;
    json!({
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {
            "name": format!("{}.{:x}", set.name, Timestamp::now().as_micros()),
            "namespace": set.namespace,
        },
        "involvedObject": {
            "apiVersion": K::OWNER.api_version,
            "kind": K::OWNER.kind,
            "name": set.name,
            "namespace": set.namespace,
            "uid": uid,
        },
        "type": if *warning { "Warning" } else { "Normal" },
        "reason": reason,
        "message": note.finish(),
        "count": count,
        "firstTimestamp": seconds(*first_at),
        "lastTimestamp": seconds(*last_at),
        "source": { "component": REPORTER },
        "reportingComponent": REPORTER,
    })
}

/// A moment in whole seconds, as these fields have it.
fn seconds(at: Timestamp) -> String {
    const SECOND: i64 = 1_000_000;
    Timestamp::from_micros(at.as_micros().div_euclid(SECOND) * SECOND).to_string()
}
