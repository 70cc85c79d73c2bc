//! The cases of `SetStore`.

mod later;
mod lives;
mod objects;
mod revisions;
mod sets;
mod status;
mod support;
mod watch;

use super::case::{Case, list_cases};

pub(super) fn cases() -> Vec<Case> {
    list_cases![Store:
        "store_lists_every_set_in_order" => sets::in_order,
        "store_gone_tells_the_lives_of_removed_sets" [FormerLives] => lives::of_a_removed_set,
        "store_gone_tells_the_lives_of_removed_sets__until_it_is_created_anew" [FormerLives] => lives::until_created_anew,
        "store_get_sees_own_writes" => sets::own_writes,
        "store_get_sees_own_writes__each_with_a_new_version" => sets::new_versions,
        "store_get_is_the_same_in_a_later_instance" [LaterInstance] => later::every_thing,
        "store_create_of_a_taken_key_already_exists" => sets::taken_key,
        "store_create_of_a_taken_key_already_exists__at_the_same_time" => sets::racing_creates,
        "store_create_gives_a_fresh_uid" => sets::fresh_uid,
        "store_update_of_an_old_version_is_a_conflict" => sets::old_version,
        "store_update_of_an_old_version_is_a_conflict__and_of_another_set_is_invalid" => sets::another_set,
        "store_update_keeps_status_and_uid" => sets::keeps_status_and_uid,
        "store_update_counts_generations_of_the_spec_only" => sets::generations,
        "store_writes_of_what_is_there_change_nothing" => sets::what_is_there,
        "store_writes_of_an_unknown_set_are_not_found" => sets::unknown_set,
        "store_mark_deleted_keeps_the_first_mark" => status::first_mark,
        "store_mark_deleted_keeps_the_first_mark__but_orphans_win" => status::orphans_win,
        "store_status_of_an_old_version_is_a_conflict" => status::old_version,
        "store_status_of_an_old_version_is_a_conflict__for_all_but_one_at_once" => status::racing,
        "store_remove_of_an_old_version_is_a_conflict" => status::remove_old_version,
        "store_remove_needs_the_mark" => status::remove_needs_the_mark,
        "store_remove_takes_the_revisions_along" => revisions::removed_along,
        "store_revisions_of_another_life_are_not_shown" => revisions::another_life,
        "store_revisions_of_another_life_are_not_shown__after_a_new_one" => revisions::next_life,
        "store_put_revision_renumbers_a_known_one" => revisions::renumbered,
        "store_delete_revision_of_the_unknown_is_fine" => revisions::delete_unknown,
        "store_objects_are_those_of_the_namespace" [OtherNamespace] => objects::of_the_namespace,
        "store_objects_are_those_of_the_namespace__in_their_order" => objects::in_order,
        "store_put_object_replaces_its_namesake" => objects::replaced,
        "store_put_object_replaces_its_namesake__of_the_same_kind_only" => objects::replaced_of_its_kind,
        "store_delete_object_says_whether_it_was_there" => objects::was_there,
        "store_watch_hints_at_every_change" => watch::every_change,
        "store_watch_hints_at_every_change__of_an_object" => watch::objects,
        "store_watch_hints_at_every_change__or_tells_of_a_gap" => watch::gap,
    ]
}
