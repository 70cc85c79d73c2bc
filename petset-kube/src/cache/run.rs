//! The watch that keeps a view.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use kube::core::NamespaceResourceScope;
use kube::runtime::watcher::{self, Event};
use kube::{Api, Resource};
use petset_core::backend::Hints;
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use super::entry::{Record, key_of, version_of};
use super::map::{Key, Objects};
use crate::client::Connection;

/// The pause before a watch that broke is begun anew, unless somebody needs it at once; it doubles every time.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// Which objects are looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Scope {
    /// Those of every namespace.
    #[default]
    Cluster,
    /// Those of one namespace.
    Namespace(String),
}

impl Scope {
    /// The objects of this scope, by kind.
    pub(crate) fn api<R: Resource<DynamicType = (), Scope = NamespaceResourceScope>>(
        &self,
        client: &Connection,
    ) -> Api<R> {
        match self {
            Self::Cluster => client.all(),
            Self::Namespace(namespace) => client.namespaced(namespace),
        }
    }
}

/// What a view and its watch share.
#[derive(Debug)]
pub(super) struct Shared<R: Record> {
    pub(super) client: Connection,
    scope: Scope,
    views: Mutex<Views<R::Kept>>,
    pub(super) progress: watch::Sender<Progress>,
    /// Told when somebody needs a view that is broken.
    pub(super) needed: Notify,
    pub(super) hints: Hints,
}

#[derive(Debug)]
pub(super) struct Views<T> {
    pub(super) current: Objects<T>,
    /// What a list that is under way has shown so far.
    next: Option<Objects<T>>,
    /// Since when it is not whole.
    pub(super) blind_since: Option<Instant>,
}

/// Where the watch is; its attempts are counted.
#[derive(Debug, Clone)]
pub(super) enum Progress {
    Begins(u64),
    Whole,
    Broken(u64, String),
}

impl<T> Views<T> {
    /// Takes news into what there is, and into what is being listed.
    pub(super) fn both(&mut self, mut news: impl FnMut(&mut Objects<T>)) {
        news(&mut self.current);
        if let Some(next) = &mut self.next {
            news(next);
        }
    }
}

impl<R: Record<Scope = NamespaceResourceScope>> Shared<R> {
    pub(super) fn new(client: Connection, scope: Scope) -> Self {
        Self {
            client,
            scope,
            views: Mutex::new(Views {
                current: Objects::new(R::INDEX, R::are_alike),
                next: None,
                blind_since: Some(Instant::now()),
            }),
            progress: watch::Sender::new(Progress::Begins(1)),
            needed: Notify::new(),
            hints: Hints::new(),
        }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Views<R::Kept>> {
        self.views.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn hint(&self, (namespace, name): &Key, kept: Option<&R::Kept>) {
        for set in R::sets(namespace, name, kept) {
            self.hints.changed(&set);
        }
    }

    /// Keeps the view, for ever.
    pub(super) async fn run(self: Arc<Self>) {
        let mut pause = FIRST_PAUSE;
        for attempt in 1.. {
            self.progress.send_replace(Progress::Begins(attempt));
            let (was_whole, why) = self.watch_once().await;
            tracing::debug!(kinds = R::KINDS, why, "the watch broke");
            self.lock().blind_since.get_or_insert_with(Instant::now);
            self.progress.send_replace(Progress::Broken(attempt, why));
            pause = if was_whole { FIRST_PAUSE } else { (pause * 2).min(LONGEST_PAUSE) };
            tokio::select! {
                () = tokio::time::sleep(pause) => {}
                () = self.needed.notified() => {}
            }
        }
    }

    /// Lists and watches until something fails; whether the list was whole, and what failed.
    async fn watch_once(&self) -> (bool, String) {
        let mut was_whole = false;
        let config = watcher::Config { label_selector: R::LABEL.map(str::to_owned), ..watcher::Config::default() };
        let mut events = watcher::watcher(self.scope.api::<R>(&self.client), config).boxed();
        loop {
            match events.try_next().await {
                Ok(Some(event)) => was_whole |= self.take_in(&event),
                Ok(None) => return (was_whole, "it ended".to_owned()),
                Err(error) => return (was_whole, chain(&error)),
            }
        }
    }

    /// Takes in one event; whether the list is whole with it.
    fn take_in(&self, event: &Event<R>) -> bool {
        match event {
            Event::Init => self.lock().next = Some(Objects::new(R::INDEX, R::are_alike)),
            Event::InitApply(object) => {
                if let Some(next) = &mut self.lock().next {
                    next.shown(key_of(object), version_of(object), object.keep());
                }
            }
            Event::InitDone => {
                let mut views = self.lock();
                views.blind_since = None;
                let news = views.next.take().map(|next| {
                    let before = std::mem::replace(&mut views.current, next);
                    before.differences(&views.current)
                });
                drop(views);
                self.progress.send_replace(Progress::Whole);
                for (key, kept) in news.into_iter().flatten() {
                    self.hint(&key, kept.as_ref());
                }
                return true;
            }
            Event::Apply(object) => {
                let (key, version) = (key_of(object), version_of(object));
                if self.lock().current.confirms(&key, version) {
                    return false;
                }
                let kept = object.keep();
                let concerned = R::sets(&key.0, &key.1, kept.as_ref().ok());
                if self.lock().current.shown(key, version, kept) {
                    for set in &concerned {
                        self.hints.changed(set);
                    }
                }
            }
            Event::Delete(object) => {
                let key = key_of(object);
                if self.lock().current.gone(&key, version_of(object)) {
                    self.hint(&key, object.keep().as_ref().ok());
                }
            }
        }
        false
    }
}

/// An error and its causes in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let cause = error.to_string();
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::atomic::{AtomicUsize, Ordering};

    use bytes::Bytes;
    use http::{Request, Response};
    use http_body_util::{BodyExt, Full};
    use kube::Client;
    use kube::client::Body;
    use tokio::time::{sleep, timeout};

    use super::*;
    use crate::cache::Cache;
    use crate::pods::PodRecord;

    const EMPTY: &str = r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"5"},"items":[]}"#;

    /// A server that answers some requests, by their number, with a list and says nothing more of any watch, or of what is
    /// to be half a list.
    fn server(asked: Arc<AtomicUsize>, answers: &'static [&'static str]) -> Client {
        let service = tower::service_fn(move |request: Request<Body>| {
            let turn = asked.fetch_add(1, Ordering::Relaxed);
            async move {
                let said = match answers.get(turn) {
                    Some(&"") => std::future::pending().await,
                    Some(said) => *said,
                    None => EMPTY,
                };
                let is_watch = request.uri().query().is_some_and(|query| query.contains("watch=true"));
                let body = Full::<Bytes>::from(said);
                let body = if is_watch || said != EMPTY {
                    body.with_trailers(std::future::pending()).boxed_unsync()
                } else {
                    body.boxed_unsync()
                };
                Ok::<_, Infallible>(Response::new(body))
            }
        });
        Client::new(service, "default")
    }

    #[tokio::test(start_paused = true)]
    async fn l3_a_server_that_falls_silent_is_asked_again() {
        let asked = Arc::new(AtomicUsize::new(0));
        // No answer to a list, half of one, a whole one and no answer to the watch, all of it and a watch that is silent.
        let client = server(Arc::clone(&asked), &["", "{", EMPTY, "", EMPTY, "\n"]);
        let cache: Cache<PodRecord> = Cache::new(Connection::new(client), Scope::Cluster);
        let hour = Duration::from_secs(3600);
        timeout(hour, cache.all()).await.expect("it is given up").expect_err("no answer");
        assert!(cache.blind_for() > Duration::from_secs(50), "{:?}", cache.blind_for());
        let until = async |number: usize| {
            while asked.load(Ordering::Relaxed) < number {
                sleep(Duration::from_secs(1)).await;
            }
        };
        timeout(hour, until(7)).await.expect("it is asked again");
        cache.all().await.expect("a whole list");
        assert_eq!(cache.blind_for(), Duration::ZERO);
    }
}
