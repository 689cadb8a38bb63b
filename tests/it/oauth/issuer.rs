//! The issuer of responses and the audience of tokens.

use keystiled::domain::client::ClientKind;
use serde_json::json;

use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::database::Database;
use crate::support::oauth::{Ask, Returned};

both_engines! {
    async fn mx_01_every_answer_names_the_issuer_of_the_metadata_once(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let metadata = app.anonymous().get("/.well-known/oauth-authorization-server").await.json();
        assert_eq!(metadata["authorization_response_iss_parameter_supported"], json!(true));
        let consent = app.ask(&browser, &ask).await;
        let denied = Returned::from_page(&app.decide(&browser, &consent, "deny").await);
        let mut answers = vec![
            app.authorize(&browser, &ask).await,
            denied,
            app.refused(&browser, &ask.clone().with("scope", "nothing-like-it")).await,
            app.refused(&browser, &ask.clone().with("prompt", "none")).await,
            app.authorize(&browser, &ask.clone().with("iss", "https://evil.example")).await,
        ];
        app.execute("UPDATE organizations SET personal_tokens = FALSE").await.unwrap();
        let page = app.ask(&browser, &ask).await;
        answers.push(Returned::from_page(&app.decide(&browser, &page, "refuse").await));
        assert_eq!(answers[5].get("error"), Some("access_denied"));
        for answer in answers {
            assert_eq!(json!(answer.get("iss")), metadata["issuer"], "{}", answer.url);
        }
    }

    async fn mx_03_the_token_of_another_server_is_not_accepted(app) {
        let other = TestApp::on(Database::sqlite()).await;
        let theirs = other.session().await.tokens;
        let ours = app.session().await;
        assert_eq!(app.whoami(&theirs.access).await.status, 401);
        assert_eq!(app.userinfo(&theirs.access).await.status, 401);
        assert_eq!(app.refresh(&ours.client, &theirs.refresh).await.status, 400);
        other.stop().await;
    }

    async fn mx_06_the_issuer_has_one_spelling(app) {
        for path in [
            "/.well-known/openid-configuration/",
            "/.well-known/oauth-authorization-server/",
            "//.well-known/openid-configuration",
            "/.well-known/oauth-authorization-server/other",
        ] {
            assert_eq!(app.anonymous().get(path).await.status, 404, "{path}");
        }
        for name in ["oauth-authorization-server", "openid-configuration"] {
            let document = app.anonymous().get(&format!("/.well-known/{name}")).await.json();
            assert_eq!(document["issuer"], json!(app.issuer()));
        }
    }
}
