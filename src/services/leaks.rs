//! Leaked secrets, reported by a scanner. A reporter needs no authentication: holding the secret allows worse
//! than revoking it.

use super::revocation::RevocableToken;
use crate::config::Config;
use crate::domain::audit::{Action, Actor, Event, Origin};
use crate::domain::credential::{CredentialKind, EndReason};
use crate::domain::parameters::decode;
use crate::domain::secret::{Digest, Secret};
use crate::domain::static_secret::SecretForm;
use crate::domain::time::Time;
use crate::keys::master::MasterKey;
use crate::keys::set::KeySet;
use crate::store::{StoreError, Work, credentials, static_credentials};

/// Maximum length of a stored URL, in characters.
const MAX_URL: usize = 200;

/// A reported secret, classified by its form.
#[derive(Clone)]
enum LeakedToken {
    /// An API key or a personal token.
    Static(Digest),
    /// A token of a CLI session.
    Session(RevocableToken),
}

impl LeakedToken {
    fn read(config: &Config, keys: &KeySet, now: Time, secret: &Secret) -> Self {
        match SecretForm::of(&config.brand.token_prefix, secret.expose()) {
            SecretForm::Static(_) => Self::Static(secret.digest()),
            SecretForm::Damaged | SecretForm::Other => {
                Self::Session(RevocableToken::read(config, keys, now, secret))
            }
        }
    }
}

/// A reported secret and its location.
#[derive(Clone)]
pub struct Leak {
    found: LeakedToken,
    place: Option<String>,
}

impl Leak {
    /// Parses a report. A URL that contains one of the secrets is dropped.
    pub fn read(config: &Config, keys: &KeySet, now: Time, report: &[(Secret, Option<String>)]) -> Vec<Self> {
        let holds_secret = |text: &str| report.iter().any(|(secret, _)| text.contains(secret.expose()));
        let is_clean = |url: &&str| {
            !holds_secret(url) && decode(url.as_bytes()).is_some_and(|decoded| !holds_secret(&decoded))
        };
        let leak = |(secret, url): &(Secret, Option<String>)| Self {
            found: LeakedToken::read(config, keys, now, secret),
            place: url.as_deref().and_then(without_query).filter(|place| is_clean(&place.as_str())),
        };
        report.iter().map(leak).collect()
    }

    fn end(&self, work: &mut Work<'_>, victim: &LeakedCredential, origin: &Origin) -> Result<(), StoreError> {
        if !credentials::revoke(work.conn, &victim.id, work.now, EndReason::Leaked)? {
            return Ok(());
        }
        let action = match victim.kind {
            CredentialKind::ApiKey => Action::ApiKeyLeaked,
            CredentialKind::PersonalToken => Action::PersonalTokenLeaked,
            CredentialKind::CliSession => Action::SessionLeaked,
        };
        let owner = victim.user_id.as_deref();
        let event = Event::new(action, Actor::Anonymous, origin)
            .org(&victim.org_id)
            .credential(&victim.id)
            .target(&victim.id)
            .text_of(owner, "name", Some(&victim.name))
            .text_of(owner, "found_at", self.place.as_deref());
        work.record(event);
        Ok(())
    }

    fn find_credential(
        &self,
        work: &mut Work<'_>,
        master: &MasterKey,
    ) -> Result<Option<LeakedCredential>, StoreError> {
        match &self.found {
            LeakedToken::Static(digest) => {
                let found = static_credentials::by_secret(work.conn, *digest)?;
                Ok(found.map(|credential| LeakedCredential {
                    kind: credential.kind.credential_kind(),
                    id: credential.id,
                    org_id: credential.org_id,
                    user_id: credential.owner.user().map(str::to_owned),
                    name: credential.name,
                }))
            }
            LeakedToken::Session(token) => {
                let session = token.session(work, master)?;
                Ok(session.map(|session| LeakedCredential {
                    kind: session.kind,
                    id: session.id,
                    org_id: session.org_id,
                    user_id: session.user_id,
                    name: session.name,
                }))
            }
        }
    }
}

/// Revokes the credentials of the secrets, in the order of their ids, which is the lock order. Unknown and
/// ended ones are skipped.
pub fn end_all(
    work: &mut Work<'_>,
    master: &MasterKey,
    leaks: &[Leak],
    origin: &Origin,
) -> Result<(), StoreError> {
    let mut found = Vec::with_capacity(leaks.len());
    for leak in leaks {
        if let Some(victim) = leak.find_credential(work, master)? {
            found.push((victim, leak));
        }
    }
    found.sort_by(|(left, _), (right, _)| left.id.cmp(&right.id));
    found.into_iter().try_for_each(|(victim, leak)| leak.end(work, &victim, origin))
}

/// The credential of a leaked secret.
struct LeakedCredential {
    kind: CredentialKind,
    id: String,
    org_id: String,
    /// The owner, if that is a user.
    user_id: Option<String>,
    name: String,
}

/// The URL where it was found, without its query, which may repeat the secret.
fn without_query(url: &str) -> Option<String> {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    let (host, _) = url.strip_prefix("https://")?.split_once('/').unwrap_or((url, ""));
    let good = !host.contains('@') && url.bytes().all(|byte| byte.is_ascii_graphic());
    (good && url.len() <= MAX_URL).then(|| url.to_owned())
}

#[cfg(test)]
mod tests {
    use super::without_query;

    #[test]
    fn a_place_is_an_address_without_its_query() {
        let kept = "https://github.com/acme/app/blob/1/.env";
        assert_eq!(without_query(&format!("{kept}?token=abc#L1")).as_deref(), Some(kept));
        for bad in [
            "",
            "acme/app",
            "javascript:alert(1)",
            "https://a b",
            "https://ada:pw@example.com/a",
            &format!("https://{}", "a".repeat(200)),
        ] {
            assert_eq!(without_query(bad), None, "{bad}");
        }
    }
}
