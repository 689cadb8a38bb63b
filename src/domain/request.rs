//! Authorization requests: status and device claims.

use super::text_enum::text_enum;

text_enum! {
    /// Status of an authorization request. Once answered, it does not change.
    RequestStatus {
        /// Malformed; the client gets the error once the user has signed in.
        Invalid = "invalid",
        Open = "open",
        Approved = "approved",
        Denied = "denied",
        /// The user is not a member of any organization, or their role includes none of the requested scopes.
        CannotApprove = "cannot_approve",
        /// The organization does not allow personal tokens.
        SwitchedOff = "switched_off",
        /// The organization does not allow copied codes, and the waiting tool was told so.
        NotAllowed = "not_allowed",
    }
}

/// The client's claims about its device. Not verified.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Device {
    pub name: Option<String>,
    pub os: Option<String>,
    pub tool_version: Option<String>,
}

impl Device {
    /// Sanitizes the claims for display: other characters become `?`, and each is cut to 63 characters.
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
    fn device_claims_are_truncated_and_sanitized() {
        let device = Device::claimed(Some("<b>\u{202e}x"), Some("Linux 6"), Some(&"a".repeat(300)));
        assert_eq!(device.name.as_deref(), Some("?b??x"));
        assert_eq!(device.os.as_deref(), Some("Linux 6"));
        assert_eq!(device.tool_version.map(|text| text.len()), Some(63));
    }
}
