//! The addresses from which a key may be used.

use std::fmt;
use std::net::IpAddr;

use ipnet::IpNet;

/// Entries of a list at most.
const MAX_NETWORKS: usize = 32;

/// A non-empty list of networks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AllowedAddresses(Vec<IpNet>);

/// Why a list is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AllowedAddressesError {
    #[error("is empty. Leave it out to allow every address")]
    Empty,
    #[error("has more than {MAX_NETWORKS} addresses")]
    TooMany,
    #[error("has an entry that is neither an address (203.0.113.7) nor a network (203.0.113.0/24)")]
    NotAnAddress,
}

impl AllowedAddresses {
    pub fn parse<'a>(texts: impl IntoIterator<Item = &'a str>) -> Result<Self, AllowedAddressesError> {
        let network = |text: &str| {
            text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from)).map(|net| net.trunc())
        };
        let mut networks = Vec::new();
        for text in texts {
            if networks.len() == MAX_NETWORKS {
                return Err(AllowedAddressesError::TooMany);
            }
            networks.push(network(text).map_err(|_| AllowedAddressesError::NotAnAddress)?);
        }
        if networks.is_empty() { Err(AllowedAddressesError::Empty) } else { Ok(Self(networks)) }
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// Whether every network of this list lies within one of the other list.
    pub fn is_subset(&self, other: &Self) -> bool {
        self.0.iter().all(|inner| other.0.iter().any(|outer| outer.contains(inner)))
    }

    pub fn iter(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(ToString::to_string)
    }
}

/// Space-separated, as stored.
impl fmt::Display for AllowedAddresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.iter().collect::<Vec<_>>().join(" "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_and_networks_are_accepted() {
        let list = AllowedAddresses::parse(["203.0.113.7", "2001:db8::/32", "10.1.2.3/8"]).unwrap();
        assert_eq!(list.to_string(), "203.0.113.7/32 2001:db8::/32 10.0.0.0/8");
        let allows = |text: &str| list.contains(text.parse().unwrap());
        assert!(allows("203.0.113.7") && allows("::ffff:203.0.113.7") && allows("2001:db8:1::1"));
        assert!(!allows("203.0.113.8") && !allows("2001:db9::1"));
        assert_eq!(AllowedAddresses::parse([]), Err(AllowedAddressesError::Empty));
        assert_eq!(AllowedAddresses::parse(["example.com"]), Err(AllowedAddressesError::NotAnAddress));
        assert_eq!(AllowedAddresses::parse(["::1"; 33]), Err(AllowedAddressesError::TooMany));
    }
}
