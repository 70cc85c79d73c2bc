//! What differs between the kinds of resource that are sets.

use std::fmt::Debug;

use petset_core::spec::PetSet;
use petset_core::status::{Condition, PetSetStatus};
use petset_core::store::Revision;
use petset_core::{Result, SetUid};
use serde_json::Value;

use super::kept::KeptSet;
use super::record::SetRecord;
use crate::meta::{OwnerKind, Tenure};

/// A kind of resource that is a set: [`PetSets`](super::PetSets) or [`StatefulSets`](super::StatefulSets). There are no
/// others.
#[expect(private_bounds, reason = "nobody else can add a kind")]
pub trait SetKind: Kind {}

impl<K: Kind> SetKind for K {}

/// Everything in which the kinds differ. Nothing here asks the server.
pub(crate) trait Kind: Debug + Clone + Send + Sync + 'static {
    /// How pods and claims name it as their owner.
    const OWNER: OwnerKind;

    /// The plural, as in addresses.
    const PLURAL: &'static str;

    /// What a set waits for before it goes; `None` where the cluster itself ends what belongs to it.
    const FINALIZER: Option<&'static str>;

    /// A declaration that was read, complete; an error when it cannot be worked on.
    fn complete(record: &SetRecord<Self>, set: PetSet) -> Result<PetSet>;

    /// What the set is, and what must not be forgotten of it.
    fn status(record: &SetRecord<Self>) -> Result<PetSetStatus, serde_json::Error>;

    /// Whether the status is ours: no other controller has written it since we did.
    fn is_ours(record: &SetRecord<Self>) -> bool;

    /// How the claims of the set, which is specified so, are told to be its own.
    fn tenure(record: &SetRecord<Self>, spec: &Value) -> Tenure;

    /// The merge patch that makes `status` of what a set says, on the version that is kept, and changes nothing else.
    fn status_patch(known: &KeptSet<Self>, status: &PetSetStatus) -> Value;

    /// Whether the answer to such a patch shows that all of it was written; an error says what was not.
    fn check_written(patch: &Value, answer: &SetRecord<Self>) -> Result<()>;

    /// A condition as the status has it.
    fn condition(condition: &Condition) -> Value;

    /// A label that every revision of such sets has, if there is one.
    const REVISION_LABEL: Option<&'static str>;

    /// Whether others write revisions of such sets as well. Then the server is asked what there is before another one is
    /// made.
    const SHARES_REVISIONS: bool;

    /// The labels that the revisions of a set have, as a selector.
    fn revision_selector(known: &KeptSet<Self>) -> String;

    /// A `ControllerRevision`, as text; an error when the set has moved on.
    fn revision(record: &SetRecord<Self>, uid: &SetUid, revision: &Revision) -> Result<String>;
}
