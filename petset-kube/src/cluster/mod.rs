//! [`Cluster`]: everything of a cluster that a controller of `PetSet`s, or of `StatefulSet`s, works with.

mod builder;
mod open;

pub use builder::ClusterBuilder;
pub use open::Cluster;

pub use crate::resource::{PetSets, SetKind, StatefulSets};
