//! How plans and statuses read.

use std::fmt::Write;

use petset_core::Timestamp;
use petset_core::plan::{Action, Plan};
use petset_core::status::{ConditionStatus, OrdinalSet, PetSetStatus, Started, Ticket};

/// Actions in their order.
pub(crate) fn actions(out: &mut String, actions: &[Action]) {
    for action in actions {
        let _ = match action {
            Action::DeletePod { version: Some(_), .. } => writeln!(out, "  {action}, if unchanged"),
            Action::DeletePod { version: None, .. }
            | Action::AdoptPod { .. }
            | Action::ReleasePod { .. }
            | Action::ProvisionClaim { .. }
            | Action::OwnClaim { .. }
            | Action::DeleteClaim { .. }
            | Action::CreatePod { .. }
            | Action::PublishNames { .. }
            | Action::WithdrawNames
            | Action::RemoveSet => writeln!(out, "  {action}"),
        };
    }
}

/// How many actions of each kind, in the order of their first.
pub(crate) fn counted(out: &mut String, actions: &[Action]) {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for name in actions.iter().map(Action::name) {
        match counts.iter_mut().find(|(counted, _)| *counted == name) {
            Some((_, count)) => *count += 1,
            None => counts.push((name, 1)),
        }
    }
    for (name, count) in counts {
        let _ = writeln!(out, "  {count} x {name}");
    }
}

pub(crate) fn holds(out: &mut String, plan: &Plan) {
    for hold in &plan.holds {
        let _ = writeln!(out, "  hold {hold}");
    }
}

/// Everything that a plan says.
pub(crate) fn plan(out: &mut String, plan: &Plan, now: Timestamp) {
    let before = out.len();
    if let Some(held) = &plan.tickets {
        let _ = writeln!(out, "  tickets {}", tickets(held));
    }
    if let Some(deleting) = &plan.deleting_claims {
        let pets = if deleting.is_empty() { "none".to_owned() } else { deleting.to_string() };
        let _ = writeln!(out, "  deleting claims of {pets}");
    }
    if let Some(started) = &plan.started {
        let pets = if started.is_empty() { "none".to_owned() } else { pets(started) };
        let _ = writeln!(out, "  started {pets}");
    }
    actions(out, &plan.actions);
    holds(out, plan);
    if let Some(at) = plan.wake_at {
        let _ = writeln!(out, "  wake +{}s", at.since(now).as_secs());
    }
    if out.len() == before {
        out.push_str("  nothing\n");
    }
}

fn tickets(tickets: &[Ticket]) -> String {
    let uids: Vec<&str> = tickets.iter().map(|ticket| ticket.uid.as_str()).collect();
    if uids.is_empty() { "none".to_owned() } else { uids.join(" ") }
}

/// Counts, revisions, conditions, and what safety remembers.
pub(crate) fn status(out: &mut String, status: &PetSetStatus) {
    let PetSetStatus {
        observed_generation: _,
        replicas,
        ready_replicas,
        available_replicas,
        current_replicas,
        updated_replicas,
        current_revision,
        update_revision,
        collision_count: _,
        conditions,
        tickets: held,
        started,
        deleting_claims,
    } = status;
    let name =
        |revision: &Option<petset_core::RevisionName>| revision.as_ref().map_or("-".to_owned(), ToString::to_string);
    let (current, update) = (name(current_revision), name(update_revision));
    let _ = writeln!(
        out,
        "  status: {replicas} pods, {ready_replicas} ready, {available_replicas} available, {current_replicas} on current \
         {current}, {updated_replicas} on update {update}"
    );
    for condition in conditions {
        let sign = match condition.status {
            ConditionStatus::True => '+',
            ConditionStatus::False => '-',
            ConditionStatus::Unknown => '?',
        };
        let _ = writeln!(out, "  {sign}{}: {} ({})", condition.kind, condition.reason, condition.message);
    }
    if !held.is_empty() {
        let _ = writeln!(out, "  tickets {}", tickets(held));
    }
    if !deleting_claims.is_empty() {
        let _ = writeln!(out, "  deleting claims of {deleting_claims}");
    }
    if !started.is_empty() {
        let _ = writeln!(out, "  started {}", pets(started));
    }
}

fn pets(started: &Started) -> String {
    started.ordinals().collect::<OrdinalSet>().to_string()
}
