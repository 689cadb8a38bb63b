//! Authorization requests: status and device claims.

use unicode_general_category::{GeneralCategory, get_general_category};

use super::text_enum::text_enum;

/// The longest device name, in characters.
const NAME_MAX: usize = 80;
/// The longest description of a system or version, in characters.
const DESCRIPTION_MAX: usize = 63;

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
    /// Sanitizes the claims for display. The name keeps the letters of every script; of system and version, characters
    /// other than ASCII letters, digits and a few more become `?`.
    pub fn claimed(name: Option<&str>, os: Option<&str>, tool_version: Option<&str>) -> Self {
        let description = |text: Option<&str>, also: &str| {
            let kept = |c: char| {
                if c.is_ascii_alphanumeric() || "._-".contains(c) || also.contains(c) { c } else { '?' }
            };
            text.map(|text| text.trim().chars().take(DESCRIPTION_MAX).map(kept).collect::<String>())
                .filter(|text| !text.is_empty())
        };
        Self {
            name: name.map(device_name).filter(|name| !name.is_empty()),
            os: description(os, " "),
            tool_version: description(tool_version, " +"),
        }
    }
}

/// A device name without the characters that are invisible or change how a line is read, and without white space at its
/// ends, cut to 80 characters.
pub fn device_name(claimed: &str) -> String {
    let visible: String = claimed.chars().filter_map(visible).collect();
    let cut: String = visible.trim().chars().take(NAME_MAX).collect();
    cut.trim_end().to_owned()
}

/// The character; a space for white space; `None` if it is invisible or of no meaning outside of its program.
fn visible(c: char) -> Option<char> {
    use GeneralCategory::{Control, Format, PrivateUse, Surrogate, Unassigned};
    match get_general_category(c) {
        _ if c.is_whitespace() => Some(' '),
        Control | Format | PrivateUse | Surrogate | Unassigned => None,
        _ => Some(c),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn device_claims_are_truncated_and_sanitized() {
        let device = Device::claimed(Some("<b>\u{202e}x"), Some("Linux 6"), Some(&"a".repeat(300)));
        assert_eq!(device.name.as_deref(), Some("<b>x"));
        assert_eq!(device.os.as_deref(), Some("Linux 6"));
        assert_eq!(device.tool_version.map(|text| text.len()), Some(63));
    }

    #[test]
    fn ch_17_a_device_name_keeps_the_letters_of_every_script() {
        for name in ["ada's laptop", "工作站", "Büro-Rechner №2", "לפטופ של עדה", "🖥 lab"]
        {
            assert_eq!(device_name(name), name);
        }
        assert_eq!(device_name(&"工".repeat(81)), "工".repeat(80));
    }

    #[test]
    fn ch_17_a_device_name_has_no_control_and_format_characters() {
        let hostile = " a\u{1b}[2J\u{202e}b\u{200b}c\u{e0041}d\u{2028}e\r\nf\u{e000}\t";
        assert_eq!(device_name(hostile), "a[2Jbcd e  f");
        assert_eq!(Device::claimed(Some("\u{202e} \u{200b}"), None, None).name, None);
    }
}
