//! Identifiers: a prefix that says what they name, and 128 random bits in base62.

use super::entropy::Entropy;
use super::key_format::base62;

/// What an identifier names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    ApiKey,
    AuditEvent,
    Client,
    CliSession,
    DeviceRequest,
    Organization,
    PersonalToken,
    Request,
    ServiceAccount,
    Transaction,
    Use,
    User,
}

impl Kind {
    pub fn prefix(self) -> &'static str {
        match self {
            Self::ApiKey => "key_",
            Self::AuditEvent => "evt_",
            Self::Client => "cli_",
            Self::CliSession => "ses_",
            Self::DeviceRequest => "dev_",
            Self::Organization => "org_",
            Self::PersonalToken => "pat_",
            Self::Request => "req_",
            Self::ServiceAccount => "sa_",
            Self::Transaction => "txn_",
            Self::Use => "use_",
            Self::User => "usr_",
        }
    }

    /// A new identifier of this kind.
    pub fn new_id(self, entropy: Entropy) -> String {
        format!("{}{}", self.prefix(), base62(&entropy.bytes::<16>(), 22))
    }
}
