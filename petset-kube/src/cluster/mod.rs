//! [`Cluster`]: everything of a cluster that a controller of `PetSet`s works with.

mod builder;
mod open;

pub use builder::ClusterBuilder;
pub use open::Cluster;
