//! Personal tokens off: all requests get 403 at once, nothing is consumed, and everything works again once they are on.

use keystiled::domain::audit::{Actor, Origin};
use keystiled::domain::client::ClientKind;
use keystiled::services::{accounts, api_access};
use keystiled::store::users;
use reqwest::Method;
use reqwest::header::COOKIE;
use serde_json::json;

use super::turn;
use crate::support::app::TestApp;
use crate::support::at_once::at_once;
use crate::support::both_engines;
use crate::support::http::Answer;
use crate::support::oauth::{Ask, Returned, STATE, Tokens};

fn is_off(answer: &Answer) {
    assert_eq!(answer.status, 403, "{}", answer.body);
    let body = answer.json();
    assert_eq!(
        (&body["error"], &body["error_code"]),
        (&"access_denied".into(), &"personal_tokens_disabled".into())
    );
    let description = body["error_description"].as_str().unwrap();
    assert!(description.contains("Northwind Labs"), "{description}");
}

fn api_is_off(answer: &Answer) {
    assert_eq!(answer.status, 403, "{}", answer.body);
    assert_eq!(answer.json()["error"]["code"], "personal_tokens_disabled", "{}", answer.body);
}

/// Changes the setting directly in the store, for concurrent calls.
async fn set(app: &TestApp, on: bool) {
    let organization = app.owner().await.organization;
    let (actor, origin) = (Actor::Operator, Origin::default());
    let turned = app
        .inside()
        .store
        .write(move |work| api_access::set_personal_tokens(work, &organization, on, &actor, &origin));
    turned.await.unwrap();
}

both_engines! {
    async fn sw_01_a_code_issued_before_is_refused_and_not_consumed(app) {
        let client = app.client(ClientKind::Native).await;
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&client);
        let returned = app.authorize(&browser, &ask).await;
        turn(app, "off").await;
        for _ in 0..2 {
            is_off(&app.exchange(&ask, returned.code()).await);
        }
        assert_eq!(app.count("credentials").await, 0);
        turn(app, "on").await;
        Tokens::of(&app.exchange(&ask, returned.code()).await);
    }

    async fn sw_13_no_other_token_and_no_exchange_gets_around_the_switch(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let client = app.client(ClientKind::Native).await;
        let session = app.session_in(&browser, &client, &owner).await;
        let tool = app.owners_tool().await;
        let made = tool.made("/api/v1/tokens", &json!({ "name": "x", "scopes": ["org:read"] })).await;
        let pat = made["token"].as_str().unwrap();
        let key = tool.key(&json!({ "name": "CI", "mode": "live", "scopes": ["org:read"] })).await;
        let exchange = async |subject: &str| {
            let form = [("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", subject),
                ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token")];
            app.anonymous().post("/oauth/token", &form).await
        };
        let as_client = async |id: &str, secret: &str| {
            let form = [("grant_type", "client_credentials"), ("client_id", id), ("client_secret", secret)];
            app.anonymous().post("/oauth/token", &form).await
        };
        let exchanged = exchange(pat).await.json()["access_token"].as_str().unwrap().to_owned();
        let id_token = session.tokens.body["id_token"].as_str().unwrap();
        let cookie = browser.cookie(app.session_cookie()).unwrap();
        let by_cookie = async || {
            let request = app.anonymous().request(Method::GET, "/api/v1/whoami");
            app.anonymous().send(request.header(COOKIE, format!("{}={cookie}", app.session_cookie()))).await
        };
        for on in [true, false, true] {
            turn(app, if on { "on" } else { "off" }).await;
            // What is not an API credential never becomes one.
            for token in [id_token, &session.tokens.refresh, &cookie] {
                assert_eq!(app.whoami(token).await.status, 401, "{on}");
                assert_eq!(app.userinfo(token).await.status, 401, "{on}");
                assert_eq!(exchange(token).await.status, 400, "{on}");
                assert_eq!(as_client(made["id"].as_str().unwrap(), token).await.status, 401, "{on}");
            }
            assert_eq!(by_cookie().await.status, 401, "{on}");
            assert_eq!(exchange(&session.tokens.access).await.status, 400, "{on}: a session is exchanged for nothing");
            assert_eq!(as_client(made["id"].as_str().unwrap(), pat).await.status, 401, "{on}");
            // API credentials work while personal tokens are on.
            let expected = if on { 200 } else { 403 };
            for token in [&session.tokens.access, pat, &exchanged] {
                assert_eq!(app.whoami(token).await.status, expected, "{on}");
            }
            let answer = exchange(pat).await;
            if on { assert_eq!(answer.status, 200, "{}", answer.body) } else { is_off(&answer) }
            // API keys have a separate setting, and a token for a key never passes for a person's.
            let for_key = exchange(key["apiKey"].as_str().unwrap()).await.json();
            let told = app.whoami(for_key["access_token"].as_str().unwrap()).await.json();
            assert_eq!((&told["data"]["kind"], &told["data"]["scopes"]), (&json!("api_key"), &json!(["org:read"])), "{on}");
        }
    }

    async fn sw_19_the_setting_applies_to_every_kind_of_client(app) {
        let client = app.client(ClientKind::Confidential).await;
        let session = app.session_of(&client, &app.owner().await).await;
        turn(app, "off").await;
        is_off(&app.refresh(&client, &session.tokens.refresh).await);
        api_is_off(&app.whoami(&session.tokens.access).await);
    }

    async fn sw_20_grants_end_with_their_organization(app) {
        let owner = app.owner().await;
        let member = app.member("member").await;
        let elsewhere = app.organization("Elsewhere").await;
        app.join(&owner, &elsewhere, "owner").await;
        let stranger = app.member_of(&elsewhere, "owner").await;
        let client = app.client(ClientKind::Native).await;
        let (first, second) = (app.session_of(&client, &member).await, app.session_of(&client, &member).await);
        let theirs = app.session_of(&client, &stranger).await;
        let tool = app.tool_of(&member, "keys:manage tokens:manage org:read").await;
        let key = app.holder(&tool.key(&json!({ "name": "CI", "mode": "live", "scopes": ["org:read"] })).await);
        let pat = app.holder(&tool.made("/api/v1/tokens", &json!({ "name": "x", "scopes": ["org:read"] })).await);
        let ask = Ask::of(&client);
        let returned = app.authorize(&app.browser_of(&member).await, &ask).await;
        let works = async |access: &str| app.whoami(access).await.status;
        for access in [&first.tokens.access, &second.tokens.access, &theirs.tokens.access, &tool.credential, &key.credential, &pat.credential] {
            assert_eq!(works(access).await, 200);
        }
        // Personal tokens stay on; the disabled organization is the reason.
        app.execute(&format!("UPDATE organizations SET disabled_at = created_at WHERE id = '{}'", owner.organization.id)).await.unwrap();
        for access in [&first.tokens.access, &second.tokens.access, &tool.credential, &key.credential, &pat.credential] {
            assert_eq!(works(access).await, 401);
            assert_eq!(app.caller(access).get("/api/v1/verify").await.status, 401);
        }
        for session in [&first, &second] {
            let refused = app.refresh(&session.client, &session.tokens.refresh).await;
            assert_eq!((refused.status, &refused.json()["error"]), (400, &json!("invalid_grant")));
        }
        let refused = app.exchange(&ask, returned.code()).await;
        assert_eq!((refused.status, &refused.json()["error"]), (400, &json!("invalid_grant")), "a code issued before");
        assert_eq!(works(&theirs.tokens.access).await, 200, "another organization is not affected");
        assert_eq!(app.refresh(&client, &theirs.tokens.refresh).await.status, 200);
    }

    async fn sw_20_sessions_do_not_move_with_a_person_to_another_organization(app) {
        let member = app.member("member").await;
        let elsewhere = app.organization("Elsewhere").await;
        let client = app.client(ClientKind::Native).await;
        let here = app.session_of(&client, &member).await;
        let ask = Ask::of(&client);
        let returned = app.authorize(&app.browser_of(&member).await, &ask).await;
        let stays = app.session_of(&client, &app.member("member").await).await;
        app.execute(&format!("DELETE FROM memberships WHERE user_id = '{}'", member.id)).await.unwrap();
        app.join(&member, &elsewhere, "owner").await;
        assert_eq!(app.whoami(&here.tokens.access).await.status, 401);
        let refused = app.refresh(&client, &here.tokens.refresh).await;
        assert_eq!((refused.status, &refused.json()["error"]), (400, &json!("invalid_grant")));
        let refused = app.exchange(&ask, returned.code()).await;
        assert_eq!((refused.status, &refused.json()["error"]), (400, &json!("invalid_grant")));
        let there = app.session_of(&client, &member).await;
        assert_eq!(there.tokens.claims()["org"], json!(elsewhere.id), "a new sign-in is for the person's current organization");
        assert_eq!(app.whoami(&stays.tokens.access).await.status, 200);
    }

    async fn sw_02_a_refresh_is_refused_and_the_token_works_again_afterwards(app) {
        let session = app.session().await;
        turn(app, "off").await;
        for _ in 0..2 {
            is_off(&app.refresh(&session.client, &session.tokens.refresh).await);
        }
        assert_eq!(app.stored(&session.tokens.session()).await.generation, 1);
        turn(app, "on").await;
        let next = Tokens::of(&app.refresh(&session.client, &session.tokens.refresh).await);
        assert_eq!(next.session(), session.tokens.session());
    }

    async fn sw_03_an_access_token_stops_at_once_and_works_again_afterwards(app) {
        let session = app.session().await;
        turn(app, "off").await;
        api_is_off(&app.whoami(&session.tokens.access).await);
        let caller = app.anonymous();
        for (name, value) in [("Authorization", format!("Bearer {}", session.tokens.access)),
            ("X-API-Key", session.tokens.access.clone())] {
            for path in ["/api/v1/whoami", "/api/v1/sessions"] {
                let request = caller.request(Method::GET, path).header(name, &value);
                api_is_off(&caller.send(request).await);
            }
        }
        turn(app, "on").await;
        assert_eq!(app.whoami(&session.tokens.access).await.status, 200);
    }

    async fn sw_06_the_page_names_who_can_turn_it_on_and_tells_the_tool(app) {
        app.owner().await;
        turn(app, "off").await;
        let client = app.client(ClientKind::Native).await;
        let browser = app.browser_of(&app.member("member").await).await;
        let page = app.ask(&browser, &Ask::of(&client)).await;
        assert_eq!(page.status, 403);
        let text = page.text();
        for words in ["Northwind Labs does not allow command-line sign-in", "Ask Olivia to turn personal tokens on.",
            "No access was granted."] {
            assert!(text.contains(words), "{words}: {text}");
        }
        assert!(text.contains("Return to your terminal"), "{text}");
        let answer = browser.submit(&page.form_to("/authorize/").with("decision", "refuse")).await;
        let told = Returned::from_page(&browser.follow(answer).await);
        assert!(told.url.starts_with(&client.redirect_uri), "{}", told.url);
        assert_eq!(told.get("error"), Some("access_denied"));
        assert_eq!(told.get("error_code"), Some("personal_tokens_disabled"));
        assert_eq!((told.get("state"), told.get("iss")), (Some(STATE), Some(app.issuer())));
        assert!(told.get("code").is_none());
        assert_eq!(app.count("authorization_codes").await, 0);
        assert_eq!(app.audited("authorization.switched_off").await, 1);
    }

    async fn sw_06_reading_the_page_again_says_the_same(app) {
        app.owner().await;
        turn(app, "off").await;
        let client = app.client(ClientKind::Native).await;
        let browser = app.browser_of(&app.owner().await).await;
        let opened = browser.get(&Ask::of(&client).path()).await;
        for _ in 0..2 {
            let page = browser.get(opened.location()).await;
            assert_eq!(page.status, 403);
            assert!(page.text().contains("You can turn them on under API access."), "{}", page.text());
        }
    }

    async fn sw_06_a_consent_page_opened_before_gives_nothing(app) {
        let client = app.client(ClientKind::Native).await;
        let browser = app.browser_of(&app.member("member").await).await;
        let consent = app.ask(&browser, &Ask::of(&client)).await;
        turn(app, "off").await;
        let answer = app.decide(&browser, &consent, "authorize").await;
        assert_eq!(answer.status, 403, "{}", answer.text());
        assert!(answer.text().contains("does not allow command-line sign-in"));
        assert_eq!(app.count("authorization_codes").await, 0);
    }

    async fn sw_08_no_parameter_brings_the_policy_of_another_organization(app) {
        let owner = app.owner().await;
        let acme = app.organization("Acme").await;
        let (id, joined) = (owner.id.clone(), acme.clone());
        let added = app.inside().store.write(move |work| {
            let user = users::find(work.conn, &id)?.unwrap();
            accounts::add_member(work, &joined, &user, "owner", &Actor::Operator, &Origin::default())
        });
        added.await.unwrap();
        let client = app.client(ClientKind::Native).await;
        let browser = app.browser_of(&owner).await;
        let ask = Ask::of(&client).with("org", "northwind-labs");
        let tokens = Tokens::of(&app.exchange(&ask, app.authorize(&browser, &ask).await.code()).await);
        let consent = app.ask(&browser, &Ask::of(&client)).await;
        turn(app, "off").await;
        let caller = app.anonymous();
        for path in ["/api/v1/whoami", "/api/v1/whoami?org=acme", "/api/v1/sessions?org_id=acme"] {
            let request = caller.request(Method::GET, path).bearer_auth(&tokens.access);
            let request = request.header("X-Org", &acme.id).header("X-Organization", &acme.slug);
            api_is_off(&caller.send(request).await);
        }
        for name in ["org", "org_id", "organization", "audience"] {
            let form = [("grant_type", "refresh_token"), ("refresh_token", &tokens.refresh), (name, &acme.id)];
            is_off(&app.client_post(&client, "/oauth/token", &form).await);
        }
        // Neither the organization that forbids it nor one of others can be chosen by hand.
        let stranger = app.organization("Others").await;
        for id in [&owner.organization.id, &stranger.id] {
            let form = consent.form_to("/authorize/").with("decision", "authorize").with("organization", id);
            let answer = browser.submit(&form).await;
            assert!(matches!(answer.status, 403 | 303), "{}", answer.text());
            assert_eq!(app.count("authorization_codes").await, 1, "only the code from the beginning");
        }
    }

    async fn sw_09_a_concurrent_refresh_yields_no_working_token(app) {
        let mut session = app.session().await;
        for trial in 0..15 {
            let before = app.stored(&session.tokens.session()).await.generation;
            let answers = at_once(2, |n| {
                let session = &session;
                async move {
                    if n == 0 {
                        set(app, false).await;
                        None
                    } else {
                        Some(app.refresh(&session.client, &session.tokens.refresh).await)
                    }
                }
            });
            let refreshed = answers.into_iter().flatten().next().unwrap();
            let after = app.stored(&session.tokens.session()).await.generation;
            if refreshed.status == 200 {
                session.tokens = Tokens::of(&refreshed);
                assert_eq!(after, before + 1, "trial {trial}");
            } else {
                is_off(&refreshed);
                assert_eq!(after, before, "trial {trial}");
            }
            api_is_off(&app.whoami(&session.tokens.access).await);
            is_off(&app.refresh(&session.client, &session.tokens.refresh).await);
            set(app, true).await;
            assert_eq!(app.whoami(&session.tokens.access).await.status, 200);
        }
    }

    async fn sw_14_userinfo_says_nothing_while_off(app) {
        let session = app.session().await;
        assert_eq!(app.userinfo(&session.tokens.access).await.status, 200);
        turn(app, "off").await;
        let answer = app.userinfo(&session.tokens.access).await;
        assert!(matches!(answer.status, 401 | 403), "{}", answer.body);
        assert!(!answer.body.contains(&session.person.id));
    }

    async fn sw_17_a_tool_can_still_sign_itself_out(app) {
        let session = app.session().await;
        turn(app, "off").await;
        let form = [("token", session.tokens.refresh.as_str())];
        assert_eq!(app.client_post(&session.client, "/oauth/revoke", &form).await.status, 200);
        turn(app, "on").await;
        assert_eq!(app.whoami(&session.tokens.access).await.status, 401);
        assert_eq!(app.refresh(&session.client, &session.tokens.refresh).await.status, 400);
    }

    async fn a_person_can_still_sign_sessions_out_while_off(app) {
        let session = app.session().await;
        turn(app, "off").await;
        let browser = app.browser_of(&session.person).await;
        assert!(browser.get("/").await.text().contains("Suspended"));
        let path = format!("/cli-sessions/{}/end", session.tokens.session());
        browser.submit(&browser.get(&path).await.form(&path)).await;
        assert!(app.stored(&session.tokens.session()).await.revoked_at.is_some());
    }
}
