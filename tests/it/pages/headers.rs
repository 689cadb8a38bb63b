//! The headers of all pages.

use keystiled::domain::client::ClientKind;
use reqwest::Method;

use super::{API_ACCESS, keys};
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::http::{Answer, BrowserCaller};
use crate::support::oauth::Ask;

const POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; font-src 'self'; img-src 'self'; \
                      connect-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'; \
                      require-trusted-types-for 'script'; trusted-types 'none'";

/// A page of each kind, as its path and response.
async fn pages(app: &TestApp) -> Vec<(String, Answer)> {
    let mut pages = Vec::new();
    let mut keep = async |browser: &BrowserCaller, path: &str| {
        pages.push((path.to_owned(), browser.get(path).await));
    };
    let stranger = app.browser();
    keep(&stranger, "/setup").await;
    let session = app.session().await;
    let id = session.tokens.session();
    let browser = app.browser_of(&session.person).await;
    for path in ["/sign-in", "/done", "/help", "/setup", "/nothing", "/c/AAAA-AAAA", "/cli-auth?port=1"] {
        keep(&stranger, path).await;
    }
    for path in [
        "/",
        "/cli-sessions",
        "/cli-sessions/end-all",
        "/organizations",
        "/sign-in/again",
        "/done?c=keystile-cli",
        API_ACCESS,
        "/o/northwind-labs/audit",
        "/o/northwind-labs/audit/uses",
        "/o/northwind-labs/usage",
        "/o/northwind-labs/keys",
        "/o/northwind-labs/keys/new",
        "/o/northwind-labs/service-accounts",
        "/o/northwind-labs/service-accounts/new",
        "/tokens",
        "/tokens/new",
        "/scopes",
        "/device",
        "/c/code",
    ] {
        keep(&browser, path).await;
    }
    for path in ["rename", "end"].map(|act| format!("/cli-sessions/{id}/{act}")) {
        keep(&browser, &path).await;
    }
    for path in ["personal-tokens/off", "revoke-all"].map(|act| format!("{API_ACCESS}/{act}")) {
        keep(&browser, &path).await;
    }
    let client = app.client(ClientKind::Native).await;
    let ask = Ask::of(&client);
    keep(&browser, &ask.clone().with("redirect_uri", "https://evil.example/").path()).await;
    keep(&browser, &ask.clone().with("client_id", "nobody").path()).await;
    let consent = app.ask(&browser, &ask).await;
    let returned = app.decide(&browser, &consent, "deny").await;
    let wrong =
        stranger.get("/sign-in").await.form("/sign-in").with("email", "a@b.example").with("password", "x");
    let wrong = stranger.submit(&wrong).await;
    let forged = browser.submit(&browser.get("/").await.form("/sign-out").without("csrf")).await;
    let method = browser.send(browser.request(Method::POST, "/nothing")).await;
    let codes = app.new_device_codes().await;
    let question = app.enter_code(&browser, &codes.user_code).await;
    let connected = app.answer_device(&browser, &question, "connect").await;
    let new_key = browser.submit(&keys::filled_in(&browser).await).await;
    let named = [
        ("new key", new_key),
        ("device question", question),
        ("device connected", connected),
        ("consent", consent),
        ("return", returned),
        ("wrong", wrong),
        ("forged", forged),
        ("method", method),
    ];
    pages.extend(named.map(|(name, page)| (name.to_owned(), page)));
    pages
}

both_engines! {
    async fn ui_01_every_page_carries_the_same_strict_headers(app) {
        let expected = [
            ("content-security-policy", POLICY),
            ("x-frame-options", "DENY"),
            // With no-referrer, browsers would send `Origin: null` with our own forms; same-origin leaks nothing to
            // other origins either.
            ("referrer-policy", "same-origin"),
            ("x-content-type-options", "nosniff"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("cache-control", "no-store"),
            ("content-type", "text/html; charset=utf-8"),
        ];
        let mut kinds = std::collections::BTreeSet::new();
        for (path, answer) in pages(app).await {
            kinds.insert(answer.status);
            for (name, value) in expected {
                assert_eq!(answer.header(name), Some(value), "{path} {name}: {}", answer.text());
            }
            let features = answer.header("permissions-policy").unwrap();
            assert!(features.contains("camera=()") && features.contains("usb=()"), "{path}");
            assert!(answer.header("x-request-id").is_some_and(|id| id.starts_with("req_")), "{path}");
            assert!(answer.header("access-control-allow-origin").is_none(), "{path}");
            // WB-14: no header reveals the software.
            assert!(answer.header("server").is_none() && answer.header("x-powered-by").is_none(), "{path}");
            assert!(answer.header("strict-transport-security").is_none(), "{path}: this server speaks plain http");
        }
        assert_eq!(kinds.into_iter().collect::<Vec<_>>(), [200, 400, 403, 404, 405, 422]);
    }

    async fn ui_09_over_https_browsers_are_told_to_stay_there(app,
        |app| app.with("KEYSTILE_PUBLIC_URL", "https://auth.example.com")) {
        app.owner().await;
        let browser = app.browser();
        for path in ["/sign-in", "/nothing", "/oauth/jwks", "/oauth/authorize?client_id=nobody"] {
            let answer = browser.get(path).await;
            assert_eq!(answer.header("strict-transport-security"), Some("max-age=31536000"), "{path}");
        }
    }

    async fn ui_03_an_address_cannot_write_into_the_policy(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let client = app.client(ClientKind::Native).await;
        for evil in ["https://x.example;script-src *", "http://127.0.0.1:1/callback;script-src *",
            "http://127.0.0.1:1/callback\r\nX-Evil: 1", "http://127.0.0.1:1/callback\nX-Evil: 1"] {
            let answer = browser.get(&Ask::of(&client).with("redirect_uri", evil).path()).await;
            assert_eq!(answer.status, 400, "{evil}");
            assert_eq!(answer.header("content-security-policy"), Some(POLICY));
            assert_eq!(answer.header("x-evil"), None);
        }
    }

    async fn ui_04_no_sign_in_parameter_redirects_to_another_site(app) {
        let owner = app.owner().await;
        let evil = ["https://evil.com", "//evil.com", "/\\evil.com", "/%09/evil.com", "https:evil.com"];
        for evil in evil {
            for field in ["next", "return_to", "redirect", "url", "continue"] {
                let browser = app.browser();
                let page = browser.get(&format!("/sign-in?{field}={evil}")).await;
                let form = page.form("/sign-in").with("email", &owner.email).with("password", owner.password);
                assert_eq!(browser.submit(&form.with(field, evil)).await.location(), "/");
            }
            let browser = app.browser_of(&owner).await;
            let form = browser.get("/sign-in/again").await.form("/sign-in/again");
            let form = form.with("password", owner.password).with("request", evil);
            assert_eq!(browser.submit(&form).await.location(), "/");
            let form = browser.get("/help").await.form("/theme").with("theme", "dark").with("return_to", evil);
            let location = browser.submit(&form).await.location().to_owned();
            assert!(location == "/" || location == "/%09/evil.com", "{location}");
        }
    }

    async fn ui_06_an_invalid_request_is_answered_only_after_sign_in(app) {
        let owner = app.owner().await;
        let client = app.client(ClientKind::Native).await;
        let browser = app.browser();
        let opened = browser.get(&Ask::of(&client).with("scope", "nothing:such").path()).await;
        let page = browser.get(opened.location()).await;
        assert!(page.location().starts_with("/sign-in?request="), "{}", page.location());
        app.sign_in(&browser, &owner).await;
        let returned = browser.follow(browser.get(opened.location()).await).await;
        assert_eq!(crate::support::oauth::Returned::from_page(&returned).get("error"), Some("invalid_scope"));
    }

    async fn az_16_no_page_may_be_read_from_another_origin(app) {
        app.owner().await;
        for path in ["/oauth/authorize", "/sign-in", "/authorize/txn_1"] {
            let request = app.anonymous().request(Method::OPTIONS, path);
            let request = request.header("Origin", "https://evil.example");
            let answer = app.anonymous().send(request.header("Access-Control-Request-Method", "POST")).await;
            assert!(answer.headers.keys().all(|name| !name.as_str().starts_with("access-control-")), "{path}");
        }
    }

    async fn wb_13_no_other_files_are_served(app) {
        for path in ["/.git/config", "/.env", "/metrics", "/static/", "/static/app.css", "/static/..%2fCargo.toml",
            "/keystile.db", "/debug", "/_styleguide", "/index.php", "/master.key", "/api/"] {
            let answer = app.anonymous().get(path).await;
            assert_eq!(answer.status, 404, "{path}");
        }
    }
}
