//! The cases of `PodBackend`.

mod check;
mod create;
mod delete;
mod end;
mod list;
mod mount;
mod run;
mod update;
mod watch;

use super::case::{Case, list_cases};
pub(super) use check::says_all;

pub(super) fn cases() -> Vec<Case> {
    list_cases![Pods:
        "check_names_every_refused_field" => check::names_every_refused_field,
        "check_names_every_refused_field__create_refuses_before_any_effect" => check::create_refuses,
        "check_accepts_what_create_runs" => check::accepts_what_create_runs,
        "check_accepts_what_create_runs__twice_the_same_answer" => check::twice_the_same,
        "list_shows_every_pod_of_the_name" => list::every_pod_of_the_name,
        "list_shows_every_pod_of_the_name__failed_ones" => list::failed_ones,
        "list_shows_every_pod_of_the_name__ended_ones" => list::ended_ones,
        "list_shows_every_pod_of_the_name__terminating_ones" => list::terminating_ones,
        "list_shows_no_other_set" => list::no_other_set,
        "list_shows_no_other_set__of_a_longer_name" => list::longer_name,
        "list_shows_no_other_set__of_another_namespace" [OtherNamespace] => list::other_namespace,
        "list_is_complete_or_an_error" => list::complete_or_an_error,
        "list_is_complete_or_an_error__other_sets_can_be_read" => list::others_can_be_read,
        "list_is_complete_or_an_error__of_nothing_is_empty" => list::of_nothing,
        "list_is_complete_or_an_error__many_at_once" => list::many_at_once,
        "list_sees_own_writes" => list::own_writes,
        "list_sees_own_writes__as_they_were_asked_for" => list::as_asked_for,
        "list_sees_own_writes__an_update" => list::an_update,
        "list_shows_a_pod_while_it_runs" => run::after_a_polite_end,
        "list_shows_a_pod_while_it_runs__that_ignores_the_signal" => run::after_a_hard_end,
        "list_shows_a_pod_while_it_runs__whose_name_is_taken_next" => run::before_the_next,
        "list_is_the_same_in_a_later_instance" [LaterInstance] => list::later_instance,
        "create_of_a_free_name_is_new" => create::free_name,
        "create_of_a_free_name_is_new__after_the_end_of_another" => create::after_the_end,
        "create_of_a_free_name_is_new__for_each_pet" => create::each_pet,
        "create_of_a_taken_name_changes_nothing" => create::taken_name,
        "create_of_a_taken_name_changes_nothing__by_another_owner" => create::taken_by_another_owner,
        "create_of_a_taken_name_changes_nothing__by_an_orphan" => create::taken_by_an_orphan,
        "create_of_a_taken_name_changes_nothing__while_it_terminates" => create::taken_while_terminating,
        "create_of_a_taken_name_changes_nothing__at_the_same_time" => create::at_the_same_time,
        "create_waits_for_no_readiness" => create::waits_for_no_readiness,
        "create_waits_for_no_readiness__which_comes_in_time" => create::readiness_comes,
        "create_waits_for_no_readiness__which_changes_the_version" => create::readiness_changes_the_version,
        "create_mounts_the_named_claims" [Volumes, Mounts] => mount::named_claims,
        "create_mounts_the_named_claims__whose_content_stays" [Volumes, Mounts] => mount::content_stays,
        "create_mounts_the_named_claims__of_its_own_pet" [Volumes, Mounts] => mount::own_pet,
        "create_mounts_the_named_claims__and_starts_nothing_without" [Volumes, Mounts, BindsBeforeUse] => mount::missing,
        "create_mounts_the_named_claims__and_starts_nothing_without_one_that_nobody_sees" [Volumes, Mounts, BindsBeforeUse] => mount::missing_and_unseen,
        "create_on_another_claim_is_a_conflict" [Volumes] => mount::another_claim,
        "create_on_another_claim_is_a_conflict__and_on_one_that_ends" [Volumes, Mounts] => mount::ending_claim,
        "create_on_another_claim_is_a_conflict__and_on_its_own_is_new" [Volumes] => mount::its_own_claim,
        "delete_of_a_gone_pod_is_already_gone" => delete::gone_pod,
        "delete_of_a_gone_pod_is_already_gone__of_a_name_that_never_was" => delete::never_was,
        "delete_of_another_incarnation_is_already_gone" => delete::another_incarnation,
        "delete_of_another_incarnation_is_already_gone__after_replacement" => delete::after_replacement,
        "delete_of_another_incarnation_is_already_gone__of_another_pet" => delete::another_pet,
        "delete_twice_is_once" => delete::twice,
        "delete_twice_is_once__and_never_longer" => delete::never_longer,
        "delete_with_an_old_version_is_a_conflict" => delete::old_version,
        "delete_with_an_old_version_is_a_conflict__after_a_change" => delete::version_after_a_change,
        "delete_with_an_old_version_is_a_conflict__and_the_newest_is_not" => delete::newest_version,
        "delete_lets_the_pod_end_politely" => end::politely,
        "delete_lets_the_pod_end_politely__and_hard_after_the_grace_period" => end::hard,
        "delete_lets_the_pod_end_politely__within_its_own_grace_period" => end::own_grace,
        "delete_lets_the_pod_end_politely__hearing_its_last_words" [Volumes, Mounts] => end::last_words,
        "delete_lets_the_pod_end_politely__also_before_it_is_ready" => end::before_ready,
        "delete_lets_the_pod_end_politely__and_no_other_pet" => end::no_other_pet,
        "update_changes_only_what_is_named" => update::only_what_is_named,
        "update_changes_only_what_is_named__the_owner" => update::owner,
        "update_changes_only_what_is_named__removing_what_is_not_there" => update::removing_nothing,
        "update_changes_only_what_is_named__giving_a_new_version" => update::new_version,
        "update_with_an_old_version_is_a_conflict" => update::old_version,
        "update_of_another_incarnation_is_not_found" => update::another_incarnation,
        "update_of_another_incarnation_is_not_found__after_its_end" => update::after_its_end,
        "watch_hints_at_every_change" => watch::every_change,
        "watch_hints_at_every_change__of_readiness" => watch::readiness,
        "watch_hints_at_every_change__of_a_failure" => watch::a_failure,
        "watch_hints_at_every_change__of_the_end" => watch::the_end,
        "watch_hints_at_every_change__to_every_watcher" => watch::every_watcher,
    ]
}
