//! `[sign_in]`

use chrono::TimeDelta;

use crate::config::section::section;
use crate::config::values::duration;

section! {
    /// How people sign in with the browser.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct SignIn = [sign_in] {
        /// A browser session ends after this time without use.
        session_idle: TimeDelta = "30min", duration;

        /// A browser session ends after this time at the latest. At least `session_idle`.
        session_max: TimeDelta = "12h", duration;

        /// Authorizing a tool asks for the password again if it was last entered longer ago than this.
        reauthenticate_after: TimeDelta = "12h", duration;

        /// Minimum length of a password in characters.
        password_min: usize = 15, 8..=64;

        /// Passwords that are hashed at the same time. Each has a thread that keeps 19 MiB from its first use, so this
        /// bounds the memory for hashing.
        ///
        /// On Linux the niceness of these threads is 5 above that of the signing threads.
        max_parallel_hashes: usize = 4, 1..=256;
    }
}
