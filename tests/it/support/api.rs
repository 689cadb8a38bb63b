//! Clients of the management API.

use std::time::{Duration, Instant};

use keystiled::domain::client::ClientKind;
use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::app::TestApp;
use super::http::{Anonymous, Answer};
use super::oauth::{Ask, Tokens};
use super::people::Person;

/// A client with one credential.
pub(crate) struct ApiCaller {
    caller: Anonymous,
    pub(crate) credential: String,
}

impl ApiCaller {
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(Method::POST, path, Some(body)).await
    }

    pub(crate) async fn send(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let request = self.request(method, path);
        self.caller.send(if let Some(body) = body { request.json(body) } else { request }).await
    }

    /// A POST with an idempotency key.
    pub(crate) async fn post_once(&self, path: &str, key: &str, body: &Value) -> Answer {
        let request = self.request(Method::POST, path).header("Idempotency-Key", key);
        self.caller.send(request.json(body)).await
    }

    pub(crate) fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.caller.request(method, path).bearer_auth(&self.credential)
    }

    pub(crate) async fn send_request(&self, request: RequestBuilder) -> Answer {
        self.caller.send(request).await
    }

    /// The uses of a credential, newest first, once there are `expected`: they are written with a delay.
    pub(crate) async fn uses_of(&self, made: &Value, expected: usize) -> Vec<Value> {
        let path = format!("/api/v1/uses?credential={}", made["id"].as_str().unwrap());
        let started = Instant::now();
        loop {
            let found = self.get(&path).await.json()["data"].as_array().unwrap().clone();
            if found.len() >= expected {
                return found;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "{found:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Creates an API key.
    pub(crate) async fn key(&self, body: &Value) -> Value {
        self.made("/api/v1/keys", body).await
    }

    /// The response of a creation, which must succeed.
    pub(crate) async fn made(&self, path: &str, body: &Value) -> Value {
        let answer = self.post(path, body).await;
        assert_eq!(answer.status, 201, "{path}: {}", answer.body);
        answer.json()["data"].clone()
    }
}

impl TestApp {
    /// A CLI session of this user with these scopes.
    pub(crate) async fn tool_of(&self, person: &Person, scopes: &str) -> ApiCaller {
        let client = self.client(ClientKind::Native).await;
        let browser = self.browser_of(person).await;
        let ask = Ask::of(&client).with("scope", scopes);
        let returned = self.authorize(&browser, &ask).await;
        self.caller(&Tokens::of(&self.exchange(&ask, returned.code()).await).access)
    }

    /// A CLI session of the owner with all scopes.
    pub(crate) async fn owners_tool(&self) -> ApiCaller {
        let scopes = self.config.catalog.ids().collect::<Vec<_>>().join(" ");
        self.tool_of(&self.owner().await, &scopes).await
    }

    /// A client with this credential.
    pub(crate) fn caller(&self, credential: &str) -> ApiCaller {
        ApiCaller { caller: self.anonymous(), credential: credential.to_owned() }
    }

    /// A client with the secret of a key or token that was just created.
    pub(crate) fn holder(&self, made: &Value) -> ApiCaller {
        let secret = made.get("apiKey").or_else(|| made.get("token"));
        self.caller(secret.unwrap_or_else(|| panic!("no secret: {made}")).as_str().unwrap())
    }
}
