//! One read for all who ask at the same time.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// Reads by key. Whoever asks gets the answer to a read that began after the question, and so never an old one; those who
/// ask while a read is under way share the next.
#[derive(Debug)]
pub(crate) struct Together<K, T>(Mutex<BTreeMap<K, Arc<Reads<T>>>>);

#[derive(Debug)]
struct Reads<T> {
    begun: AtomicU64,
    /// The last one that was answered, and its number.
    last: tokio::sync::Mutex<Option<(u64, Arc<T>)>>,
}

impl<K, T> Default for Together<K, T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Ord + Clone + Send + Sync, T: Send + Sync> Together<K, T> {
    /// The answer to `read`, or to another one of the same key that began after this was called.
    pub(crate) async fn read<E: Send>(
        &self,
        key: &K,
        read: impl Future<Output = Result<T, E>> + Send,
    ) -> Result<Arc<T>, E> {
        let reads = self.reads(key);
        let asked = reads.begun.load(Ordering::SeqCst);
        let mut last = reads.last.lock().await;
        if let Some((_, answer)) = last.as_ref().filter(|(number, _)| *number > asked) {
            return Ok(Arc::clone(answer));
        }
        let number = reads.begun.fetch_add(1, Ordering::SeqCst) + 1;
        let answer = Arc::new(read.await?);
        *last = Some((number, Arc::clone(&answer)));
        Ok(answer)
    }

    fn reads(&self, key: &K) -> Arc<Reads<T>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that nobody asks now have nothing that anybody may be told.
        all.retain(|_, reads| Arc::strong_count(reads) > 1);
        let new = || Arc::new(Reads { begun: AtomicU64::new(0), last: tokio::sync::Mutex::new(None) });
        Arc::clone(all.entry(key.clone()).or_insert_with(new))
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use tokio::sync::oneshot;

    use super::*;

    #[tokio::test]
    async fn s2_those_who_ask_meanwhile_share_the_next_read_and_never_one_that_began_before() {
        let reads = Together::<&str, u32>::default();
        let begun = AtomicU64::new(0);
        let (go, gate) = oneshot::channel::<()>();
        let first = reads.read(&"web", async {
            begun.fetch_add(1, Ordering::SeqCst);
            gate.await.expect("it is opened");
            Ok::<_, Infallible>(1)
        });
        let later = || {
            reads.read(&"web", async {
                begun.fetch_add(1, Ordering::SeqCst);
                Ok::<_, Infallible>(2)
            })
        };
        let open = async { go.send(()).expect("somebody waits") };
        let (first, second, third, ()) = tokio::join!(first, later(), later(), open);
        assert_eq!((first, second, third), (Ok(1.into()), Ok(2.into()), Ok(2.into())));
        assert_eq!(begun.load(Ordering::SeqCst), 2);
        assert_eq!(later().await, Ok(2.into()));
        assert_eq!(begun.load(Ordering::SeqCst), 3, "nothing is kept for later");
    }

    #[tokio::test]
    async fn a_read_that_failed_is_nobody_elses_answer() {
        let reads = Together::<&str, u32>::default();
        let (failed, answered) =
            tokio::join!(reads.read(&"web", async { Err("no") }), reads.read(&"web", async { Ok::<_, &str>(1) }));
        assert_eq!((failed, answered), (Err("no"), Ok(1.into())));
    }
}
