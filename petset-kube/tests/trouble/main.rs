//! What is wrong is told where people look: in the conditions of a set and in its Events. It is tried again at a bounded
//! pace, other sets go on, and all is well when the cause is gone.

#[path = "../common/account.rs"]
mod account;
#[path = "../common/etcd.rs"]
mod etcd;
#[path = "../common/harness.rs"]
mod harness;
mod place;
mod stories;
#[path = "../common/world.rs"]
mod world;

use std::process::ExitCode;

use harness::{Error, trial};
use libtest_mimic::Trial;

/// Nothing beside the server and the stand-in kubelet.
const CONTROLLERS: Option<&[&str]> = None;

fn trials() -> Vec<Trial> {
    vec![
        trial("kube_events_tell_the_life_of_a_set", stories::life),
        trial("kube_trouble_invalid_set_s15", stories::invalid),
        trial("kube_trouble_set_that_becomes_invalid_s15", stories::becomes_invalid),
        trial("kube_trouble_fields_that_the_server_leaves_out", stories::left_out),
        trial("kube_trouble_forbidden_verb_s18", stories::forbidden),
        trial("kube_trouble_quota_s18", stories::quota),
        trial("kube_trouble_unbound_claim", stories::unbound_claim),
        trial("kube_trouble_claim_that_does_not_go", stories::stuck_claim),
        trial("kube_trouble_namespace_that_ends", stories::ending_namespace),
        trial("kube_trouble_missing_namespace", stories::missing_namespace),
        trial("kube_trouble_full_etcd_s18", stories::full_etcd),
    ]
}

fn main() -> ExitCode {
    harness::run(None, trials())
}
