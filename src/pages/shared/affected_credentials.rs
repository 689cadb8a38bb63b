//! Credentials affected by the switch for personal tokens, and by revoking all.

use crate::pages::shared::text;

/// Active personal credentials in an organization.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct AffectedCredentials {
    /// CLI sessions.
    pub sessions: i64,
    pub personal_tokens: i64,
    /// Number of users who own them.
    pub people: i64,
}

impl AffectedCredentials {
    pub fn is_empty(self) -> bool {
        self.sessions == 0 && self.personal_tokens == 0
    }

    /// "501 sessions and 120 personal tokens"
    pub fn credentials(self) -> String {
        let sessions = text::count(self.sessions, "session", "sessions");
        let tokens = text::count(self.personal_tokens, "personal token", "personal tokens");
        match (self.sessions, self.personal_tokens) {
            (_, 0) => sessions,
            (0, _) => tokens,
            _ => format!("{sessions} and {tokens}"),
        }
    }

    /// "501 sessions and 120 personal tokens of 9 people"
    pub fn words(self) -> String {
        format!("{} of {}", self.credentials(), text::count(self.people, "person", "people"))
    }

    /// Whether it is exactly one, for the verb.
    pub fn is_one(self) -> bool {
        self.sessions + self.personal_tokens == 1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(sessions: i64, personal_tokens: i64, people: i64) -> String {
        AffectedCredentials { sessions, personal_tokens, people }.words()
    }

    #[test]
    fn both_kinds_are_counted_and_none_is_named_that_is_not_there() {
        assert_eq!(words(501, 120, 9), "501 sessions and 120 personal tokens of 9 people");
        assert_eq!(words(1, 0, 1), "1 session of 1 person");
        assert_eq!(words(0, 1, 1), "1 personal token of 1 person");
        assert_eq!(words(0, 0, 0), "0 sessions of 0 people");
    }
}
