//! Names of addresses: `4.3.2.1.in-addr.arpa` and its longer brother.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The address that a reverse name in lower case stands for.
pub(super) fn address_of(name: &str) -> Option<IpAddr> {
    if let Some(digits) = name.strip_suffix(".in-addr.arpa") {
        let mut octets = [0; 4];
        let mut parts = digits.split('.');
        for octet in octets.iter_mut().rev() {
            *octet = parts.next()?.parse().ok()?;
        }
        return parts.next().is_none().then_some(IpAddr::V4(Ipv4Addr::from(octets)));
    }
    let digits = name.strip_suffix(".ip6.arpa")?;
    let mut value: u128 = 0;
    let mut count = 0;
    for digit in digits.rsplit('.') {
        if digit.len() != 1 || count == 32 {
            return None;
        }
        value = value << 4 | u128::from(digit.chars().next()?.to_digit(16)?);
        count += 1;
    }
    (count == 32).then_some(IpAddr::V6(Ipv6Addr::from(value)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_addresses_backwards_and_nothing_else() {
        assert_eq!(address_of("4.3.2.1.in-addr.arpa"), Some([1, 2, 3, 4].into()));
        let six = format!("1.{}8.b.d.0.1.0.0.2.ip6.arpa", "0.".repeat(23));
        assert_eq!(address_of(&six), Some("2001:db8::1".parse().unwrap()));
        for other in ["3.2.1.in-addr.arpa", "5.4.3.2.1.in-addr.arpa", "x.3.2.1.in-addr.arpa", "1.ip6.arpa", "arpa"] {
            assert_eq!(address_of(other), None, "{other}");
        }
    }
}
