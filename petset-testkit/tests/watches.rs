//! The fake's watches: where they begin, how far a reader may fall behind, and how they break.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use futures::{FutureExt, StreamExt};
use petset_core::SetUid;
use petset_core::backend::{Hints, PodBackend, VolumeProvisioner, WatchEvent, WatchStream};
use petset_core::store::SetStore;
use petset_core::{Clock, SetKey};
use petset_testkit::fixtures::{claim_requests, key, pod_request, set};
use petset_testkit::{FakePods, FakeStore, FakeVolumes, FakeWorld, WatchStart};

/// One watch of each source, each of a handle that has neither listed nor watched before.
fn watches(world: &FakeWorld) -> [WatchStream; 3] {
    Handles::of(world).watches()
}

/// What one controller holds.
struct Handles {
    pods: FakePods,
    volumes: FakeVolumes,
    store: FakeStore,
}

impl Handles {
    fn of(world: &FakeWorld) -> Self {
        Self { pods: world.pods(), volumes: world.volumes(), store: world.store() }
    }

    /// One of each source.
    fn watches(&self) -> [WatchStream; 3] {
        [self.pods.watch(), self.volumes.watch(), self.store.watch()]
    }

    /// Lists of each source.
    async fn look(&self, set: &SetKey) {
        self.pods.list(set).await.unwrap();
        self.volumes.list(set).await.unwrap();
        self.store.list().await.unwrap();
    }

    /// What each new watch has to tell at once.
    fn read(&self) -> [Vec<Option<WatchEvent>>; 3] {
        self.watches().each_mut().map(read)
    }
}

/// Everything that can be read now; `None` at the end says that the stream ended.
fn read(hints: &mut WatchStream) -> Vec<Option<WatchEvent>> {
    let mut seen = Vec::new();
    while seen.last() != Some(&None)
        && let Some(hint) = tokio::task::unconstrained(hints.next()).now_or_never()
    {
        seen.push(hint);
    }
    seen
}

fn changed(name: &str) -> WatchEvent {
    WatchEvent::Changed(key(name))
}

/// A change that each source hints at.
async fn touch(world: &FakeWorld, name: &str) {
    let of_name = set(name).claim("www").build();
    world.volumes().provision(claim_requests(&of_name, 0).remove(0)).await.unwrap();
    world.foreign_pod(&key(name), 0, None);
    world.store().create(of_name, world.clock().now()).await.unwrap();
}

#[tokio::test]
async fn every_watch_ends_with_what_was_not_read() {
    let world = FakeWorld::new();
    let mut open = watches(&world);
    touch(&world, "web").await;
    world.interrupt_watches();
    assert_eq!(open.each_mut().map(read), [vec![None], vec![None], vec![None]]);
    let mut again = watches(&world);
    touch(&world, "db").await;
    assert!(
        again
            .each_mut()
            .map(read)
            .iter()
            .all(|seen| !seen.is_empty() && seen.iter().all(|hint| *hint == Some(changed("db"))))
    );
}

#[tokio::test]
async fn a_reader_that_waits_hears_of_the_end() {
    let world = FakeWorld::new();
    for mut hints in watches(&world) {
        let (world, reader) = (world.clone(), tokio::spawn(async move { hints.next().await }));
        tokio::task::yield_now().await;
        world.interrupt_watches();
        assert_eq!(reader.await.unwrap(), None);
    }
}

#[tokio::test]
async fn compaction_forgets_what_was_not_read_and_says_so() {
    let world = FakeWorld::new();
    let mut open = watches(&world);
    touch(&world, "web").await;
    world.compact_watches();
    let gap = || vec![Some(WatchEvent::Gap)];
    assert_eq!(open.each_mut().map(read), [gap(), gap(), gap()]);
    touch(&world, "db").await;
    assert!(open.each_mut().map(read).iter().all(|seen| seen.contains(&Some(changed("db")))));
}

#[tokio::test]
async fn who_falls_too_far_behind_is_told_of_a_gap() {
    let world = FakeWorld::new();
    world.set_watch_buffer(2);
    let mut hints = world.volumes().watch();
    let names = ["a", "b", "c"].map(|name| set(name).claim("www").build());
    for (of_name, expected) in names.iter().zip([1, 2, 3]) {
        world.volumes().provision(claim_requests(of_name, 0).remove(0)).await.unwrap();
        let mut other = world.volumes().watch();
        assert_eq!(read(&mut other), [], "from the call on, and {expected} were before");
    }
    assert_eq!(read(&mut hints), [Some(WatchEvent::Gap)]);
    world.remove_claim(&key("a"), "www", 0);
    world.remove_claim(&key("b"), "www", 0);
    assert_eq!(read(&mut hints), [Some(changed("a")), Some(changed("b"))], "two are not too many");
}

#[tokio::test]
async fn a_watch_begins_with_its_call() {
    let world = FakeWorld::new();
    let handles = Handles::of(&world);
    handles.look(&key("web")).await;
    touch(&world, "web").await;
    assert!(handles.read().iter().all(Vec::is_empty), "who looks first misses what is between");
}

/// Hints of these sets, in this order, each of them as often as the source says so.
fn tells(seen: &[Option<WatchEvent>], names: &[&str]) -> bool {
    let mut seen = seen.to_vec();
    seen.dedup();
    seen == names.iter().map(|name| Some(changed(name))).collect::<Vec<_>>()
}

#[tokio::test]
async fn a_watch_that_begins_with_its_list_misses_nothing_or_says_so() {
    let world = FakeWorld::new();
    world.set_watch_start(WatchStart::List);
    touch(&world, "before").await;
    let handles = Handles::of(&world);
    handles.look(&key("web")).await;
    touch(&world, "web").await;
    handles.look(&key("web")).await;
    for seen in handles.read() {
        assert!(tells(&seen, &["web"]), "{seen:?}");
    }
    assert!(handles.read().iter().all(Vec::is_empty), "all of it was told");
    assert!(watches(&world).each_mut().map(read).iter().all(Vec::is_empty), "others begin with their own call");

    for _ in 0..=Hints::CAPACITY {
        world.set_annotation(&key("web"), 0, "note", "x");
    }
    assert_eq!(read(&mut handles.pods.watch()), [Some(WatchEvent::Gap)], "it is too old to go on from");
    world.set_annotation(&key("web"), 0, "note", "y");
    assert_eq!(read(&mut handles.pods.clone().watch()), [Some(changed("web"))], "a clone goes on");
}

#[tokio::test]
async fn nobody_takes_the_list_of_another() {
    let world = FakeWorld::new();
    world.set_watch_start(WatchStart::List);
    let (one, other) = (Handles::of(&world), Handles::of(&world));
    one.look(&key("web")).await;
    touch(&world, "a").await;
    other.look(&key("web")).await;
    touch(&world, "b").await;
    for (other, one) in other.read().iter().zip(one.read()) {
        assert!(tells(other, &["b"]), "{other:?}");
        assert!(tells(&one, &["a", "b"]), "{one:?}");
    }
}

#[tokio::test]
async fn a_list_from_before_a_compaction_is_too_old() {
    let world = FakeWorld::new();
    world.set_watch_start(WatchStart::List);
    let handles = Handles::of(&world);
    handles.look(&key("web")).await;
    world.compact_watches();
    assert!(handles.read().iter().all(Vec::is_empty), "there was nothing to forget");
    touch(&world, "web").await;
    world.compact_watches();
    touch(&world, "db").await;
    let gap = || vec![Some(WatchEvent::Gap)];
    assert_eq!(handles.read(), [gap(), gap(), gap()]);
}

#[tokio::test]
async fn a_connection_that_breaks_costs_nothing_where_watches_go_on() {
    let world = FakeWorld::new();
    world.set_watch_start(WatchStart::List);
    let handles = Handles::of(&world);
    handles.look(&key("web")).await;
    touch(&world, "a").await;
    world.interrupt_watches();
    let mut open = handles.watches();
    for seen in open.each_mut().map(read) {
        assert!(tells(&seen, &["a"]), "{seen:?}");
    }
    touch(&world, "b").await;
    world.interrupt_watches();
    assert_eq!(open.each_mut().map(read), [vec![None], vec![None], vec![None]]);
    touch(&world, "c").await;
    for seen in handles.read() {
        assert!(tells(&seen, &["b", "c"]), "{seen:?}");
    }
}

#[tokio::test]
async fn damage_stays_until_it_is_mended() {
    let (world, web) = (FakeWorld::new(), set("web").claim("www").build());
    world.volumes().provision(claim_requests(&web, 0).remove(0)).await.unwrap();
    world.pods().create(pod_request(&web, &SetUid::from("life-1"), 0)).await.unwrap();
    world.damage_pods(&web.key());
    world.damage_claims(&web.key());
    for _ in 0..2 {
        assert!(world.pods().list(&web.key()).await.is_err());
        assert!(world.volumes().list(&web.key()).await.is_err());
        assert!(world.pods().list(&key("db")).await.is_ok());
        assert!(world.volumes().list(&key("db")).await.is_ok());
    }
    world.mend();
    assert_eq!(world.pods().list(&web.key()).await.unwrap().len(), 1);
    assert_eq!(world.volumes().list(&web.key()).await.unwrap().len(), 1);
}
