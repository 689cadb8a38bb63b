//! The client address of a request.

use std::net::{IpAddr, SocketAddr};

use actix_web::HttpRequest;
use ipnet::IpNet;

/// The client address. `X-Forwarded-For` counts only as far as trusted proxies wrote it: the right-most
/// address that is not a trusted proxy.
pub fn client_address(request: &HttpRequest, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> =
        forwarded.flat_map(|value| value.split(',')).map(str::trim).filter(|hop| !hop.is_empty()).collect();
    Some(resolve(peer, &hops, trusted))
}

fn resolve(peer: IpAddr, hops: &[&str], trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let mut client = peer;
    for hop in hops.iter().rev() {
        if !is_trusted(&client) {
            break;
        }
        match address(hop) {
            Some(address) => client = address.to_canonical(),
            None => break,
        }
    }
    client
}

/// The address of a hop, in the forms that proxies write: `192.0.2.1`, `192.0.2.1:443`, `2001:db8::1`, `[2001:db8::1]`,
/// `[2001:db8::1]:443`, and each of them in double quotes.
fn address(hop: &str) -> Option<IpAddr> {
    let hop = hop.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or(hop);
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    match bare {
        Some(bare) => bare.parse().ok().filter(IpAddr::is_ipv6),
        None => hop.parse().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|socket| socket.ip())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lg_07_only_what_trusted_proxies_wrote_counts() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let proxies = ["10.0.0.0/8".parse().unwrap()];
        assert_eq!(resolve(ip("198.51.100.7"), &["1.2.3.4"], &proxies), ip("198.51.100.7"));
        assert_eq!(resolve(ip("10.0.0.1"), &["1.2.3.4", "198.51.100.7"], &proxies), ip("198.51.100.7"));
        assert_eq!(resolve(ip("10.0.0.1"), &["198.51.100.7", "10.0.0.2"], &proxies), ip("198.51.100.7"));
        assert_eq!(resolve(ip("10.0.0.1"), &["nonsense"], &proxies), ip("10.0.0.1"));
        assert_eq!(resolve(ip("10.0.0.1"), &["1.2.3.4"], &[]), ip("10.0.0.1"));
    }

    #[test]
    fn cd_04_an_address_is_read_in_every_form_that_proxies_write() {
        let v4: IpAddr = "203.0.113.9".parse().unwrap();
        let v6: IpAddr = "2001:db8::1".parse().unwrap();
        for (hop, expected) in [
            ("203.0.113.9", v4),
            ("203.0.113.9:51000", v4),
            ("\"203.0.113.9\"", v4),
            ("\"203.0.113.9:51000\"", v4),
            ("2001:db8::1", v6),
            ("[2001:db8::1]", v6),
            ("[2001:db8::1]:443", v6),
            ("\"[2001:db8::1]:443\"", v6),
        ] {
            assert_eq!(address(hop), Some(expected), "{hop}");
        }
        for hop in [
            "unknown",
            "_hidden",
            "\"",
            "\"\"",
            "203.0.113.9:",
            "203.0.113.9:99999",
            "[203.0.113.9]",
            "[2001:db8::1",
            "[]:1",
        ] {
            assert_eq!(address(hop), None, "{hop}");
        }
    }

    #[test]
    fn cd_04_ports_do_not_hide_which_hops_are_proxies() {
        let ip = |text: &str| text.parse::<IpAddr>().unwrap();
        let proxies = ["10.0.0.0/8".parse().unwrap()];
        let hops = ["192.0.2.66:1", "198.51.100.7:51000", "10.0.0.2:443"];
        assert_eq!(resolve(ip("10.0.0.1"), &hops, &proxies), ip("198.51.100.7"));
    }
}
