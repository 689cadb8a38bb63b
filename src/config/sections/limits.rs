//! `[limits]`

use crate::config::section::section;

section! {
    /// Requests per minute, on each node. Further requests fail with status 429 and `Retry-After`.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub struct Limits = [limits] {
        /// Sign-ins that may be started from one IPv4 address or IPv6 /64. An office behind one address counts as one.
        ///
        /// These are the requests to `/oauth/authorize`, `/oauth/par`, `/oauth/device_authorization` and `/c/{code}`,
        /// and to the links of invitations.
        sign_ins_per_minute: i32 = 600, 1..=1_000_000;

        /// Requests to `/api/v1` with one credential.
        ///
        /// Requests of gateways to `/api/v1/verify` do not count.
        api_requests_per_minute: i32 = 1_200, 1..=1_000_000;
    }
}
