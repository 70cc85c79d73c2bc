//! Sets as resources: the custom resource `PetSet` (`petset.rs/v1`, plural `petsets`, short name `pet`) with its definition,
//! and Kubernetes' own `StatefulSet`.

mod definition;
#[cfg(feature = "crdgen")]
mod generate;
mod kept;
mod kind;
mod lost;
mod metadata;
mod pet_set;
mod pet_sets;
mod record;
mod selector;
mod stateful_sets;
mod status;

pub use definition::{YAML, definition, install};
#[cfg(feature = "crdgen")]
pub use generate::generate;
pub(crate) use kept::KeptSet;
pub(crate) use kind::Kind;
pub use kind::SetKind;
pub use lost::LOST_CLAIMS;
pub(crate) use lost::given_up;
pub use pet_set::PetSet;
pub use pet_sets::PetSets;
pub(crate) use record::{SetRecord, declaration, without_nulls};
pub use stateful_sets::StatefulSets;
pub use status::PetSetStatus;

/// The API version of the resource.
pub const API_VERSION: &str = "petset.rs/v1";

/// Our finalizer: while a set has it, its pods are ended in order before it goes.
pub const FINALIZER: &str = "petset.rs/ordered-teardown";

/// When a revision was first seen, more exactly than the server knows.
pub(crate) const CREATED_AT: &str = "petset.rs/created-at";

/// Of a template that replaces what was there as a whole.
pub(crate) const WHOLE: (&str, &str) = ("$patch", "replace");
