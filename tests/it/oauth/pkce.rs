//! Proof Key for Code Exchange cannot be bypassed.

use keystiled::domain::client::ClientKind;
use keystiled::domain::entropy::Entropy;
use keystiled::domain::secret::Secret;
use serde_json::json;

use super::{is, refusal};
use crate::support::both_engines;
use crate::support::oauth::{Ask, challenge};

fn wrong() -> String {
    Secret::random(Entropy).expose().to_owned()
}

both_engines! {
    async fn pk_01_02_03_04_only_a_whole_s256_challenge_is_accepted(app) {
        let browser = app.browser_of(&app.owner().await).await;
        for kind in [ClientKind::Native, ClientKind::Browser, ClientKind::Confidential] {
            let ask = Ask::of(&app.client(kind).await);
            let good = challenge(&ask.verifier);
            for bad in [
                ask.clone().without("code_challenge").without("code_challenge_method"),
                ask.clone().without("code_challenge"),
                ask.clone().without("code_challenge_method"),
                ask.clone().with("code_challenge_method", ""),
                ask.clone().with("code_challenge_method", "plain"),
                ask.clone().with("code_challenge_method", "s256"),
                ask.clone().with("code_challenge_method", "S512"),
                ask.clone().with("code_challenge", &good[..42]),
                ask.clone().with("code_challenge", &format!("{good}A")),
                ask.clone().with("code_challenge", &format!("{}=", &good[..42])),
                ask.clone().with("code_challenge", &format!("{}+", &good[..42])),
                ask.clone().with("code_challenge", &format!("{}/", &good[..42])),
            ] {
                let returned = app.refused(&browser, &bad).await;
                assert_eq!(returned.get("error"), Some("invalid_request"), "{bad:?}");
            }
        }
        assert_eq!(app.count("authorization_codes").await, 0);
    }

    async fn pk_05_06_a_code_survives_two_wrong_verifiers_and_not_three(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let returned = app.authorize(&browser, &ask).await;
        let without = [("grant_type", "authorization_code"), ("code", returned.code())];
        let answer = app.client_post(&ask.client, "/oauth/token", &without).await;
        assert_eq!(refusal(&answer), is(400, "invalid_grant"));
        let answer = app.exchange_with(&ask.client, returned.code(), &wrong()).await;
        assert_eq!(refusal(&answer), is(400, "invalid_grant"));
        assert_eq!(app.count("credentials").await, 0);
        assert_eq!(app.exchange(&ask, returned.code()).await.status, 200);

        let ask = Ask::of(&ask.client);
        let returned = app.authorize(&browser, &ask).await;
        for verifier in [&wrong(), "short", &wrong()] {
            let answer = app.exchange_with(&ask.client, returned.code(), verifier).await;
            assert_eq!(refusal(&answer), is(400, "invalid_grant"), "{verifier}");
        }
        assert_eq!(refusal(&app.exchange(&ask, returned.code()).await), is(400, "invalid_grant"));
        assert_eq!(app.count("credentials").await, 1);
    }

    async fn pk_07_a_verifier_without_a_stored_challenge_is_a_downgrade(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Confidential).await);
        let stripped = ask.clone().without("code_challenge").without("code_challenge_method");
        assert_eq!(app.refused(&browser, &stripped).await.get("error"), Some("invalid_request"));
        let returned = app.authorize(&browser, &ask).await;
        app.execute("UPDATE authorization_requests SET code_challenge = NULL").await.unwrap();
        assert_eq!(refusal(&app.exchange(&ask, returned.code()).await), is(400, "invalid_grant"));
        assert_eq!(app.count("credentials").await, 0);
    }

    async fn pk_09_the_challenge_is_no_verifier_for_itself(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let returned = app.authorize(&browser, &ask).await;
        let answer = app.exchange_with(&ask.client, returned.code(), &challenge(&ask.verifier)).await;
        assert_eq!(refusal(&answer), is(400, "invalid_grant"));
    }

    async fn pk_12_both_documents_offer_s256_and_nothing_else(app) {
        for name in ["oauth-authorization-server", "openid-configuration"] {
            let document = app.anonymous().get(&format!("/.well-known/{name}")).await.json();
            assert_eq!(document["code_challenge_methods_supported"], json!(["S256"]), "{name}");
        }
    }
}
