//! Authorization requests: what a client asked a person for.

use super::text_enum::text_enum;

text_enum! {
    /// A request has one answer.
    RequestStatus {
        /// Malformed; the client is told once the person has signed in.
        Invalid = "invalid",
        Open = "open",
        Approved = "approved",
        Denied = "denied",
        /// The person belongs to no organization, or has a role that holds nothing of what was requested.
        CannotApprove = "cannot_approve",
        /// The organization does not allow personal tokens.
        SwitchedOff = "switched_off",
        /// The organization does not allow codes to be copied, and the tool that waited for one was told so.
        NotAllowed = "not_allowed",
    }
}

/// What the requesting program says of the device it runs on. Claimed, never verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    pub name: Option<String>,
    pub os: Option<String>,
    pub tool_version: Option<String>,
}

impl Device {
    /// Keeps only what can be shown: other characters become `?`, and nothing is longer than 63 characters.
    pub fn claimed(name: Option<&str>, os: Option<&str>, tool_version: Option<&str>) -> Self {
        let label = |text: Option<&str>, also: &str| {
            let kept = |c: char| {
                if c.is_ascii_alphanumeric() || "._-".contains(c) || also.contains(c) { c } else { '?' }
            };
            text.map(|text| text.trim().chars().take(63).map(kept).collect::<String>())
                .filter(|text| !text.is_empty())
        };
        Self { name: label(name, ""), os: label(os, " "), tool_version: label(tool_version, " +") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_device_says_of_itself_is_cut_and_cleaned() {
        let device = Device::claimed(Some("<b>\u{202e}x"), Some("Linux 6"), Some(&"a".repeat(300)));
        assert_eq!(device.name.as_deref(), Some("?b??x"));
        assert_eq!(device.os.as_deref(), Some("Linux 6"));
        assert_eq!(device.tool_version.map(|text| text.len()), Some(63));
    }
}
