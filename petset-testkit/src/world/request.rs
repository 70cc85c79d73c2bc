//! [`Request`]: what somebody asks the world for, as data.

use std::fmt;

use petset_core::backend::{
    ClaimChange, ClaimRef, ClaimRequest, DeleteOptions, PodChange, PodRef, PodRequest, RecordSet,
};
use petset_core::status::{OrdinalSet, PetSetStatus};
use petset_core::{SetKey, Version};

use super::counts::Op;

/// One request of the three backend traits or of the store. Prints as one line, without uids of sets.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    /// `PodBackend::list`.
    ListPods(SetKey),
    /// `PodBackend::create`.
    CreatePod(PodRequest),
    /// `PodBackend::delete`.
    DeletePod(PodRef, DeleteOptions),
    /// `PodBackend::update`.
    UpdatePod(PodRef, PodChange),
    /// `VolumeProvisioner::list`.
    ListClaims(SetKey),
    /// `VolumeProvisioner::provision`.
    Provision(ClaimRequest),
    /// `VolumeProvisioner::change`.
    ChangeClaim(ClaimRef, ClaimChange),
    /// `VolumeProvisioner::delete`.
    DeleteClaim(ClaimRef),
    /// `NameResolver::publish`.
    Publish(SetKey, RecordSet),
    /// `NameResolver::withdraw`.
    Withdraw(SetKey),
    /// `NameResolver::resolve`.
    Resolve(String),
    /// `SetStore::update_status`.
    WriteStatus(SetKey, Version, Box<PetSetStatus>),
    /// Any other request to the store, by set where it is about one.
    Store(Op, Option<SetKey>, String),
}

impl Request {
    /// Its kind.
    pub(crate) fn op(&self) -> Op {
        match self {
            Self::ListPods(_) => Op::PodList,
            Self::CreatePod(_) => Op::PodCreate,
            Self::DeletePod(..) => Op::PodDelete,
            Self::UpdatePod(..) => Op::PodUpdate,
            Self::ListClaims(_) => Op::ClaimList,
            Self::Provision(_) => Op::ClaimProvision,
            Self::ChangeClaim(..) => Op::ClaimChange,
            Self::DeleteClaim(_) => Op::ClaimDelete,
            Self::Publish(..) => Op::NamePublish,
            Self::Withdraw(_) => Op::NameWithdraw,
            Self::Resolve(_) => Op::NameResolve,
            Self::WriteStatus(..) => Op::StoreUpdateStatus,
            Self::Store(op, ..) => *op,
        }
    }

    /// The set that it is about.
    #[cfg(feature = "simulate")]
    pub(crate) fn set(&self) -> Option<&SetKey> {
        match self {
            Self::ListPods(set)
            | Self::ListClaims(set)
            | Self::Publish(set, _)
            | Self::Withdraw(set)
            | Self::WriteStatus(set, ..) => Some(set),
            Self::CreatePod(request) => Some(&request.set),
            Self::DeletePod(pod, _) | Self::UpdatePod(pod, _) => Some(&pod.set),
            Self::Provision(request) => Some(&request.set),
            Self::ChangeClaim(claim, _) | Self::DeleteClaim(claim) => Some(&claim.set),
            Self::Resolve(_) => None,
            Self::Store(_, set, _) => set.as_ref(),
        }
    }
}

impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ListPods(set) => write!(f, "list the pods of {set}"),
            Self::CreatePod(request) => write!(f, "create pod {} on {}", request.name(), request.revision),
            Self::DeletePod(pod, options) => {
                write!(f, "delete pod {} ({})", pod.name(), pod.uid)?;
                options.version.as_ref().map_or(Ok(()), |version| write!(f, " while it has version {version}"))
            }
            Self::UpdatePod(pod, change) => {
                let what = match &change.owner {
                    Some(Some(_)) => "adopt",
                    Some(None) => "release",
                    None => "change",
                };
                write!(f, "{what} pod {} ({})", pod.name(), pod.uid)
            }
            Self::ListClaims(set) => write!(f, "list the claims of {set}"),
            Self::Provision(request) => write!(f, "provision claim {}", request.name),
            Self::ChangeClaim(claim, change) => {
                let what = match &change.owner {
                    Some(Some(_)) => "own",
                    Some(None) => "disown",
                    None => "grow",
                };
                write!(f, "{what} claim {} ({})", claim.name, claim.uid)
            }
            Self::DeleteClaim(claim) => write!(f, "delete claim {} ({})", claim.name, claim.uid),
            Self::Publish(set, records) => {
                let pets: Vec<String> = records
                    .pets
                    .iter()
                    .map(|pet| format!("{}{}", pet.ordinal, if pet.ready { "" } else { " (not ready)" }))
                    .collect();
                write!(f, "publish the names of {set}: [{}]", pets.join(", "))
            }
            Self::Withdraw(set) => write!(f, "withdraw the names of {set}"),
            Self::Resolve(name) => write!(f, "resolve {name}"),
            Self::WriteStatus(set, version, status) => {
                let tickets: Vec<String> = status.tickets.iter().map(|ticket| ticket.uid.to_string()).collect();
                write!(
                    f,
                    "write the status of {set} over version {version}: {} ready of {}, tickets [{}], started {}, \
                     deleting claims of [{}]",
                    status.ready_replicas,
                    status.replicas,
                    tickets.join(", "),
                    status.started.ordinals().collect::<OrdinalSet>(),
                    status.deleting_claims,
                )
            }
            Self::Store(_, Some(set), what) => write!(f, "{what} {set}"),
            Self::Store(_, None, what) => f.write_str(what),
        }
    }
}
