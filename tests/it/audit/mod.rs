//! Who did what, and what credentials were used for: reading it, taking a copy of it, losing none of it.

mod api;
mod crash;
mod everything;
mod pages;
mod uses;

use reqwest::Method;

use crate::support::app::TestApp;
use crate::support::http::Answer;
use crate::support::oauth::{Ask, Tokens};
use crate::support::people::{Person, TestClient};

/// The tokens of a session that may read the log, if the role of its person holds that scope.
async fn reader(app: &TestApp, client: &TestClient, person: &Person) -> Tokens {
    let browser = app.browser_of(person).await;
    let ask = Ask::of(client).with("scope", "org:read audit:read");
    let returned = app.authorize(&browser, &ask).await;
    Tokens::of(&app.exchange(&ask, returned.code()).await)
}

/// What an API of the server answers to this token.
async fn get(app: &TestApp, path: &str, token: &str) -> Answer {
    let anonymous = app.anonymous();
    anonymous.send(anonymous.request(Method::GET, path).bearer_auth(token)).await
}
