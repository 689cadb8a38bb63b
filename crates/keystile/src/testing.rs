//! Doubles for the tests of tools: one for each of the [`Dependencies`](crate::Dependencies), a temporary directory, and an
//! HTTP server.

mod server;

use std::collections::VecDeque;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

use super::base_url::BaseUrl;
use super::browser::Browser;
use super::clock::Clock;
use super::credentials::{
    AccountRef, Credential, CredentialDocument, CredentialState, CredentialStore, OauthCredential,
    ProfileLock, SwapResult,
};
use super::error::ErrorKind;
use super::profile::ProfileName;
use super::secret::Secret;
use super::ui::{CodeScreen, LinkScreen, LoginUi, SecretPrompt, WaitAction, Waiting};

pub use server::{TestRequest, TestResponse, TestServer};

/// A clock that stands still until [`advance`](Self::advance) is called.
#[derive(Debug)]
pub struct ManualClock(Mutex<DateTime<Utc>>);

impl ManualClock {
    /// A clock set to this time.
    pub fn at(now: DateTime<Utc>) -> Self {
        Self(Mutex::new(now))
    }

    /// Moves the clock forward.
    pub fn advance(&self, span: TimeDelta) {
        *locked(&self.0) += span;
    }
}

impl Clock for ManualClock {
    fn now(&self) -> DateTime<Utc> {
        *locked(&self.0)
    }
}

/// A browser that records URLs instead of opening them.
#[derive(Debug, Default)]
pub struct RecordingBrowser {
    opened: Mutex<Vec<String>>,
}

impl RecordingBrowser {
    /// The URLs opened so far.
    pub fn opened(&self) -> Vec<String> {
        locked(&self.opened).clone()
    }
}

impl Browser for RecordingBrowser {
    fn open<'a>(&'a self, url: &'a str) -> Pin<Box<dyn Future<Output = Result<(), String>> + Send + 'a>> {
        locked(&self.opened).push(url.to_owned());
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A user interface that records what it shows and gives prepared answers.
#[derive(Debug, Default)]
pub struct RecordingUi {
    answer: Option<bool>,
    unattended: bool,
    links: Mutex<Vec<LinkScreen>>,
    codes: Mutex<Vec<CodeScreen>>,
    notices: Mutex<Vec<String>>,
    actions: Mutex<VecDeque<WaitAction>>,
    secrets: Mutex<VecDeque<Secret>>,
}

impl RecordingUi {
    /// Answers every yes-or-no question with `answer`. `None`, the default, means that there is no user.
    pub fn answering(answer: Option<bool>) -> Self {
        Self { answer, ..Self::default() }
    }

    /// Has no user to prompt.
    pub fn unattended() -> Self {
        Self { unattended: true, ..Self::default() }
    }

    /// The links shown so far.
    pub fn links(&self) -> Vec<LinkScreen> {
        locked(&self.links).clone()
    }

    /// The device codes shown so far.
    pub fn codes(&self) -> Vec<CodeScreen> {
        locked(&self.codes).clone()
    }

    /// The notices shown so far.
    pub fn notices(&self) -> Vec<String> {
        locked(&self.notices).clone()
    }

    /// Queues an action of the user during the wait.
    pub fn will_choose(&self, action: WaitAction) {
        locked(&self.actions).push_back(action);
    }

    /// Queues an answer to a prompt for a secret. Without one, the prompt waits.
    pub fn will_enter(&self, secret: &str) {
        locked(&self.secrets).push_back(secret.into());
    }
}

impl LoginUi for RecordingUi {
    fn show_link(&self, screen: &LinkScreen) {
        locked(&self.links).push(screen.clone());
    }

    fn show_code(&self, screen: &CodeScreen) {
        locked(&self.codes).push(screen.clone());
    }

    fn progress(&self, _waiting: Waiting) {}

    fn progress_done(&self) {}

    fn notice(&self, text: &str) {
        locked(&self.notices).push(text.to_owned());
    }

    fn wait_action(&self) -> Option<WaitAction> {
        locked(&self.actions).pop_front()
    }

    fn can_prompt(&self) -> bool {
        !self.unattended
    }

    fn prompt_secret<'a>(&'a self, _question: &'a str) -> SecretPrompt<'a> {
        Box::pin(async {
            loop {
                if let Some(secret) = locked(&self.secrets).pop_front() {
                    return Some(secret);
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
    }

    fn confirm(&self, _question: &str) -> Option<bool> {
        self.answer
    }
}

/// A credential store in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    document: Mutex<CredentialDocument>,
    lock: Arc<Mutex<Vec<ProfileName>>>,
    refuses_writes: Mutex<bool>,
}

impl MemoryStore {
    /// A store that holds this credential in this profile.
    pub fn holding(profile: &ProfileName, credential: Credential) -> Self {
        let store = Self::default();
        locked(&store.document).set(profile, Some(credential));
        store
    }

    /// Makes every further write fail.
    pub fn refuse_writes(&self) {
        *locked(&self.refuses_writes) = true;
    }
}

struct MemoryLock {
    held: Arc<Mutex<Vec<ProfileName>>>,
    profile: ProfileName,
}

impl ProfileLock for MemoryLock {}

impl Drop for MemoryLock {
    fn drop(&mut self) {
        locked(&self.held).retain(|profile| *profile != self.profile);
    }
}

impl CredentialStore for MemoryStore {
    fn read(&self) -> Result<CredentialDocument, ErrorKind> {
        Ok(locked(&self.document).clone())
    }

    fn try_lock(&self, profile: &ProfileName) -> Result<Option<Box<dyn ProfileLock>>, ErrorKind> {
        let mut held = locked(&self.lock);
        if held.contains(profile) {
            return Ok(None);
        }
        held.push(profile.clone());
        Ok(Some(Box::new(MemoryLock { held: self.lock.clone(), profile: profile.clone() })))
    }

    fn compare_and_swap(
        &self,
        profile: &ProfileName,
        expected: Option<u64>,
        credential: Option<&Credential>,
    ) -> Result<SwapResult, ErrorKind> {
        if *locked(&self.refuses_writes) {
            return Err(ErrorKind::CredentialsUnwritable {
                what: "write".into(),
                cause: "writes are refused".into(),
            });
        }
        let mut document = locked(&self.document);
        if document.get(profile).map(Credential::generation) != expected {
            return Ok(SwapResult::Conflict);
        }
        let next = credential.map(|credential| credential.clone().at_generation(expected.unwrap_or(0) + 1));
        document.set(profile, next);
        Ok(SwapResult::Done)
    }

    fn move_damaged_aside(&self) -> Result<String, ErrorKind> {
        *locked(&self.document) = CredentialDocument::default();
        Ok("memory".into())
    }

    fn location(&self) -> PathBuf {
        "memory".into()
    }
}

/// A temporary directory, removed when dropped.
#[derive(Debug)]
pub struct TempFolder(PathBuf);

impl TempFolder {
    /// Creates an empty directory.
    ///
    /// # Panics
    /// Panics if the directory cannot be created.
    #[expect(clippy::new_without_default, reason = "a default value should not create a directory")]
    pub fn new() -> Self {
        let name = super::random::uuid().expect("the system has random numbers");
        let path = std::env::temp_dir().join(format!("keystile-test-{name}"));
        std::fs::create_dir_all(&path).expect("the temporary directory can be written");
        Self(path)
    }

    /// The path of the directory.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for TempFolder {
    fn drop(&mut self) {
        // If that fails, an empty temporary directory is left.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A session of Ada Lovelace (`ada@example.com`) without a refresh token. Its access token is `access-of-ada`.
pub fn signed_in(issuer: &BaseUrl, api_base: &BaseUrl, access_expires_at: DateTime<Utc>) -> Credential {
    Credential::from(OauthCredential {
        issuer: issuer.clone(),
        api_base: api_base.clone(),
        client_id: "test".into(),
        session_id: Some("ses_test".into()),
        account: Some(AccountRef {
            id: "usr_ada".into(),
            email: Some("ada@example.com".into()),
            name: Some("Ada Lovelace".into()),
        }),
        org: None,
        scopes: Vec::new(),
        access_token: Secret::new("access-of-ada"),
        access_expires_at,
        refresh_token: None,
        session_expires_at: None,
        received_at: None,
        rejected_at: None,
        generation: 0,
        state: CredentialState::Ok,
        signed_in_by: None,
        unknown: serde_json::Map::new(),
    })
}

/// The tool `acme`.
#[cfg(test)]
pub(crate) fn app() -> super::app::AppBuilder {
    super::app::App::builder("acme")
        .issuer("https://auth.acme.dev")
        .key_prefixes(["acme_live_", "acme_test_"])
}

#[cfg(test)]
pub(crate) fn brand() -> super::brand::Brand {
    app().build().unwrap().brand().clone()
}

/// Ada's session, as a sign-in stores it.
#[cfg(test)]
pub(crate) fn session() -> super::credentials::OauthCredential {
    serde_json::from_value(serde_json::json!({
        "issuer": "https://auth.acme.dev", "api_base": "https://api.acme.dev", "client_id": "acme-cli",
        "session_id": "ses_9fK2", "account": { "id": "usr_1", "email": "ada@example.com" },
        "org": { "id": "org_7Q2M", "slug": "analytical", "name": "Analytical" },
        "scopes": ["deployments:read"], "access_token": "access", "access_expires_at": "2026-11-23T08:00:00Z",
        "refresh_token": "refresh", "session_expires_at": "2027-02-21T00:00:00Z"
    }))
    .unwrap()
}
