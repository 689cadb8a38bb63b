//! `[tokens]`

use chrono::TimeDelta;

use crate::config::section::section;
use crate::config::values::{duration, duration_or_zero};

section! {
    /// Lifetimes of tokens, codes and CLI sessions.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Tokens = [tokens] {
        /// Lifetime of an access token. Tokens with a longer lifetime than this and any client's own are refused, so a
        /// shorter value also invalidates tokens issued before.
        access: TimeDelta = "8h", duration;

        /// Lifetime of an authorization code.
        code: TimeDelta = "60s", duration;

        /// How long a sign-in waits for the user's decision.
        request: TimeDelta = "10min", duration;

        /// How long a pushed request waits to be opened in the browser.
        pushed_request: TimeDelta = "5min", duration;

        /// How long a device code waits to be entered, answered and fetched.
        device_request: TimeDelta = "10min", duration;

        /// How long the previous refresh token gets the same successor again, for tools that lost the response. `0s`:
        /// never. Must be shorter than `access`. A thief who uses a stolen token within this time shares the session until the next refresh.
        ///
        /// More on the risk: [SECURITY.md](../SECURITY.md#what-is-not-defended).
        refresh_grace: TimeDelta = "60s", duration_or_zero;

        /// A CLI session ends after this time without use.
        session_idle: TimeDelta = "90d", duration;

        /// A CLI session ends after this time at the latest. At least `session_idle`.
        session_max: TimeDelta = "365d", duration;
    }
}
