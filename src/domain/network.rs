//! What an address says about where somebody is.

use std::net::{IpAddr, Ipv6Addr};

/// The part of an address that one subscriber has: an IPv4 address, or the /64 of an IPv6 address.
pub fn subscriber(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => IpAddr::V4(v4),
        IpAddr::V6(v6) => {
            let mut segments = v6.segments();
            segments[4..].fill(0);
            IpAddr::V6(Ipv6Addr::from(segments))
        }
    }
}

/// Whether two addresses are on the same network, as far as addresses can tell.
pub fn same(left: IpAddr, right: IpAddr) -> bool {
    subscriber(left) == subscriber(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ipv4_network_is_an_address_and_an_ipv6_network_is_a_64() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(same(ip("203.0.113.24"), ip("::ffff:203.0.113.24")));
        assert!(!same(ip("203.0.113.24"), ip("203.0.113.25")));
        assert!(same(ip("2001:db8::1"), ip("2001:db8::ffff:1")));
        assert!(!same(ip("2001:db8::1"), ip("2001:db8:0:1::1")));
    }
}
