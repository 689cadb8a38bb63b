//! The sign-in methods that an organization allows.

use std::net::IpAddr;

use super::network;
use super::text_enum::text_enum;

text_enum! {
    /// Whether members may sign in with a device code (RFC 8628).
    DeviceFlow {
        On = "on",
        /// Only if the browser is on the network of the device.
        SameNetwork = "same_network",
        Off = "off",
    }
}

/// Path of the page that shows a code to copy. Clients use its URL as redirect URI.
pub const PASTE_PATH: &str = "/c/code";

/// How the authorization response reaches the tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignInMethod {
    /// Redirect to the tool.
    Redirect,
    /// The user copies a code from a page into the terminal.
    Paste,
    /// Device grant: the tool polls while the user answers elsewhere.
    Device(Proximity),
}

/// Whether device and browser are probably on the same network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Proximity {
    SameNetwork,
    DifferentNetwork,
    Unknown,
}

impl Proximity {
    pub fn of(device: Option<IpAddr>, browser: Option<IpAddr>) -> Self {
        match (device, browser) {
            (Some(device), Some(browser)) if network::same(device, browser) => Self::SameNetwork,
            (Some(_), Some(_)) => Self::DifferentNetwork,
            (None, _) | (_, None) => Self::Unknown,
        }
    }
}

/// The policy that excludes an organization from a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PolicyBlock {
    PersonalTokens,
    DeviceFlow,
    OtherNetwork,
    CopyCode,
}

/// The policies in effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    pub personal_tokens: bool,
    pub device_flow: DeviceFlow,
    pub copy_code: bool,
}

impl Policy {
    /// The policy that forbids this sign-in method; `None` if it is allowed.
    pub fn policy_block(self, sign_in_method: SignInMethod) -> Option<PolicyBlock> {
        if !self.personal_tokens {
            return Some(PolicyBlock::PersonalTokens);
        }
        match (sign_in_method, self.device_flow) {
            (SignInMethod::Redirect, _)
            | (SignInMethod::Device(_), DeviceFlow::On)
            | (SignInMethod::Device(Proximity::SameNetwork), DeviceFlow::SameNetwork) => None,
            (SignInMethod::Paste, _) => (!self.copy_code).then_some(PolicyBlock::CopyCode),
            (SignInMethod::Device(_), DeviceFlow::Off) => Some(PolicyBlock::DeviceFlow),
            (
                SignInMethod::Device(Proximity::DifferentNetwork | Proximity::Unknown),
                DeviceFlow::SameNetwork,
            ) => Some(PolicyBlock::OtherNetwork),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_network_counts_as_different() {
        let ip = |text: &str| text.parse::<IpAddr>().ok();
        let policy = Policy { personal_tokens: true, device_flow: DeviceFlow::SameNetwork, copy_code: false };
        let policy_block = |device, browser| {
            policy.policy_block(SignInMethod::Device(Proximity::of(ip(device), ip(browser))))
        };
        assert_eq!(policy_block("203.0.113.24", "203.0.113.24"), None);
        assert_eq!(policy_block("203.0.113.24", "198.51.100.7"), Some(PolicyBlock::OtherNetwork));
        assert_eq!(policy_block("", "198.51.100.7"), Some(PolicyBlock::OtherNetwork));
        assert_eq!(policy.policy_block(SignInMethod::Paste), Some(PolicyBlock::CopyCode));
        assert_eq!(policy.policy_block(SignInMethod::Redirect), None);
        let off = Policy { personal_tokens: false, ..policy };
        assert_eq!(off.policy_block(SignInMethod::Redirect), Some(PolicyBlock::PersonalTokens));
    }
}
