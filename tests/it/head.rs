//! `HEAD` on all routes.

use std::time::Duration;

use reqwest::Method;

use crate::support::both_engines;
use crate::support::oauth::Ask;
use crate::support::wire::say;
use keystiled::domain::client::ClientKind;

const ROUTES: &str = include_str!("../../src/routes.rs");

/// The paths of all resources with `GET`, with their parameters filled in.
fn readable() -> Vec<String> {
    taking(&[".get(", ".to("])
}

/// The paths of all resources with one of these methods.
pub(crate) fn taking(methods: &[&str]) -> Vec<String> {
    let constant = |name: &str| {
        let (_, rest) = ROUTES.split_once(&format!("const {name}: &str = \"")).unwrap();
        rest.split('"').next().unwrap().to_owned()
    };
    let resources = ROUTES.split("resource(").skip(1).filter(|rest| !rest.starts_with("format!"));
    let found = resources.filter_map(|rest| {
        let (path, handlers) = rest.split_once(')').unwrap();
        let handlers = handlers.split(';').next().unwrap();
        let path = match path.trim().strip_prefix('"') {
            Some(literal) => literal.trim_end_matches('"').to_owned(),
            None => constant(path.trim()),
        };
        methods.iter().any(|method| handlers.contains(method)).then_some(path)
    });
    let found = found.map(|path| {
        path.split('{')
            .map(|part| part.split_once('}').map_or(part, |(_, rest)| rest))
            .collect::<Vec<_>>()
            .join("x")
    });
    found.collect()
}

both_engines! {
    async fn cf_02_head_answers_as_get_does_at_every_route(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let tool = app.owners_tool().await;
        let paths = readable();
        assert!(paths.len() > 60 && paths.contains(&"/oauth/jwks".to_owned()), "{paths:?}");
        let more = [format!("/o/{}/keys", owner.organization.slug), "/api/v1/keys".to_owned(), "/nothing".to_owned()];
        for path in paths.into_iter().chain(more) {
            // Opening a request writes to the database, so HEAD responds differently there: see below.
            if ["/oauth/authorize", "/cli-auth", "/c/x"].contains(&path.as_str()) {
                continue;
            }
            let ask = async |method: Method| {
                if path.starts_with("/api/") || path.starts_with("/oauth/") {
                    tool.send(method, &path, None).await
                } else {
                    browser.send(browser.request(method, &path)).await
                }
            };
            let (get, head) = (ask(Method::GET).await, ask(Method::HEAD).await);
            assert_eq!(head.status, get.status, "{path}");
            assert_ne!(head.status, 405, "{path}");
            for name in ["content-type", "cache-control", "content-security-policy", "location"] {
                assert_eq!(head.header(name), get.header(name), "{path}: {name}");
            }
            assert_eq!(head.body, "", "{path}");
        }
    }

    async fn cf_02_an_answer_to_head_has_no_body_on_the_wire(app) {
        for path in ["/sign-in", "/api/v1/whoami", "/oauth/jwks", "/healthz", "/nothing", "/static/nothing"] {
            let request = format!("HEAD {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", app.address());
            let heard = say(app.address(), request.as_bytes(), Duration::from_secs(10)).await;
            let (top, body) = heard.text.split_once("\r\n\r\n").unwrap();
            assert!(heard.closed && top.starts_with("HTTP/1.1 "), "{path}: {top}");
            assert_eq!(body, "", "{path}");
        }
    }

    async fn cf_02_an_answer_to_head_has_no_body_where_a_get_follows_in_the_same_packet(app) {
        let token = app.session().await.tokens.access;
        // The first two wait for the database, so that the GET is read before they are answered.
        for path in ["/api/v1/whoami", "/readyz", "/nothing"] {
            let host = app.address();
            let both = format!(
                "HEAD {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\nGET /healthz HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n"
            );
            let heard = say(host, both.as_bytes(), Duration::from_secs(10)).await;
            let (_, behind) = heard.text.split_once("\r\n\r\n").unwrap();
            assert!(behind.starts_with("HTTP/1.1 200 "), "{path}: {behind}");
        }
    }

    async fn cf_02_head_of_an_export_exports_nothing(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let tool = app.owners_tool().await;
        let query = "format=csv";
        let page = format!("/o/{}/audit/export?{query}", owner.organization.slug);
        let head = browser.send(browser.request(Method::HEAD, &page)).await;
        let of_api = tool.send(Method::HEAD, &format!("/api/v1/audit/export?{query}"), None).await;
        for answer in [head, of_api] {
            assert_eq!((answer.status, answer.header("content-type")), (200, Some("text/csv; charset=utf-8; header=present")));
            assert!(answer.header("content-disposition").unwrap().contains("audit-"));
        }
        assert_eq!(app.audited("audit.exported").await, 0);
        browser.get(&page).await;
        assert_eq!(app.audited("audit.exported").await, 1);
    }

    async fn cf_02_head_opens_and_decides_nothing(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let pushed = app.machine(&ask.client.id).post("/oauth/par", &ask.parameters()[1..].iter().map(|(name, value)| (&**name, &**value)).collect::<Vec<_>>()).await;
        assert_eq!(pushed.status, 201, "{}", pushed.body);
        let link = format!("/c/{}", pushed.json()["user_check"].as_str().unwrap());
        let rows = app.count("authorization_requests").await;
        let unbound = "authorization_requests WHERE browser_hash IS NULL";
        for path in [ask.path(), ask.path().replace("/oauth/authorize", "/cli-auth"), link] {
            let answer = browser.send(browser.request(Method::HEAD, &path)).await;
            assert_eq!(answer.status, 200, "{path}");
        }
        assert_eq!((app.count("authorization_requests").await, app.count(unbound).await), (rows, 1));
        let opened = app.ask(&browser, &ask).await;
        assert_eq!(opened.status, 200);
        let form = opened.form_to("/authorize/");
        let answer = browser.send(browser.request(Method::HEAD, &form.action)).await;
        assert_eq!(answer.status, 200);
        let open = "authorization_requests WHERE status = 'open'";
        assert_eq!(app.count(open).await, rows + 1);
    }
}
