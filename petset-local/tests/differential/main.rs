//! The fake beside the real thing: the same story in `FakeWorld` and on a node, every answer and every list compared.
//!
//! `PETSET_SEED=<n>` tells the same stories again, `PETSET_FULL=1` tells 10,000 of them instead of 500.

mod pair;
mod side;
mod story;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use petset_local::node::{DnsPort, Node};
use petset_local::pods::{PodOptions, RestartBackoff};
use petset_testkit::seed::{self, Dice};

use pair::{Difference, compare};
use story::{Step, story};

/// A story mostly waits: for processes to start and to end.
const AT_ONCE: usize = 12;
const PATIENCE: Duration = Duration::from_secs(20);
/// When one story is told again and nothing else goes on.
const PATIENCE_AGAIN: Duration = Duration::from_secs(1);

async fn node(dir: &std::path::Path) -> Node {
    let mut options = PodOptions::default();
    options.namespaces = false;
    options.backoff = RestartBackoff::new(Duration::from_millis(20), Duration::from_millis(50));
    Node::builder(dir).pod_options(options).dns_port(DnsPort::Any).open().await.expect("a node opens")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_fake_and_the_node_tell_the_same_stories() {
    let seed = seed::from_env();
    let full = std::env::var_os("PETSET_FULL").is_some_and(|full| full == "1");
    let stories = if full { 10_000 } else { 500 };
    // In memory where that can be: what is asked of the disk here is right answers, and its crashes are tested elsewhere.
    let dir = tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a directory");
    let node = Arc::new(node(dir.path()).await);
    let next = Arc::new(AtomicUsize::new(0));
    let tell = |node: Arc<Node>, next: Arc<AtomicUsize>| async move {
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= stories {
                return None;
            }
            let steps = story(&mut Dice::of(seed, "story", number as u64));
            if let Err(difference) = compare(&node, format!("story-{number}"), &steps, PATIENCE).await {
                next.store(stories, Ordering::Relaxed);
                return Some((number, steps, difference));
            }
        }
    };
    let told = join_all((0..AT_ONCE).map(|_| tell(Arc::clone(&node), Arc::clone(&next)))).await;
    if let Some((number, steps, difference)) = told.into_iter().flatten().next() {
        let (steps, difference) = shortest(&node, number, steps, difference).await;
        let steps: Vec<String> = steps.iter().map(|step| format!("  {step:?}")).collect();
        panic!("PETSET_SEED={seed}, story {number}: after\n{}\n{}", steps.join("\n"), difference.what);
    }
}

/// The same difference with as few steps as leaving out one after the other shows.
async fn shortest(
    node: &Node,
    number: usize,
    mut steps: Vec<Step>,
    mut difference: Difference,
) -> (Vec<Step>, Difference) {
    steps.truncate(difference.step + 1);
    let mut without = 0;
    for attempt in 0.. {
        if without + 1 >= steps.len() {
            break;
        }
        let mut fewer = steps.clone();
        fewer.remove(without);
        match compare(node, format!("short-{number}-{attempt}"), &fewer, PATIENCE_AGAIN).await {
            Err(found) => {
                fewer.truncate(found.step + 1);
                (steps, difference) = (fewer, found);
            }
            Ok(()) => without += 1,
        }
    }
    (steps, difference)
}
