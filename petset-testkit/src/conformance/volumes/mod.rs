//! The cases of `VolumeProvisioner`.

mod change;
mod check;
mod delete;
mod list;
mod provision;
mod support;
mod watch;

use super::case::{Case, list_cases};

pub(super) fn cases() -> Vec<Case> {
    list_cases![Volumes:
        "check_claim_names_every_refused_field" => check::names_every_refused_field,
        "check_claim_names_every_refused_field__and_nothing_of_what_is_served" => check::accepts_what_is_served,
        "list_claims_shows_every_identity" => list::every_identity,
        "list_claims_shows_every_identity__pending_ones" => list::pending_ones,
        "list_claims_shows_every_identity__lost_ones" [BindsBeforeUse] => list::lost_ones,
        "list_claims_shows_every_identity__of_this_set_only" => list::this_set_only,
        "list_claims_shows_every_identity__of_this_namespace_only" [OtherNamespace] => list::this_namespace_only,
        "list_claims_is_complete_or_an_error" => list::complete_or_an_error,
        "list_claims_is_complete_or_an_error__of_nothing_is_empty" => list::of_nothing,
        "list_claims_is_the_same_in_a_later_instance" [LaterInstance] => list::later_instance,
        "provision_of_a_new_claim_is_new" => provision::new_claim,
        "provision_of_a_new_claim_is_new__with_its_owner" => provision::with_its_owner,
        "provision_of_a_new_claim_is_new__with_a_volume_of_its_own" [BindsBeforeUse] => provision::own_volume,
        "provision_of_a_known_claim_changes_nothing" => provision::known_claim,
        "provision_of_a_known_claim_changes_nothing__when_its_volume_is_lost" [BindsBeforeUse] => provision::lost_claim,
        "provision_of_a_known_claim_changes_nothing__at_the_same_time" => provision::at_the_same_time,
        "provision_without_a_match_is_pending" => provision::without_a_match,
        "provision_refuses_a_foreign_name" => provision::foreign_name,
        "change_claim_of_another_life_is_not_found" => change::another_life,
        "change_claim_of_another_life_is_not_found__after_its_end" => change::after_its_end,
        "change_claim_of_another_life_is_not_found__and_of_this_one_is_done" => change::this_life,
        "grow_keeps_the_content" [Grow, BindsBeforeUse] => change::grow,
        "grow_keeps_the_content__of_files" [Pods, Mounts, Grow] => change::grow_with_files,
        "grow_keeps_the_content__and_never_shrinks" [Grow, BindsBeforeUse] => change::never_shrinks,
        "grow_is_refused_where_it_cannot_be" [NoGrow] => change::never_grows,
        "delete_claim_of_another_life_is_already_gone" => delete::another_life,
        "delete_claim_of_another_life_is_already_gone__after_a_new_life" => delete::after_a_new_life,
        "delete_claim_of_another_life_is_already_gone__of_the_unknown" => delete::unknown,
        "delete_claim_in_use_waits" [Pods, Mounts] => delete::in_use,
        "delete_claim_in_use_waits__twice" [Pods, Mounts] => delete::in_use_twice,
        "delete_claim_in_use_waits__and_of_nobody_does_not" => delete::of_nobody,
        "watch_claims_hints_at_every_change" => watch::every_change,
        "watch_claims_hints_at_every_change__of_a_binding" [BindsBeforeUse] => watch::a_binding,
        "watch_claims_hints_at_every_change__of_a_binding_that_waited" [BindsBeforeUse] => watch::a_late_binding,
        "watch_claims_hints_at_every_change__of_a_loss" [BindsBeforeUse, TellsLosses] => watch::a_loss,
        "watch_claims_hints_at_every_change__of_the_end" => watch::the_end,
        "watch_claims_hints_at_every_change__of_the_end_after_its_pod" [Pods, Mounts] => watch::the_end_after_its_pod,
    ]
}
