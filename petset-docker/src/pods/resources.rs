//! Limits and requests as the engine knows them.

use bollard::models::HostConfig;
use petset_core::spec::{Quantity, Resources};

/// The resources that the engine knows.
pub(super) const KNOWN: [&str; 2] = ["cpu", "memory"];
/// The engine runs no container with less memory.
pub(super) const LEAST_MEMORY: u64 = 6 << 20;
/// As the kubelet counts: shares per processor, and the least and most that the kernel takes.
const SHARES: i128 = 1024;
const LEAST_SHARES: i128 = 2;
const MOST_SHARES: i128 = 1 << 18;
/// Processor time is limited in each period of so many microseconds, to no less than the quota that the kernel takes.
const PERIOD: i64 = 100_000;
const LEAST_QUOTA: i128 = 1000;

/// Sets what `resources` says. Memory has no swap to go to, as in Kubernetes. A limit of processors may be higher than
/// there are, and a request of less memory than any container has says nothing.
pub(super) fn apply(resources: &Resources, host: &mut HostConfig) {
    let Resources { limits, requests, other: _ } = resources;
    let milli = |quantity: &Quantity| quantity.milli();
    if let Some(milli) = limits.get("cpu").and_then(milli).filter(|milli| *milli > 0) {
        host.cpu_period = Some(PERIOD);
        host.cpu_quota = (milli * i128::from(PERIOD) / 1000).max(LEAST_QUOTA).try_into().ok();
    }
    if let Some(bytes) = limits.get("memory").and_then(Quantity::bytes) {
        host.memory = bytes.try_into().ok();
        host.memory_swap = host.memory;
    }
    if let Some(milli) = requests.get("cpu").or_else(|| limits.get("cpu")).and_then(milli) {
        host.cpu_shares = (milli * SHARES / 1000).clamp(LEAST_SHARES, MOST_SHARES).try_into().ok();
    }
    if let Some(bytes) = requests.get("memory").and_then(Quantity::bytes).filter(|bytes| *bytes >= LEAST_MEMORY) {
        host.memory_reservation = bytes.try_into().ok();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(limits: [&str; 2], requests: [&str; 2]) -> HostConfig {
        let amounts =
            |[cpu, memory]: [&str; 2]| [("cpu".to_owned(), cpu.into()), ("memory".to_owned(), memory.into())].into();
        let resources = Resources { limits: amounts(limits), requests: amounts(requests), ..Resources::default() };
        let mut host = HostConfig::default();
        apply(&resources, &mut host);
        host
    }

    #[test]
    fn limits_and_requests_reach_the_engine() {
        let host = applied(["1500m", "1Gi"], ["250m", "64Mi"]);
        assert_eq!((host.cpu_period, host.cpu_quota, host.cpu_shares), (Some(100_000), Some(150_000), Some(256)));
        assert_eq!(
            (host.memory, host.memory_swap, host.memory_reservation),
            (Some(1 << 30), Some(1 << 30), Some(1 << 26))
        );
    }

    #[test]
    fn amounts_that_the_engine_does_not_take_become_the_nearest_that_it_does() {
        let host = applied(["1000", "1Gi"], ["500", "1Mi"]);
        assert_eq!((host.cpu_quota, host.cpu_shares), (Some(100_000_000), Some(1 << 18)), "more than any host has");
        assert_eq!((host.nano_cpus, host.memory_reservation), (None, None));
        let host = applied(["1m", "6Mi"], ["0", "6Mi"]);
        assert_eq!((host.cpu_quota, host.cpu_shares), (Some(1000), Some(2)));
        assert_eq!(host.memory_reservation, Some(6 << 20));
        let host = applied(["0", "1Gi"], ["0", "1Gi"]);
        assert_eq!((host.cpu_period, host.cpu_quota), (None, None), "no limit, as in Kubernetes");
    }
}
