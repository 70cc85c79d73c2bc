//! From text to a checked declaration: parse → default → validate, every violation at once.

mod violation;

pub use violation::Violation;
