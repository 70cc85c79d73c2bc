//! From text to a checked declaration: parse → default → validate, every violation at once.
//!
//! [`Manifest::parse`] reads YAML or JSON with any number of documents. Each document is read on its own: what has the
//! wrong type is reported and set aside, so that the rest is checked in the same run. What comes out is complete: every
//! default is filled in, and nothing that Kubernetes would refuse, or would only stumble over later, is left in it.

mod across;
mod alpha;
mod declaration;
mod default;
mod document;
mod error;
mod parse;
mod path;
mod typed;
mod unknown;
mod update;
mod validate;
mod violation;

pub use across::claim_names_collide;
pub use declaration::Manifest;
pub use error::{DocumentRef, ManifestError, ManifestViolation};
pub use parse::MAX_MANIFEST_BYTES;
pub use update::check_update;
pub use violation::Violation;
