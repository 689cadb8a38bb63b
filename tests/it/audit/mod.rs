//! The audit log, the log of uses and usage: pages, API, export, durability.

mod accounts;
mod api;
mod crash;
mod erasure;
mod everything;
mod pages;
mod rebase;
mod uses;

use reqwest::Method;

use crate::support::app::TestApp;
use crate::support::http::Answer;
use crate::support::oauth::{Ask, Tokens};
use crate::support::people::{Person, TestClient};

/// Tokens of a session with the scope to read the log, if the person's role holds it.
async fn reader(app: &TestApp, client: &TestClient, person: &Person) -> Tokens {
    let browser = app.browser_of(person).await;
    let ask = Ask::of(client).with("scope", "org:read audit:read");
    let returned = app.authorize(&browser, &ask).await;
    Tokens::of(&app.exchange(&ask, returned.code()).await)
}

/// The response of an API of the server to this token.
async fn get(app: &TestApp, path: &str, token: &str) -> Answer {
    let anonymous = app.anonymous();
    anonymous.send(anonymous.request(Method::GET, path).bearer_auth(token)).await
}
