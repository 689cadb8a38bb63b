//! A removed client can be registered again, without anything of the removed registration.

use keystiled::domain::client::{COMPANION, ClientKind};
use keystiled::services::accounts;

use super::{is, refusal};
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::oauth::Ask;
use crate::support::operator::Ran;
use crate::support::people::TestClient;

async fn register(app: &TestApp, client: &TestClient, name: &str) -> Ran {
    let uri = "http://127.0.0.1/callback";
    let add =
        ["client", "add", "--id", &client.id, "--name", name, "--kind", "native", "--redirect-uri", uri];
    app.keystiled(&[&add[..], &["--device-codes"]].concat()).await
}

both_engines! {
    async fn cg_02_a_removed_id_is_registered_again_without_what_the_removed_client_had(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let client = app.device_client().await;
        let old = app.session_in(&browser, &client, &owner).await;
        let ask = Ask::of(&client);
        let code = app.authorize(&browser, &ask).await.code().to_owned();
        let codes = app.device_codes(&client, &[]).await;
        app.connect(&browser, &codes).await;

        let in_use = register(app, &client, "Another").await;
        assert_eq!(in_use.code, Some(1), "{in_use:#?}");
        assert!(in_use.stderr.contains(&format!("The id {} is in use.", client.id)), "{in_use:#?}");

        app.operate(&["client", "remove", "--yes", &client.id]).await;
        let refused = app.refresh(&client, &old.tokens.refresh).await;
        assert_eq!(refusal(&refused), is(401, "invalid_client"));
        let ended_at = app.stored(&old.tokens.session()).await.revoked_at.unwrap();

        let again = register(app, &client, "Fred the Second").await;
        assert_eq!((again.code, again.stderr.as_str()), (Some(0), ""));
        for refused in [
            app.refresh(&client, &old.tokens.refresh).await,
            app.exchange(&ask, &code).await,
            app.poll(&codes).await,
        ] {
            assert_eq!(refused.status, 400, "{}", refused.body);
        }
        assert_eq!(app.whoami(&old.tokens.access).await.status, 401);
        assert_eq!(app.stored(&old.tokens.session()).await.revoked_at, Some(ended_at));

        let new = app.session_in(&browser, &client, &owner).await;
        assert_eq!(app.refresh(&client, &new.tokens.refresh).await.status, 200);
        let codes = app.device_codes(&client, &[]).await;
        app.connect(&browser, &codes).await;
        assert_eq!(app.poll(&codes).await.status, 200);

        let listed = app.operate(&["client", "list"]).await;
        let named = listed.as_array().unwrap().iter().filter(|known| known["client_id"] == client.id);
        let named: Vec<_> = named.collect();
        assert!(matches!(named.as_slice(), [one] if one["name"] == "Fred the Second"), "{listed}");
        assert_eq!(register(app, &client, "Another").await.code, Some(1));
        let recorded = app.audit_of("instance").await;
        let of_clients: Vec<_> = recorded.iter().filter(|action| action.starts_with("client.")).collect();
        assert!(
            of_clients.ends_with(&[&"client.created".into(), &"client.removed".into(), &"client.created".into()]),
            "{of_clients:?}"
        );
    }

    async fn cg_02_a_person_is_told_that_the_new_registration_is_new_to_them(app) {
        let new_here = "You have not used this tool here before.";
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let client = app.device_client().await;
        let told = async || {
            let codes = app.device_codes(&client, &[]).await;
            let device = app.enter_code(&browser, &codes.user_code).await;
            let consent = app.ask(&browser, &Ask::of(&client)).await;
            [device, consent].map(|page| page.text().contains(new_here))
        };
        assert_eq!(told().await, [true; 2]);
        app.session_in(&browser, &client, &owner).await;
        assert_eq!(told().await, [false; 2]);
        app.operate(&["client", "remove", "--yes", &client.id]).await;
        assert_eq!(register(app, &client, "Fred the Second").await.code, Some(0));
        assert_eq!(told().await, [true; 2]);
    }

    async fn cg_02_the_companion_that_an_operator_registers_again_stays_as_registered(app) {
        let registered = async || {
            app.names(&format!("SELECT redirect_uris || grants AS name FROM clients WHERE id = '{COMPANION}'")).await
        };
        let start = async || {
            let config = app.config.clone();
            let store = &app.inside().store;
            store.write(move |work| accounts::ensure_companion(work, &config)).await.unwrap();
        };
        let of_this_version = registered().await;
        app.execute(&format!("UPDATE clients SET grants = 'refresh_token' WHERE id = '{COMPANION}'")).await.unwrap();
        start().await;
        assert_eq!(registered().await, of_this_version, "a registration of an earlier version is updated");

        app.operate(&["client", "remove", "--yes", COMPANION]).await;
        start().await;
        let uri = "http://127.0.0.1/other";
        app.operate(&["client", "add", "--id", COMPANION, "--name", "Ours", "--kind", "native", "--redirect-uri", uri])
            .await;
        let of_the_operator = registered().await;
        assert!(of_the_operator[0].contains(uri));
        start().await;
        assert_eq!(registered().await, of_the_operator);
    }

    async fn cg_02_a_secret_of_the_removed_registration_is_not_accepted(app) {
        let client = app.client(ClientKind::Confidential).await;
        app.operate(&["client", "remove", "--yes", &client.id]).await;
        let added = app.operate(&["client", "add", "--id", &client.id, "--name", "Site", "--kind", "confidential",
            "--redirect-uri", "https://app.example/callback"]).await;
        let new = TestClient { secret: added["client_secret"].as_str().map(str::to_owned), ..client.clone() };
        let token = [("token", "keystile_rt_none")];
        assert_eq!(app.client_post(&new, "/oauth/introspect", &token).await.status, 200);
        let refused = app.client_post(&client, "/oauth/introspect", &token).await;
        assert_eq!(refusal(&refused), is(401, "invalid_client"));
    }
}
