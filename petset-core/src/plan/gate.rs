//! The gate: may this pod be taken down now, else why not. Everything that is taken down by choice passes here, and
//! nothing else decides about it (safety rules 2 and 3, S10).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::slots::Slots;
use super::view::{Desired, Observed, PodView, RetryAt, Strategy, Target};
use super::{DeleteReason, HoldReason};
use crate::names::Ordinal;
use crate::status::Ticket;

/// The tickets that are held, and room for those that this plan takes.
#[derive(Debug)]
pub(super) struct Gate<'a> {
    observed: &'a Observed<'a>,
    /// Tickets that go on being held, then those taken now.
    held: Vec<Ticket>,
    /// Whether `held` differs from what the status says.
    changed: bool,
    /// How many pets may be down.
    max: u32,
}

/// Pets that are down or on their way down: how many, and one of them.
type Down = Option<(u32, Ordinal)>;

/// How a pod may be taken down.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Permit {
    /// It is not ready: nothing is lost, as long as it is still as it was seen.
    AsSeen,
    /// It is ready, and has a ticket now.
    Ticket,
}

impl<'a> Gate<'a> {
    pub(super) fn new(desired: &Desired<'_>, observed: &'a Observed<'a>, slots: &Slots<'_>) -> Self {
        let max = match desired.strategy {
            Strategy::RollingUpdate { max_unavailable, .. } => max_unavailable.max(1),
            Strategy::OnDelete => 1,
        };
        let held: Vec<Ticket> =
            observed.tickets.iter().filter(|ticket| !is_spent(ticket, desired, slots)).cloned().collect();
        Self { observed, changed: held.len() != observed.tickets.len(), held, max }
    }

    /// May `pod` be taken down for `reason`?
    pub(super) fn ask(
        &mut self,
        desired: &Desired<'_>,
        slots: &Slots<'_>,
        pod: &PodView,
        reason: DeleteReason,
    ) -> Result<Permit, HoldReason> {
        if !pod.is_ready() {
            return Ok(Permit::AsSeen);
        }
        if self.holds(pod) {
            return Ok(Permit::Ticket);
        }
        match reason {
            DeleteReason::ScaledDown if desired.ordered => self.within(self.tickets_down(pod))?,
            DeleteReason::ClaimsDeleted => self.within(self.pets_down(desired, slots, pod))?,
            DeleteReason::RollingUpdate => {
                if let Some(pet) = slots.census.uninitialized {
                    return Err(HoldReason::NotInitialized { pet });
                }
                self.within(self.pets_down(desired, slots, pod))?;
            }
            // A parallel set lets go of all that is scaled away at once, and a deleted set of everything; the tickets
            // still keep a rollout from beginning before they are gone.
            DeleteReason::ScaledDown
            | DeleteReason::SetDeleted
            | DeleteReason::Ended
            | DeleteReason::OutdatedNotReady
            | DeleteReason::FormerLife
            | DeleteReason::TicketHeld => {}
        }
        // A ticket is a request that is made at once, and seen through whatever happens meanwhile.
        let is_in_the_way = |retry: &&RetryAt| match &retry.on {
            Some(Target::Pod(uid)) => *uid == pod.uid,
            // The pod waits for what becomes of its claims.
            Some(Target::Claim(_)) => true,
            None => false,
        };
        if let Some(retry) = self.observed.pause(pod.ordinal).filter(is_in_the_way) {
            return Err(HoldReason::Backoff { until: retry.at, message: Arc::clone(&retry.message) });
        }
        self.take(pod);
        Ok(Permit::Ticket)
    }

    /// Whether the budget has room for this wanted pet, whatever state its own pod is in.
    pub(super) fn has_room(&self, desired: &Desired<'_>, slots: &Slots<'_>, pod: &PodView) -> bool {
        self.within(self.pets_down(desired, slots, pod)).is_ok()
    }

    /// Whether the pod has a ticket.
    pub(super) fn holds(&self, pod: &PodView) -> bool {
        self.held.iter().any(|ticket| ticket.uid == pod.uid)
    }

    fn take(&mut self, pod: &PodView) {
        self.held.push(Ticket { ordinal: pod.ordinal, uid: pod.uid.clone() });
        self.changed = true;
    }

    fn within(&self, down: Down) -> Result<(), HoldReason> {
        match down {
            Some((down, pet)) if down >= self.max => Err(HoldReason::Budget { down, max: self.max, pet }),
            Some(_) | None => Ok(()),
        }
    }

    /// What the library itself took down and has not brought back, but for `pod`'s own pet, each ordinal once.
    fn tickets_down(&self, pod: &PodView) -> Down {
        self.down(0, None, |ticket| ticket.ordinal != pod.ordinal)
    }

    /// Every other wanted pet that is not available, and every other ticket, each ordinal once. `pod`'s own pet needs no
    /// further room when it is down already. Pods that are replaced without asking count as well: while they are down
    /// nothing that still works may follow them. A pet that is only scaled away counts through its ticket.
    fn pets_down(&self, desired: &Desired<'_>, slots: &Slots<'_>, pod: &PodView) -> Down {
        let mut count = slots.missing();
        let mut one = slots.first_missing();
        for other in slots.in_range.iter().filter(|other| other.ordinal != pod.ordinal && !slots.is_available(other)) {
            count = count.saturating_add(1);
            one = one.or(Some(other.ordinal));
        }
        self.down(count, one, |ticket| {
            let is_counted = desired.contains(ticket.ordinal)
                && slots.pod(ticket.ordinal).is_none_or(|pod| !slots.is_available(pod));
            ticket.ordinal != pod.ordinal && !is_counted
        })
    }

    /// Adds the tickets that `counts`, each ordinal once: a pet may hold one for a predecessor that is gone and one for
    /// the pod that stands.
    fn down(&self, count: u32, one: Option<Ordinal>, counts: impl Fn(&Ticket) -> bool) -> Down {
        let pets: BTreeSet<Ordinal> =
            self.held.iter().filter(|ticket| counts(ticket)).map(|ticket| ticket.ordinal).collect();
        let one = one.or_else(|| self.held.iter().find(|ticket| counts(ticket)).map(|ticket| ticket.ordinal))?;
        Some((count.saturating_add(u32::try_from(pets.len()).unwrap_or(u32::MAX)), one))
    }

    /// The tickets that are held, when they differ from what the status says.
    pub(super) fn into_tickets(self) -> Option<Vec<Ticket>> {
        self.changed.then_some(self.held)
    }

    /// Every ticket that is held.
    pub(super) fn held(&self) -> &[Ticket] {
        &self.held
    }
}

/// A ticket is spent when its incarnation is gone and either a successor is available or the ordinal is scaled away.
/// Being scaled away alone is not enough: a request may still be under way.
fn is_spent(ticket: &Ticket, desired: &Desired<'_>, slots: &Slots<'_>) -> bool {
    match slots.pod(ticket.ordinal) {
        Some(pod) if pod.uid == ticket.uid => false,
        Some(pod) => !desired.contains(ticket.ordinal) || slots.is_available(pod),
        None => !desired.contains(ticket.ordinal),
    }
}
