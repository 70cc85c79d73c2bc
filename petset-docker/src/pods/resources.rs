//! Limits and requests as the engine knows them.

use bollard::models::HostConfig;
use petset_core::spec::{Quantity, Resources};

/// The resources that the engine knows.
pub(super) const KNOWN: [&str; 2] = ["cpu", "memory"];
/// As the kubelet counts: shares per processor, and the least that the kernel takes.
const SHARES: i128 = 1024;
const LEAST_SHARES: i128 = 2;

/// Sets what `resources` says. Memory has no swap to go to, as in Kubernetes.
pub(super) fn apply(resources: &Resources, host: &mut HostConfig) {
    let Resources { limits, requests, other: _ } = resources;
    let milli = |quantity: &Quantity| quantity.milli();
    if let Some(milli) = limits.get("cpu").and_then(milli) {
        host.nano_cpus = (milli * 1_000_000).try_into().ok();
    }
    if let Some(bytes) = limits.get("memory").and_then(Quantity::bytes) {
        host.memory = bytes.try_into().ok();
        host.memory_swap = host.memory;
    }
    if let Some(milli) = requests.get("cpu").or_else(|| limits.get("cpu")).and_then(milli) {
        host.cpu_shares = (milli * SHARES / 1000).max(LEAST_SHARES).try_into().ok();
    }
    if let Some(bytes) = requests.get("memory").and_then(Quantity::bytes) {
        host.memory_reservation = bytes.try_into().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_and_requests_reach_the_engine() {
        let amounts = |cpu: &str, memory: &str| [("cpu".to_owned(), cpu.into()), ("memory".to_owned(), memory.into())];
        let (limits, requests) = (amounts("1500m", "1Gi").into(), amounts("250m", "64Mi").into());
        let resources = Resources { limits, requests, ..Resources::default() };
        let mut host = HostConfig::default();
        apply(&resources, &mut host);
        assert_eq!((host.nano_cpus, host.cpu_shares), (Some(1_500_000_000), Some(256)));
        assert_eq!(
            (host.memory, host.memory_swap, host.memory_reservation),
            (Some(1 << 30), Some(1 << 30), Some(1 << 26))
        );
    }
}
