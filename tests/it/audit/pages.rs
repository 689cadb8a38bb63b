//! The logs on the pages of owners and admins.

use crate::support::both_engines;

const LOG: &str = "/o/northwind-labs/audit";
const USAGE: &str = "/o/northwind-labs/usage";

/// The target of the link with this text.
fn link(html: &str, words: &str) -> String {
    let before = html.split(&format!(">{words}</a>")).next().unwrap();
    let href = before.rsplit("href=\"").next().unwrap().split('"').next().unwrap();
    href.replace("&#38;", "&").replace("&amp;", "&")
}

both_engines! {
    async fn r180_the_log_reads_as_sentences_and_leads_to_older_ones_and_to_a_file(app) {
        let session = app.session().await;
        let browser = app.browser_of(&session.person).await;
        let path = format!("/cli-sessions/{}/rename", session.tokens.session());
        for n in 0..26 {
            let form = browser.get(&path).await.form(&path).with("name", &format!("=laptop {n}"));
            browser.submit(&form).await;
        }
        let page = browser.get(LOG).await;
        assert_eq!(page.status, 200);
        let text = page.text();
        assert!(text.contains("Olivia renamed the session =laptop 24 to =laptop 25"), "{text}");
        let older = browser.get(&link(&page.body, "Older")).await;
        assert!(older.text().contains("Olivia signed in Fred"), "{}", older.text());
        assert!(older.text().contains("Back to the newest"));
        let found = browser.get(&format!("{LOG}?actor=olivia&action=session.started&since=2020-01-01")).await;
        assert!(found.text().contains("Olivia signed in Fred"), "{}", found.text());
        let file = browser.get(&link(&found.body, "CSV")).await;
        assert_eq!((file.status, file.body.lines().count()), (200, 2), "{}", file.body);
        let file = browser.get(&link(&found.body, "JSON Lines")).await;
        assert!(file.body.contains("session.started"), "{}", file.body);
        assert_eq!(app.audited("audit.exported").await, 2);
        let none = browser.get(&format!("{LOG}?actor=nobody")).await;
        assert!(none.text().contains("Nothing matches"), "{}", none.text());
        for bad in ["since=x", "action=x", "cursor=x"] {
            assert_eq!(browser.get(&format!("{LOG}?{bad}")).await.status, 400, "{bad}");
        }
    }

    async fn r180_uses_and_usage_are_pages_as_well(app) {
        let session = app.session().await;
        let browser = app.browser_of(&session.person).await;
        let none = browser.get(USAGE).await;
        assert!(none.text().contains("No credential was used in this time"), "{}", none.text());
        for _ in 0..3 {
            app.whoami(&session.tokens.access).await;
        }
        let id = session.tokens.session();
        app.client_post(&session.client, "/oauth/revoke", &[("token", &session.tokens.refresh)]).await;
        app.whoami(&session.tokens.access).await;
        super::uses::wait_for_uses(app, 4).await;
        let uses = browser.get(&format!("{LOG}/uses?credential={id}")).await;
        assert_eq!(uses.text().matches("GET /api/v1/whoami").count(), 4, "{}", uses.text());
        assert!(uses.text().contains("of Olivia"), "{}", uses.text());
        let denied = browser.get(&format!("{LOG}/uses?outcome=denied")).await;
        assert_eq!(denied.text().matches("GET /api/v1/whoami").count(), 1);
        let usage = browser.get(&format!("{USAGE}?days=7")).await;
        let said = "4 requests in 7 days, 1 of them denied. Most in one day: 4, on";
        assert!(usage.text().contains(said), "{}", usage.text());
        assert_eq!(usage.body.matches("<rect class=\"allowed\"").count(), 7);
        assert_eq!(link(&usage.body, &format!("<bdi>{}</bdi>", app.stored(&id).await.name)),
            format!("{LOG}/uses?credential={id}"));
    }

    async fn lo_06_the_pages_are_for_those_who_manage_the_organization(app) {
        app.owner().await;
        let other = app.organization("Other Labs").await;
        for (role, status) in [("owner", 200), ("admin", 200), ("member", 403), ("viewer", 403)] {
            let browser = app.browser_of(&app.member(role).await).await;
            for path in [LOG, USAGE, "/o/northwind-labs/audit/uses", "/o/northwind-labs/audit/export?format=csv"] {
                assert_eq!(browser.get(path).await.status, status, "{role} {path}");
            }
            for path in ["audit", "audit/uses", "audit/export?format=csv", "usage"] {
                let path = format!("/o/{}/{path}", other.slug);
                assert_eq!(browser.get(&path).await.status, 404, "{role} {path}");
            }
        }
        let stranger = app.browser().get(LOG).await;
        assert_eq!((stranger.status, stranger.location()), (303, "/sign-in"));
    }
}
