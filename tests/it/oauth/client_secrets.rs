//! Rotation of client secrets, with an overlap that can be ended at once.

use chrono::TimeDelta;
use keystiled::domain::audit::Actor;
use keystiled::domain::client::ClientKind;
use keystiled::domain::entropy::Entropy;
use keystiled::domain::secret::Secret;
use keystiled::services::client_secrets;

use super::{is, refusal};
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::oauth::Tokens;
use crate::support::people::TestClient;

/// Refreshes with a client secret and returns the next refresh token.
async fn accepted(app: &TestApp, client: &TestClient, refresh_token: &str) -> String {
    let introspected = app.client_post(client, "/oauth/introspect", &[("token", refresh_token)]).await;
    assert_eq!(introspected.status, 200, "{}", introspected.body);
    Tokens::of(&app.refresh(client, refresh_token).await).refresh
}

async fn refused(app: &TestApp, client: &TestClient, refresh_token: &str) {
    for _ in 0..2 {
        assert_eq!(refusal(&app.refresh(client, refresh_token).await), is(401, "invalid_client"));
    }
    let introspected = app.client_post(client, "/oauth/introspect", &[("token", refresh_token)]).await;
    assert_eq!(introspected.status, 401, "{}", introspected.body);
}

both_engines! {
    async fn ca_03_a_client_secret_is_replaced_with_an_overlap_that_can_be_ended(app) {
        let old = app.client(ClientKind::Confidential).await;
        let mut token = app.session_of(&old, &app.owner().await).await.tokens.refresh;
        let rotated = app.operate(&["client", "rotate-secret", &old.id, "--keep-old", "24h"]).await;
        let new = TestClient { secret: rotated["client_secret"].as_str().map(str::to_owned), ..old.clone() };
        assert!(rotated["old_secret_ends_at"].is_string());
        for client in [&old, &new, &old, &new] {
            token = accepted(app, client, &token).await;
        }
        let ended = app.operate(&["client", "end-old-secret", &old.id]).await;
        assert_eq!(ended["ended"], true);
        refused(app, &old, &token).await;
        token = accepted(app, &new, &token).await;
        assert_eq!(app.operate(&["client", "end-old-secret", &old.id]).await["ended"], false);

        let newest = app.operate(&["client", "rotate-secret", &old.id]).await;
        assert!(newest["old_secret_ends_at"].is_null());
        let newest = TestClient { secret: newest["client_secret"].as_str().map(str::to_owned), ..old.clone() };
        refused(app, &new, &token).await;
        accepted(app, &newest, &token).await;
        let recorded = app.audit_of("instance").await;
        let count = |action: &str| recorded.iter().filter(|known| *known == action).count();
        assert_eq!((count("client.secret_rotated"), count("client.old_secret_ended")), (2, 1));
        for client in [old, new, newest] {
            assert!(!app.holds(&client.secret.unwrap()).await);
        }
    }

    async fn ca_03_an_old_client_secret_ends_at_its_time(app, |app| app.manual_clock()) {
        let old = app.client(ClientKind::Confidential).await;
        let token = app.session_of(&old, &app.owner().await).await.tokens.refresh;
        let (id, secret) = (old.id.clone(), Secret::random(Entropy));
        let digest = secret.digest();
        let rotated = app.inside().store.write_or_refuse(move |work| {
            client_secrets::rotate(work, &id, digest, TimeDelta::hours(1), &Actor::Operator)
        });
        let ends_at = rotated.await.unwrap().unwrap();
        assert_eq!(ends_at, app.clock.now() + TimeDelta::hours(1));
        app.advance(TimeDelta::hours(1) - TimeDelta::seconds(1));
        let token = accepted(app, &old, &token).await;
        app.advance(TimeDelta::seconds(1));
        refused(app, &old, &token).await;
        let new = TestClient { secret: Some(secret.expose().to_owned()), ..old };
        accepted(app, &new, &token).await;
    }

    async fn ca_03_a_secret_is_not_rotated_where_there_is_none(app) {
        let public = app.client(ClientKind::Native).await;
        for (arguments, said) in [
            (["client", "rotate-secret", &public.id].as_slice(), "is public and has no secret"),
            (&["client", "end-old-secret", &public.id], "is public and has no secret"),
            (&["client", "rotate-secret", "nobody"], "There is no client nobody"),
            (&["client", "rotate-secret", "nobody", "--keep-old", "31d"], "is not between 0 and 30 days"),
            (&["client", "rotate-secret", "nobody", "--keep-old", "soon"], "Write a whole number and a unit"),
        ] {
            let ran = app.keystiled(arguments).await;
            assert_eq!((ran.code, ran.stderr.contains(said)), (Some(1), true), "{arguments:?}: {}", ran.stderr);
        }
    }
}
