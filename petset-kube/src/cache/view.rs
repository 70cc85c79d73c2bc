//! [`Cache`]: what a view answers.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kube::Api;
use kube::api::ListParams;
use kube::core::NamespaceResourceScope;
use petset_core::backend::WatchStream;
use petset_core::{Error, ErrorKind, Result};
use tokio::task::JoinHandle;

use super::entry::{Entry, Record, key_of, version_of};
use super::map::{Key, Place};
use super::run::{Progress, Scope, Shared};
use crate::client::{Connection, Failure};

/// So long the watch may take to show what an own write or read has shown, before the object is looked at.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(2);

/// So many objects are read at once: many more may be of one set, and all of them in one answer take much memory.
const PAGE: u32 = 250;

/// A shared view of the objects of one kind.
#[derive(Debug)]
pub(crate) struct Cache<R: Record> {
    shared: Arc<Shared<R>>,
    task: JoinHandle<()>,
}

impl<R: Record<Scope = NamespaceResourceScope>> Cache<R> {
    /// A view that begins to fill; on the runtime that this is called on.
    pub(crate) fn new(client: Connection, scope: Scope) -> Self {
        let shared = Arc::new(Shared::new(client, scope));
        let task = tokio::spawn(Arc::clone(&shared).run());
        Self { shared, task }
    }

    /// Hints about changes from now on.
    pub(crate) fn watch(&self) -> WatchStream {
        self.shared.hints.watch()
    }

    /// The objects of a namespace whose names begin like this and that `wanted` picks, by name.
    ///
    /// # Errors
    /// When the view is not whole, or one of them cannot be read.
    pub(crate) async fn list(
        &self,
        namespace: &str,
        prefix: &str,
        wanted: impl Fn(&str, Option<&R::Kept>) -> bool,
    ) -> Result<Vec<(String, R::Kept)>> {
        self.read(Place::Names(namespace, prefix), wanted, |name, kept| Some((name.to_owned(), kept.clone()))).await
    }

    /// What `read` reads of the objects of a place that `wanted` picks, by name. Both are called while the view is locked: they
    /// may look at another view, and at this one not.
    ///
    /// # Errors
    /// When the view is not whole, or one of them cannot be read.
    pub(crate) async fn read<T>(
        &self,
        place: Place<'_>,
        wanted: impl Fn(&str, Option<&R::Kept>) -> bool,
        read: impl Fn(&str, &R::Kept) -> Option<T>,
    ) -> Result<Vec<T>> {
        self.whole().await?;
        let mut found = Vec::new();
        let mut doubtful = Vec::new();
        for (key, entry) in self.shared.lock().current.of(place) {
            match &entry.kept {
                _ if is_doubtful(entry) && wanted(&key.1, entry.kept.as_ref().ok()) => doubtful.push(key.clone()),
                Ok(kept) if doubtful.is_empty() && wanted(&key.1, Some(kept)) => found.extend(read(&key.1, kept)),
                Ok(_) | Err(_) => {}
            }
        }
        if doubtful.is_empty() {
            return Ok(found);
        }
        for key in &doubtful {
            self.look(key).await?;
        }
        found.clear();
        for ((namespace, name), entry) in self.shared.lock().current.of(place) {
            match &entry.kept {
                Ok(kept) if wanted(name, Some(kept)) => found.extend(read(name, kept)),
                Err(problem) if wanted(name, None) => {
                    return Err(Error::new(ErrorKind::Corrupt, "list objects")
                        .with_context("kind", R::KINDS)
                        .with_context("name", format!("{namespace}/{name}"))
                        .with_message(problem.clone()));
                }
                Ok(_) | Err(_) => {}
            }
        }
        Ok(found)
    }

    /// One object.
    ///
    /// # Errors
    /// When the view is not whole, or the object cannot be read.
    pub(crate) async fn get(&self, namespace: &str, name: &str) -> Result<Option<R::Kept>> {
        let found = self.list(namespace, name, |found, _| found == name).await?;
        Ok(found.into_iter().next().map(|(_, kept)| kept))
    }

    /// What is known of an object, without asking anybody.
    pub(crate) fn peek(&self, namespace: &str, name: &str) -> Option<R::Kept> {
        let key = (namespace.to_owned(), name.to_owned());
        self.shared.lock().current.get(&key).and_then(|entry| entry.kept.clone().ok())
    }

    /// What `read` reads of the objects that are known and whose names begin like this, without asking anybody.
    pub(crate) fn peek_each<T, C: FromIterator<T>>(
        &self,
        namespace: &str,
        prefix: &str,
        read: impl Fn(&str, &R::Kept) -> Option<T>,
    ) -> C {
        let views = self.shared.lock();
        let known = views.current.of(Place::Names(namespace, prefix));
        known.filter_map(|((_, name), entry)| read(name, entry.kept.as_ref().ok()?)).collect()
    }

    /// Every object that can be read, by namespace and name.
    ///
    /// # Errors
    /// When the view is not whole.
    pub(crate) async fn all(&self) -> Result<Vec<(Key, R::Kept)>> {
        self.whole().await?;
        let views = self.shared.lock();
        let all = views.current.all();
        Ok(all.filter_map(|(key, entry)| Some((key.clone(), entry.kept.clone().ok()?))).collect())
    }

    /// The version that the view is at least as new as.
    ///
    /// # Errors
    /// When the view is not whole.
    pub(crate) async fn seen(&self) -> Result<u64> {
        self.whole().await?;
        Ok(self.shared.lock().current.seen())
    }

    /// Reads the objects of a namespace that have these labels, and those that are known and that `wanted` picks, from the
    /// server, now; the version that they are at least as new as.
    ///
    /// # Errors
    /// When they cannot be read.
    pub(crate) async fn read_again(
        &self,
        namespace: &str,
        labels: Option<&str>,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<u64> {
        let api: Api<R> = self.shared.client.namespaced(namespace);
        let mut parameters =
            ListParams { label_selector: labels.map(str::to_owned), limit: Some(PAGE), ..ListParams::default() };
        let mut shown = BTreeSet::new();
        // All pages are of one version, which the server has no more when that takes long.
        let mut version = None;
        loop {
            let page = api.list(&parameters).await.map_err(|error| Failure::new("list objects", error))?;
            for object in &page.items {
                let (key, found) = (key_of(object), (version_of(object), object.keep()));
                self.shared.lock().both(|objects| objects.read(key.clone(), 0, Some(found.clone()), Instant::now()));
                shown.insert(key);
            }
            version = version.or(page.metadata.resource_version.and_then(|version| version.parse().ok()));
            parameters.continue_token = page.metadata.continue_.filter(|token| !token.is_empty());
            if parameters.continue_token.is_none() {
                break;
            }
        }
        let known: Vec<Key> = {
            let views = self.shared.lock();
            let all = views.current.of(Place::Names(namespace, "")).map(|(key, _)| key);
            all.filter(|key| wanted(&key.1) && !shown.contains(*key)).cloned().collect()
        };
        for key in known {
            self.look(&key).await?;
        }
        Ok(version.unwrap_or(0))
    }

    /// The names of a namespace's objects, as far as they are known.
    pub(crate) fn names(&self, namespace: &str) -> Vec<String> {
        self.shared.lock().current.of(Place::Names(namespace, "")).map(|((_, name), _)| name.clone()).collect()
    }

    /// Reads an object from the server, now.
    pub(crate) async fn look(&self, key: &Key) -> Result<Option<R::Kept>> {
        let (namespace, name) = key;
        let asked = self.shared.lock().current.get(key).map_or(0, |entry| entry.version);
        let api: Api<R> = self.shared.client.namespaced(namespace);
        let found = api.get_opt(name).await.map_err(|error| Failure::new("read an object", error))?;
        let kept = found.as_ref().map(|found| (version_of(found), found.keep()));
        self.shared.lock().both(|objects| objects.read(key.clone(), asked, kept.clone(), Instant::now()));
        match kept {
            None => Ok(None),
            Some((_, Ok(kept))) => Ok(Some(kept)),
            Some((_, Err(problem))) => Err(Error::new(ErrorKind::Corrupt, "read an object")
                .with_context("kind", R::KINDS)
                .with_context("name", format!("{namespace}/{name}"))
                .with_message(problem)),
        }
    }

    /// Takes in the answer to an own read.
    pub(crate) fn saw(&self, answer: &R) {
        let (key, version, kept) = (key_of(answer), version_of(answer), answer.keep());
        let now = Instant::now();
        self.shared.lock().both(|objects| objects.read(key.clone(), version, Some((version, kept.clone())), now));
    }

    /// Takes in the answer to an own write.
    pub(crate) fn wrote(&self, answer: &R) {
        let (key, version, kept) = (key_of(answer), version_of(answer), answer.keep());
        let now = Instant::now();
        let mut is_news = false;
        self.shared.lock().both(|objects| is_news |= objects.wrote(key.clone(), version, kept.clone(), now));
        if is_news {
            self.shared.hint(&key, kept.as_ref().ok());
        }
    }

    /// Takes in what an own write did to an object, where the answer does not show it.
    pub(crate) fn changed(&self, namespace: &str, name: &str, change: impl Fn(&mut R::Kept)) {
        let key = (namespace.to_owned(), name.to_owned());
        self.shared.lock().both(|objects| objects.change(&key, &change));
        self.shared.hint(&key, None);
    }

    /// For how long the view has not been whole; zero when it is.
    pub(crate) fn blind_for(&self) -> Duration {
        self.shared.lock().blind_since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    /// Waits until the view is whole; where the watch is broken, for one attempt that begins now.
    async fn whole(&self) -> Result<()> {
        let mut progress = self.shared.progress.subscribe();
        let begun = progress.borrow_and_update().clone();
        let attempt = match begun {
            Progress::Whole => return Ok(()),
            Progress::Begins(attempt) => attempt,
            Progress::Broken(attempt, _) => {
                self.shared.needed.notify_one();
                attempt + 1
            }
        };
        loop {
            let stopped = |_| Error::new(ErrorKind::Unavailable, "watch objects").with_context("kind", R::KINDS);
            progress.changed().await.map_err(stopped)?;
            match &*progress.borrow_and_update() {
                Progress::Whole => return Ok(()),
                Progress::Broken(broken, why) if *broken >= attempt => {
                    return Err(Error::new(ErrorKind::Unavailable, "watch objects")
                        .with_context("kind", R::KINDS)
                        .with_message(why.clone()));
                }
                Progress::Begins(_) | Progress::Broken(..) => {}
            }
        }
    }
}

/// Whether it cannot be read, or is there by an own write or read that the watch should have shown by now.
fn is_doubtful<T>(entry: &Entry<T>) -> bool {
    entry.kept.is_err() || entry.unconfirmed.is_some_and(|since| since.elapsed() > CONFIRMED_WITHIN)
}

impl<R: Record> Drop for Cache<R> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::pods::PodRecord;
    use crate::scripted::{Answer, Scripted};

    fn page(version: &str, token: &str, pod: &str) -> Answer {
        let pod = json!({ "metadata": { "name": pod, "namespace": "default", "uid": pod, "resourceVersion": "5" } });
        let metadata = json!({ "resourceVersion": version, "continue": token });
        Answer::ok(json!({ "kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": [pod] }))
    }

    async fn read(answers: Vec<Answer>) -> (Result<u64>, Vec<String>, Vec<String>) {
        let server = Scripted::new(Value::Null, answers);
        let cache: Cache<PodRecord> = Cache::new(server.connection(), Scope::Cluster);
        let version = cache.read_again("default", None, |_| false).await;
        (version, cache.names("default"), server.asked())
    }

    const LIST: &str = "GET /api/v1/namespaces/default/pods?limit=250";

    #[tokio::test]
    async fn s13_a_list_in_pages_is_as_new_as_its_first_page() {
        let (version, names, asked) = read(vec![page("7", "more", "web-0"), page("8", "", "web-1")]).await;
        assert_eq!((version.expect("a list"), names), (7, vec!["web-0".to_owned(), "web-1".to_owned()]));
        assert_eq!(asked, [LIST.to_owned(), format!("{LIST}&continue=more")]);
    }

    #[tokio::test]
    async fn s15_half_a_list_is_an_error() {
        let (version, ..) = read(vec![page("7", "more", "web-0"), Answer::refused(410, "Expired")]).await;
        version.expect_err("the rest is not known");
    }
}
