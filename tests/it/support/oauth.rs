//! Sign-in over HTTP: authorization request, consent, redirect, tokens.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use keystiled::domain::entropy::Entropy;
use keystiled::domain::secret::Secret;
use reqwest::Method;
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::Url;
use url::form_urlencoded::Serializer;

use super::app::TestApp;
use super::html;
use super::http::{Answer, BrowserCaller};
use super::people::{Person, TestClient};

/// The `state` of every request.
pub(crate) const STATE: &str = "af0ifjsldkj";

/// `secret` with another last character: never the same string, however `secret` ends.
pub(crate) fn with_another_end(secret: &str) -> String {
    let last = if secret.ends_with('0') { '1' } else { '0' };
    format!("{}{last}", &secret[..secret.len() - 1])
}

/// A complete authorization request for tests to change.
#[derive(Debug, Clone)]
pub(crate) struct Ask {
    pub(crate) client: TestClient,
    pub(crate) verifier: String,
    parameters: Vec<(String, String)>,
}

impl Ask {
    pub(crate) fn of(client: &TestClient) -> Self {
        let verifier = Secret::random(Entropy).expose().to_owned();
        let parameters = [
            ("client_id", client.id.as_str()),
            ("redirect_uri", &client.redirect_uri),
            ("response_type", "code"),
            ("code_challenge", &challenge(&verifier)),
            ("code_challenge_method", "S256"),
            ("state", STATE),
        ];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Self { client: client.clone(), verifier, parameters }
    }

    /// Sets a parameter.
    pub(crate) fn with(self, name: &str, value: &str) -> Self {
        self.without(name).and(name, value)
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.parameters.retain(|(known, _)| known != name);
        self
    }

    /// Appends a parameter, even a repeated one.
    pub(crate) fn and(mut self, name: &str, value: &str) -> Self {
        self.parameters.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn parameters(&self) -> &[(String, String)] {
        &self.parameters
    }

    pub(crate) fn path(&self) -> String {
        let query = Serializer::new(String::new()).extend_pairs(&self.parameters).finish();
        format!("/oauth/authorize?{query}")
    }
}

/// The S256 challenge of a verifier.
pub(crate) fn challenge(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// An authorization response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Returned {
    /// The redirect URI with the answer in it.
    pub(crate) url: String,
    parameters: Vec<(String, String)>,
}

impl Returned {
    /// Reads the target of the return page.
    pub(crate) fn from_page(page: &Answer) -> Self {
        assert_eq!(page.status, 200, "{}", page.text());
        Self::from_url(&html::refresh(&page.body).unwrap_or_else(|| panic!("leads nowhere: {}", page.text())))
    }

    pub(crate) fn from_url(url: &str) -> Self {
        let parameters = Url::parse(url).unwrap().query_pairs().into_owned().collect();
        Self { url: url.to_owned(), parameters }
    }

    /// The single value of a parameter.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let mut values = self.parameters.iter().filter(|(known, _)| known == name);
        let first = values.next().map(|(_, value)| value.as_str());
        assert!(values.next().is_none(), "{name} stands twice in {}", self.url);
        first
    }

    pub(crate) fn code(&self) -> &str {
        self.get("code").unwrap_or_else(|| panic!("no code in {}", self.url))
    }

    /// The names of the parameters in their order.
    pub(crate) fn names(&self) -> Vec<&str> {
        self.parameters.iter().map(|(name, _)| name.as_str()).collect()
    }
}

/// A token response.
#[derive(Debug, Clone)]
pub(crate) struct Tokens {
    pub(crate) access: String,
    pub(crate) refresh: String,
    /// The response body.
    pub(crate) body: Value,
}

impl Tokens {
    pub(crate) fn of(answer: &Answer) -> Self {
        assert_eq!(answer.status, 200, "{}", answer.body);
        let body = answer.json();
        let text = |name: &str| body[name].as_str().unwrap_or_else(|| panic!("{name}: {body}")).to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token"), body }
    }

    /// The claims of the access token, unverified.
    pub(crate) fn claims(&self) -> Value {
        claims(&self.access)
    }

    /// Session id of the tokens.
    pub(crate) fn session(&self) -> String {
        self.claims()["sid"].as_str().unwrap().to_owned()
    }
}

/// The claims of a JWT, unverified.
pub(crate) fn claims(jwt: &str) -> Value {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(jwt.split('.').nth(1).unwrap()).unwrap()).unwrap()
}

/// A complete sign-in.
pub(crate) struct Session {
    pub(crate) client: TestClient,
    pub(crate) person: Person,
    pub(crate) tokens: Tokens,
}

impl TestApp {
    /// Opens a request in a signed-in browser, and follows to the first page.
    pub(crate) async fn ask(&self, browser: &BrowserCaller, ask: &Ask) -> Answer {
        let opened = browser.get(&ask.path()).await;
        browser.follow(opened).await
    }

    /// Answers a consent page and returns the return page.
    pub(crate) async fn decide(&self, browser: &BrowserCaller, consent: &Answer, decision: &str) -> Answer {
        let form = consent
            .form_to(&format!("{}/authorize/", self.config.server.public_url.path()))
            .with("decision", decision);
        let answer = browser.submit(&form).await;
        browser.follow(answer).await
    }

    /// Authorizes a request in a signed-in browser.
    pub(crate) async fn authorize(&self, browser: &BrowserCaller, ask: &Ask) -> Returned {
        let consent = self.ask(browser, ask).await;
        assert_eq!(consent.status, 200, "{}", consent.text());
        Returned::from_page(&self.decide(browser, &consent, "authorize").await)
    }

    /// Response to a request that is refused without consent.
    pub(crate) async fn refused(&self, browser: &BrowserCaller, ask: &Ask) -> Returned {
        let answer = self.ask(browser, ask).await;
        match answer.header("location") {
            Some(location) => Returned::from_url(location),
            None => Returned::from_page(&answer),
        }
    }

    /// Posts a form of a client to an `/oauth` endpoint; confidential clients authenticate with Basic.
    pub(crate) async fn client_post(&self, client: &TestClient, path: &str, form: &[(&str, &str)]) -> Answer {
        match &client.secret {
            None => self.machine(&client.id).post(path, form).await,
            Some(secret) => {
                let caller = self.anonymous();
                let request = caller.request(Method::POST, path).basic_auth(&client.id, Some(secret));
                caller.send(request.form(form)).await
            }
        }
    }

    /// Exchanges a code with the request's verifier and redirect URI.
    pub(crate) async fn exchange(&self, ask: &Ask, code: &str) -> Answer {
        self.exchange_with(&ask.client, code, &ask.verifier).await
    }

    /// Exchanges a code with this verifier.
    pub(crate) async fn exchange_with(&self, client: &TestClient, code: &str, verifier: &str) -> Answer {
        let form = [("grant_type", "authorization_code"), ("code", code), ("code_verifier", verifier)];
        self.client_post(client, "/oauth/token", &form).await
    }

    pub(crate) async fn refresh(&self, client: &TestClient, refresh_token: &str) -> Answer {
        let form = [("grant_type", "refresh_token"), ("refresh_token", refresh_token)];
        self.client_post(client, "/oauth/token", &form).await
    }

    /// Signs this user in with this client.
    pub(crate) async fn session_of(&self, client: &TestClient, person: &Person) -> Session {
        let browser = self.browser_of(person).await;
        self.session_in(&browser, client, person).await
    }

    /// [`Self::session_of`] in a signed-in browser.
    pub(crate) async fn session_in(
        &self,
        browser: &BrowserCaller,
        client: &TestClient,
        person: &Person,
    ) -> Session {
        let ask = Ask::of(client);
        let returned = self.authorize(browser, &ask).await;
        let tokens = Tokens::of(&self.exchange(&ask, returned.code()).await);
        Session { client: client.clone(), person: person.clone(), tokens }
    }

    /// Signs the owner in with a new native client.
    pub(crate) async fn session(&self) -> Session {
        let client = self.client(keystiled::domain::client::ClientKind::Native).await;
        self.session_of(&client, &self.owner().await).await
    }

    /// Presents an access token to the API.
    pub(crate) async fn whoami(&self, access_token: &str) -> Answer {
        self.machine("").get("/api/v1/whoami", access_token).await
    }

    /// Presents an access token to the userinfo endpoint.
    pub(crate) async fn userinfo(&self, access_token: &str) -> Answer {
        self.machine("").get("/oauth/userinfo", access_token).await
    }
}
