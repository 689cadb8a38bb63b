//! `/o/{org}/settings/api-access`, for owners and admins of the organization.

use keystiled::domain::client::ClientKind;
use keystiled::domain::credential::EndReason;

use super::{API_ACCESS, personal_tokens, turn};
use crate::support::both_engines;
use crate::support::html::links;
use crate::support::http::Answer;
use crate::support::oauth::{Ask, Tokens};

both_engines! {
    async fn the_page_shows_affected_credentials_and_the_last_change(app) {
        let session = app.session().await;
        let browser = app.browser_of(&session.person).await;
        let page = browser.get(API_ACCESS).await.text();
        assert!(page.contains("Turning this off stops 1 session of 1 person."), "{page}");
        assert!(!page.contains("Last changed by"), "{page}");
        let page = browser.get(&format!("{API_ACCESS}/personal-tokens/off")).await.text();
        assert!(page.contains("Turning this off stops 1 session of 1 person."), "{page}");
        turn(app, "off").await;
        let page = browser.get(API_ACCESS).await.text();
        assert!(page.contains("Turning this on makes 1 session of 1 person work again."), "{page}");
        assert!(page.contains("Last changed by Olivia"), "{page}");
    }

    async fn the_former_url_of_the_sign_in_methods_redirects(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let mut form = browser.get(API_ACCESS).await.form(&format!("{API_ACCESS}/sign-in-methods"));
        form.action = format!("{API_ACCESS}/roads");
        let answer = browser.submit(&form).await;
        assert_eq!((answer.status, answer.location()), (308, "sign-in-methods"));
    }

    async fn an_admin_sees_and_signs_out_the_sessions_of_others(app) {
        let session = app.session().await;
        let id = session.tokens.session();
        let browser = app.browser_of(&app.member("admin").await).await;
        let page = browser.get(API_ACCESS).await;
        assert!(page.text().contains("Olivia"), "{}", page.text());
        let path = format!("/cli-sessions/{id}/end");
        assert!(page.body.contains(&path));
        let confirm = browser.get(&path).await;
        assert!(confirm.text().contains("of Olivia ?"), "{}", confirm.text());
        let answer = browser.submit(&confirm.form(&path)).await;
        assert_eq!(answer.location(), format!("{API_ACCESS}?done=signed-out"));
        assert_eq!(app.whoami(&session.tokens.access).await.status, 401);
        assert_eq!(app.stored(&id).await.revoked_reason, Some(EndReason::RevokedByAdmin));
        let rename = browser.get(&format!("/cli-sessions/{id}/rename")).await;
        assert_eq!(rename.status, 404, "only the owner can rename");
    }

    async fn an_admin_sees_the_name_of_the_device_not_the_one_its_owner_gave_it(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let client = app.client(ClientKind::Native).await;
        let ask = Ask::of(&client).with("device_name", "maya-mbp");
        let tokens = Tokens::of(&app.exchange(&ask, app.authorize(&browser, &ask).await.code()).await);
        let path = format!("/cli-sessions/{}/rename", tokens.session());
        browser.submit(&browser.get(&path).await.form(&path).with("name", "secret project")).await;
        let page = app.browser_of(&app.member("admin").await).await.get(API_ACCESS).await.text();
        assert!(page.contains("maya-mbp") && !page.contains("secret project"), "{page}");
    }

    async fn revoke_all_ends_every_session_of_the_organization_for_good(app) {
        let client = app.client(ClientKind::Native).await;
        let owner = app.owner().await;
        let mine = app.session_of(&client, &owner).await;
        let theirs = app.session_of(&client, &app.member("member").await).await;
        let elsewhere = app.member_of(&app.organization("Acme").await, "owner").await;
        let elsewhere = app.session_of(&client, &elsewhere).await;
        let browser = app.browser_of(&owner).await;
        let path = format!("{API_ACCESS}/revoke-all");
        let page = browser.get(&path).await;
        assert!(page.text().contains("This ends 2 sessions of 2 people permanently."), "{}", page.text());
        let answer = browser.submit(&page.form(&path)).await;
        assert_eq!(answer.location(), format!("{API_ACCESS}?done=revoked-all"));
        turn(app, "off").await;
        turn(app, "on").await;
        for session in [&mine, &theirs] {
            assert_eq!(app.whoami(&session.tokens.access).await.status, 401);
            assert_eq!(app.refresh(&client, &session.tokens.refresh).await.status, 400);
        }
        assert_eq!(app.whoami(&elsewhere.tokens.access).await.status, 200);
        assert_eq!(app.audited("session.revoked").await, 2);
        assert!(browser.get(API_ACCESS).await.text().contains("Nobody has a session or a personal token."));
    }

    async fn tn_01_only_managers_see_and_change_the_setting(app) {
        let session = app.session().await;
        let mut people = vec![(app.member_of(&app.organization("Acme").await, "owner").await, 404)];
        for role in ["member", "viewer"] {
            people.push((app.member(role).await, 403));
        }
        for (person, status) in people {
            let browser = app.browser_of(&person).await;
            let mut form = browser.get("/cli-sessions/end-all").await.form_to("/cli-sessions/end-all");
            form = form.with("personal_tokens", "off");
            for path in [API_ACCESS.to_owned(), format!("{API_ACCESS}/revoke-all")] {
                assert_eq!(browser.get(&path).await.status, status, "{path}");
                form.action = path;
                assert_eq!(browser.submit(&form).await.status, status);
            }
            assert_eq!(browser.get(&format!("{API_ACCESS}/personal-tokens/off")).await.status, status);
        }
        assert!(personal_tokens(app).await);
        assert_eq!(app.whoami(&session.tokens.access).await.status, 200);
        let stranger = app.browser();
        assert_eq!(stranger.get(API_ACCESS).await.location(), "/sign-in");
    }

    async fn the_list_has_pages(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let client = app.client(ClientKind::Native).await;
        for _ in 0..26 {
            app.session_in(&browser, &client, &owner).await;
        }
        let rows = |page: &Answer| page.body.matches("<th scope=\"row\">").count();
        let first = browser.get(API_ACCESS).await;
        assert!(first.body.len() < 27 * 1024, "{}", first.body.len());
        let older = links(&first.body).into_iter().find(|link| link.contains("cursor=")).unwrap();
        let second = browser.get(&older).await;
        assert_eq!((rows(&first), rows(&second)), (25, 1));
        let back = |page: &Answer| links(&page.body).iter().filter(|link| *link == API_ACCESS).count();
        assert!(back(&second) > back(&first), "{:?}", links(&second.body));
    }
}
