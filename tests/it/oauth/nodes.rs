//! Several nodes of one deployment on one PostgreSQL.

use keystiled::domain::client::ClientKind;
use keystiled::services::signing_keys::{self, RotationTiming};
use serde_json::json;

use super::forge::Forge;
use super::{is, refusal};
use crate::support::app::{Builder, TestApp};
use crate::support::at_once::at_once;
use crate::support::database::Database;
use crate::support::oauth::{Ask, Returned, Tokens};

async fn two_nodes() -> (TestApp, TestApp) {
    let one = Builder::on(Database::postgres()).start().await;
    let other = one.another_node().start().await;
    (one, other)
}

async fn stop(one: TestApp, other: TestApp) {
    other.stop().await;
    one.stop().await;
}

#[tokio::test]
async fn two_nodes_serve_one_sign_in_between_them() {
    let (one, other) = two_nodes().await;
    let owner = one.owner().await;
    let client = one.client(ClientKind::Native).await;
    let ask = Ask::of(&client);
    let browser = one.browser();
    let there = browser.at_node(&other.base());

    let opened = browser.get(&ask.path()).await;
    let sign_in = there.follow(opened).await;
    let form = sign_in.form("/sign-in").with("email", &owner.email).with("password", owner.password);
    let signed_in = browser.submit(&form).await;
    let consent = there.follow(signed_in).await;
    let answered = browser.submit(&consent.form_to("/authorize/").with("decision", "authorize")).await;
    let returned = Returned::from_page(&there.follow(answered).await);
    assert_eq!(returned.get("iss"), Some(one.issuer()));

    let first = Tokens::of(&one.exchange(&ask, returned.code()).await);
    let second = Tokens::of(&other.refresh(&client, &first.refresh).await);
    let again = Tokens::of(&one.refresh(&client, &first.refresh).await);
    assert_eq!(again.refresh, second.refresh, "the other node repeats the lost response");
    for node in [&one, &other] {
        assert_eq!(node.whoami(&second.access).await.json()["data"]["subject"]["id"], json!(owner.id));
    }
    other.client_post(&client, "/oauth/revoke", &[("token", &second.refresh)]).await;
    assert_eq!(one.whoami(&second.access).await.status, 401);
    assert_eq!(refusal(&one.refresh(&client, &second.refresh).await), is(400, "invalid_grant"));
    stop(one, other).await;
}

#[tokio::test]
async fn co_03_a_code_is_used_once_across_nodes() {
    let (one, other) = two_nodes().await;
    let browser = one.browser_of(&one.owner().await).await;
    let ask = Ask::of(&one.client(ClientKind::Native).await);
    let returned = one.authorize(&browser, &ask).await;
    let nodes = [&one, &other];
    let answers = at_once(20, |number| nodes[number % 2].exchange(&ask, returned.code()));
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    assert_eq!(one.count("credentials").await, 1);
    stop(one, other).await;
}

#[tokio::test]
async fn rt_02_parallel_refreshes_across_nodes_have_one_successor() {
    let (one, other) = two_nodes().await;
    let session = one.session().await;
    let nodes = [&one, &other];
    let answers = at_once(20, |number| nodes[number % 2].refresh(&session.client, &session.tokens.refresh));
    let given: Vec<Tokens> = answers.iter().map(Tokens::of).collect();
    assert!(given.iter().all(|one| one.refresh == given[0].refresh));
    assert_eq!(one.stored(&session.tokens.session()).await.generation, 2);
    stop(one, other).await;
}

#[tokio::test]
async fn jw_20_what_one_node_signs_the_other_verifies_at_once() {
    let (one, other) = two_nodes().await;
    let session = one.session().await;
    let key_set = one.anonymous().get("/oauth/jwks").await.body;
    assert_eq!(other.anonymous().get("/oauth/jwks").await.body, key_set);

    let inside = one.inside();
    for _ in 0..2 {
        // Twice, so that the other node has never seen the active key.
        signing_keys::rotate(&inside.store, &inside.master, &one.config.keys, RotationTiming::Now)
            .await
            .unwrap();
    }
    inside.reload_keys().await.unwrap();
    let token = Tokens::of(&one.refresh(&session.client, &session.tokens.refresh).await).access;
    let kid = Forge::of(&token).header["kid"].as_str().unwrap().to_owned();
    assert!(!key_set.contains(&kid));
    assert_eq!(other.whoami(&token).await.status, 200);
    assert!(other.anonymous().get("/oauth/jwks").await.body.contains(&kid));
    assert_eq!(other.whoami(&session.tokens.access).await.status, 200);
    stop(one, other).await;
}
