//! What the deployment counts.

use super::text_enum::text_enum;

text_enum! {
    Counter {
        /// Sessions that moved forward to a generation from before a restore.
        SessionsAheadForwarded = "sessions_ahead_forwarded",
        /// Sessions that ended because of a refresh token of a generation that the database has not seen.
        SessionsAheadEnded = "sessions_ahead_ended",
        /// Failed sign-ins since the last one that the audit log has.
        SignInFailuresNotRecorded = "sign_in_failures_not_recorded",
    }
}
