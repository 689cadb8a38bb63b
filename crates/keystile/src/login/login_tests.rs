use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use url::Url;

use super::*;
use crate::Dependencies;
use crate::globals::Globals;
use crate::login_method::LoginMethod;
use crate::testing::{
    MemoryStore, RecordingBrowser, RecordingUi, TempFolder, TestRequest, TestResponse, TestServer, app,
};

/// The requests to the server: path and form parameters.
type Sent = Arc<Mutex<Vec<(String, Vec<(String, String)>)>>>;

/// An authorization server, and a user whose browser calls the redirect URI.
pub(super) struct World {
    pub(super) context: Context,
    pub(super) server: TestServer,
    sent: Sent,
    /// The responses to the first polls; later ones are approved.
    polls: Arc<Mutex<VecDeque<TestResponse>>>,
    pub(super) ui: Arc<RecordingUi>,
    pub(super) browser: Arc<RecordingBrowser>,
    pub(super) home: TempFolder,
}

pub(super) fn world() -> World {
    world_where(true)
}

/// A server with or without device codes.
pub(super) fn world_where(has_device_codes: bool) -> World {
    let (sent, polls) = (Sent::default(), Arc::<Mutex<VecDeque<TestResponse>>>::default());
    let (requests, script) = (sent.clone(), polls.clone());
    let server = TestServer::start(move |asked| {
        let form = url::form_urlencoded::parse(asked.body.as_bytes()).into_owned().collect();
        requests.lock().unwrap().push((asked.path.clone(), form));
        if asked.path == "/oauth/token"
            && asked.body.contains("device_code")
            && let Some(answer) = script.lock().unwrap().pop_front()
        {
            return answer;
        }
        answer(&asked, has_device_codes)
    });
    let home = TempFolder::new();
    let (ui, browser) = (Arc::new(RecordingUi::default()), Arc::new(RecordingBrowser::default()));
    let dependencies = Dependencies {
        environment: Some([("HOME", home.path().to_str().unwrap()), ("DISPLAY", ":0")].into()),
        store: Some(Arc::new(MemoryStore::default())),
        browser: browser.clone(),
        ui: Some(ui.clone()),
        ..Dependencies::default()
    };
    let context =
        Context::new(&app().dependencies(dependencies).build().unwrap(), &Globals::default()).unwrap();
    World { context, server, sent, polls, ui, browser, home }
}

fn answer(asked: &TestRequest, has_device_codes: bool) -> TestResponse {
    let at = |path: &str| format!("http://{}{path}", asked.host);
    match asked.path.as_str() {
        "/.well-known/oauth-authorization-server" => TestResponse::json(&json!({
            "issuer": at(""), "authorization_endpoint": at("/oauth/authorize"),
            "token_endpoint": at("/oauth/token"), "pushed_authorization_request_endpoint": at("/oauth/par"),
            "authorization_response_iss_parameter_supported": true,
            "device_authorization_endpoint": at("/oauth/device_authorization"),
            "cli_configuration": { "device_flow": has_device_codes, "providers": ["apple"] },
        })),
        "/oauth/device_authorization" => TestResponse::json(&json!({
            "device_code": "the-device-code", "user_code": "WDJB-MJHT", "verification_uri": at("/device"),
            "verification_uri_complete": at("/device?user_code=WDJB-MJHT"), "expires_in": 600, "interval": 1,
        })),
        "/oauth/par" => {
            let answer = json!({
                "request_uri": "urn:x", "expires_in": 300, "login_url": at("/c/7KQ2-XM4T"), "user_check": "7KQ2-XM4T"
            });
            TestResponse::json(&answer).with_status(201)
        }
        "/oauth/token" => TestResponse::json(&json!({
            "access_token": "access", "token_type": "Bearer", "expires_in": 28800, "refresh_token": "refresh",
            "refresh_token_timeout": 7_776_000, "authorization_expires_in": 31_536_000, "scope": "org:read",
        })),
        "/api/v1/whoami" => TestResponse::json(&json!({ "data": {
            "kind": "cli_session", "credential": { "id": "ses_9fK2" },
            "subject": { "kind": "user", "id": "usr_1", "email": "ada@example.com" },
            "organization": { "id": "org_7Q2M", "slug": "analytical", "name": "Analytical" }, "scopes": ["org:read"],
        }})),
        _ => TestResponse::status(404),
    }
}

impl World {
    /// A parameter of the last request to this path.
    pub(super) fn sent(&self, path: &str, name: &str) -> Option<String> {
        let sent = self.sent.lock().unwrap();
        let (_, form) = sent.iter().rfind(|(to, _)| to == path)?;
        form.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
    }

    pub(super) fn pushed(&self, name: &str) -> Option<String> {
        self.sent("/oauth/par", name)
    }

    /// The number of requests to this path.
    pub(super) fn asked(&self, path: &str) -> usize {
        self.sent.lock().unwrap().iter().filter(|(to, _)| to == path).count()
    }

    /// Queues responses to polls.
    pub(super) fn polls(&self, answers: impl IntoIterator<Item = TestResponse>) {
        self.polls.lock().unwrap().extend(answers);
    }

    /// Waits until a condition holds.
    pub(super) async fn until(&self, is_so: impl Fn(&Self) -> bool) {
        while !is_so(self) {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits for the link, then calls the redirect URI with these parameters.
    pub(super) async fn approve(&self, parameters: impl Fn(&str) -> String) -> String {
        self.until(|world| !world.ui.links().is_empty()).await;
        let redirect = Url::parse(&self.pushed("redirect_uri").unwrap()).unwrap();
        let query = parameters(&self.pushed("state").unwrap());
        let port = redirect.port().unwrap();
        let mut stream = tokio::net::TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let head = format!("GET /callback?{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut page = String::new();
        stream.read_to_string(&mut page).await.unwrap();
        page
    }

    pub(super) fn options(&self) -> LoginOptions {
        let issuer = BaseUrl::parse(&self.server.url("")).unwrap();
        LoginOptions { method: Some(LoginMethod::Browser), issuer: Some(issuer), ..LoginOptions::default() }
    }

    async fn sign_in(
        &self,
        parameters: impl Fn(&str) -> String,
    ) -> (Result<CompletedLogin, ErrorKind>, String) {
        let options = self.options();
        tokio::join!(login(&self.context, &options), self.approve(parameters))
    }

    pub(super) fn stored(&self) -> usize {
        self.context.store.read().unwrap().iter().count()
    }

    pub(super) fn issuer(&self) -> String {
        url::form_urlencoded::byte_serialize(self.server.url("").as_bytes()).collect()
    }
}

#[tokio::test]
async fn an_approved_login_is_stored_and_the_browser_is_sent_to_the_done_page() {
    let world = world();
    let (account, page) = world.sign_in(|state| format!("code=c&state={state}&iss={}", world.issuer())).await;
    let account = account.unwrap();
    assert_eq!(account.account.unwrap().email.as_deref(), Some("ada@example.com"));
    assert_eq!(account.access_lifetime, Duration::from_secs(28_800));
    assert_eq!(account.idle_lifetime, Some(Duration::from_secs(7_776_000)));
    assert!(page.contains(&format!("Location: {}\r\n", world.server.url("/done?c=acme-cli"))));
    let stored = world.context.stored_session().unwrap().unwrap();
    assert_eq!(stored.session_id.as_deref(), Some("ses_9fK2"));
    assert_eq!(stored.scopes, ["org:read"]);
    let link = &world.ui.links()[0];
    assert_eq!(link.check.as_deref(), Some("7KQ2-XM4T"));
    assert_eq!(world.browser.opened(), std::slice::from_ref(&link.url));
    assert_eq!(world.pushed("code_challenge_method").as_deref(), Some("S256"));
    assert_eq!(world.pushed("prompt").as_deref(), Some("select_account"));
}

#[tokio::test]
async fn a_wrong_state_stops_the_login_and_stores_nothing() {
    let world = world();
    let (account, page) = world.sign_in(|_| format!("code=c&state=other&iss={}", world.issuer())).await;
    assert_eq!(account, Err(ErrorKind::StateMismatch));
    assert!(page.starts_with("HTTP/1.1 400") && page.contains("Sign-in failed"));
    assert_eq!(world.stored(), 0);
}

#[tokio::test]
async fn a_callback_of_another_issuer_is_refused() {
    let world = world();
    let (account, _) =
        world.sign_in(|state| format!("code=c&state={state}&iss=https%3A%2F%2Fevil.example")).await;
    assert_eq!(account, Err(ErrorKind::IssuerMismatch { issuer: Some("https://evil.example".into()) }));
    assert_eq!(world.stored(), 0);
}

#[tokio::test]
async fn a_callback_without_the_announced_iss_is_refused() {
    let world = world();
    let (account, _) = world.sign_in(|state| format!("code=c&state={state}")).await;
    assert_eq!(account, Err(ErrorKind::IssuerMismatch { issuer: None }));
}

#[tokio::test]
async fn a_denied_login_is_an_error() {
    let world = world();
    let (account, page) =
        world.sign_in(|state| format!("error=access_denied&state={state}&iss={}", world.issuer())).await;
    assert_eq!(account, Err(ErrorKind::AccessDenied));
    assert!(page.contains(&format!("Location: {}\r\n", world.server.url("/denied"))), "{page}");
}

#[tokio::test]
async fn a_login_without_a_callback_times_out() {
    let world = world();
    let after = Duration::from_millis(50);
    let options = LoginOptions { timeout: Some(after), ..world.options() };
    assert_eq!(login(&world.context, &options).await, Err(ErrorKind::LoginTimedOut { after }));
}

#[test]
fn a_login_can_run_on_any_executor() {
    fn is_send<T: Send>(_: T) {}
    let app = app().build().unwrap();
    let globals = Globals::default();
    is_send(app.login(&globals, &LoginOptions::default()));
    is_send(app.session(&globals));
}
