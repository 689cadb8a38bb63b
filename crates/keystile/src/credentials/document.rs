//! The format of `credentials.json`. Unknown fields are kept, so that an older version spoils nothing.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::base_url::BaseUrl;
use crate::profile::ProfileName;
use crate::secret::Secret;

/// The field that says that the lasting secret is in the keyring, and under which name.
const KEYRING_ENTRY: &str = "keyring_entry";

/// The whole file.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct CredentialDocument {
    #[serde(default = "first_version")]
    version: u32,
    /// Grows with every change.
    #[serde(default)]
    pub(super) generation: u64,
    /// Kept as they are: a profile of an unknown kind is no reason to refuse the others.
    #[serde(default)]
    profiles: BTreeMap<ProfileName, Profile>,
    #[serde(flatten)]
    unknown: Map<String, Value>,
}

/// What a profile holds, or what a newer version wrote there.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum Profile {
    Known(Credential),
    Unknown(Value),
}

/// What one profile holds.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[non_exhaustive]
pub enum Credential {
    /// A CLI session that one sign-in created.
    Oauth(Box<OauthCredential>),
    /// A key that a person stored.
    ApiKey(Box<KeyCredential>),
}

/// A CLI session.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct OauthCredential {
    /// The authorization server that issued it.
    pub issuer: BaseUrl,
    /// The API that it is for.
    pub api_base: BaseUrl,
    /// The client that it was issued to.
    pub client_id: String,
    /// The server's name for the session.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<String>,
    /// Who signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountRef>,
    /// For which organization.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub org: Option<OrgRef>,
    /// What it may do.
    #[serde(default)]
    pub scopes: Vec<String>,
    /// Sent with every call.
    pub access_token: Secret,
    /// When the access token ends.
    pub access_expires_at: DateTime<Utc>,
    /// Buys the next access token.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<Secret>,
    /// When the session ends if it is not used.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_expires_at: Option<DateTime<Utc>>,
    /// Grows with every change of this profile.
    #[serde(default)]
    pub generation: u64,
    /// Whether it can still be refreshed.
    #[serde(default)]
    pub state: CredentialState,
    /// How the person signed in, if that was noted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_in_by: Option<SignedInBy>,
    #[serde(flatten)]
    pub(crate) unknown: Map<String, Value>,
}

/// A key that a person stored.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct KeyCredential {
    /// The key.
    pub api_key: Secret,
    /// The server that it is for; the tool's own unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub issuer: Option<BaseUrl>,
    /// The API that it is for; the tool's own unless said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub api_base: Option<BaseUrl>,
    /// The server's name for the key, once the server has seen it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key_id: Option<String>,
    /// Whether the server has accepted the key; a key that was written by hand does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verified: Option<bool>,
    /// Grows with every change of this profile.
    #[serde(default)]
    pub generation: u64,
    #[serde(flatten)]
    pub(crate) unknown: Map<String, Value>,
}

/// Who signed in.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct AccountRef {
    /// The user.
    pub id: String,
    /// The address of the user, when the account has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// The name to show.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// For which organization.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[non_exhaustive]
pub struct OrgRef {
    /// The organization.
    pub id: String,
    /// Its name in addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slug: Option<String>,
    /// Its name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// Whether a session can still be refreshed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum CredentialState {
    /// As far as this machine knows.
    #[default]
    Ok,
    /// No: the server refused the refresh token. The tokens are kept for a person who looks for what happened.
    NeedsLogin,
}

/// How a person signed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SignedInBy {
    /// With a browser that came back to a port of this machine.
    Browser,
    /// With a code that was typed on another device.
    DeviceCode,
    /// With a code that a page showed.
    PastedCode,
    /// In a way that only a newer version knows.
    #[serde(other)]
    Other,
}

fn first_version() -> u32 {
    1
}

impl Default for CredentialDocument {
    fn default() -> Self {
        Self { version: first_version(), generation: 0, profiles: BTreeMap::new(), unknown: Map::new() }
    }
}

impl CredentialDocument {
    /// Reads the file. A hand-written `{"api_key": "..."}` is the profile `default`.
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

    /// The bytes of the file.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        let mut bytes = serde_json::to_vec_pretty(self)?;
        bytes.push(b'\n');
        Ok(bytes)
    }

    /// What a profile holds.
    pub fn get(&self, profile: &ProfileName) -> Option<&Credential> {
        match self.profiles.get(profile)? {
            Profile::Known(credential) => Some(credential),
            Profile::Unknown(_) => None,
        }
    }

    /// Every profile that holds something this version understands.
    pub fn iter(&self) -> impl Iterator<Item = (&ProfileName, &Credential)> {
        self.profiles.iter().filter_map(|(name, profile)| match profile {
            Profile::Known(credential) => Some((name, credential)),
            Profile::Unknown(_) => None,
        })
    }

    /// Puts a credential in its place, or removes it.
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
    /// How often the profile has changed.
    pub fn generation(&self) -> u64 {
        match self {
            Self::Oauth(session) => session.generation,
            Self::ApiKey(key) => key.generation,
        }
    }

    /// The same with another generation.
    #[must_use]
    pub fn at_generation(mut self, generation: u64) -> Self {
        match &mut self {
            Self::Oauth(session) => session.generation = generation,
            Self::ApiKey(key) => key.generation = generation,
        }
        self
    }

    /// Where in the keyring its lasting secret is.
    pub(super) fn keyring_entry(&self) -> Option<&str> {
        self.unknown().get(KEYRING_ENTRY)?.as_str()
    }

    /// Whether its lasting secret is in the keyring.
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

    /// What buys new access: the refresh token, or the key itself.
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

    /// How it was got, as `auth status --json` says it.
    pub(crate) fn method(&self) -> &'static str {
        match self {
            Self::Oauth(_) => "oauth",
            Self::ApiKey(key) => method_of(&key.api_key),
        }
    }

    /// The CLI session, if it is one.
    pub fn as_oauth(&self) -> Option<&OauthCredential> {
        match self {
            Self::Oauth(session) => Some(session),
            Self::ApiKey(_) => None,
        }
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
    /// A key for the tool's own server.
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

/// Personal tokens carry a mark in their prefix.
pub(crate) fn method_of(key: &Secret) -> &'static str {
    if key.expose().contains("_pat_") { "pat" } else { "api_key" }
}

impl OrgRef {
    /// Whether a person means this organization by `text`.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.id == text || self.slug.as_deref() == Some(text) || self.name.as_deref() == Some(text)
    }

    /// Its name for people, as good as it is known.
    pub fn display_name(&self) -> &str {
        self.name.as_deref().or(self.slug.as_deref()).unwrap_or(&self.id)
    }
}

impl AccountRef {
    /// Who it is, for people, as good as it is known.
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
    fn a_hand_written_key_is_the_default_profile() {
        let document = CredentialDocument::parse(br#"{"api_key":"acme_live_0123"}"#).unwrap();
        match document.get(&default()) {
            Some(Credential::ApiKey(key)) => assert_eq!(key.api_key.expose(), "acme_live_0123"),
            other => panic!("{other:?}"),
        }
    }
}
