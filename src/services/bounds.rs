//! Limits on what a credential may create, besides scopes: lifetime, addresses and mode.

use super::refusal::ServiceRefusal;
use crate::domain::allowed_addresses::AllowedAddresses;
use crate::domain::static_secret::{Mode, StaticKind};
use crate::domain::time::Time;
use crate::store::static_credentials::StaticCredential;

/// Limits of a key or personal token, which its creations inherit. A signed-in user has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Bounds {
    ends_at: Option<Time>,
    mode: Option<Mode>,
    allowed_addresses: Option<AllowedAddresses>,
}

impl Bounds {
    pub fn of(credential: &StaticCredential) -> Self {
        Self {
            ends_at: credential.ends_at,
            mode: credential.kind.mode(),
            allowed_addresses: credential.allowed_addresses.clone(),
        }
    }

    /// Refuses a new credential that outlives this one, works from other addresses, or is a live key when
    /// this is a test key.
    pub fn check(
        &self,
        kind: StaticKind,
        ends_at: Option<Time>,
        allowed_addresses: Option<&AllowedAddresses>,
    ) -> Result<(), ServiceRefusal> {
        if let Some(last) = self.ends_at
            && ends_at.is_none_or(|end| end > last)
        {
            let message = format!(
                "A credential created with this one must not expire later than it does, {}.",
                last.iso()
            );
            return Err(ServiceRefusal::invalid("expiresAt", message));
        }
        if self.mode == Some(Mode::Test) && kind.mode() == Some(Mode::Live) {
            return Err(ServiceRefusal::invalid(
                "mode",
                "A test key can create only test keys. Sign in to create a live one.",
            ));
        }
        if let Some(own) = &self.allowed_addresses
            && !allowed_addresses.is_some_and(|wanted| wanted.is_subset(own))
        {
            let message = format!(
                "This credential works only from {own}, so a key created with it must be limited to these addresses or fewer."
            );
            return Err(ServiceRefusal::invalid("allowedAddresses", message));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_hands_on_no_more_than_it_has() {
        let at = |seconds: i64| Time::from_micros(seconds * 1_000_000);
        let list = |texts: &[&str]| AllowedAddresses::parse(texts.iter().copied()).unwrap();
        let office = list(&["10.0.0.0/8"]);
        let bounds =
            Bounds { ends_at: at(60), mode: Some(Mode::Test), allowed_addresses: Some(office.clone()) };
        let field = |mode, end, addresses: Option<&AllowedAddresses>| match bounds.check(
            StaticKind::ApiKey(mode),
            end,
            addresses,
        ) {
            Err(ServiceRefusal::Invalid { field, .. }) => Some(field),
            Err(other) => panic!("{other:?}"),
            Ok(()) => None,
        };
        let desk = list(&["10.1.2.3"]);
        assert_eq!(field(Mode::Test, at(60), Some(&desk)), None);
        assert_eq!(field(Mode::Test, at(61), Some(&desk)), Some("expiresAt"));
        assert_eq!(field(Mode::Test, None, Some(&desk)), Some("expiresAt"));
        assert_eq!(field(Mode::Live, at(60), Some(&desk)), Some("mode"));
        assert_eq!(field(Mode::Test, at(60), None), Some("allowedAddresses"));
        assert_eq!(field(Mode::Test, at(60), Some(&list(&["0.0.0.0/0"]))), Some("allowedAddresses"));
        let person = Bounds::default();
        assert_eq!(person.check(StaticKind::ApiKey(Mode::Live), None, None), Ok(()));
    }
}
