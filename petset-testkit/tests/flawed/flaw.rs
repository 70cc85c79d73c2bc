//! [`Flaw`]: one way to be wrong, and the case that tells.

use petset_testkit::conformance::Part::{self, Names, Pods, Store, Volumes};

macro_rules! flaws {
    ($($(#[$doc:meta])+ $name:ident => $part:ident $case:literal,)+) => {
        /// One way to be wrong.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum Flaw {
            $($(#[$doc])+ $name,)+
        }

        impl Flaw {
            /// Each with the case that must fail; others may fail too.
            pub(crate) const ALL: &[(Self, Part, &'static str)] = &[$((Self::$name, $part, $case),)+];
        }
    };
}

flaws! {
    /// Every template is fine.
    ChecksNothing => Pods "check_names_every_refused_field",
    /// Nobody is told what stands at the refused field.
    ChecksWithoutValue => Pods "check_names_every_refused_field",
    /// A pod is refused whose template is fine.
    RefusesWithoutAWord => Pods "check_accepts_what_create_runs",
    /// Pods of one owner are listed only.
    HidesForeignPods => Pods "list_shows_every_pod_of_the_name",
    /// A pod that failed is not listed.
    HidesFailedPods => Pods "list_shows_every_pod_of_the_name__failed_ones",
    /// A pod that ended is not listed.
    HidesEndedPods => Pods "list_shows_every_pod_of_the_name__ended_ones",
    /// A pod that is to end is not listed.
    HidesEndingPods => Pods "list_shows_every_pod_of_the_name__terminating_ones",
    /// `web-1-0` counts as a pod of `web`.
    ListsByPrefix => Pods "list_shows_no_other_set",
    /// What cannot be read is not there.
    TakesDamageForNothing => Pods "list_is_complete_or_an_error",
    /// A list shows what was so when somebody listed before.
    ListsLate => Pods "list_sees_own_writes",
    /// A pod is not listed from the moment that its end was asked for.
    ForgetsWhatEnds => Pods "list_shows_a_pod_while_it_runs__that_ignores_the_signal",
    /// A pod that was asked to end is gone from the list, and nobody told the pod.
    LetsRunOn => Pods "list_shows_a_pod_while_it_runs",
    /// A name is free before its pod has ended.
    FreesNamesEarly => Pods "list_shows_a_pod_while_it_runs__whose_name_is_taken_next",
    /// A later instance knows of no pods.
    ForgetsPods => Pods "list_is_the_same_in_a_later_instance",
    /// A pod is said to be made, and is not.
    PretendsToCreate => Pods "create_of_a_free_name_is_new",
    /// The name is the uid.
    RepeatsUids => Pods "create_of_a_free_name_is_new__after_the_end_of_another",
    /// A pod that is there is thrown away for the new one.
    ReplacesTaken => Pods "create_of_a_taken_name_changes_nothing",
    /// A pod that is there is said to be new.
    AnswersNew => Pods "create_of_a_taken_name_changes_nothing__while_it_terminates",
    /// Creation answers when the pod is ready.
    WaitsForReadiness => Pods "create_waits_for_no_readiness",
    /// The pod has no volumes.
    MountsNothing => Pods "create_mounts_the_named_claims",
    /// The pod starts on whatever claim has the name.
    StartsOnAnyClaim => Pods "create_on_another_claim_is_a_conflict",
    /// The pod starts on a claim that is to go.
    StartsOnEndingClaims => Pods "create_on_another_claim_is_a_conflict__and_on_one_that_ends",
    /// To delete what is gone is an error.
    GoneIsAnError => Pods "delete_of_a_gone_pod_is_already_gone",
    /// A deletion hits whoever has the name.
    DeletesByName => Pods "delete_of_another_incarnation_is_already_gone",
    /// A second deletion kills.
    ShortensGrace => Pods "delete_twice_is_once",
    /// The version of a deletion is not looked at.
    DeletesAnyVersion => Pods "delete_with_an_old_version_is_a_conflict",
    /// Pods are waited for and killed, and never asked.
    NeverAsks => Pods "delete_lets_the_pod_end_politely",
    /// Pods are killed at once.
    KillsAtOnce => Pods "delete_lets_the_pod_end_politely__and_hard_after_the_grace_period",
    /// An update replaces every annotation.
    UpdatesReplace => Pods "update_changes_only_what_is_named",
    /// An update hits whoever has the name.
    UpdatesByName => Pods "update_of_another_incarnation_is_not_found",
    /// The version of an update is not looked at.
    UpdatesAnyVersion => Pods "update_with_an_old_version_is_a_conflict",
    /// No hint of a pod ever comes.
    TellsNothingOfPods => Pods "watch_hints_at_every_change",

    /// Every claim template is fine.
    ChecksNoClaims => Volumes "check_claim_names_every_refused_field",
    /// Claims above a number are not listed.
    HidesHighClaims => Volumes "list_claims_shows_every_identity",
    /// A claim that waits is not listed.
    HidesPendingClaims => Volumes "list_claims_shows_every_identity__pending_ones",
    /// A claim that lost its volume is not listed.
    HidesLostClaims => Volumes "list_claims_shows_every_identity__lost_ones",
    /// What cannot be read is not there.
    TakesDamagedClaimsForNone => Volumes "list_claims_is_complete_or_an_error",
    /// A later instance knows of no claims.
    ForgetsClaims => Volumes "list_claims_is_the_same_in_a_later_instance",
    /// A claim is said to be made, and is not.
    PretendsToProvision => Volumes "provision_of_a_new_claim_is_new",
    /// Nobody owns a new claim.
    ForgetsOwners => Volumes "provision_of_a_new_claim_is_new__with_its_owner",
    /// All claims have one volume.
    SharesVolumes => Volumes "provision_of_a_new_claim_is_new__with_a_volume_of_its_own",
    /// A claim that is there is thrown away for the new one.
    MakesKnownAnew => Volumes "provision_of_a_known_claim_changes_nothing",
    /// A claim that lost its volume gets an empty one.
    ReplacesLost => Volumes "provision_of_a_known_claim_changes_nothing__when_its_volume_is_lost",
    /// A volume is made where only pre-made ones are to serve.
    ServesAnything => Volumes "provision_without_a_match_is_pending",
    /// A claim whose name is taken has another one.
    RenamesForeignClaims => Volumes "provision_refuses_a_foreign_name",
    /// A change hits whichever claim has the name.
    ChangesByName => Volumes "change_claim_of_another_life_is_not_found",
    /// A larger volume is an empty one.
    GrowsByReplacing => Volumes "grow_keeps_the_content",
    /// Claims grow although it is said that they cannot.
    GrowsAllTheSame => Volumes "grow_is_refused_where_it_cannot_be",
    /// A deletion hits whichever claim has the name.
    DeletesClaimsByName => Volumes "delete_claim_of_another_life_is_already_gone",
    /// A claim goes while its pod runs.
    DeletesClaimsInUse => Volumes "delete_claim_in_use_waits",
    /// No hint of a claim ever comes.
    TellsNothingOfClaims => Volumes "watch_claims_hints_at_every_change",

    /// Pets that are not published any more keep their names.
    PublishMerges => Names "publish_replaces_the_whole_set",
    /// Publishing always changes something.
    AlwaysChanged => Names "publish_twice_is_unchanged",
    /// Whoever publishes takes the names of the others away.
    PublishTakesServices => Names "publish_leaves_other_sets_alone",
    /// To withdraw what is not there is an error.
    WithdrawOfTheUnknownFails => Names "withdraw_of_the_unknown_is_fine",
    /// Nothing is withdrawn.
    WithdrawsNothing => Names "withdraw_removes_every_name",
    /// Each pet has the address of the next.
    MixesAddresses => Names "resolve_pet_gives_its_address",
    /// A pet that is not ready is named like one that is.
    NamesUnreadyPets => Names "resolve_service_gives_ready_pets",
    /// A port has one target, however many pets there are.
    OneTarget => Names "resolve_srv_gives_one_target_per_pet_and_named_port",
    /// Any name is known, some without addresses.
    UnknownIsEmpty => Names "resolve_unknown_is_not_found",
    /// An address has the name of its pod, and nothing below a service.
    ShortPointers => Names "resolve_ptr_gives_the_pets_name",

    /// The last set is listed first.
    ListsBackwards => Store "store_lists_every_set_in_order",
    /// What was read is what was so when somebody read before.
    ReadsLate => Store "store_get_sees_own_writes",
    /// A later instance knows of no sets.
    ForgetsSets => Store "store_get_is_the_same_in_a_later_instance",
    /// To create what is there gives what is there.
    CreatesTaken => Store "store_create_of_a_taken_key_already_exists",
    /// The key is the uid.
    UidsAreNames => Store "store_create_gives_a_fresh_uid",
    /// The version of an update is not looked at.
    UpdatesAnyVersionOfASet => Store "store_update_of_an_old_version_is_a_conflict",
    /// A new declaration begins with a new status.
    UpdateClearsStatus => Store "store_update_keeps_status_and_uid",
    /// Every update counts, whatever changed.
    CountsEveryUpdate => Store "store_update_counts_generations_of_the_spec_only",
    /// What is there is written again.
    WritesWhatIsThere => Store "store_writes_of_what_is_there_change_nothing",
    /// A set that is not there is in conflict.
    UnknownIsAConflict => Store "store_writes_of_an_unknown_set_are_not_found",
    /// The last mark counts.
    MarksAnew => Store "store_mark_deleted_keeps_the_first_mark",
    /// The version of a status is not looked at.
    StatusOfAnyVersion => Store "store_status_of_an_old_version_is_a_conflict",
    /// The version of a removal is not looked at.
    RemovesAnyVersion => Store "store_remove_of_an_old_version_is_a_conflict",
    /// A set goes that nobody marked.
    RemovesUnmarked => Store "store_remove_needs_the_mark",
    /// Revisions stay when their set goes.
    KeepsRevisions => Store "store_remove_takes_the_revisions_along",
    /// Revisions are those of the name, whatever the life.
    ShowsRevisionsOfAnyLife => Store "store_revisions_of_another_life_are_not_shown",
    /// A known revision keeps its number.
    KeepsNumbers => Store "store_put_revision_renumbers_a_known_one",
    /// To delete a revision that is not there is an error.
    DeletesKnownRevisionsOnly => Store "store_delete_revision_of_the_unknown_is_fine",
    /// Objects of every namespace are shown.
    MixesNamespaces => Store "store_objects_are_those_of_the_namespace",
    /// The first object of a name stays.
    KeepsNamesakes => Store "store_put_object_replaces_its_namesake",
    /// Everything was there before it was deleted.
    SaysItWasThere => Store "store_delete_object_says_whether_it_was_there",
    /// No hint of a set ever comes.
    TellsNothingOfSets => Store "store_watch_hints_at_every_change",
    /// Nobody remembers who lived before.
    ForgetsLives => Store "store_gone_tells_the_lives_of_removed_sets",
}
