//! What a person must be able to do, with the real `kubectl` against a real API server; a stand-in kubelet runs the pods.

#[path = "../common/account.rs"]
mod account;
mod crowd;
#[path = "../common/harness.rs"]
mod harness;
#[path = "../common/observer.rs"]
mod observer;
mod peers;
mod person;
mod rollout;
mod scale;
mod steps;
#[path = "../common/terminal.rs"]
mod terminal;
mod typed;
#[path = "../common/world.rs"]
mod world;

use std::process::ExitCode;

use harness::{Error, trial};
use libtest_mimic::Trial;

/// Kubernetes' own, for what follows from pods and owners, and for what scales sets.
const CONTROLLERS: Option<&[&str]> = Some(&["endpoint", "garbagecollector", "horizontalpodautoscaling"]);

fn trials() -> Vec<Trial> {
    vec![
        trial("w1_identity_s8", steps::identity),
        trial("w2_peers_s8", peers::peers),
        trial("w3_scaling_s8_s9", steps::scaling),
        trial("w3_scale_subresource", scale::subresource),
        trial("w3_horizontal_pod_autoscaler", scale::autoscaler),
        trial("w4_upgrade_on_delete", steps::on_delete),
        trial("w4_upgrade_partition_s11", steps::partition),
        trial("w4_upgrade_broken_template_heals_l2", steps::broken_template),
        trial("w4_rollout_status_history_undo_restart_l5", rollout::commands),
        trial("w4_containers_of_one_name_are_refused", rollout::twins),
        trial("w5_deletion_ordered_s9", steps::ordered_deletion),
        trial("w5_deletion_ordered_after_a_lost_finalizer_s9", steps::lost_finalizer),
        trial("w5_deletion_in_the_foreground_s6", steps::foreground_deletion),
        trial("w5_deletion_orphan_and_adoption", steps::orphans),
        trial("w5_deletion_orphan_and_one_history_l5", steps::orphaned_revisions),
        trial("w5_revisions_that_are_taken_s12_l2", steps::taken_revisions),
        trial("w5_deletion_of_a_claim_in_use_waits", steps::claim_in_use),
        trial("w6_pause", steps::pause),
        trial("w9_parallel", crowd::parallel),
        trial("w10_two_controllers_s1_s8_s10", crowd::two_controllers),
        trial("embedder_makes_and_reads_sets_by_type", typed::sets),
    ]
}

fn main() -> ExitCode {
    harness::run(None, trials())
}
