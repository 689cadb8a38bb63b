//! Invitations to organizations.

use chrono::TimeDelta;

use super::entropy::Entropy;
use super::role::{self, OWNER};
use super::scope::Catalog;
use super::secret::Secret;
use super::text_enum::text_enum;

text_enum! {
    /// Stored state. All but the first are final.
    InvitationState {
        /// Can be accepted until it ends.
        Waiting = "waiting",
        Accepted = "accepted",
        Canceled = "cancelled",
        /// Replaced by a newer one for the same address.
        Superseded = "superseded",
    }
}

/// Open invitations of one organization.
pub const MAX_OPEN: i64 = 50;
/// Invitations that one user may make in [`INVITER_WINDOW`], new links included.
pub const MAX_PER_INVITER: i64 = 20;
pub const INVITER_WINDOW: TimeDelta = TimeDelta::hours(1);
/// Addresses in one form.
pub const MAX_ADDRESSES: usize = 20;
/// Characters of a note.
pub const MAX_NOTE: usize = 200;

/// The secret part of a link: 256 random bits. In hexadecimal, because programs that turn text into links leave out
/// punctuation at the end, with which base64url may end.
pub fn new_token(entropy: Entropy) -> Secret {
    Secret::new(entropy.bytes::<32>().map(|byte| format!("{byte:02x}")).concat())
}

/// Whether text has the form of a token, and so is safe in a path.
pub fn is_token(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b))
}

/// Whether a member with the role `inviter` may invite as `role`. Also decides whether an invitation still counts, with the
/// role that its inviter has by then.
pub fn may_invite(catalog: &Catalog, inviter: &str, role: &str) -> bool {
    let holds_it = catalog.held_by(role).is_subset(&catalog.held_by(inviter));
    role::administers(inviter) && holds_it && (role != OWNER || inviter == OWNER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_long_and_only_a_token_looks_like_one() {
        let token = new_token(Entropy);
        assert!(is_token(token.expose()));
        assert_ne!(token, new_token(Entropy));
        for bad in ["", "ab", &"g".repeat(64), &"A".repeat(64), &format!("{}/", "a".repeat(63))] {
            assert!(!is_token(bad), "{bad}");
        }
    }
}
