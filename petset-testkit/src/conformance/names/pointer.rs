//! `NameResolver::resolve`: names of addresses.

use std::net::IpAddr;

use petset_core::backend::{RecordSet, ResolvedName};

use super::support::{address, records, service};
use crate::conformance::bench::{Bench, Outcome};

/// The name that stands for an address.
fn reverse(address: IpAddr) -> String {
    match address {
        IpAddr::V4(four) => {
            let [a, b, c, d] = four.octets();
            format!("{d}.{c}.{b}.{a}.in-addr.arpa")
        }
        IpAddr::V6(six) => {
            let digits: Vec<String> =
                six.octets().iter().rev().map(|octet| format!("{:x}.{:x}", octet & 15, octet >> 4)).collect();
            format!("{}.ip6.arpa", digits.join("."))
        }
    }
}

pub(super) async fn of_a_pet(bench: &Bench) -> Outcome {
    let (set, nginx) = (bench.set("web"), bench.service("nginx"));
    let six: IpAddr = [0xfd00, 0, 0, 0, 0, 0, 0, 0x12].into();
    let mut two = records(&set, 0, service(&nginx, false), &[(0, true), (1, true)]);
    two.pets[1].address = six;
    bench.publish(&set, &two).await?;
    for (ordinal, address) in [(0, address(0, 0)), (1, six)] {
        let found = bench.names().resolve(&reverse(address)).await?;
        let expected = bench.full(&format!("{}-{ordinal}.{nginx}", set.name), &set);
        assert_eq!(found, ResolvedName::Names(vec![expected]), "{address}");
    }
    Ok(())
}

pub(super) async fn of_nobody(bench: &Bench) -> Outcome {
    let (set, nginx) = (bench.set("web"), bench.service("nginx"));
    bench.publish(&set, &records(&set, 0, service(&nginx, false), &[(0, true), (1, false)])).await?;
    assert!(bench.is_unknown(&reverse(address(0, 1))).await, "it is not ready, and has no name");
    assert!(bench.is_unknown(&reverse(address(0, 7))).await, "it is nobody's");
    bench.publish(&set, &RecordSet::default()).await?;
    assert!(bench.is_unknown(&reverse(address(0, 0))).await, "it was withdrawn");
    Ok(())
}
