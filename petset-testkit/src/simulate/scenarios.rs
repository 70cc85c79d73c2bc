//! The scenarios, after the walkthroughs of the book.

use petset_core::INITIALIZED;
use petset_core::store::Cascade;

use super::scenario::Scenario;
use crate::fixtures::{SetBuilder, set};

fn web(replicas: i32) -> SetBuilder {
    set("web").replicas(replicas).claim("www").image("one:1")
}

/// The walkthroughs and troubles, with as many pets as people have there.
pub fn all() -> Vec<Scenario> {
    [walkthroughs(), troubles()].concat()
}

/// The walkthroughs once more, with so few pets that every pair of faults at every write can be tried.
pub fn shapes() -> Vec<Scenario> {
    vec![
        Scenario::new("w1-shape", "a pet comes up, is killed, and comes back").declare(web(1)).goal().kill_all("web"),
        Scenario::new("w2-shape", "a pet that is looked up falls ill, and a port is added")
            .service("web", &[("http", 80)])
            .declare(web(1))
            .goal()
            .flap("web", 0)
            .service("web", &[("http", 80), ("peer", 7000)]),
        Scenario::new("w3-shape", "1, 2 and 1 pets").declare(web(1)).goal().scale("web", 2).goal().scale("web", 1),
        Scenario::new("w4-shape", "a new template").declare(web(1)).goal().image("web", "two:1"),
        Scenario::new("w5-shape", "ordered deletion, and a new life that finds the volume")
            .declare(web(1))
            .goal()
            .delete("web", Cascade::Ordered)
            .gone("web")
            .declare(web(1)),
        Scenario::new("w6-shape", "a pet waits for its sign, and so does the next")
            .declare(set("web").replicas(2).image("init:1").pod_annotation(INITIALIZED, "false")),
        Scenario::new("w9-shape", "two at once, then another template for both at once")
            .declare(set("web").replicas(2).parallel().max_unavailable(2).image("one:1"))
            .goal()
            .image("web", "two:1"),
        Scenario::new("w10-shape", "two controllers without a lease roll one pet")
            .controllers(2)
            .declare(set("web").replicas(1).image("one:1"))
            .goal()
            .image("web", "two:1"),
    ]
}

fn walkthroughs() -> Vec<Scenario> {
    vec![
        Scenario::new("w1-identity", "two pets come up; all pods are killed at once, and come back as they were")
            .declare(web(2))
            .goal()
            .kill_all("web")
            .goal(),
        Scenario::new("w2-peers", "pets that look each other up: they come, fall ill and go, and a port is added")
            .service("web", &[("http", 80)])
            .declare(web(2))
            .goal()
            .flap("web", 1)
            .scale("web", 3)
            .goal()
            .fail("web", 0)
            .service("web", &[("http", 80), ("peer", 7000)])
            .goal()
            .scale("web", 2),
        Scenario::new("w3-scaling", "1, 3, 2 and 3 pets, one at a time")
            .declare(web(1))
            .goal()
            .scale("web", 3)
            .goal()
            .scale("web", 2)
            .goal()
            .scale("web", 3),
        Scenario::new("w4-on-delete", "a new template, which each pet takes when its pod is deleted")
            .declare(web(3).on_delete())
            .goal()
            .image("web", "two:1")
            .wait(30)
            .delete_pod("web", 1)
            .goal()
            .delete_pod("web", 0),
        Scenario::new("w4-partition", "a rollout down to a partition, a lost pod on each side, then all of it")
            .declare(web(3).partition(2))
            .goal()
            .image("web", "two:1")
            .goal()
            .fail("web", 0)
            .fail("web", 2)
            .goal()
            .partition("web", 0),
        Scenario::new("w4-broken", "a template that never becomes ready stops at one pet, and its revert heals it")
            .declare(web(3))
            .goal()
            .image("web", "bad:1")
            .wait(120)
            .image("web", "one:1"),
        Scenario::new("w5-delete", "ordered deletion, volumes kept, and a new life that finds them")
            .declare(web(3))
            .goal()
            .delete("web", Cascade::Ordered)
            .gone("web")
            .declare(web(2)),
        Scenario::new("w5-orphan", "the set goes, its pods stay, and a new life adopts them")
            .declare(web(3))
            .goal()
            .delete("web", Cascade::Orphan)
            .gone("web")
            .wait(10)
            .declare(web(3)),
        Scenario::new("w6-pause", "each pet waits for its sign before the next")
            .declare(web(3).image("init:1").pod_annotation(INITIALIZED, "false"))
            .goal()
            .scale("web", 4),
        Scenario::new("w9-parallel", "eight at once, then three, then another template two at a time")
            .declare(set("web").replicas(8).parallel().max_unavailable(2).image("one:1"))
            .goal()
            .scale("web", 3)
            .goal()
            .image("web", "two:1"),
        Scenario::new("w10-two-controllers", "two controllers without a lease roll out and scale")
            .controllers(2)
            .declare(web(2))
            .goal()
            .image("web", "two:1")
            .scale("web", 1)
            .goal()
            .scale("web", 2),
        Scenario::new("w10-crash", "the controller dies in the middle of a rollout and of a scale-down")
            .declare(web(3))
            .goal()
            .image("web", "two:1")
            .wait(2)
            .crash()
            .wait(3)
            .scale("web", 1)
            .crash(),
    ]
}

fn troubles() -> Vec<Scenario> {
    vec![
        Scenario::new("failed-pods", "programs that end by themselves are replaced, sick ones are not rolled over")
            .declare(web(2).image("frail:1"))
            .goal()
            .fail("web", 0)
            .flap("web", 1)
            .image("web", "two:1"),
        Scenario::new(
            "retention",
            "claims go with pets that are scaled away, and a set that is deleted takes the rest",
        )
        .declare(web(2))
        .goal()
        .declare(web(2).delete_claims_when_scaled().delete_claims_when_deleted())
        .goal()
        .scale("web", 1)
        .goal()
        .scale("web", 2)
        .goal()
        .delete("web", Cascade::Ordered),
        Scenario::new("retention-recalled", "claims that were to go with their set are to stay")
            .declare(web(2).delete_claims_when_deleted())
            .goal()
            .declare(web(2))
            .goal()
            .delete("web", Cascade::Ordered),
        Scenario::new(
            "lost-volume",
            "claims are lost: one pet may start empty, one is given others under the same name",
        )
        .declare(web(2))
        .goal()
        .lose_claims("web", 1)
        .wait(20)
        .allow_empty("web", 1)
        .goal()
        .lose_claims("web", 0)
        .wait(20)
        .restore_claims("web", 0)
        .wait(20)
        .accept_claims("web", 0),
        Scenario::new("history", "more templates than are kept, and a return to the first")
            .declare(set("web").replicas(1).revision_history_limit(1).image("one:1"))
            .goal()
            .image("web", "two:1")
            .goal()
            .image("web", "three:1")
            .goal()
            .image("web", "one:1"),
        Scenario::new("many-sets", "four sets that are changed at the same time, one of which never comes up")
            .declare(set("db").replicas(2).claim("data").image("slow:1"))
            .declare(set("mq").replicas(2).parallel().image("stubborn:1"))
            .declare(set("sick").replicas(1).image("bad:1"))
            .declare(web(1))
            .wait(20)
            .scale("web", 2)
            .image("mq", "two:1")
            .wait(10)
            .delete("sick", Cascade::Ordered)
            .scale("db", 1),
    ]
}

/// The one of this name.
pub fn named(name: &str) -> Option<Scenario> {
    all().into_iter().chain(shapes()).find(|scenario| scenario.name == name)
}
