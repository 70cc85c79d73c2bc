//! What may be set about names.

use std::net::IpAddr;

use petset_local::dns::DnsOptions;

/// What may be set about names.
#[derive(Debug, Clone)]
pub(crate) struct NameOptions {
    /// The cluster domain.
    pub(crate) domain: String,
    /// How our server answers.
    pub(crate) dns: DnsOptions,
    /// Whom containers ask for names of others; the servers of this machine when `None`.
    pub(crate) upstream: Option<Vec<IpAddr>>,
}

impl Default for NameOptions {
    fn default() -> Self {
        Self { domain: "cluster.local".to_owned(), dns: DnsOptions::default(), upstream: None }
    }
}
