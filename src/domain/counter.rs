//! Counters of the deployment.

use super::text_enum::text_enum;

text_enum! {
    Counter {
        /// Sessions advanced to a generation from before a restore.
        SessionsAheadForwarded = "sessions_ahead_forwarded",
        /// Sessions ended because of a refresh token of a generation that the database does not know.
        SessionsAheadEnded = "sessions_ahead_ended",
        /// Failed sign-ins since the last one that the audit log recorded.
        SignInFailuresNotRecorded = "sign_in_failures_not_recorded",
    }
}
