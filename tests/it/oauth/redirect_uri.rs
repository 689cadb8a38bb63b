//! Redirect URIs: exact matching, except the port of loopback addresses.

use keystiled::domain::client::ClientKind;
use keystiled::domain::redirect_uri::RedirectUri;

use super::{is, refusal, told_to_the_person};
use crate::support::both_engines;
use crate::support::oauth::Ask;
use crate::support::people::TestClient;

fn asking(client: &TestClient, redirect_uri: &str) -> Ask {
    Ask::of(client).with("redirect_uri", redirect_uri)
}

fn register(uris: &[&str]) -> Vec<RedirectUri> {
    uris.iter().map(|uri| RedirectUri::register(uri).unwrap()).collect()
}

both_engines! {
    async fn ru_01_02_03_any_port_of_a_registered_loopback_address_is_answered(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let client = app.client(ClientKind::Native).await;
        for uri in [
            "http://127.0.0.1:1/callback",
            "http://127.0.0.1:54321/callback",
            "http://127.0.0.1:65535/callback",
            "http://127.0.0.1/callback",
            "http://[::1]:54321/callback",
            "http://localhost:54321/callback",
        ] {
            let returned = app.authorize(&browser, &asking(&client, uri)).await;
            assert!(returned.url.starts_with(&format!("{uri}?code=")), "{uri}: {}", returned.url);
        }
    }

    async fn ru_03_to_16_any_other_spelling_is_told_to_the_person(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let client = app
            .client_with(ClientKind::Native, |client| {
                client.redirect_uris = register(&["http://127.0.0.1/callback"]);
            })
            .await;
        for uri in [
            "http://localhost:54321/callback",
            "http://[::1]:54321/callback",
            "http://[0:0:0:0:0:0:0:1]:1/callback",
            "http://127.0.0.1:80@evil.example/callback",
            "http://localhost:80@evil.com/callback",
            "http://localhost.evil.com:80/callback",
            "http://127.0.0.1.evil.com/callback",
            "http://127.0.0.1.nip.io/callback",
            "http://127.1/callback",
            "http://2130706433/callback",
            "http://0x7f000001/callback",
            "http://0177.0.0.1/callback",
            "http://[::ffff:127.0.0.1]:1/callback",
            "http://127.0.0.2/callback",
            "HTTP://127.0.0.1:1/callback",
            "http://127.0.0.1.:1/callback",
            "https://127.0.0.1:1/callback",
            "http://127.0.0.1:1/callback#fragment",
            "http://127.0.0.1:1/callback#",
            "http://127.0.0.1:0/callback",
            "http://127.0.0.1:65536/callback",
            "http://127.0.0.1:-1/callback",
            "http://127.0.0.1:080/callback",
            "http://127.0.0.1:/callback",
            "http://127.0.0.1:1:2/callback",
            "http://127.0.0.1:\u{663}/callback",
            "http://127.0.0.1:1\\@evil.com/callback",
            "http:/\\evil.com",
            "http:127.0.0.1/callback",
            "http:///127.0.0.1/callback",
            "//127.0.0.1/callback",
            "http://127.0.0.1:1/callback/",
            "http://127.0.0.1:1/callback/../callback",
            "http://127.0.0.1:1/%63allback",
            "http://127.0.0.1:1/callback?next=https://evil.com",
            "http://127.0.0.1:1/callback\r\nSet-Cookie: a=b",
            " http://127.0.0.1:1/callback",
            "javascript:alert(1)//127.0.0.1/callback",
            "data:text/html,<script>alert(1)</script>",
            "file:///etc/passwd",
            "vbscript:x",
            "blob:http://127.0.0.1/callback",
            "about:blank",
            "https://x.example;script-src *",
        ] {
            told_to_the_person(&browser.get(&asking(&client, uri).path()).await, uri);
        }
        assert_eq!(app.count("authorization_requests").await, 0);
    }

    async fn ru_04_10_hosts_and_schemes_do_not_stand_for_one_another(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let hosts = ["http://127.0.0.1", "http://[::1]", "http://localhost"];
        for own in hosts {
            let uri = format!("{own}/callback");
            let register_one = register(&[&uri]);
            let client = app.client_with(ClientKind::Native, |client| client.redirect_uris = register_one).await;
            for asked in hosts {
                let answer = browser.get(&asking(&client, &format!("{asked}:5000/callback")).path()).await;
                assert_eq!(answer.status == 303, asked == own, "{own} {asked}");
            }
        }
        let web = app.client_with(ClientKind::Confidential, |client| {
            client.redirect_uris = register(&["https://127.0.0.1/callback"]);
        });
        told_to_the_person(&browser.get(&asking(&web.await, "https://127.0.0.1:5000/callback").path()).await, "https");
    }

    async fn ru_20_a_website_gets_responses_only_at_its_registered_uri(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let client = app.client(ClientKind::Confidential).await;
        for uri in [
            "https://app.example:443/callback",
            "https://app.example/callback/",
            "https://APP.example/callback",
            "https://app.example/callback?a=b",
            "https://app.example.evil.com/callback",
            "https://app.example@evil.com/callback",
            "https://sub.app.example/callback",
            "http://app.example/callback",
        ] {
            told_to_the_person(&browser.get(&asking(&client, uri).path()).await, uri);
        }
        assert!(app.authorize(&browser, &Ask::of(&client)).await.get("code").is_some());
    }

    async fn ru_22_the_answer_keeps_port_and_query_and_encodes_what_it_adds(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let client = app
            .client_with(ClientKind::Native, |client| {
                client.redirect_uris = register(&["http://127.0.0.1/callback?keep=1%202"]);
            })
            .await;
        let ask = asking(&client, "http://127.0.0.1:54321/callback?keep=1%202").with("state", "a b&c=d#e");
        let returned = app.authorize(&browser, &ask).await;
        assert!(returned.url.starts_with("http://127.0.0.1:54321/callback?keep=1%202&code="), "{}", returned.url);
        assert_eq!(returned.names(), ["keep", "code", "state", "iss"]);
        assert_eq!(returned.get("state"), Some("a b&c=d#e"));
        assert!(!returned.url.contains('#') && !returned.url.contains(' '), "{}", returned.url);
    }

    async fn ru_25_a_code_is_bound_to_the_redirect_uri_it_was_sent_to(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let returned = app.authorize(&browser, &ask).await;
        let exchange = async |uri: &str| {
            let form = [
                ("grant_type", "authorization_code"),
                ("code", returned.code()),
                ("code_verifier", &ask.verifier),
                ("redirect_uri", uri),
            ];
            app.client_post(&ask.client, "/oauth/token", &form).await
        };
        let other_port = exchange("http://127.0.0.1:54322/callback").await;
        assert_eq!(refusal(&other_port), is(400, "invalid_grant"));
        assert_eq!(app.count("credentials").await, 0);
        assert_eq!(exchange(&ask.client.redirect_uri).await.status, 200);
    }
}
