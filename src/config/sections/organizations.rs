//! `[organizations]`

use chrono::TimeDelta;

use crate::config::document::Value;
use crate::config::error::ValueError;
use crate::config::section::section;
use crate::config::values::{Parsed, duration, duration_or_zero, flag, text};
use crate::domain::key_policy::TokenCreators;
use crate::domain::organization::{Creation, JoinLinks};
use crate::domain::policy::DeviceFlow;

section! {
    /// Defaults for organizations whose owners and admins have not decided otherwise under Settings > API access.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Organizations = [organizations] {
        /// Whether members may sign in a tool by entering the code that it shows: `"on"`, `"same_network"` (only in a
        /// browser on the network from which the tool asked) or `"off"`.
        device_flow: DeviceFlow = "on", device_flow;

        /// Whether members may copy a code from a page of this server into a terminal. People can be tricked into
        /// passing such a code on, so it is off by default.
        copy_code: bool = false, flag;

        /// Whether an API key may be created without scopes of its own. Such a key can do everything its owner's role
        /// allows, except managing keys, tokens and service accounts. While this is off, existing ones are suspended.
        unrestricted_keys: bool = false, flag;

        /// Maximum lifetime of an API key. `0s`: no limit, and keys that never expire are possible.
        key_max: TimeDelta = "0s", duration_or_zero;

        /// Whose personal tokens work: `"members"` (everybody's) or `"admins"` (only those of owners and admins).
        personal_token_creators: TokenCreators = "members", token_creators;

        /// Maximum lifetime of a personal token. `0s`: no limit.
        personal_token_max: TimeDelta = "0s", duration_or_zero;

        /// How long an invitation can be accepted. From `1h` to `30d`. Applies to all organizations.
        invitation: TimeDelta = "7d", invitation;

        /// Who makes organizations: `"operators"` (with `keystiled org add`), `"users"` (also every user who signs in, at
        /// `/organizations/new`) or `"off"` (nobody).
        creation: Creation = "operators", creation;

        /// Who may use a join link, if an owner allows and makes one: `"accounts"` (everybody who has an account here and
        /// gets hold of the link) or `"off"` (there are none).
        ///
        /// A join link makes no account, and its list of domains is compared with the address of the account. Without a
        /// mail server nothing has proved that address: use `"accounts"` only if those who make accounts are trusted with
        /// the addresses that they enter.
        join_links: JoinLinks = "off", join_links;
    }
}

fn device_flow(value: &Value) -> Parsed<DeviceFlow> {
    DeviceFlow::parse(text(value)?).ok_or_else(|| {
        ValueError::new("is not a device code policy", "Write \"on\", \"same_network\" or \"off\".")
    })
}

fn creation(value: &Value) -> Parsed<Creation> {
    Creation::parse(text(value)?).ok_or_else(|| {
        ValueError::new("does not say who makes organizations", "Write \"operators\", \"users\" or \"off\".")
    })
}

fn join_links(value: &Value) -> Parsed<JoinLinks> {
    JoinLinks::parse(text(value)?).ok_or_else(|| {
        ValueError::new("does not say who may use join links", "Write \"accounts\" or \"off\".")
    })
}

fn invitation(value: &Value) -> Parsed<TimeDelta> {
    let length = duration(value)?;
    if (TimeDelta::hours(1)..=TimeDelta::days(30)).contains(&length) {
        Ok(length)
    } else {
        Err(ValueError::new("is not from 1h to 30d", "Write a time within these limits, such as 7d."))
    }
}

fn token_creators(value: &Value) -> Parsed<TokenCreators> {
    TokenCreators::parse(text(value)?).ok_or_else(|| {
        ValueError::new("does not say who may have personal tokens", "Write \"members\" or \"admins\".")
    })
}
