//! What may be asked for on what was read.

use std::sync::Arc;

use petset_core::backend::{ClaimChange, ClaimRef, ClaimRequest, DeleteOptions, PodChange, PodRef, PodRequest};
use petset_core::store::Cascade;
use petset_core::{Error, Ordinal, SetKey};

use super::facts::{self, Facts};
use super::{Checker, View};
use crate::world::{Caller, State};
use crate::{Op, Request};

impl Checker {
    /// A controller asks. Reads that are under way count as failed until they have an answer.
    pub(in crate::simulate) fn asked(&mut self, by: Caller, request: &Request) {
        let Some(set) = request.set() else { return };
        let id = (by, set.clone());
        let mut view = self.views.remove(&id).unwrap_or_default();
        match request {
            Request::ListPods(_) => view.pods = None,
            Request::ListClaims(_) => view.claims = None,
            Request::CreatePod(request) => self.create(&view, request),
            Request::DeletePod(pod, options) => self.delete(&view, pod, options),
            Request::UpdatePod(pod, change) => self.update(&view, pod, change),
            Request::Provision(request) => self.provision(&view, request),
            Request::ChangeClaim(claim, change) => self.change_claim(&view, claim, change),
            Request::DeleteClaim(claim) => self.delete_claim(&view, claim),
            Request::Store(Op::StoreRemove, ..) => self.remove(&view, set),
            Request::Publish(..)
            | Request::Withdraw(_)
            | Request::Resolve(_)
            | Request::WriteStatus(..)
            | Request::Store(..) => {}
        }
        self.views.insert(id, view);
    }

    /// A read, or the write of a status, of a controller took effect, or failed.
    pub(in crate::simulate) fn read(&mut self, by: Caller, request: &Request, state: &State, error: Option<&Error>) {
        let Some(set) = request.set().filter(|_| error.is_none()) else { return };
        let known = self.sets.get(set).map(Arc::clone);
        let view = self.views.entry((by, set.clone())).or_default();
        let op = request.op();
        if op == Op::PodList {
            view.pods = Some(facts::pods(state, set));
        } else if op == Op::ClaimList {
            view.claims = Some(facts::claims(state, set));
        } else if op == Op::StoreUpdateStatus {
            view.set = known;
        } else if op == Op::StoreGet {
            // A second look at the same version is no new pass.
            let version = |facts: &Option<Arc<Facts>>| facts.as_ref().map(|facts| facts.version.clone());
            if view.set.is_none() || version(&view.set) != version(&known) || view.pods.is_none() {
                let tickets = known.iter().flat_map(|facts| &facts.tickets).map(|ticket| ticket.uid.clone());
                let deleting = known.iter().flat_map(|facts| facts.deleting.iter());
                let (tickets, deleting) = (tickets.collect(), deleting.collect());
                *view = View { set: known, tickets, deleting, pods: None, claims: None };
            }
        }
    }

    fn create(&mut self, view: &View, request: &PodRequest) {
        let (ordinal, name) = (request.ordinal, request.name());
        let (Some(set), Some(pods), Some(claims)) = (&view.set, &view.pods, &view.claims) else {
            return self.claim(false, "S15", || format!("pod {name} is asked for although a read failed"));
        };
        self.claim(!pods.contains_key(&ordinal), "S2", || {
            format!("pod {name} is asked for although the end of the one before was not confirmed")
        });
        self.claim(set.wants(ordinal), "S8", || format!("pod {name} is asked for and not wanted"));
        let before = (set.start..ordinal.0).map(Ordinal);
        let all_ready = before.clone().all(|pet| pods.get(&pet).is_some_and(|pod| pod.serves(&set.uid)));
        self.claim(!set.ordered || all_ready, "S8", || {
            format!("pod {name} is asked for before every lower one is ready")
        });
        let index = ordinal.0.saturating_sub(set.start);
        let image = request.template.spec.containers.first().and_then(|container| container.image.clone());
        let (current, update) = (set.current.as_ref() == Some(&request.revision), image == set.image);
        let right = if index < set.partition { current } else { update };
        self.claim(right, "S11", || {
            format!("pod {name} is asked for on revision {}, on the wrong side of the partition", request.revision)
        });
        for template in &set.templates {
            let own = request.set.claim_name(template, ordinal);
            let bound = claims.iter().find(|(_, claim)| claim.name == own && claim.bound).map(|(uid, _)| uid);
            self.claim(bound.is_some(), "S7", || format!("pod {name} is asked for without its claim {own}"));
            let named = request.claim_uids.get(template);
            self.claim(named == bound, "S7", || {
                format!("pod {name} is asked for on another life of {own} than was seen")
            });
            let known = named.is_none_or(|uid| set.started.may_use(ordinal, template, uid));
            self.claim(known, "S7", || format!("pod {name} is asked for on another life of {own} than it ran on"));
            let mounts = request.claims.get(template) == Some(&own);
            self.claim(mounts, "S5", || format!("pod {name} is asked for with another claim than {own}"));
            self.claim(!set.deleting.contains(ordinal), "S6", || {
                format!("pod {name} is asked for while its claims are to go")
            });
            let remembered = set.started.contains(ordinal);
            self.claim(remembered, "S7", || format!("pod {name} is asked for and not remembered as started"));
        }
        let others = request.claims.len() == set.templates.len();
        self.claim(others, "S5", || format!("pod {name} is asked for with claims that nobody declared"));
    }

    fn delete(&mut self, view: &View, pod: &PodRef, options: &DeleteOptions) {
        let (ordinal, name) = (pod.ordinal, pod.name());
        self.asked.insert(pod.uid.to_string());
        self.claim(options.grace_seconds.is_none(), "S3", || format!("pod {name} is to end with another grace period"));
        let Some(pods) = &view.pods else {
            return self.claim(false, "S15", || format!("pod {name} is to end although a read failed"));
        };
        let seen = pods.get(&ordinal).filter(|seen| seen.uid == pod.uid);
        self.claim(seen.is_some(), "S4", || format!("pod {name} ({}) is to end, and was not seen", pod.uid));
        let Some(seen) = seen else { return };
        if seen.owner.as_ref().is_some_and(|owner| self.is_over(&pod.set, owner)) {
            // Whoever adopts it meanwhile keeps it.
            return self.claim(options.version.is_some(), "S12", || {
                format!("pod {name} of a life that is over is to end whoever has adopted it")
            });
        }
        let (Some(set), Some(_)) = (&view.set, &view.claims) else {
            return self.claim(false, "S15", || format!("pod {name} is to end although a read failed"));
        };
        self.claim(seen.owner.as_ref() == Some(&set.uid), "S12", || {
            format!("pod {name} is to end and is not the set's")
        });
        let wanted = set.wants(ordinal);
        if (!set.ordered && !wanted) || set.deletion.is_some() {
            self.released.insert(pod.uid.clone());
        }
        if set.ordered && !wanted && !view.tickets.contains(&pod.uid) {
            let mut higher = pods.range(Ordinal(ordinal.0 + 1)..);
            let stands = higher.any(|(other, pod)| !set.wants(*other) && pod.owner.as_ref() == Some(&set.uid));
            self.claim(!stands, "S9", || format!("pod {name} is to end before every higher one is gone"));
        }
    }

    fn update(&mut self, view: &View, pod: &PodRef, change: &PodChange) {
        let name = pod.name();
        let (Some(set), Some(pods)) = (&view.set, &view.pods) else {
            return self.claim(false, "S15", || format!("pod {name} is to change although a read failed"));
        };
        let seen = pods.get(&pod.ordinal).filter(|seen| seen.uid == pod.uid);
        self.claim(seen.is_some(), "S4", || format!("pod {name} ({}) is to change, and was not seen", pod.uid));
        let Some(seen) = seen else { return };
        let owner = seen.owner.as_ref();
        let may = match &change.owner {
            Some(Some(adopter)) => owner.is_none() && *adopter == set.uid,
            Some(None) | None => owner == Some(&set.uid),
        };
        self.claim(may, "S12", || format!("pod {name} is to change hands and is not the set's"));
    }

    fn provision(&mut self, view: &View, request: &ClaimRequest) {
        let name = &request.name;
        let (Some(set), Some(_), Some(claims)) = (&view.set, &view.pods, &view.claims) else {
            return self.claim(false, "S15", || format!("claim {name} is asked for although a read failed"));
        };
        let own = request.set.claim_name(&request.template, request.ordinal) == *name;
        self.claim(own, "S5", || format!("claim {name} is asked for by another name than its own"));
        let there = claims.values().any(|claim| claim.name == *name);
        self.claim(!there, "S5", || format!("claim {name} is asked for although it is there"));
        let has_run = set.started.contains(request.ordinal) && !view.deleting.contains(&request.ordinal);
        self.claim(!has_run, "S7", || format!("an empty claim {name} is asked for, and its pet has run before"));
    }

    fn change_claim(&mut self, view: &View, claim: &ClaimRef, change: &ClaimChange) {
        let name = &claim.name;
        let (Some(set), Some(_), Some(claims)) = (&view.set, &view.pods, &view.claims) else {
            return self.claim(false, "S15", || format!("claim {name} is to change although a read failed"));
        };
        let seen = claims.get(&claim.uid);
        self.claim(seen.is_some(), "S4", || format!("claim {name} ({}) is to change, and was not seen", claim.uid));
        let Some(seen) = seen else { return };
        let may = match &change.owner {
            Some(Some(owner)) => seen.owner.is_none() && *owner == set.uid,
            Some(None) | None => seen.owner.as_ref() == Some(&set.uid),
        };
        self.claim(may, "S12", || format!("claim {name} is to change hands and is not the set's"));
    }

    fn delete_claim(&mut self, view: &View, claim: &ClaimRef) {
        let name = &claim.name;
        self.asked.insert(claim.uid.to_string());
        let (Some(set), Some(pods), Some(claims)) = (&view.set, &view.pods, &view.claims) else {
            return self.claim(false, "S15", || format!("claim {name} is to go although a read failed"));
        };
        let seen = claims.get(&claim.uid);
        self.claim(seen.is_some(), "S4", || format!("claim {name} ({}) is to go, and was not seen", claim.uid));
        let Some(seen) = seen else { return };
        self.claim(seen.owner.as_ref() == Some(&set.uid), "S12", || {
            format!("claim {name} is to go and is not the set's")
        });
        self.claim(!pods.contains_key(&seen.ordinal), "S6", || {
            format!("claim {name} is to go although the end of its pod was not confirmed")
        });
        let policy = match set.deletion {
            None => set.when_scaled,
            Some(Cascade::Ordered) => set.when_deleted,
            Some(Cascade::Orphan) => false,
        };
        // A deletion that was written down is seen through.
        let decided = view.deleting.contains(&seen.ordinal);
        self.claim(decided || policy && !set.wants(seen.ordinal), "S6", || {
            format!("claim {name} is to go, and no policy says so")
        });
    }

    fn remove(&mut self, view: &View, set: &SetKey) {
        let (Some(facts), Some(pods), Some(_)) = (&view.set, &view.pods, &view.claims) else {
            return self.claim(false, "S15", || format!("set {set} is to be forgotten although a read failed"));
        };
        let stands = pods.values().any(|pod| pod.owner.as_ref() == Some(&facts.uid));
        self.claim(!stands, "S9", || format!("set {set} is to be forgotten while a pod of it stands"));
        self.claim(facts.deletion.is_some(), "S9", || format!("set {set} is to be forgotten and nobody asked for it"));
    }
}
