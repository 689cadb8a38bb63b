//! Where a request comes from.

use std::net::IpAddr;

use actix_web::HttpRequest;
use ipnet::IpNet;

/// The address of the client. `X-Forwarded-For` counts only as far as trusted proxies have written it: the right-most
/// address that is not one of theirs.
pub fn client_address(request: &HttpRequest, trusted: &[IpNet]) -> Option<IpAddr> {
    let peer = request.peer_addr()?.ip().to_canonical();
    let forwarded = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
    let hops: Vec<&str> = forwarded.flat_map(|value| value.split(',')).map(str::trim).collect();
    Some(resolve(peer, &hops, trusted))
}

fn resolve(peer: IpAddr, hops: &[&str], trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|net| net.contains(address));
    let mut client = peer;
    for hop in hops.iter().rev() {
        if !is_trusted(&client) {
            break;
        }
        match hop.parse::<IpAddr>() {
            Ok(address) => client = address.to_canonical(),
            Err(_) => break,
        }
    }
    client
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
}
