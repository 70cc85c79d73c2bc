//! Where a pod is found.

use std::net::{IpAddr, Ipv4Addr};

use petset_core::Result;

use super::cell::Cell;
use super::inspect::Seen;
use super::record::Record;
use super::shared::Shared;

/// Why a pod waits whose sandbox is in no network any more.
const LOST: &str = "NetworkLost";

/// Where a pod is found, and its host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) address: Option<IpAddr>,
    pub(super) host_ip: Option<IpAddr>,
}

impl Place {
    /// By what the engine says of the pod's running sandbox. A pod on the host's network is where the host is for the
    /// namespace's other pods; where that is not known, only this machine finds it.
    pub(super) async fn of(shared: &Shared, cell: &Cell, sandbox: &Seen) -> Result<Self> {
        let host_ip = shared.options.host_ip.or(sandbox.gateway);
        if !cell.read(|record| record.request.template.spec.host_network) {
            return Ok(Self { address: sandbox.address(), host_ip });
        }
        let host_ip = match host_ip {
            None => shared.names.gateway(&cell.set.namespace).await?,
            known => known,
        };
        Ok(Self { address: host_ip.or(Some(Ipv4Addr::LOCALHOST.into())), host_ip })
    }

    /// Writes down where the pod is found, and if it is not, why it waits: a running sandbox cannot join another network
    /// under the same names and address, and what to do is for people to say.
    pub(super) fn note(self, record: &mut Record) {
        record.address = self.address;
        record.host_ip = self.host_ip.or(record.host_ip);
        if self.address.is_none() {
            let message = "the container that is the pod is in no network any more, and nobody reaches it: delete the \
                           pod, and the next one joins the network of its namespace";
            record.waiting = Some((LOST.to_owned(), message.to_owned()));
        } else if record.waiting.as_ref().is_some_and(|(reason, _)| reason == LOST) {
            record.waiting = None;
        }
    }
}
