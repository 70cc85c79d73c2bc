//! Kubernetes' own `StatefulSet`s with our controller in the place of `kube-controller-manager`'s: what its tests ask, asked
//! through a real API server with the real `kubectl`; a stand-in kubelet runs the pods. `docs/statefulsets.md` has the
//! table of all rows.

#[path = "../common/account.rs"]
mod account;
mod conformity;
mod failures;
mod handover;
#[path = "../common/harness.rs"]
mod harness;
mod identity;
mod lifecycle;
mod memory;
#[path = "../common/observer.rs"]
mod observer;
mod person;
mod refusals;
mod revisions;
mod rollout;
mod scaling;
#[path = "../common/slow.rs"]
mod slow;
#[path = "../common/terminal.rs"]
mod terminal;
#[path = "../common/way.rs"]
mod way;
#[path = "../common/world.rs"]
mod world;

use std::process::ExitCode;

use harness::{Error, trial};
use libtest_mimic::Trial;
use petset_kube::envtest::Controllers;

/// Kubernetes' own, for what follows from owners. Its controller of sets works in none of these tests but in those about it.
const CONTROLLERS: Option<&[&str]> = Some(&["endpoint", "garbagecollector"]);

fn trials() -> Vec<Trial> {
    vec![
        trial("e2e_basic_identity", identity::basic),
        trial("integration_pod_subdomain", identity::subdomain),
        trial("unit_claim_labels_are_the_selectors", identity::claim_labels),
        trial("unit_creates_pods_whose_config_is_missing", identity::missing_config),
        trial("e2e_scaling_is_ordered_and_halts_at_an_unhealthy_pod", scaling::ordered),
        trial("e2e_burst_scaling_completes_with_unhealthy_pods", scaling::burst),
        trial("e2e_scale_subresource", scaling::scale),
        trial("integration_spec_replicas_change", scaling::replicas),
        trial("integration_deleting_and_terminating_pods", scaling::terminating),
        trial("unit_terminating_first_pod_blocks_scaling", scaling::blocked),
        trial("unit_parallel_scale_in_the_large", scaling::large),
        trial("e2e_predecessor_that_fails_is_no_deadlock", scaling::predecessor),
        trial("e2e_rolling_update_and_roll_back_with_claims", rollout::rolling),
        trial("unit_rollout_with_scaling_in_order", rollout::scaled_in_order),
        trial("unit_rollout_with_scaling_in_parallel", rollout::scaled_in_parallel),
        trial("e2e_canary_and_phased_update", rollout::canary),
        trial("integration_failed_pod_below_the_partition_comes_back_old", rollout::partition_keeps),
        trial("e2e_on_delete", rollout::on_delete),
        trial("kubectl_rollout_status_history_undo_l5", rollout::kubectl),
        trial("unit_history_is_limited", revisions::limited),
        trial("unit_orphaned_revisions_are_adopted", revisions::adopted),
        trial("unit_of_two_revisions_of_one_number_the_later_is_newer", revisions::tie),
        trial("unit_revision_has_kubernetes_form", revisions::form),
        trial("e2e_adopts_orphans_and_releases_what_does_not_match_s12", lifecycle::adoption),
        trial("unit_labels_of_identity_come_back", lifecycle::labels),
        trial("e2e_recreates_an_evicted_pod", lifecycle::evicted),
        trial("e2e_lists_patches_and_deletes_a_collection", lifecycle::collection),
        trial("e2e_status_endpoints_keep_conditions_of_others", lifecycle::status),
        trial("unit_deletion_background_foreground_orphan", lifecycle::deletion),
        trial("unit_set_that_is_marked_as_deleted_adopts_nothing", lifecycle::race),
        trial("unit_ended_pod_whose_deletion_is_refused", failures::replacement),
        trial("unit_creation_of_a_pod_is_refused", failures::creation),
        trial("unit_update_of_a_pod_is_refused", failures::identity),
        trial("unit_update_of_the_status_is_refused", failures::status),
        trial("unit_deletion_at_a_scale_down_is_refused", failures::scale_down),
        trial("unit_deletion_at_a_rollout_is_refused", failures::rollout),
        trial("integration_status_of_a_set_whose_pods_are_refused", failures::quota),
        trial("difference_a_missing_claim_is_reported_s7", memory::missing_claim),
        trial("s7_each_claim_that_is_lost_is_given_up", memory::two_claims),
        trial("s7_s19_a_set_that_is_replaced_is_remembered", memory::replaced),
        trial("s17_a_claim_that_is_there_is_not_lost", memory::still_there),
        trial("s12_a_set_whose_memory_is_taken_off_begins_anew", memory::forgotten),
        trial("s19_the_memory_of_a_large_set_fits", memory::large),
        trial("integration_volume_templates_noop_update", conformity::noop_update),
        trial("unit_nothing_to_do_writes_nothing_s17", conformity::quiet),
        trial("unit_two_sets_of_both_kinds_share_a_cluster", conformity::both_kinds),
        trial("handover_from_kubernetes_and_back", handover::there_and_back),
    ]
}

fn main() -> ExitCode {
    harness::run((!Controllers::are_there()).then_some("no kube-controller-manager"), trials())
}
