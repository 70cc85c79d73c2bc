//! The custom resource `PetSet` (`petset.rs/v1`, plural `petsets`, short name `pet`), and its definition.

mod definition;
#[cfg(feature = "crdgen")]
mod generate;
mod kept;
mod record;
mod selector;

pub use definition::{YAML, definition, install};
#[cfg(feature = "crdgen")]
pub use generate::generate;
pub(crate) use kept::KeptSet;
pub(crate) use record::{PetSetRecord, declaration};

/// The API version of the resource.
pub const API_VERSION: &str = "petset.rs/v1";

/// Our finalizer: while a set has it, its pods are ended in order before it goes.
pub const FINALIZER: &str = "petset.rs/ordered-teardown";
