//! How often each request was made.

use std::collections::BTreeMap;
use std::fmt;

/// The requests of the three backend traits and of the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Op {
    /// `PodBackend::list`.
    PodList,
    /// `PodBackend::create`.
    PodCreate,
    /// `PodBackend::delete`.
    PodDelete,
    /// `PodBackend::update`.
    PodUpdate,
    /// `VolumeProvisioner::list`.
    ClaimList,
    /// `VolumeProvisioner::provision`.
    ClaimProvision,
    /// `VolumeProvisioner::change`.
    ClaimChange,
    /// `VolumeProvisioner::delete`.
    ClaimDelete,
    /// `NameResolver::publish`.
    NamePublish,
    /// `NameResolver::withdraw`.
    NameWithdraw,
    /// `NameResolver::resolve`.
    NameResolve,
    /// `SetStore::list`.
    StoreList,
    /// `SetStore::gone`.
    StoreGone,
    /// `SetStore::get`.
    StoreGet,
    /// `SetStore::create`.
    StoreCreate,
    /// `SetStore::update`.
    StoreUpdate,
    /// `SetStore::mark_deleted`.
    StoreMarkDeleted,
    /// `SetStore::update_status`.
    StoreUpdateStatus,
    /// `SetStore::remove`.
    StoreRemove,
    /// `SetStore::revisions`.
    StoreRevisions,
    /// `SetStore::put_revision`.
    StorePutRevision,
    /// `SetStore::delete_revision`.
    StoreDeleteRevision,
    /// `SetStore::objects`.
    StoreObjects,
    /// `SetStore::put_object`.
    StorePutObject,
    /// `SetStore::delete_object`.
    StoreDeleteObject,
}

impl Op {
    /// Every one.
    pub fn all() -> impl Iterator<Item = Self> {
        [
            Self::PodList,
            Self::PodCreate,
            Self::PodDelete,
            Self::PodUpdate,
            Self::ClaimList,
            Self::ClaimProvision,
            Self::ClaimChange,
            Self::ClaimDelete,
            Self::NamePublish,
            Self::NameWithdraw,
            Self::NameResolve,
            Self::StoreList,
            Self::StoreGone,
            Self::StoreGet,
            Self::StoreCreate,
            Self::StoreUpdate,
            Self::StoreMarkDeleted,
            Self::StoreUpdateStatus,
            Self::StoreRemove,
            Self::StoreRevisions,
            Self::StorePutRevision,
            Self::StoreDeleteRevision,
            Self::StoreObjects,
            Self::StorePutObject,
            Self::StoreDeleteObject,
        ]
        .into_iter()
    }

    /// Whether a request that was given up, or failed, may take effect later: the contracts of the three backend traits leave
    /// that open, and [`SetStore`](petset_core::store::SetStore) rules it out.
    pub fn may_be_late(self) -> bool {
        match self {
            Self::PodCreate
            | Self::PodDelete
            | Self::PodUpdate
            | Self::ClaimProvision
            | Self::ClaimChange
            | Self::ClaimDelete
            | Self::NamePublish
            | Self::NameWithdraw => true,
            Self::PodList
            | Self::ClaimList
            | Self::NameResolve
            | Self::StoreList
            | Self::StoreGone
            | Self::StoreGet
            | Self::StoreRevisions
            | Self::StoreObjects
            | Self::StoreCreate
            | Self::StoreUpdate
            | Self::StoreMarkDeleted
            | Self::StoreUpdateStatus
            | Self::StoreRemove
            | Self::StorePutRevision
            | Self::StoreDeleteRevision
            | Self::StorePutObject
            | Self::StoreDeleteObject => false,
        }
    }

    /// Whether it can name the version that it was decided on, and then fails when somebody was faster.
    pub fn may_name_a_version(self) -> bool {
        matches!(
            self,
            Self::PodDelete
                | Self::PodUpdate
                | Self::StoreUpdate
                | Self::StoreMarkDeleted
                | Self::StoreUpdateStatus
                | Self::StoreRemove
        )
    }

    /// Whether its answer may be older than the question, within `list_sees_own_writes`: sets are read as they are.
    pub fn may_be_stale(self) -> bool {
        matches!(self, Self::PodList | Self::ClaimList)
    }

    /// Whether it asks for a change; the other requests read.
    pub fn is_write(self) -> bool {
        match self {
            Self::PodList
            | Self::ClaimList
            | Self::NameResolve
            | Self::StoreList
            | Self::StoreGone
            | Self::StoreGet
            | Self::StoreRevisions
            | Self::StoreObjects => false,
            Self::PodCreate
            | Self::PodDelete
            | Self::PodUpdate
            | Self::ClaimProvision
            | Self::ClaimChange
            | Self::ClaimDelete
            | Self::NamePublish
            | Self::NameWithdraw
            | Self::StoreCreate
            | Self::StoreUpdate
            | Self::StoreMarkDeleted
            | Self::StoreUpdateStatus
            | Self::StoreRemove
            | Self::StorePutRevision
            | Self::StoreDeleteRevision
            | Self::StorePutObject
            | Self::StoreDeleteObject => true,
        }
    }
}

/// How often each request was made, whatever came of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Counts {
    by_op: BTreeMap<Op, u64>,
}

impl Counts {
    pub(super) fn count(&mut self, op: Op) {
        *self.by_op.entry(op).or_default() += 1;
    }

    /// How often this one was made.
    pub fn of(&self, op: Op) -> u64 {
        self.by_op.get(&op).copied().unwrap_or(0)
    }

    /// How many requests read.
    pub fn reads(&self) -> u64 {
        self.sum(|op| !op.is_write())
    }

    /// How many requests asked for a change, also those that changed nothing.
    pub fn writes(&self) -> u64 {
        self.sum(Op::is_write)
    }

    /// What came since `earlier`.
    #[must_use]
    pub fn since(&self, earlier: &Self) -> Self {
        let difference = self.by_op.iter().map(|(op, count)| (*op, count.saturating_sub(earlier.of(*op))));
        Self { by_op: difference.filter(|(_, count)| *count > 0).collect() }
    }

    fn sum(&self, wanted: impl Fn(Op) -> bool) -> u64 {
        self.by_op.iter().filter(|(op, _)| wanted(**op)).map(|(_, count)| count).sum()
    }
}

impl fmt::Display for Counts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { by_op } = self;
        for (index, (op, count)) in by_op.iter().enumerate() {
            write!(f, "{}{op:?} {count}", if index == 0 { "" } else { ", " })?;
        }
        Ok(())
    }
}
