//! [`LocalNames`]: the resolver in front of the zone that the DNS server answers from.

mod check;
mod resolver;

pub use resolver::LocalNames;
