//! What may happen to answers on their way.

use std::collections::BTreeMap;
use std::io;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use futures::future::ready;
use futures::{StreamExt, stream};
use http::{Method, Request, Response};
use hyper::body::Frame;
use kube::Client;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::sync::watch;
use tower::BoxError;

use crate::way::{Answer, heard, is_watch, way};

/// The name that damaged objects have in theirs. Who holds it knows whether it changed since they looked.
type Damaged = watch::Receiver<Option<String>>;

/// Damages the status of some objects in every answer, while it is told to: in each event of a watch as in each list.
#[derive(Debug, Clone, Default)]
pub(crate) struct Weather {
    damaged: watch::Sender<Option<String>>,
    /// The weather in which each path was read last: a watch goes on from there.
    read: Arc<Mutex<BTreeMap<String, Damaged>>>,
}

impl Weather {
    /// From now on, objects with this in their names come without a status that could be read. Every watch of objects that
    /// were listed before breaks, also one that only begins.
    pub(crate) fn damage(&self, name: &str) {
        self.damaged.send_replace(Some(name.to_owned()));
    }

    /// From now on, answers arrive as they are.
    pub(crate) fn mend(&self) {
        self.damaged.send_replace(None);
    }

    /// The same client in this weather.
    pub(crate) fn between(&self, client: Client) -> Client {
        let weather = self.clone();
        way(client, move |client, request| weather.clone().carry(client, request))
    }

    async fn carry(self, client: Client, request: Request<Body>) -> Result<Answer, BoxError> {
        let (path, is_watch, is_read) =
            (request.uri().path().to_owned(), is_watch(&request), request.method() == Method::GET);
        let now = self.damaged.subscribe();
        if is_watch {
            let since = self.read().get(&path).cloned().unwrap_or(now);
            return Ok(self.spoilt_watch(client.send(request).await?, since));
        }
        if is_read {
            self.read().insert(path, now);
        }
        let (head, body) = client.send(request).await?.into_parts();
        let body = Body::from(self.spoilt(&body.collect_bytes().await?));
        Ok(heard(Response::from_parts(head, body), |parts| parts))
    }

    /// The events of a watch, until objects are damaged that were not when they were listed.
    fn spoilt_watch(self, answer: Response<Body>, listed: Damaged) -> Answer {
        let broken = async {
            worse(listed).await;
            Some(Err(io::Error::from(io::ErrorKind::ConnectionReset).into()))
        };
        let mut rest = Vec::new();
        heard(answer, move |parts| {
            let events = parts.map(move |part| {
                rest.extend(part?.into_data().unwrap_or_default());
                Ok(Frame::data(Bytes::from(self.spoilt_events(&whole_lines(&mut rest)))))
            });
            let until_cut = stream::select(events.map(Some).chain(stream::iter([None])), stream::once(broken));
            until_cut.take_while(|part| ready(part.is_some())).filter_map(ready)
        })
    }

    fn read(&self) -> MutexGuard<'_, BTreeMap<String, Damaged>> {
        self.read.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A JSON text as it arrives.
    fn spoilt(&self, text: &[u8]) -> Vec<u8> {
        let damaged = self.damaged.borrow();
        if let (Some(name), Ok(mut answer)) = (&*damaged, serde_json::from_slice::<Value>(text)) {
            spoil(&mut answer, name);
            return answer.to_string().into_bytes();
        }
        text.to_vec()
    }

    /// The events of a watch as they arrive, one in each line.
    fn spoilt_events(&self, lines: &[u8]) -> Vec<u8> {
        let each = lines.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end);
        each.map(|event| [&self.spoilt(event)[..], b"\n"].concat()).collect::<Vec<_>>().concat()
    }
}

/// Takes the lines that are whole off.
fn whole_lines(heard: &mut Vec<u8>) -> Vec<u8> {
    let end = heard.iter().rposition(|byte| *byte == b'\n').map_or(0, |last| last + 1);
    heard.drain(..end).collect()
}

/// Until objects are damaged that were not, or others.
async fn worse(mut damaged: Damaged) {
    while damaged.changed().await.is_ok() && damaged.borrow_and_update().is_none() {}
}

fn spoil(answer: &mut Value, name: &str) {
    if answer["metadata"]["name"].as_str().is_some_and(|found| found.contains(name)) {
        answer["status"] = json!("damaged");
    }
    let items = answer.get_mut("items").and_then(Value::as_array_mut).into_iter().flatten();
    items.for_each(|item| spoil(item, name));
    if let Some(object) = answer.get_mut("object") {
        spoil(object, name);
    }
}
