//! What a declaration must keep to: Kubernetes' rules with its messages, and the rules that it forgot.
//!
//! Each file checks one part and reports every violation of it; none stops at the first.

mod checks;
mod claim;
mod container;
mod environment;
mod meta;
mod names;
mod object;
mod pod;
mod probe;
mod set;
mod volume;

pub(super) use object::check as object;
pub(super) use set::check as set;
