//! Identifiers: a prefix for the kind, and 128 bits in base62, random unless stated otherwise.

use super::entropy::Entropy;
use super::time::Time;
use keystile_key_format::base62;

/// The kind of thing that an id identifies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IdKind {
    ApiKey,
    AuditEvent,
    Client,
    CliSession,
    DeviceRequest,
    EndedMembership,
    Invitation,
    JoinLink,
    Organization,
    PersonalToken,
    Request,
    ServiceAccount,
    Transaction,
    Use,
    User,
}

impl IdKind {
    pub fn prefix(self) -> &'static str {
        match self {
            Self::ApiKey => "key_",
            Self::AuditEvent => "evt_",
            Self::Client => "cli_",
            Self::CliSession => "ses_",
            Self::DeviceRequest => "dev_",
            Self::EndedMembership => "mem_",
            Self::Invitation => "inv_",
            Self::JoinLink => "jln_",
            Self::Organization => "org_",
            Self::PersonalToken => "pat_",
            Self::Request => "req_",
            Self::ServiceAccount => "sa_",
            Self::Transaction => "txn_",
            Self::Use => "use_",
            Self::User => "usr_",
        }
    }

    /// A new id that sorts by its creation time, with a resolution of milliseconds, so that indexes of large tables
    /// grow at their end. 80 of its bits are random.
    pub fn new_id_at(self, at: Time, entropy: Entropy) -> String {
        let mut bytes = [0; 16];
        let milliseconds = u64::try_from(at.micros() / 1000).unwrap_or_default();
        bytes[..6].copy_from_slice(&milliseconds.to_be_bytes()[2..]);
        bytes[6..].copy_from_slice(&entropy.bytes::<10>());
        format!("{}{}", self.prefix(), base62(&bytes, 22))
    }

    /// A new random id.
    pub fn new_id(self, entropy: Entropy) -> String {
        format!("{}{}", self.prefix(), base62(&entropy.bytes::<16>(), 22))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn identifiers_of_a_moment_sort_by_it() {
        let id = |micros| IdKind::Use.new_id_at(Time::from_micros(micros).unwrap(), Entropy);
        let ids = [0, 1_000, 1_795_000_000_000_000, 1_795_000_000_001_000, 253_402_300_799_000_000].map(id);
        assert!(ids.is_sorted(), "{ids:?}");
        assert!(ids.iter().all(|id| id.len() == "use_".len() + 22));
        assert_ne!(id(0), id(0));
    }
}
