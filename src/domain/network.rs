//! Networks of addresses.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The network of one subscriber: an IPv4 address, or the /64 of an IPv6 address.
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

/// The block that is usually routed to one site: an IPv4 /24 or an IPv6 /48. An attacker who controls one of its
/// addresses usually controls all of them.
pub fn site(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let [a, b, c, _] = v4.octets();
            IpAddr::V4(Ipv4Addr::new(a, b, c, 0))
        }
        IpAddr::V6(v6) => {
            let mut segments = v6.segments();
            segments[3..].fill(0);
            IpAddr::V6(Ipv6Addr::from(segments))
        }
    }
}

/// Whether two addresses are probably on the same network.
pub fn same(left: IpAddr, right: IpAddr) -> bool {
    subscriber(left) == subscriber(right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_network_is_an_ipv4_address_or_an_ipv6_64() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        assert!(same(ip("203.0.113.24"), ip("::ffff:203.0.113.24")));
        assert!(!same(ip("203.0.113.24"), ip("203.0.113.25")));
        assert!(same(ip("2001:db8::1"), ip("2001:db8::ffff:1")));
        assert!(!same(ip("2001:db8::1"), ip("2001:db8:0:1::1")));
    }

    #[test]
    fn a_site_is_an_ipv4_24_or_an_ipv6_48() {
        let site = |text: &str| site(text.parse::<IpAddr>().unwrap()).to_string();
        assert_eq!(site("203.0.113.24"), "203.0.113.0");
        assert_eq!(site("::ffff:203.0.113.255"), "203.0.113.0");
        assert_eq!(site("2001:db8:7:ffff::1"), "2001:db8:7::");
        assert_ne!(site("2001:db8:8::1"), site("2001:db8:7::1"));
    }
}
