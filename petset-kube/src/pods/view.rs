//! The pods of sets as they are known, and how new that is.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use petset_core::backend::Pod;
use petset_core::{PodUid, Result, RevisionName, SetKey, Version};

use super::record::{KeptPod, PodRecord};
use crate::cache::{Cache, Place};

/// The shared view of pods, and for each set of one kind how new the pods were that were listed last.
///
/// Whoever lists and decides concurrently on one set in one process shares that; controllers never do.
#[derive(Debug)]
pub(crate) struct PodView {
    pub(super) pods: Arc<Cache<PodRecord>>,
    ages: Mutex<BTreeMap<SetKey, Age>>,
    /// What the server left out of pods that were made here, the latest last.
    left_out: Mutex<VecDeque<(PodUid, String)>>,
}

/// So many pods of which something was left out are remembered.
const REMEMBERED: usize = 1024;

/// How new pods are: versions of the server, as numbers, and the version of the set that was known when they were read.
#[derive(Debug, Default, Clone)]
struct Age {
    /// What was listed last is at least as new as this.
    listed: u64,
    /// It is at least as new as this version of the set.
    listed_since: Option<Version>,
    /// What is known of this set's pods is at least as new as this, whatever the watch has shown.
    read: u64,
    /// It was read when the set was known to have this version.
    read_since: Option<Version>,
}

impl PodView {
    pub(crate) fn new(pods: Arc<Cache<PodRecord>>) -> Self {
        Self { pods, ages: Mutex::default(), left_out: Mutex::default() }
    }

    /// The pods of a set's names.
    pub(super) async fn list(&self, set: &SetKey) -> Result<Vec<Pod>> {
        // First how new it is: what is listed afterwards may only be newer.
        let seen = self.pods.seen().await?;
        let is_of_set = |name: &str, _: Option<&KeptPod>| set.ordinal_of_pod(name).is_some();
        let names = format!("{}-", set.name);
        let place = Place::Names(&set.namespace, &names);
        let pods = self.pods.read(place, is_of_set, |_, kept| Some(kept.pod.clone())).await?;
        self.age(set, |age| {
            age.listed = seen.max(age.read);
            age.listed_since.clone_from(&age.read_since);
        });
        Ok(self.told(pods))
    }

    /// The pods of a `StatefulSet` of this name that lack labels of their identity, as far as they are known.
    pub(super) fn unlabelled(&self, set: &SetKey) -> Vec<Pod> {
        let is_one = |pod: &Pod| !pod.terminating && set.ordinal_of_pod(&pod.name()).is_some();
        let one = |_: &str, kept: &KeptPod| {
            let is_wrong = kept.is_native && !kept.is_labelled && is_one(&kept.pod);
            is_wrong.then(|| kept.pod.clone())
        };
        self.pods.peek_each(&set.namespace, &format!("{}-", set.name), one)
    }

    /// The revisions that a set's pods were made of, as far as they are known.
    pub(crate) fn revisions(&self, set: &SetKey) -> BTreeSet<RevisionName> {
        let revision =
            |name: &str, kept: &KeptPod| kept.pod.revision.clone().filter(|_| set.ordinal_of_pod(name).is_some());
        self.pods.peek_each(&set.namespace, &format!("{}-", set.name), revision)
    }

    /// A pod was made, without these fields of its template.
    pub(super) fn made(&self, pod: &PodUid, left_out: &[String]) {
        if left_out.is_empty() {
            return;
        }
        let fields = left_out.join(", ");
        tracing::warn!(pod = %pod, fields, "the API server left out a part of a pod");
        let mut all = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() == REMEMBERED {
            all.pop_front();
        }
        all.push_back((pod.clone(), fields));
    }

    /// Pods that say what was left out of them, unless something else is wrong with them.
    fn told(&self, mut pods: Vec<Pod>) -> Vec<Pod> {
        let all = self.left_out.lock().unwrap_or_else(PoisonError::into_inner);
        for pod in pods.iter_mut().filter(|pod| !all.is_empty() && pod.status.reason.is_none()) {
            if let Some((_, fields)) = all.iter().find(|(uid, _)| *uid == pod.uid) {
                pod.status.reason = Some("FieldsLeftOut".to_owned());
                pod.status.message = Some(format!("the API server knows or allows none of {fields} and left them out"));
            }
        }
        pods
    }

    /// Whether the pods of `set` that were listed last are at least as new as this version of the set. Where they are
    /// not, they are read from the server, so that the next list is. A set whose pods nobody listed was decided on
    /// without them.
    ///
    /// Numbers of pods and of sets are compared, which come from one store unless a server keeps pods in another one.
    pub(crate) async fn is_as_new_as(&self, set: &SetKey, version: &Version, labels: Option<&str>) -> Result<bool> {
        let wanted = version.as_str().parse().unwrap_or(u64::MAX);
        let known = self.ages.lock().unwrap_or_else(PoisonError::into_inner).get(set).cloned();
        if known.is_none_or(|age| age.listed >= wanted || age.listed_since.as_ref() == Some(version)) {
            return Ok(true);
        }
        tracing::debug!(%set, %version, "the pods that were looked at are older than the set");
        let is_of_set = |name: &str| set.ordinal_of_pod(name).is_some();
        let read = self.pods.read_again(&set.namespace, labels, is_of_set).await?;
        self.age(set, |age| {
            age.read = age.read.max(read);
            age.read_since = Some(version.clone());
        });
        Ok(false)
    }

    /// A set is no more.
    pub(crate) fn forget(&self, set: &SetKey) {
        self.ages.lock().unwrap_or_else(PoisonError::into_inner).remove(set);
    }

    fn age(&self, set: &SetKey, change: impl FnOnce(&mut Age)) {
        change(self.ages.lock().unwrap_or_else(PoisonError::into_inner).entry(set.clone()).or_default());
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use bytes::Bytes;
    use http::{Request, Response};
    use http_body_util::{BodyExt, Full};
    use kube::Client;
    use kube::client::Body;

    use super::*;
    use crate::cache::Scope;
    use crate::client::Connection;

    /// A server without pods, whose store of pods is at version 5.
    fn server() -> Client {
        let list = r#"{"kind":"PodList","apiVersion":"v1","metadata":{"resourceVersion":"5"},"items":[]}"#;
        let service = tower::service_fn(move |request: Request<Body>| async move {
            let is_watch = request.uri().query().is_some_and(|query| query.contains("watch=true"));
            let body = Full::<Bytes>::from(if is_watch { "\n" } else { list });
            let body =
                if is_watch { body.with_trailers(std::future::pending()).boxed_unsync() } else { body.boxed_unsync() };
            Ok::<_, Infallible>(Response::new(body))
        });
        Client::new(service, "default")
    }

    #[tokio::test]
    async fn l2_pods_that_were_read_for_a_version_are_as_new_as_it_whatever_their_own_say() {
        let pods = Arc::new(Cache::new(Connection::new(server()), Scope::Cluster));
        let (view, set) = (PodView::new(pods), SetKey::new("default", "web"));
        let (version, later) = (Version::from("100"), Version::from("101"));
        assert!(view.list(&set).await.expect("a list").is_empty());
        assert!(!view.is_as_new_as(&set, &version, None).await.expect("they are read"), "nobody knows");
        assert!(!view.is_as_new_as(&set, &version, None).await.expect("they are read"), "what was listed is as old");
        assert!(view.list(&set).await.expect("a list").is_empty());
        assert!(view.is_as_new_as(&set, &version, None).await.expect("it is known"), "they were read for it");
        assert!(!view.is_as_new_as(&set, &later, None).await.expect("they are read"), "the set has changed since");
    }
}
