//! The format of `credentials.json`. Unknown fields are kept, so that an older version does not remove them.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::base_url::BaseUrl;
use crate::profile::ProfileName;
use crate::secret::Secret;

/// The field with the name of the keyring entry that holds the long-lived secret.
const KEYRING_ENTRY: &str = "keyring_entry";
/// How far the clock may have run ahead when tokens were stored, without a correction.
const TOLERATED_SKEW: TimeDelta = TimeDelta::minutes(5);

/// The contents of `credentials.json`: one credential for each profile.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CredentialDocument {
    #[serde(default = "first_version")]
    version: u32,
    /// Incremented by every change.
    #[serde(default)]
    pub(super) generation: u64,
    /// Credentials of an unknown kind are kept unchanged.
    #[serde(default)]
    profiles: BTreeMap<ProfileName, Profile>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

/// A credential, possibly of a kind that only a newer version knows.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum Profile {
    Known(Credential),
    Unknown(Value),
}

/// The credential of a profile.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Credential {
    /// A session created by a login.
    Oauth(Box<OauthCredential>),
    /// An API key or personal token.
    ApiKey(Box<KeyCredential>),
}

/// A session: the tokens of one login, and the servers that they belong to.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct OauthCredential {
    /// The authorization server.
    pub issuer: BaseUrl,
    /// The API that the access token may be sent to.
    pub api_base: BaseUrl,
    /// The client ID that the tokens were issued to.
    pub client_id: String,
    /// The session ID at the server; `None` if the server did not identify it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// The account; `None` if the server did not identify it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountRef>,
    /// The organization; `None` if the session belongs to none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<OrgRef>,
    /// The granted scopes.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// The access token.
    pub access_token: Secret,
    /// When the access token expires.
    pub access_expires_at: DateTime<Utc>,
    /// The refresh token; `None` if the server issued none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
    /// When the session ends unless it is refreshed before; `None` if the server does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_expires_at: Option<DateTime<Utc>>,
    /// When the tokens were received, by the clock of this machine; `None` if it was not recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_at: Option<DateTime<Utc>>,
    /// When the tokens were last refreshed because an API had rejected the access token; `None` if never.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rejected_at: Option<DateTime<Utc>>,
    /// Incremented by every change of this profile.
    #[serde(default)]
    pub generation: u64,
    /// Whether the session can still be refreshed.
    #[serde(default)]
    pub state: CredentialState,
    /// The sign-in method; `None` if it was not recorded.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_in_by: Option<SignedInBy>,
    #[serde(flatten)]
    pub(crate) unknown: Map<String, Value>,
}

/// An API key or personal token.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct KeyCredential {
    /// The key.
    pub api_key: Secret,
    /// The server that issued the key; `None` means the issuer of the tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<BaseUrl>,
    /// The API that the key may be sent to; `None` means that of the tool.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_base: Option<BaseUrl>,
    /// The ID of the key at the server; `None` until verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// Whether the server has accepted the key; `None` if the file was written by hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
    /// Incremented by every change of this profile.
    #[serde(default)]
    pub generation: u64,
    #[serde(flatten)]
    pub(crate) unknown: Map<String, Value>,
}

/// An account, as the server identified it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct AccountRef {
    /// The user ID.
    pub id: String,
    /// The email address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// An organization, as the server identified it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct OrgRef {
    /// The organization ID.
    pub id: String,
    /// The short name in URLs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// The display name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Whether a session can still be refreshed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CredentialState {
    /// Yes, as far as this machine knows.
    #[default]
    Ok,
    /// No: the server refused the refresh token. The tokens are kept for diagnosis.
    NeedsLogin,
}

/// The method that a session was signed in with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SignedInBy {
    /// A browser, redirected to a loopback port (RFC 8252).
    Browser,
    /// A device code (RFC 8628).
    DeviceCode,
    /// A copied code: an authorization code that the user pasted (`/c/code`).
    PastedCode,
    /// A method that only a newer version knows.
    #[serde(other)]
    Other,
}

/// The newest version of the format that this version knows.
const NEWEST: u32 = 1;

fn first_version() -> u32 {
    NEWEST
}

impl Default for CredentialDocument {
    fn default() -> Self {
        Self { version: first_version(), generation: 0, profiles: BTreeMap::new(), unknown: Map::new() }
    }
}

impl CredentialDocument {
    /// Parses `credentials.json`. A handwritten `{"api_key": "..."}` becomes the profile `default`.
    pub fn parse(bytes: &[u8]) -> Result<Self, serde_json::Error> {
        let mut document: Self = serde_json::from_slice(bytes)?;
        let default = ProfileName::default();
        if !document.profiles.contains_key(&default)
            && let Some(Value::String(key)) = document.unknown.remove("api_key")
        {
            document.set(&default, Some(KeyCredential::new(Secret::new(key)).into()));
        }
        Ok(document)
    }

    /// Serializes `credentials.json`: indented JSON that ends with a newline.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// The credential of a profile; `None` if it has none, or one of an unknown kind.
    pub fn get(&self, profile: &ProfileName) -> Option<&Credential> {
        match self.profiles.get(profile)? {
            Profile::Known(credential) => Some(credential),
            Profile::Unknown(_) => None,
        }
    }

    /// The version of the format, if it is newer than what this version knows.
    pub(crate) fn newer_version(&self) -> Option<u32> {
        (self.version > NEWEST).then_some(self.version)
    }

    /// The kind of the credential of a profile, if only a newer version knows it.
    pub(crate) fn unknown_kind(&self, profile: &ProfileName) -> Option<String> {
        match self.profiles.get(profile)? {
            Profile::Known(_) => None,
            Profile::Unknown(value) => {
                Some(value.get("kind").and_then(Value::as_str).unwrap_or("unknown").to_owned())
            }
        }
    }

    /// All profiles with a credential of a known kind, sorted by name.
    pub fn iter(&self) -> impl Iterator<Item = (&ProfileName, &Credential)> {
        self.profiles.iter().filter_map(|(name, profile)| match profile {
            Profile::Known(credential) => Some((name, credential)),
            Profile::Unknown(_) => None,
        })
    }

    /// Sets the credential of a profile; `None` removes it.
    pub fn set(&mut self, profile: &ProfileName, credential: Option<Credential>) {
        match credential {
            Some(credential) => {
                self.profiles.insert(profile.clone(), Profile::Known(credential));
            }
            None => {
                self.profiles.remove(profile);
            }
        }
    }
}

impl Credential {
    /// The number of changes of the profile so far.
    pub fn generation(&self) -> u64 {
        match self {
            Self::Oauth(session) => session.generation,
            Self::ApiKey(key) => key.generation,
        }
    }

    /// The same credential with this generation.
    #[must_use]
    pub fn at_generation(mut self, generation: u64) -> Self {
        match &mut self {
            Self::Oauth(session) => session.generation = generation,
            Self::ApiKey(key) => key.generation = generation,
        }
        self
    }

    /// The keyring entry of its long-lived secret.
    pub(super) fn keyring_entry(&self) -> Option<&str> {
        self.unknown().get(KEYRING_ENTRY)?.as_str()
    }

    /// Whether its long-lived secret is in the keyring.
    pub(crate) fn is_in_keyring(&self) -> bool {
        self.keyring_entry().is_some()
    }

    pub(super) fn set_keyring_entry(&mut self, name: Option<&str>) {
        let unknown = match self {
            Self::Oauth(session) => &mut session.unknown,
            Self::ApiKey(key) => &mut key.unknown,
        };
        match name {
            Some(name) => drop(unknown.insert(KEYRING_ENTRY.into(), name.into())),
            None => drop(unknown.remove(KEYRING_ENTRY)),
        }
    }

    /// The refresh token or the API key.
    pub(super) fn long_lived_secret(&self) -> Option<Secret> {
        match self {
            Self::Oauth(session) => session.refresh_token.clone(),
            Self::ApiKey(key) => Some(key.api_key.clone()),
        }
    }

    pub(super) fn remove_long_lived_secret(&mut self) {
        match self {
            Self::Oauth(session) => session.refresh_token = None,
            Self::ApiKey(key) => key.api_key = Secret::new(""),
        }
    }

    pub(super) fn set_long_lived_secret(&mut self, secret: Secret) {
        match self {
            Self::Oauth(session) => session.refresh_token = Some(secret),
            Self::ApiKey(key) => key.api_key = secret,
        }
    }

    fn unknown(&self) -> &Map<String, Value> {
        match self {
            Self::Oauth(session) => &session.unknown,
            Self::ApiKey(key) => &key.unknown,
        }
    }

    /// The `method` of `auth status --json`.
    pub(crate) fn method(&self) -> &'static str {
        match self {
            Self::Oauth(_) => "oauth",
            Self::ApiKey(key) => method_of(&key.api_key),
        }
    }

    /// The session; `None` for a key.
    pub fn as_oauth(&self) -> Option<&OauthCredential> {
        match self {
            Self::Oauth(session) => Some(session),
            Self::ApiKey(_) => None,
        }
    }
}

impl OauthCredential {
    /// Corrects what was stored under a clock that ran ahead, so that no token counts as valid for longer than its
    /// lifetime. The age of the access token is then unknown: one that can be refreshed counts as expired.
    pub(crate) fn corrected(mut self, now: DateTime<Utc>) -> Self {
        let Some(ahead) =
            self.received_at.map(|received| received - now).filter(|ahead| *ahead > TOLERATED_SKEW)
        else {
            return self;
        };
        let earlier = |end: DateTime<Utc>| end.checked_sub_signed(ahead).unwrap_or(now);
        self.access_expires_at = match self.refresh_token {
            Some(_) => self.access_expires_at.min(now),
            None => earlier(self.access_expires_at),
        };
        self.session_expires_at = self.session_expires_at.map(earlier);
        self
    }
}

impl From<OauthCredential> for Credential {
    fn from(session: OauthCredential) -> Self {
        Self::Oauth(Box::new(session))
    }
}

impl From<KeyCredential> for Credential {
    fn from(key: KeyCredential) -> Self {
        Self::ApiKey(Box::new(key))
    }
}

impl KeyCredential {
    /// A key for the default server of the tool.
    pub fn new(api_key: Secret) -> Self {
        Self {
            api_key,
            issuer: None,
            api_base: None,
            key_id: None,
            verified: None,
            generation: 0,
            unknown: Map::new(),
        }
    }
}

/// `pat` for personal tokens, which have `_pat_` in their prefix.
pub(crate) fn method_of(key: &Secret) -> &'static str {
    if key.expose().contains("_pat_") { "pat" } else { "api_key" }
}

impl OrgRef {
    /// Whether `text` is the ID, slug or name.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.id == text || self.slug.as_deref() == Some(text) || self.name.as_deref() == Some(text)
    }

    /// The name, the slug or the ID: the first that is known.
    pub fn display_name(&self) -> &str {
        self.name.as_deref().or(self.slug.as_deref()).unwrap_or(&self.id)
    }
}

impl AccountRef {
    /// The email address, the name or the ID: the first that is known.
    pub fn display_name(&self) -> &str {
        self.email.as_deref().or(self.name.as_deref()).unwrap_or(&self.id)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::session;

    fn default() -> ProfileName {
        ProfileName::default()
    }

    #[test]
    fn unknown_fields_and_kinds_survive_a_rewrite() {
        let text = r#"{"version":1,"generation":41,"future":{"a":1},"profiles":{
            "new":{"kind":"passkey","x":1},
            "ci":{"kind":"api_key","api_key":"acme_live_x","key_id":"key_9","verified":true}}}"#;
        let mut document = CredentialDocument::parse(text.as_bytes()).unwrap();
        document.set(&default(), Some(session().into()));
        let written: Value = serde_json::from_slice(&document.to_bytes().unwrap()).unwrap();
        assert_eq!(written["future"]["a"], 1);
        assert_eq!(written["profiles"]["new"]["kind"], "passkey");
        assert_eq!(written["profiles"]["ci"]["key_id"], "key_9");
        assert_eq!(written["profiles"]["ci"]["kind"], "api_key");
        assert_eq!(written["profiles"]["default"]["kind"], "oauth");
        assert_eq!(document.iter().count(), 2);
    }

    #[test]
    fn a_session_reads_back_as_it_was_written() {
        let mut document = CredentialDocument::default();
        let mut credential = session();
        credential.unknown.insert("later".into(), true.into());
        document.set(&default(), Some(credential.clone().into()));
        let again = CredentialDocument::parse(&document.to_bytes().unwrap()).unwrap();
        assert_eq!(again.get(&default()), Some(&credential.into()));
    }

    #[test]
    fn ch_11_an_end_stored_under_a_clock_that_ran_ahead_is_at_most_a_lifetime_away() {
        let now: DateTime<Utc> = "2026-11-23T08:00:00Z".parse().unwrap();
        let (later, lifetime) = (now + TimeDelta::days(3650), TimeDelta::hours(8));
        let stored = OauthCredential {
            received_at: Some(later),
            access_expires_at: later + lifetime,
            session_expires_at: Some(later + lifetime * 2),
            refresh_token: None,
            ..session()
        };
        let corrected = stored.clone().corrected(now);
        assert_eq!(corrected.access_expires_at, now + lifetime);
        assert_eq!(corrected.session_expires_at, Some(now + lifetime * 2));
        let refreshable = OauthCredential { refresh_token: Some(Secret::new("refresh")), ..stored.clone() };
        assert_eq!(refreshable.corrected(now).access_expires_at, now);
        for received_at in [None, Some(now), Some(now + TimeDelta::minutes(4))] {
            let right = OauthCredential { received_at, ..stored.clone() };
            assert_eq!(right.clone().corrected(now), right);
        }
    }

    #[test]
    fn a_hand_written_key_is_the_default_profile() {
        let document = CredentialDocument::parse(br#"{"api_key":"acme_live_0123"}"#).unwrap();
        match document.get(&default()) {
            Some(Credential::ApiKey(key)) => assert_eq!(key.api_key.expose(), "acme_live_0123"),
            other => panic!("{other:?}"),
        }
    }
}
