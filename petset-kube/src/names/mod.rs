//! [`KubeNames`]: names as the cluster itself gives them.
//!
//! A cluster names pods by their `hostname` and `subdomain`, through the headless Service of that name and the Endpoints
//! that the cluster keeps of it. Nothing is written here but that Service, when it is missing and wanted; whatever somebody
//! else made of it stays.

mod lookup;
mod resolver;
mod service;

pub use resolver::KubeNames;
