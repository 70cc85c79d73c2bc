//! `plan::check` sees every broken promise: one plan that breaks it, and one at its edge that does not. The planner makes
//! none of the broken ones, so nothing else would miss a line of the checker.

use std::sync::Arc;

use petset_core::backend::{ClaimPhase, PodPhase};
use petset_core::plan::{Action, ClaimCause, DeleteReason, Ownership, Plan, Strategy};
use petset_core::status::{OrdinalSet, Ticket};
use petset_core::store::Cascade;
use petset_core::{ClaimUid, Ordinal, PodUid, RevisionName};

use crate::common::{Spec, World};

/// `wanted` pets from ordinal 2 on, one after the other, with a claim each; the ready pods and claims of `there`.
fn world(wanted: u32, there: impl IntoIterator<Item = u32>) -> World {
    let templates = vec![Arc::from("www")];
    let mut world = World::new(Spec { replicas: wanted, start: 2, templates, ..Spec::default() });
    for ordinal in there {
        stand(&mut world, ordinal);
    }
    world
}

/// A ready pod on its claim, remembered as started.
fn stand(world: &mut World, ordinal: u32) {
    world.put_pod(Ordinal(ordinal), Some(RevisionName::new("A")));
    world.make_ready(Ordinal(ordinal));
    claim(world, ordinal, Ownership::Ours);
    start(world, ordinal);
}

fn claim(world: &mut World, ordinal: u32, owner: Ownership) -> ClaimUid {
    world.put_claim(Ordinal(ordinal), &Arc::from("www"), ClaimPhase::Bound, owner);
    let claim = world.claims.iter().find(|claim| claim.ordinal == Ordinal(ordinal));
    claim.expect("it was put there").uid.clone()
}

fn start(world: &mut World, ordinal: u32) {
    let own = world.claims.iter().filter(|claim| claim.ordinal == Ordinal(ordinal));
    let own: Vec<_> = own.map(|claim| (Arc::clone(&claim.template), claim.uid.clone())).collect();
    world.started.insert(Ordinal(ordinal), own);
}

fn pets(ordinals: impl IntoIterator<Item = u32>) -> OrdinalSet {
    let mut pets = OrdinalSet::default();
    for ordinal in ordinals {
        pets.insert(Ordinal(ordinal));
    }
    pets
}

fn ticket(ordinal: u32, uid: &str) -> Ticket {
    Ticket { ordinal: Ordinal(ordinal), uid: PodUid::new(uid) }
}

fn create(ordinal: u32) -> Action {
    Action::CreatePod { ordinal: Ordinal(ordinal), revision: RevisionName::new("A") }
}

fn delete(ordinal: u32, reason: DeleteReason) -> Action {
    let uid = PodUid::new(format!("{ordinal}.1"));
    Action::DeletePod { ordinal: Ordinal(ordinal), uid, version: None, reason }
}

fn delete_as_seen(world: &World, ordinal: u32, reason: DeleteReason) -> Action {
    let version = world.pod(Ordinal(ordinal)).map(|pod| pod.version.clone());
    Action::DeletePod { ordinal: Ordinal(ordinal), uid: PodUid::new(format!("{ordinal}.1")), version, reason }
}

fn delete_claim(ordinal: u32, uid: &ClaimUid, cause: ClaimCause) -> Action {
    Action::DeleteClaim { ordinal: Ordinal(ordinal), template: Arc::from("www"), uid: uid.clone(), cause }
}

fn own(ordinal: u32, uid: &ClaimUid, ours: bool) -> Action {
    Action::OwnClaim { ordinal: Ordinal(ordinal), template: Arc::from("www"), uid: uid.clone(), ours }
}

fn provision(ordinal: u32) -> Action {
    Action::ProvisionClaim { ordinal: Ordinal(ordinal), template: Arc::from("www") }
}

fn plan(action: Action) -> Plan {
    Plan { actions: vec![action], ..Plan::default() }
}

/// What the plan breaks, without the actions.
fn broken(world: &World, plan: &Plan) -> Vec<String> {
    let sentence =
        |text: String| plan.actions.iter().fold(text, |text, action| text.replace(&format!(": {action}"), ""));
    world.broken(plan).into_iter().map(sentence).collect()
}

#[track_caller]
fn kept(world: &World, action: Action) {
    assert_eq!(broken(world, &plan(action)), [""; 0]);
}

#[track_caller]
fn breaks(world: &World, action: Action, sentences: &[&str]) {
    assert_eq!(broken(world, &plan(action)), sentences);
}

const WANTED: &str = "S8: only wanted pets are created";
const EMPTY: &str = "S1, S2: only an empty slot is filled";
const BEFORE: &str = "S8: every pet before it is ready";
const SIDE: &str = "S11: the revision is that of its side of the partition";
const CLAIMS: &str = "S5, S7: its claims are there";
const KNOWN: &str = "S7: its claims are those that it is remembered with";
const STARTED: &str = "S7: it counts as started before it starts";
const SEEN: &str = "S4: the incarnation was seen";
const OURS: &str = "S12: it is ours, and not about to be released";
const ONCE: &str = "S18: its end is asked for once";
const UNWANTED: &str = "only what nobody wants is scaled away";
const TICKET: &str = "S10: a ready pod has a ticket";
const SPARED: &str = "S10: an unready pod is spared when it became ready";
const HIGHEST: &str = "S9: the highest first";
const PARTITION: &str = "S11: nothing below the partition is rolled";

/// Three pets are wanted, of which 2 and 3 stand; 4 is all that may be created.
fn to_create() -> World {
    let mut world = world(3, [2, 3]);
    claim(&mut world, 4, Ownership::Ours);
    start(&mut world, 4);
    world
}

#[test]
fn s8_only_wanted_pets_are_created() {
    let mut world = to_create();
    kept(&world, create(4));
    stand(&mut world, 4);
    claim(&mut world, 5, Ownership::Ours);
    start(&mut world, 5);
    breaks(&world, create(5), &[WANTED]);
}

#[test]
fn s1_only_an_empty_slot_is_filled() {
    let mut world = to_create();
    breaks(&world, create(3), &[EMPTY]);
    // One that is ending still has the name.
    world.edit(Ordinal(3), |pod| pod.terminating = true);
    breaks(&world, create(3), &[EMPTY]);
}

#[test]
fn s8_every_pet_before_it_is_ready() {
    let lacks: [fn(&mut World); 5] = [
        |world| world.remove_pod(Ordinal(3)),
        |world| {
            world.make(Ordinal(3), PodPhase::Running);
        },
        |world| {
            world.edit(Ordinal(3), |pod| pod.terminating = true);
        },
        |world| {
            world.edit(Ordinal(3), |pod| pod.owner = Ownership::Nobody);
        },
        |world| {
            world.edit(Ordinal(3), |pod| pod.selected = false);
        },
    ];
    for spoil in lacks {
        let mut world = to_create();
        spoil(&mut world);
        breaks(&world, create(4), &[BEFORE]);
        world.spec.ordered = false;
        kept(&world, create(4));
    }
    // A pod below the range stands for nobody.
    let mut world = to_create();
    world.remove_pod(Ordinal(3));
    stand(&mut world, 1);
    breaks(&world, create(4), &[BEFORE]);
}

#[test]
fn s11_the_revision_is_that_of_its_side_of_the_partition() {
    let mut world = to_create();
    world.spec.update = RevisionName::new("B");
    for (partition, revision) in [(0, "B"), (2, "B"), (3, "A"), (9, "A")] {
        world.spec.strategy = Strategy::RollingUpdate { partition, max_unavailable: 1 };
        let other = if revision == "A" { "B" } else { "A" };
        kept(&world, Action::CreatePod { ordinal: Ordinal(4), revision: RevisionName::new(revision) });
        breaks(&world, Action::CreatePod { ordinal: Ordinal(4), revision: RevisionName::new(other) }, &[SIDE]);
    }
    world.spec.strategy = Strategy::OnDelete;
    breaks(&world, create(4), &[SIDE]);
}

#[test]
fn s7_its_claims_are_there_and_those_that_it_is_remembered_with() {
    let mut world = to_create();
    world.claims.retain(|claim| claim.ordinal != Ordinal(4));
    breaks(&world, create(4), &[CLAIMS]);
    let other: Arc<str> = Arc::from("data");
    world.put_claim(Ordinal(4), &other, ClaimPhase::Bound, Ownership::Ours);
    breaks(&world, create(4), &[CLAIMS]);
    claim(&mut world, 4, Ownership::Ours);
    breaks(&world, create(4), &[KNOWN]);
    // What the plan writes first is what counts.
    let remembered = world.started.clone();
    start(&mut world, 4);
    let plan = Plan { started: Some(world.started.clone()), ..plan(create(4)) };
    world.started = remembered;
    assert_eq!(broken(&world, &plan), [""; 0]);
}

#[test]
fn s7_it_counts_as_started_before_it_starts() {
    let mut world = to_create();
    world.started.remove(Ordinal(4));
    breaks(&world, create(4), &[STARTED]);
    world.spec.templates.clear();
    kept(&world, create(4));
}

#[test]
fn a_paused_set_does_nothing() {
    let mut world = to_create();
    world.spec.paused = true;
    breaks(&world, create(4), &["a paused set does nothing"]);
    kept(&world, Action::PublishNames { digest: 1 });
    world.spec.deletion = Some(Cascade::Ordered);
    world.tickets = vec![ticket(3, "3.1")];
    kept(&world, delete(3, DeleteReason::SetDeleted));
}

#[test]
fn s4_the_incarnation_was_seen() {
    let world = world(1, [2, 3]);
    breaks(&world, delete(4, DeleteReason::ScaledDown), &[SEEN]);
    let other = |ordinal, uid| Action::DeletePod {
        ordinal: Ordinal(ordinal),
        uid: PodUid::new(uid),
        version: None,
        reason: DeleteReason::ScaledDown,
    };
    breaks(&world, other(3, "3.2"), &[SEEN]);
    breaks(&world, other(3, "2.1"), &[SEEN]);
}

#[test]
fn s12_only_what_is_ours_is_taken_down() {
    let mut world = world(1, [2, 3]);
    world.tickets = vec![ticket(3, "3.1")];
    kept(&world, delete(3, DeleteReason::ScaledDown));
    world.edit(Ordinal(3), |pod| pod.selected = false);
    breaks(&world, delete(3, DeleteReason::ScaledDown), &[OURS]);
    // A set that is being deleted releases nothing.
    world.spec.deletion = Some(Cascade::Ordered);
    kept(&world, delete(3, DeleteReason::SetDeleted));
    for owner in [Ownership::Nobody, Ownership::Foreign, Ownership::Former] {
        world.edit(Ordinal(3), |pod| pod.owner = owner);
        breaks(&world, delete(3, DeleteReason::SetDeleted), &[OURS]);
    }
}

#[test]
fn s12_only_an_earlier_lifes_pod_is_ended_as_one_and_only_as_it_was_seen() {
    let mut world = world(1, [2]);
    let reason = DeleteReason::FormerLife;
    breaks(&world, delete_as_seen(&world, 2, reason), &["S12: it belongs to an earlier life"]);
    world.edit(Ordinal(2), |pod| pod.owner = Ownership::Former);
    kept(&world, delete_as_seen(&world, 2, reason));
    breaks(&world, delete(2, reason), &["S12: it is spared when somebody adopted it"]);
}

#[test]
fn s18_an_end_is_asked_for_once() {
    let mut world = world(1, [2, 3]);
    world.tickets = vec![ticket(3, "3.1")];
    world.edit(Ordinal(3), |pod| pod.terminating = true);
    breaks(&world, delete(3, DeleteReason::ScaledDown), &[ONCE]);
}

#[test]
fn only_what_nobody_wants_is_scaled_away() {
    let mut world = world(1, [2, 3]);
    world.tickets = vec![ticket(2, "2.1"), ticket(3, "3.1")];
    kept(&world, delete(3, DeleteReason::ScaledDown));
    breaks(&world, delete(2, DeleteReason::ScaledDown), &[UNWANTED]);
    breaks(&world, delete(2, DeleteReason::SetDeleted), &[UNWANTED]);
    kept(&world, delete(2, DeleteReason::TicketHeld));
}

#[test]
fn s10_a_ready_pod_has_a_ticket_and_an_unready_one_is_spared_when_it_became_ready() {
    let mut world = world(1, [2]);
    let reason = DeleteReason::RollingUpdate;
    breaks(&world, delete(2, reason), &[TICKET]);
    breaks(&world, delete_as_seen(&world, 2, reason), &[TICKET]);
    // A ticket that the plan takes counts, and one that it drops does not.
    let takes = Plan { tickets: Some(vec![ticket(2, "2.1")]), ..plan(delete(2, reason)) };
    assert_eq!(broken(&world, &takes), [""; 0]);
    let another = Plan { tickets: Some(vec![ticket(2, "2.2")]), ..plan(delete(2, reason)) };
    assert_eq!(broken(&world, &another), [TICKET]);
    world.make(Ordinal(2), PodPhase::Running);
    breaks(&world, delete(2, reason), &[SPARED]);
    kept(&world, delete_as_seen(&world, 2, reason));
    world.tickets = vec![ticket(2, "2.1")];
    kept(&world, delete(2, reason));
}

#[test]
fn s9_the_highest_goes_first() {
    let mut world = world(1, [1, 2, 3, 4]);
    let takes = |world: &World, ordinal: u32, reason| {
        let tickets = vec![ticket(ordinal, &format!("{ordinal}.1"))];
        broken(world, &Plan { tickets: Some(tickets), ..plan(delete(ordinal, reason)) })
    };
    let scaled = DeleteReason::ScaledDown;
    assert_eq!(takes(&world, 4, scaled), [""; 0]);
    assert_eq!(takes(&world, 3, scaled), [HIGHEST]);
    // Only scaling away and deletion go from the top; a pod whose end was allowed before may be asked for again.
    assert_eq!(takes(&world, 3, DeleteReason::TicketHeld), [""; 0]);
    world.tickets = vec![ticket(3, "3.1")];
    kept(&world, delete(3, scaled));
    world.tickets = vec![ticket(3, "3.0")];
    assert_eq!(takes(&world, 3, scaled), [HIGHEST]);
    world.tickets.clear();
    // What is not ours, or is wanted, is not waited for.
    world.edit(Ordinal(4), |pod| pod.owner = Ownership::Foreign);
    assert_eq!(takes(&world, 3, scaled), [""; 0]);
    world.remove_pod(Ordinal(4));
    world.remove_pod(Ordinal(3));
    assert_eq!(takes(&world, 1, scaled), [""; 0]);
    world.spec.ordered = false;
    stand(&mut world, 4);
    assert_eq!(takes(&world, 1, scaled), [""; 0]);
}

#[test]
fn s11_nothing_below_the_partition_is_rolled_and_on_delete_rolls_nothing() {
    let mut world = world(2, [2, 3]);
    world.tickets = vec![ticket(2, "2.1"), ticket(3, "3.1")];
    world.spec.strategy = Strategy::RollingUpdate { partition: 1, max_unavailable: 1 };
    for reason in [DeleteReason::RollingUpdate, DeleteReason::OutdatedNotReady] {
        kept(&world, delete(3, reason));
        breaks(&world, delete(2, reason), &[PARTITION]);
    }
    kept(&world, delete(2, DeleteReason::Ended));
    world.spec.strategy = Strategy::OnDelete;
    for reason in [DeleteReason::RollingUpdate, DeleteReason::OutdatedNotReady] {
        breaks(&world, delete(2, reason), &["OnDelete takes nothing down"]);
    }
    kept(&world, delete(2, DeleteReason::Ended));
}

#[test]
fn s10_a_ticket_is_dropped_only_when_its_incarnation_is_gone() {
    let mut world = world(2, [2, 3]);
    world.tickets = vec![ticket(3, "3.0"), ticket(3, "3.1")];
    let drops = |after: &[Ticket]| Plan { tickets: Some(after.to_vec()), ..Plan::default() };
    assert_eq!(broken(&world, &drops(&[ticket(3, "3.1")])), [""; 0]);
    let dropped = "S10: the ticket of pet 3 was dropped while its incarnation stands";
    assert_eq!(broken(&world, &drops(&[ticket(3, "3.0")])), [dropped]);
    assert_eq!(broken(&world, &Plan::default()), [""; 0]);
}

#[test]
fn s10_no_more_tickets_than_the_budget_allows() {
    let mut world = world(3, [2, 3, 4]);
    let all = |pets: &[u32]| pets.iter().map(|pet| ticket(*pet, &format!("{pet}.1"))).collect::<Vec<_>>();
    let takes = |pets: &[u32]| Plan { tickets: Some(all(pets)), ..Plan::default() };
    world.spec.strategy = Strategy::RollingUpdate { partition: 0, max_unavailable: 2 };
    assert_eq!(broken(&world, &takes(&[3, 4])), [""; 0]);
    assert_eq!(broken(&world, &takes(&[2, 3, 4])), ["S10: tickets of 3 pets, 2 allowed"]);
    world.spec.strategy = Strategy::RollingUpdate { partition: 0, max_unavailable: 0 };
    assert_eq!(broken(&world, &takes(&[4])), [""; 0], "none at all is read as one");
    world.spec.strategy = Strategy::OnDelete;
    assert_eq!(broken(&world, &takes(&[4])), [""; 0]);
    assert_eq!(broken(&world, &takes(&[3, 4])), ["S10: tickets of 2 pets, 1 allowed"]);
    // Two of one pet are one pet; what was held before is no news; what is scaled away has no budget.
    let twice = vec![ticket(4, "4.0"), ticket(4, "4.1")];
    assert_eq!(broken(&world, &Plan { tickets: Some(twice), ..Plan::default() }), [""; 0]);
    world.tickets = all(&[2, 3, 4]);
    world.remove_pod(Ordinal(4));
    assert_eq!(broken(&world, &takes(&[2, 3])), [""; 0]);
    world.tickets.clear();
    world.spec.replicas = 0;
    assert_eq!(broken(&world, &takes(&[2, 3])), [""; 0]);
}

#[test]
fn s12_only_orphans_are_adopted_and_only_ours_is_released() {
    let mut world = world(1, [2]);
    let adopt = || Action::AdoptPod { ordinal: Ordinal(2), uid: PodUid::new("2.1") };
    let release = || Action::ReleasePod { ordinal: Ordinal(2), uid: PodUid::new("2.1") };
    kept(&world, release());
    breaks(&world, adopt(), &["S12: only an orphan is adopted"]);
    world.edit(Ordinal(2), |pod| pod.owner = Ownership::Nobody);
    breaks(&world, release(), &["S12: only ours is released"]);
    kept(&world, adopt());
    world.edit(Ordinal(2), |pod| pod.selected = false);
    breaks(&world, adopt(), &["S12: only an orphan is adopted"]);
    let stranger = PodUid::new("2.2");
    breaks(
        &world,
        Action::AdoptPod { ordinal: Ordinal(2), uid: stranger.clone() },
        &["S12: only an orphan is adopted"],
    );
    breaks(&world, Action::ReleasePod { ordinal: Ordinal(2), uid: stranger }, &["S12: only ours is released"]);
    kept(&world, Action::WithdrawNames);
}

const POD_LEFT: &str = "S9: no pod of a forgotten set is left";
const CLAIM_LEFT: &str = "S6: no claim is left in the name of a forgotten set";

#[test]
fn s9_a_set_is_forgotten_when_nothing_of_it_is_left() {
    let mut world = world(1, []);
    breaks(&world, Action::RemoveSet, &["only a deleted set is forgotten"]);
    world.spec.deletion = Some(Cascade::Ordered);
    kept(&world, Action::RemoveSet);
    stand(&mut world, 2);
    breaks(&world, Action::RemoveSet, &[POD_LEFT, CLAIM_LEFT]);
    world.edit(Ordinal(2), |pod| pod.selected = false);
    world.claims[0].phase = ClaimPhase::Terminating;
    breaks(&world, Action::RemoveSet, &[POD_LEFT]);
    world.edit(Ordinal(2), |pod| pod.owner = Ownership::Nobody);
    kept(&world, Action::RemoveSet);
    world.claims[0].phase = ClaimPhase::Bound;
    breaks(&world, Action::RemoveSet, &[CLAIM_LEFT]);
    world.claims[0].owner = Ownership::Nobody;
    kept(&world, Action::RemoveSet);
}

const CLAIM_OURS: &str = "S6, S12: the claim is ours";
const NOT_WANTED: &str = "S6: its pet is not wanted";
const WRITTEN: &str = "S6: that it goes is written down before it does";
const LAST_POD: &str = "S6: its last pod is gone";
const POLICY: &str = "S6: the policy says so";

/// One pet is wanted; the claim of the next one may go by policy, and that is written down.
fn to_delete_claims() -> (World, ClaimUid) {
    let mut world = world(1, [2]);
    let uid = claim(&mut world, 3, Ownership::Ours);
    world.spec.when_scaled = true;
    world.deleting_claims = pets([3]);
    (world, uid)
}

#[test]
fn s6_a_claim_goes_by_policy_alone() {
    let (mut world, uid) = to_delete_claims();
    let (scaled, deleted) = (ClaimCause::Scaled, ClaimCause::Deleted);
    kept(&world, delete_claim(3, &uid, scaled));
    breaks(&world, delete_claim(3, &uid, deleted), &[POLICY]);
    // What was begun is seen through, whatever the policy says by now, and also while the set is deleted.
    world.spec.when_scaled = false;
    kept(&world, delete_claim(3, &uid, scaled));
    world.spec.replicas = 2;
    kept(&world, delete_claim(3, &uid, scaled));
    // What is begun now must be wanted by the policy of a set that stays.
    world.spec.replicas = 1;
    world.deleting_claims = OrdinalSet::default();
    let begun = |cause| Plan { deleting_claims: Some(pets([3])), ..plan(delete_claim(3, &uid, cause)) };
    assert_eq!(broken(&world, &begun(scaled)), [POLICY]);
    world.spec.when_scaled = true;
    assert_eq!(broken(&world, &begun(scaled)), [""; 0]);
    breaks(&world, delete_claim(3, &uid, scaled), &[WRITTEN]);
    world.spec.deletion = Some(Cascade::Ordered);
    assert_eq!(broken(&world, &begun(scaled)), [POLICY]);
    // A deleted set writes nothing down: it is itself what is written.
    breaks(&world, delete_claim(3, &uid, deleted), &[POLICY]);
    world.spec.when_deleted = true;
    kept(&world, delete_claim(3, &uid, deleted));
    world.spec.deletion = Some(Cascade::Orphan);
    breaks(&world, delete_claim(3, &uid, deleted), &[POLICY]);
}

#[test]
fn s6_a_claim_goes_only_when_it_is_ours_unwanted_and_unused() {
    let (mut world, uid) = to_delete_claims();
    let scaled = ClaimCause::Scaled;
    breaks(&world, delete_claim(3, &ClaimUid::new("www-3.0"), scaled), &[CLAIM_OURS]);
    world.spec.replicas = 2;
    world.deleting_claims = OrdinalSet::default();
    let begun = Plan { deleting_claims: Some(pets([3])), ..plan(delete_claim(3, &uid, scaled)) };
    assert_eq!(broken(&world, &begun), [NOT_WANTED]);
    let (mut world, uid) = to_delete_claims();
    world.put_pod(Ordinal(3), None);
    world.edit(Ordinal(3), |pod| pod.terminating = true);
    breaks(&world, delete_claim(3, &uid, scaled), &[LAST_POD]);
    let (mut world, uid) = to_delete_claims();
    for claim in &mut world.claims {
        claim.owner = Ownership::Nobody;
    }
    breaks(&world, delete_claim(3, &uid, scaled), &[CLAIM_OURS]);
}

#[test]
fn s7_no_empty_volume_for_a_pet_that_has_run_and_no_second_claim() {
    let mut world = world(3, [2]);
    kept(&world, provision(3));
    claim(&mut world, 3, Ownership::Nobody);
    breaks(&world, provision(3), &["S5: no second claim"]);
    kept(&world, provision(4));
    start(&mut world, 4);
    breaks(&world, provision(4), &["S7: no empty volume for a pet that has run"]);
    let forgets = Plan { started: Some([Ordinal(2)].into_iter().collect()), ..plan(provision(4)) };
    assert_eq!(broken(&world, &forgets), [""; 0]);
    // A claim of another template is not a second one.
    let data: Arc<str> = Arc::from("data");
    kept(&world, Action::ProvisionClaim { ordinal: Ordinal(3), template: data });
}

const FOREIGN: &str = "S12: no foreign claim is touched";
const TEMPLATE: &str = "S12: only claims of its templates become its own";
const LEFT_BEHIND: &str = "S6: what an earlier life or policy left behind stays nobody's";

#[test]
fn s12_claims_change_hands_only_within_the_set() {
    let mut world = world(1, [2]);
    let (used, left) = (world.claims[0].uid.clone(), claim(&mut world, 3, Ownership::Nobody));
    kept(&world, own(2, &used, true));
    kept(&world, own(2, &used, false));
    breaks(&world, own(3, &left, true), &[LEFT_BEHIND]);
    kept(&world, own(3, &left, false));
    // Wanted, used, or seen through: each is enough.
    world.spec.replicas = 2;
    kept(&world, own(3, &left, true));
    world.spec.replicas = 1;
    world.put_pod(Ordinal(3), None);
    kept(&world, own(3, &left, true));
    world.remove_pod(Ordinal(3));
    world.deleting_claims = pets([3]);
    kept(&world, own(3, &left, true));
    world.spec.templates.clear();
    kept(&world, own(3, &left, true));
    world.deleting_claims = OrdinalSet::default();
    breaks(&world, own(2, &used, true), &[TEMPLATE]);
    kept(&world, own(2, &used, false));
    world.claims[0].owner = Ownership::Foreign;
    breaks(&world, own(2, &used, false), &[FOREIGN]);
    kept(&world, own(3, &left, false));
}

/// Sentences come for each action by itself, and name it.
#[test]
fn every_action_is_checked_and_named() {
    let world = world(1, [2]);
    let plan =
        Plan { actions: vec![create(2), Action::WithdrawNames, delete(9, DeleteReason::Ended)], ..Plan::default() };
    let expected = [format!("{EMPTY}: create pod 2 on A"), format!("{SEEN}: delete pod 9 (9.1): it ended by itself")];
    assert_eq!(world.broken(&plan), expected);
}
