//! Authorization codes: exchanged once, by their client.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::TimeDelta;
use keystiled::domain::client::ClientKind;
use keystiled::domain::entropy::Entropy;
use keystiled::domain::secret::{Digest, Secret};
use keystiled::keys::master::Purpose;
use keystiled::store::{audit, authorization_codes as codes};

use super::{is, refusal};
use crate::support::at_once::at_once;
use crate::support::both_engines;
use crate::support::oauth::{Ask, Returned, Tokens};

both_engines! {
    async fn co_01_a_code_that_is_used_twice_ends_the_session_it_made(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let returned = app.authorize(&browser, &ask).await;
        let tokens = Tokens::of(&app.exchange(&ask, returned.code()).await);
        assert_eq!(app.whoami(&tokens.access).await.status, 200);
        assert_eq!(refusal(&app.exchange(&ask, returned.code()).await), is(400, "invalid_grant"));
        assert_eq!(app.whoami(&tokens.access).await.status, 401);
        assert_eq!(app.userinfo(&tokens.access).await.status, 401);
        assert_eq!(refusal(&app.refresh(&ask.client, &tokens.refresh).await), is(400, "invalid_grant"));
        assert_eq!((app.count("credentials").await, app.audited("session.code_reuse").await), (1, 1));
        app.exchange(&ask, returned.code()).await;
        assert_eq!(app.audited("session.code_reuse").await, 1, "the session ends once");
    }

    async fn cf_10_a_code_comes_from_random_bits_that_no_path_or_log_shows(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let consent = app.ask(&browser, &ask).await;
        let page = app.decide(&browser, &consent, "authorize").await;
        let returned = Returned::from_page(&page);
        let requests = app.names("SELECT id AS name FROM authorization_requests").await;
        let [id] = &requests[..] else { panic!("{requests:?}") };
        let known = app.inside().master.token(Purpose::AuthorizationCode, &[id.as_bytes()]);
        assert_ne!(returned.code(), known.expose(), "the log and the master key do not yield the code");
        let again = browser.get(&format!("/authorize/return?request={id}")).await;
        assert_eq!(Returned::from_page(&again).code(), returned.code(), "the response can be sent again");
        assert!(!app.holds(returned.code()).await);
        let id_of_hash = Digest::of(returned.code());
        let code = app.inside().store.write(move |work| codes::lock(work.conn, id_of_hash)).await.unwrap();
        let seed = code.unwrap().0.seed.unwrap();
        assert_eq!(seed.len(), 32);
        let shown = URL_SAFE_NO_PAD.encode(&seed);
        assert!(!page.body.contains(&shown) && !returned.url.contains(&shown));
        Tokens::of(&app.exchange(&ask, returned.code()).await);
        let other = app.authorize(&browser, &ask).await;
        assert_ne!(other.code(), returned.code());
    }

    async fn co_02_a_replay_without_the_verifier_has_no_effect(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let other = app.client(ClientKind::Native).await;
        let returned = app.authorize(&browser, &ask).await;
        let tokens = Tokens::of(&app.exchange(&ask, returned.code()).await);
        let wrong = Secret::random(Entropy);
        for answer in [
            app.exchange_with(&ask.client, returned.code(), wrong.expose()).await,
            app.exchange_with(&other, returned.code(), &ask.verifier).await,
        ] {
            assert_eq!(refusal(&answer), is(400, "invalid_grant"));
        }
        assert_eq!(app.whoami(&tokens.access).await.status, 200);
        assert_eq!(app.refresh(&ask.client, &tokens.refresh).await.status, 200);
        assert_eq!(app.audited("session.code_reuse").await, 0);
    }

    async fn co_03_fifty_parallel_exchanges_of_one_code_give_exactly_one_200(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let returned = app.authorize(&browser, &ask).await;
        let answers = at_once(50, |_| app.exchange(&ask, returned.code()));
        let (given, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(given.len(), 1);
        assert!(refused.iter().all(|answer| refusal(answer) == is(400, "invalid_grant")), "{refused:#?}");
        assert_eq!((app.count("credentials").await, app.audited("session.code_reuse").await), (1, 1));
        let tokens = Tokens::of(given[0]);
        assert_eq!(app.whoami(&tokens.access).await.status, 401, "valid replays end the session");
    }

    async fn co_04_a_code_lives_one_minute(app, |app| app.manual_clock()) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let returned = app.authorize(&browser, &ask).await;
        app.advance(TimeDelta::seconds(60));
        assert_eq!(refusal(&app.exchange(&ask, returned.code()).await), is(400, "invalid_grant"));
        assert_eq!(app.count("credentials").await, 0);
        let ask = Ask::of(&ask.client);
        let returned = app.authorize(&browser, &ask).await;
        app.advance(TimeDelta::seconds(59));
        assert_eq!(app.exchange(&ask, returned.code()).await.status, 200);
    }

    async fn co_05_a_code_is_worth_nothing_to_another_client(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let returned = app.authorize(&browser, &ask).await;
        for kind in [ClientKind::Native, ClientKind::Confidential] {
            let other = app.client(kind).await;
            let answer = app.exchange_with(&other, returned.code(), &ask.verifier).await;
            assert_eq!(refusal(&answer), is(400, "invalid_grant"));
        }
        assert_eq!(app.count("credentials").await, 0);
        assert_eq!(app.exchange(&ask, returned.code()).await.status, 200);
    }

    async fn co_07_a_malformed_code_is_an_invalid_grant(app) {
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let long = "a".repeat(10_000);
        for code in [&long, "' OR 1=1 --", "\u{202e}\u{1f511}", "../../etc/passwd", "x"] {
            assert_eq!(refusal(&app.exchange(&ask, code).await), is(400, "invalid_grant"), "{code}");
        }
        assert_eq!(refusal(&app.exchange(&ask, "a\0b").await), is(400, "invalid_request"));
    }

    async fn co_08_the_database_does_not_hold_the_code(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let returned = app.authorize(&browser, &ask).await;
        assert_eq!(returned.code().len(), 43, "256 bits");
        assert!(!app.holds(returned.code()).await);
        assert!(app.holds(&ask.client.id).await, "the search finds what is stored");
        let again = app.authorize(&browser, &Ask::of(&ask.client)).await;
        assert_ne!(again.code(), returned.code());
    }

    async fn co_10_no_address_of_this_server_holds_a_code(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let ask = Ask::of(&app.client(ClientKind::Native).await);
        let consent = app.ask(&browser, &ask).await;
        let answer = browser.submit(&consent.form_to("/authorize/").with("decision", "authorize")).await;
        let location = answer.location().to_owned();
        let page = browser.follow(answer).await;
        let returned = crate::support::oauth::Returned::from_page(&page);
        assert!(!location.contains(returned.code()), "{location}");
    }

    async fn co_11_an_injected_code_is_refused(app) {
        let client = app.client(ClientKind::Native).await;
        let thief = app.browser_of(&app.member("member").await).await;
        let victim = Ask::of(&client);
        let stolen = app.authorize(&thief, &Ask::of(&client)).await;
        assert_eq!(refusal(&app.exchange(&victim, stolen.code()).await), is(400, "invalid_grant"));
        assert_eq!(app.count("credentials").await, 0);
    }

    async fn co_03_a_cached_client_redeems_a_code_once(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let known = app.client(ClientKind::Native).await;
        app.session_of(&known, &app.owner().await).await;
        let ask = Ask::of(&known);
        let returned = app.authorize(&browser, &ask).await;
        let answers = at_once(50, |_| app.exchange(&ask, returned.code()));
        let (given, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.status == 200);
        assert_eq!(given.len(), 1);
        assert!(refused.iter().all(|answer| refusal(answer) == is(400, "invalid_grant")), "{refused:#?}");
        assert_eq!((app.count("credentials").await, app.audited("session.code_reuse").await), (2, 1));
        assert_eq!(app.whoami(&Tokens::of(given[0]).access).await.status, 401);
    }

    async fn co_03_codes_that_come_at_once_are_sessions_of_their_own_on_one_audit_chain(app) {
        let browser = app.browser_of(&app.owner().await).await;
        let known = app.client(ClientKind::Native).await;
        app.session_of(&known, &app.owner().await).await;
        let mut codes = Vec::new();
        for _ in 0..24 {
            let ask = Ask::of(&known);
            let returned = app.authorize(&browser, &ask).await;
            codes.push((ask, returned));
        }
        let answers = at_once(codes.len(), |number| {
            let (ask, returned) = &codes[number];
            app.exchange(ask, returned.code())
        });
        for answer in &answers {
            let tokens = Tokens::of(answer);
            assert_eq!(app.whoami(&tokens.access).await.status, 200);
            assert_eq!(app.refresh(&known, &tokens.refresh).await.status, 200);
        }
        assert_eq!((app.count("credentials").await, app.audited("session.started").await), (25, 25));
        let chain = app.owner().await.organization.id;
        let verified = app.inside().store.read(move |conn| audit::verify(conn, &chain)).await.unwrap();
        assert!(verified.is_ok(), "{verified:?}");
    }

    async fn a_code_of_a_cached_client_is_refused_like_any_other(app, |app| app.manual_clock()) {
        let browser = app.browser_of(&app.owner().await).await;
        let known = app.client(ClientKind::Native).await;
        app.session_of(&known, &app.owner().await).await;
        let ask = Ask::of(&known);
        let returned = app.authorize(&browser, &ask).await;
        let wrong = Secret::random(Entropy);
        let answer = app.exchange_with(&known, returned.code(), wrong.expose()).await;
        assert_eq!(refusal(&answer), is(400, "invalid_grant"));
        app.switch(false).await;
        assert_eq!(refusal(&app.exchange(&ask, returned.code()).await), is(403, "access_denied"));
        assert_eq!(app.count("credentials").await, 1);
        app.switch(true).await;
        assert_eq!(app.exchange(&ask, returned.code()).await.status, 200, "the code was not consumed");
        let ask = Ask::of(&known);
        let returned = app.authorize(&browser, &ask).await;
        app.advance(TimeDelta::seconds(60));
        assert_eq!(refusal(&app.exchange(&ask, returned.code()).await), is(400, "invalid_grant"));
        let ask = Ask::of(&known);
        let returned = app.authorize(&browser, &ask).await;
        app.execute("UPDATE users SET disabled_at = created_at").await.unwrap();
        assert_eq!(refusal(&app.exchange(&ask, returned.code()).await), is(400, "invalid_grant"));
        assert_eq!(app.count("credentials").await, 2);
    }
}
