//! `keystiled client update` and `keystiled client remove`.

use keystiled::domain::client::{COMPANION, ClientKind};
use serde_json::json;

use crate::support::both_engines;
use crate::support::oauth::{Ask, Tokens};

both_engines! {
    async fn a_client_is_changed_and_every_sign_in_follows(app) {
        let session = app.session().await;
        let id = session.client.id.as_str();
        // The first refresh makes the server keep a copy of the client.
        let rotated = Tokens::of(&app.refresh(&session.client, &session.tokens.refresh).await);
        assert_eq!(rotated.body["expires_in"], 8 * 3600);
        let changed = app.operate(&[
            "client", "update", id, "--name", "Orbit", "--access", "10min", "--scope", "org:read",
            "--redirect-uri", "http://127.0.0.1/other",
        ]).await;
        assert_eq!((&changed["name"], &changed["access_seconds"], &changed["scope"]), (&json!("Orbit"), &json!(600), &json!("org:read")));
        let rotated = Tokens::of(&app.refresh(&session.client, &rotated.refresh).await);
        assert_eq!(rotated.body["expires_in"], 600);

        let browser = app.browser_of(&session.person).await;
        let refused = app.ask(&browser, &Ask::of(&session.client)).await;
        assert_eq!(refused.status, 400, "{}", refused.text());
        let ask = Ask::of(&session.client).with("redirect_uri", "http://127.0.0.1:5000/other").with("scope", "org:read");
        let consent = app.ask(&browser, &ask).await;
        assert!(consent.text().contains("Orbit"), "{}", consent.text());

        let back = app.operate(&["client", "update", id, "--all-scopes", "--default-access"]).await;
        assert!(back["scope"].is_null() && back["access_seconds"].is_null() && back["name"] == "Orbit", "{back}");
        app.operate(&["client", "update", id, "--name", "Orbit"]).await;
        let updates: Vec<_> = app.events_of("instance").await.into_iter().filter(|event| event.action == "client.updated").collect();
        assert_eq!(updates.len(), 2, "the same name again is no change");
        assert!(updates[0].details.contains("name, redirect_uris, scopes, access"), "{}", updates[0].details);
    }

    async fn a_native_client_can_always_use_the_page_with_a_code_to_copy(app) {
        let page = format!("{}/c/code", app.base());
        let add = ["client", "add", "--name", "Orbit", "--redirect-uri", "https://orbit.example/cb", "--kind"];
        let confidential = app.operate(&[&add[..], &["confidential"]].concat()).await;
        assert_eq!(confidential["redirect_uris"], json!(["https://orbit.example/cb"]));
        let native = app.operate(&[&add[..], &["native"]].concat()).await;
        assert_eq!(native["redirect_uris"], json!(["https://orbit.example/cb", page]));
        let id = native["client_id"].as_str().unwrap();
        let changed = app.operate(&["client", "update", id, "--redirect-uri", "http://127.0.0.1/other"]).await;
        assert_eq!(changed["redirect_uris"], json!(["http://127.0.0.1/other", page]));
        let same = app.operate(&["client", "update", id, "--redirect-uri", &page]).await;
        assert_eq!(same["redirect_uris"], json!([page]));
    }

    async fn a_change_of_a_client_is_checked_like_its_registration(app) {
        let client = app.client(ClientKind::Native).await;
        for (arguments, words) in [
            (&["--name", " "][..], "--name needs 1 to 100 characters"),
            (&["--redirect-uri", "javascript:alert(1)"], "cannot be a redirect URI"),
            (&["--scope", "everything"], "There is no scope everything."),
            (&["--access", "30s"], "--access 30s is too short"),
            (&["--access", "31d"], "is not between 0 and 30 days"),
            (&[], "Say what to change"),
        ] {
            let ran = app.keystiled(&[&["client", "update", &client.id][..], arguments].concat()).await;
            assert_eq!((ran.code, ran.stderr.contains(words)), (Some(1), true), "{words}: {ran:#?}");
        }
        let unknown = app.keystiled(&["client", "update", "nobody", "--name", "x"]).await;
        assert!(unknown.stderr.contains("There is no client nobody."), "{unknown:#?}");
        let own = app.keystiled(&["client", "update", COMPANION, "--redirect-uri", "http://127.0.0.1/x"]).await;
        assert!(own.stderr.contains("follow the server"), "{own:#?}");
        app.operate(&["client", "update", COMPANION, "--name", "Our CLI"]).await;
    }

    async fn a_script_that_removes_a_client_has_to_say_yes(app) {
        let session = app.session().await;
        let id = session.client.id.as_str();
        let asked = app.keystiled(&["client", "remove", id]).await;
        assert_eq!((asked.code, asked.stdout.as_str()), (Some(1), ""), "{asked:#?}");
        for words in ["ends its sessions: 1.", "add --yes"] {
            assert!(asked.stderr.contains(words), "{words}: {asked:#?}");
        }
        assert_eq!(app.refresh(&session.client, &session.tokens.refresh).await.status, 200);
        let removed = app.operate(&["client", "remove", id, "--yes"]).await;
        assert_eq!(removed["sessions_ended"], 1);
    }
}
