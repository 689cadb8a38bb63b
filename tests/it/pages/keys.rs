//! `/o/{org}/keys`: creating, rotating and revoking API keys in the browser.

use std::time::Duration;

use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::html::{Form, links};
use crate::support::http::{Answer, BrowserCaller};

pub(super) const KEYS: &str = "/o/northwind-labs/keys";
const NEW: &str = "/o/northwind-labs/keys/new";

/// The form for a new key, filled in.
pub(super) async fn filled_in(browser: &BrowserCaller) -> Form {
    browser.get(NEW).await.form(NEW).with("name", "Build").with("scope.deployments:read", "on")
}

/// A form of a new key: "permissions", "rotate" or "end".
pub(super) async fn form_of_new(browser: &BrowserCaller, act: &str) -> Form {
    create_key(browser).await;
    let path = path_of_newest(browser, act).await;
    browser.get(&path).await.form(&path)
}

/// The secret of a new key.
async fn create_key(browser: &BrowserCaller) -> String {
    let form = filled_in(browser).await;
    secret(&browser.submit(&form).await)
}

/// The secret on the page that shows it.
pub(super) fn secret(page: &Answer) -> String {
    assert_eq!(page.status, 200, "{}", page.text());
    let secret = page.body.split("<code id=\"secret\">").nth(1).and_then(|rest| rest.split('<').next());
    secret.unwrap_or_else(|| panic!("no secret: {}", page.text())).to_owned()
}

/// The path of an action for the newest key: "permissions", "rotate" or "end".
pub(super) async fn path_of_newest(browser: &BrowserCaller, act: &str) -> String {
    let page = browser.get(KEYS).await;
    let path = links(&page.body).into_iter().find(|link| link.ends_with(&format!("/{act}")));
    path.unwrap_or_else(|| panic!("nothing to {act}: {}", page.text()))
}

/// The page once it contains these words: uses are recorded within a second.
async fn wait_for_text(browser: &BrowserCaller, path: &str, words: &str) -> Answer {
    for _ in 0..100 {
        let page = browser.get(path).await;
        if page.text().contains(words) {
            return page;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("{path} never says {words:?}")
}

async fn status(app: &TestApp, secret: &str) -> u16 {
    app.caller(secret).get("/api/v1/whoami").await.status
}

both_engines! {
    async fn a_key_is_made_in_the_browser_shown_once_and_works(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let empty = browser.get(KEYS).await;
        assert!(empty.text().contains("No keys yet."), "{}", empty.text());
        assert!(empty.text().contains("Create API key"), "{}", empty.text());
        let page = browser.submit(&filled_in(&browser).await).await;
        let secret = secret(&page);
        assert_eq!(page.header("cache-control"), Some("no-store"));
        assert_eq!(page.body.matches(&secret).count(), 1);
        for words in ["Copy it immediately.", "You will not see it again.", "store it securely", "KEYSTILE_API_KEY"] {
            assert!(page.text().contains(words), "{words}: {}", page.text());
        }
        assert_eq!(status(app, &secret).await, 200);
        let list = wait_for_text(&browser, KEYS, "Used just now").await;
        let last_four = &secret[secret.len() - 4..];
        for words in ["Build", "Live", &format!("keystile_live_…{last_four}"), "deployments:read", "You"] {
            assert!(list.text().contains(words), "{words}: {}", list.text());
        }
        assert!(!list.body.contains(&secret) && !app.holds(&secret).await);
        let advice = "Rotate each key every 90 days, and revoke unused ones.";
        assert!(list.text().contains(advice), "{}", list.text());
    }

    async fn a_form_makes_one_key_however_often_it_is_sent(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let form = filled_in(&browser).await;
        let other = browser.another_tab();
        let (one, two) = tokio::join!(browser.submit(&form), other.submit(&form));
        let shown = [one, two].iter().filter(|page| page.body.contains("id=\"secret\"")).count();
        assert_eq!(shown, 1);
        let again = browser.submit(&form.with("name", "Another")).await;
        assert_eq!(again.status, 200);
        assert!(again.text().contains("Already shown once"), "{}", again.text());
        assert!(!again.body.contains("keystile_live_"), "{}", again.body);
        assert_eq!(app.count("credentials").await, 1);
        let rotate = links(&again.body).into_iter().find(|link| link.ends_with("/rotate")).unwrap();
        assert_eq!(browser.get(&rotate).await.status, 200);
    }

    async fn typed_values_stay_after_an_error(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let form = browser.get(NEW).await.form(NEW);
        assert_eq!(form.field("ends"), Some("7776000"), "90 days are preselected");
        let empty = browser.submit(&form).await;
        assert_eq!(empty.status, 422);
        for words in ["There is a problem", "Enter a name", "Choose at least one permission"] {
            assert!(empty.text().contains(words), "{words}: {}", empty.text());
        }
        let filled = form.with("name", "Build").with("mode", "test").with("bundle.deploy", "on")
            .with("scope.keys:read", "on").with("ends", "date").with("date", "2020-01-01").with("addresses", "office");
        let wrong = browser.submit(&filled).await;
        assert_eq!(wrong.status, 422);
        assert!(wrong.text().contains("Choose a day in the future"), "{}", wrong.text());
        assert!(wrong.text().contains("Enter addresses such as 203.0.113.7"), "{}", wrong.text());
        assert!(wrong.body.contains("value=\"office\""), "{}", wrong.body);
        let again = wrong.form(NEW);
        for field in ["name", "mode", "bundle.deploy", "scope.keys:read", "ends", "date", "once"] {
            assert_eq!(again.field(field), filled.field(field), "{field}");
        }
        assert_eq!(app.count("credentials").await, 0);
        let mended = again.with("date", "2999-01-01").with("addresses", "127.0.0.1, 10.0.0.0/8");
        let secret = secret(&browser.submit(&mended).await);
        assert!(secret.starts_with("keystile_test_"), "{secret}");
        let who = app.caller(&secret).get("/api/v1/whoami").await.json();
        let text = who.to_string();
        for scope in ["deployments:read", "deployments:write", "operations:read", "keys:read"] {
            assert!(text.contains(scope), "{scope}: {text}");
        }
        let list = browser.get(KEYS).await.text();
        assert!(list.contains("1 Jan 2999") && list.contains("10.0.0.0/8"), "{list}");
    }

    async fn a_key_ends_or_never_ends_as_it_was_chosen(app) {
        let browser = app.browser_of(&app.owner().await).await;
        secret(&browser.submit(&filled_in(&browser).await.with("ends", "never")).await);
        assert!(browser.get(KEYS).await.text().contains("It works until it is revoked"));
        app.execute("UPDATE organizations SET key_max_seconds = 2592000").await.unwrap();
        let page = browser.get(NEW).await;
        assert!(page.text().contains("At most 30 days are allowed here."), "{}", page.text());
        assert_eq!(page.form(NEW).field("ends"), Some("2592000"));
        for (ends, date) in [("never", ""), ("date", "2999-01-01")] {
            let form = filled_in(&browser).await.with("ends", ends).with("date", date);
            let refused = browser.submit(&form).await;
            assert_eq!(refused.status, 422, "{ends}");
            assert!(refused.text().contains("at most 30 days"), "{}", refused.text());
        }
        secret(&browser.submit(&filled_in(&browser).await).await);
    }

    async fn a_key_without_permissions_is_offered_only_where_it_is_allowed_and_is_marked(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let form = filled_in(&browser).await;
        assert!(!browser.get(NEW).await.text().contains("Unrestricted"));
        let forged = browser.submit(&form.clone().with("grant", "unrestricted")).await;
        assert_eq!(forged.status, 422, "{}", forged.text());
        app.execute("UPDATE organizations SET unrestricted_keys = true").await.unwrap();
        let form = filled_in(&browser).await;
        assert_eq!(form.field("grant"), Some("scopes"), "permissions are preselected");
        secret(&browser.submit(&form.with("grant", "unrestricted")).await);
        let list = browser.get(KEYS).await.text();
        assert!(list.contains("Unrestricted") && list.contains("everything the role of its owner allows"), "{list}");
        app.execute("UPDATE organizations SET unrestricted_keys = false").await.unwrap();
        assert!(browser.get(KEYS).await.text().contains("Suspended"));
    }

    async fn ak_10_a_rotated_key_is_shown_once_and_the_old_one_ends_as_asked(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let old = create_key(&browser).await;
        let path = path_of_newest(&browser, "rotate").await;
        let form = browser.get(&path).await.form(&path);
        assert_eq!(form.field("overlap"), Some("86400"), "one day is preselected");
        let page = browser.submit(&form).await;
        let new = secret(&page);
        assert!(page.text().contains("The key it replaces works until"), "{}", page.text());
        assert_eq!((status(app, &old).await, status(app, &new).await), (200, 200));
        let list = browser.get(KEYS).await.text();
        assert!(list.contains("Ends in 24 hours"), "{list}");
        let again = browser.submit(&form).await;
        assert!(again.text().contains("Already shown once") && !again.body.contains(&new), "{}", again.text());
        assert_eq!(browser.get(&path).await.status, 409, "a key can be rotated once");
        let path = path_of_newest(&browser, "rotate").await;
        let newest = secret(&browser.submit(&browser.get(&path).await.form(&path).with("overlap", "0")).await);
        assert_eq!((status(app, &new).await, status(app, &newest).await), (401, 200));
    }

    async fn ak_03_a_key_that_is_revoked_in_the_browser_is_refused_at_once(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let key = create_key(&browser).await;
        assert_eq!(status(app, &key).await, 200);
        let path = path_of_newest(&browser, "end").await;
        let page = wait_for_text(&browser, &path, "It was last used just now.").await;
        let answer = browser.submit(&page.form(&path)).await;
        assert_eq!(answer.location(), format!("{KEYS}?done=key-revoked"));
        assert_eq!(status(app, &key).await, 401);
        let list = browser.get(answer.location()).await.text();
        assert!(list.contains("API key revoked.") && list.contains("No key is active."), "{list}");
        assert_eq!(app.audited("key.revoked").await, 1);
    }

    async fn tn_01_members_see_their_own_keys_and_viewers_none(app) {
        let owner = app.browser_of(&app.owner().await).await;
        create_key(&owner).await;
        let (rotate, end) = (path_of_newest(&owner, "rotate").await, path_of_newest(&owner, "end").await);
        let member = app.browser_of(&app.member("member").await).await;
        assert!(member.get(KEYS).await.text().contains("No keys yet."));
        let viewer = app.browser_of(&app.member("viewer").await).await;
        let stranger = app.browser_of(&app.member_of(&app.organization("Acme").await, "owner").await).await;
        for (browser, status) in [(&viewer, 403), (&stranger, 404)] {
            for path in [KEYS, NEW] {
                assert_eq!(browser.get(path).await.status, status, "{path}");
            }
        }
        let words = viewer.get(KEYS).await.text();
        assert!(words.contains("You are a viewer in Northwind Labs ; this requires"), "{words}");
        for browser in [&member, &stranger] {
            for path in [&rotate, &end] {
                assert_eq!(browser.get(path).await.status, 404, "{path}");
                let mut form = browser.get("/help").await.form("/theme");
                form.action = path.clone();
                assert_eq!(browser.submit(&form).await.status, 403, "{path}");
            }
        }
        assert_eq!(app.browser().get(KEYS).await.location(), "/sign-in");
        assert_eq!(app.count("credentials").await, 1);
    }

    async fn ak_08_an_admin_revokes_the_key_of_somebody_else_and_never_gets_its_new_secret(app) {
        let owner = app.browser_of(&app.owner().await).await;
        let key = create_key(&owner).await;
        let (rotate, end) = (path_of_newest(&owner, "rotate").await, path_of_newest(&owner, "end").await);
        let admin = app.browser_of(&app.member("admin").await).await;
        let list = admin.get(KEYS).await;
        assert!(list.text().contains("Olivia") && !links(&list.body).contains(&rotate), "{}", list.text());
        assert_eq!(admin.get(&rotate).await.status, 403);
        let mut forged = form_of_new(&admin, "rotate").await;
        forged.action = rotate;
        let refused = admin.submit(&forged).await;
        assert_eq!(refused.status, 403);
        assert!(refused.text().contains("Only its owner can rotate this API key"), "{}", refused.text());
        assert_eq!(app.count("credentials").await, 2);
        admin.submit(&admin.get(&end).await.form(&end)).await;
        assert_eq!(status(app, &key).await, 401);
    }

    async fn ak_08_a_box_that_the_role_does_not_hold_is_closed_and_cannot_be_forged(app) {
        let browser = app.browser_of(&app.member("member").await).await;
        let page = browser.get(NEW).await;
        assert!(page.text().contains("Your role does not include it."), "{}", page.text());
        let form = filled_in(&browser).await.with("scope.deployments:delete", "on");
        let refused = browser.submit(&form).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text().contains("Your role does not include deployments:delete."), "{}", refused.text());
        assert_eq!(app.count("credentials").await, 0);
    }

    async fn the_list_has_pages_and_a_link_can_suggest_what_to_choose(app) {
        let browser = app.browser_of(&app.owner().await).await;
        for _ in 0..11 {
            create_key(&browser).await;
        }
        let first = browser.get(KEYS).await;
        assert!(first.body.len() < 30 * 1024, "{}", first.body.len());
        let older = links(&first.body).into_iter().find(|link| link.contains("cursor=")).unwrap();
        let second = browser.get(&older).await;
        let count = |page: &Answer| page.body.matches("<li class=\"session\">").count();
        assert_eq!((count(&first), count(&second)), (10, 1));
        assert!(links(&second.body).contains(&KEYS.to_owned()));
        let page = browser.get("/keys/new?scope=keys:read+operations:read&name=Watch").await;
        let form = browser.follow(page).await.form(NEW);
        assert_eq!((form.field("scope.keys:read"), form.field("name")), (Some("on"), Some("Watch")));
        assert_eq!(form.field("scope.deployments:read"), None);
    }

    async fn old_addresses_lead_to_the_keys_also_through_the_sign_in(app) {
        let owner = app.owner().await;
        let browser = app.browser();
        let page = browser.follow(browser.get("/dashboard/api-keys").await).await;
        assert!(page.text().contains("to continue to your API keys"), "{}", page.text());
        let form = page.form("/sign-in").with("email", &owner.email).with("password", owner.password);
        let page = browser.follow(browser.submit(&form).await).await;
        assert!(page.text().contains("No keys yet."), "{}", page.text());
        assert_eq!(browser.get("/keys").await.location(), KEYS);
        assert!(browser.get("/").await.body.contains(&format!("href=\"{KEYS}\"")), "every page links there");
    }
}
