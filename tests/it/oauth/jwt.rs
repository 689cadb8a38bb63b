//! Access tokens: accepted only as this server signed them.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::TimeDelta;
use jsonwebtoken::{Algorithm, EncodingKey};
use keystiled::domain::client::ClientKind;
use keystiled::domain::entropy::Entropy;
use keystiled::keys::rsa_key;
use keystiled::services::signing_keys::{self, Rotation, RotationTiming};
use keystiled::store::signing_keys as rows;
use rsa::pkcs8::DecodePrivateKey as _;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use super::forge::{Forge, as_secrets, public_jwk};
use crate::support::app::TestApp;
use crate::support::at_once::at_once;
use crate::support::both_engines;
use crate::support::oauth::{Ask, Session, Tokens, claims};

/// Asserts that neither the API nor userinfo accepts this token.
async fn refused(app: &TestApp, token: &str, what: &str) {
    let api = app.whoami(token).await;
    assert_eq!(api.status, 401, "{what}: {}", api.body);
    let challenge = api.header("www-authenticate").unwrap();
    assert!(challenge.contains(r#"error="invalid_token""#), "{what}: {challenge}");
    assert_eq!(app.userinfo(token).await.status, 401, "{what}");
}

/// Signs with a key of the attacker's own.
fn signed_by_a_stranger(forge: &Forge) -> String {
    static KEY: std::sync::LazyLock<rsa::RsaPrivateKey> = std::sync::LazyLock::new(|| {
        rsa::RsaPrivateKey::from_pkcs8_der(&rsa_key::generate(2048, Entropy).unwrap().pkcs8).unwrap()
    });
    let signature = KEY.sign(rsa::Pkcs1v15Sign::new::<sha2::Sha256>(), &sha256(forge.message().as_bytes()));
    forge.with_signature(&URL_SAFE_NO_PAD.encode(signature.unwrap()))
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    use sha2::Digest as _;
    sha2::Sha256::digest(bytes).to_vec()
}

async fn rotate(app: &TestApp, timing: RotationTiming) -> Rotation {
    let inside = app.inside();
    let rotated =
        signing_keys::rotate(&inside.store, &inside.master, &app.config.keys, timing).await.unwrap();
    inside.reload_keys().await.unwrap();
    rotated
}

async fn published(app: &TestApp) -> Vec<String> {
    let set = app.anonymous().get("/oauth/jwks").await.json();
    set["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

both_engines! {
    async fn jw_00_a_forge_that_changes_nothing_is_accepted(app) {
        let forge = Forge::of(&app.session().await.tokens.access);
        assert_eq!(app.whoami(&forge.signed(app)).await.status, 200);
    }

    async fn jw_01_an_unsigned_token_is_worth_nothing(app) {
        let token = app.session().await.tokens.access;
        let signature = token.rsplit('.').next().unwrap();
        for alg in ["none", "None", "NONE", "nOnE", ""] {
            let forge = Forge::of(&token).header("alg", alg);
            for signature in ["", signature] {
                refused(app, &forge.with_signature(signature), alg).await;
            }
            refused(app, &forge.message(), alg).await;
        }
        refused(app, &Forge::of(&token).with_signature(""), "an empty signature").await;
        refused(app, &Forge::of(&token).without("alg").signed(app), "no alg").await;
    }

    async fn jw_02_the_public_key_is_no_hmac_secret(app) {
        let token = app.session().await.tokens.access;
        let forge = Forge::of(&token);
        for (alg, hmac) in [("HS256", Algorithm::HS256), ("HS384", Algorithm::HS384), ("HS512", Algorithm::HS512)] {
            for secret in as_secrets(&public_jwk(app, &token).await) {
                for header in [alg, "RS256"] {
                    let forge = forge.clone().header("alg", header);
                    let key = EncodingKey::from_secret(&secret);
                    let signature = jsonwebtoken::crypto::sign(forge.message().as_bytes(), &key, hmac).unwrap();
                    refused(app, &forge.with_signature(&signature), alg).await;
                }
            }
        }
        for alg in ["RS384", "RS512", "PS256", "ES256", "EdDSA", "rs256"] {
            refused(app, &forge.clone().header("alg", alg).signed(app), alg).await;
        }
    }

    async fn jw_03_a_token_of_another_type_is_refused(app) {
        let Session { tokens, .. } = app.session().await;
        refused(app, tokens.body["id_token"].as_str().unwrap(), "ID token").await;
        for typ in ["JWT", "jwt", "logout+jwt", "application/at+jwt", "AT+JWT", ""] {
            refused(app, &Forge::of(&tokens.access).header("typ", typ).signed(app), typ).await;
        }
        refused(app, &Forge::of(&tokens.access).without("typ").signed(app), "no typ").await;
    }

    async fn jw_04_a_key_that_the_token_brings_along_is_not_even_looked_at(app) {
        let token = app.session().await.tokens.access;
        let trap = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/jwks", trap.local_addr().unwrap());
        let stranger = rsa_key::generate(2048, Entropy).unwrap();
        for (name, value) in [
            ("jwk", stranger.public_jwk.clone()),
            ("jku", json!(url)),
            ("x5u", json!(url)),
            ("x5c", json!(["MIIB"])),
        ] {
            let forge = Forge::of(&token).header(name, value);
            refused(app, &signed_by_a_stranger(&forge), name).await;
            refused(app, &signed_by_a_stranger(&forge.clone().header("kid", "theirs")), name).await;
            refused(app, &forge.signed(app), name).await;
        }
        refused(app, &signed_by_a_stranger(&Forge::of(&token)), "another key under our kid").await;
        assert!(tokio::time::timeout(Duration::from_millis(200), trap.accept()).await.is_err(), "somebody came");
    }

    async fn jw_05_a_kid_is_only_ever_compared(app) {
        let forge = Forge::of(&app.session().await.tokens.access);
        let long = "a".repeat(5_000);
        for kid in [
            json!("../../dev/null"),
            json!("' OR 1=1--"),
            json!(long),
            json!([forge.header["kid"]]),
            json!(0),
            Value::Null,
            json!(""),
        ] {
            refused(app, &forge.clone().header("kid", kid.clone()).signed(app), &kid.to_string()).await;
        }
        refused(app, &forge.without("kid").signed(app), "no kid").await;
    }

    async fn jw_06_headers_that_this_server_never_writes_are_refused(app) {
        let forge = Forge::of(&app.session().await.tokens.access);
        for (name, value) in
            [("crit", json!(["x"])), ("crit", json!([])), ("b64", json!(false)), ("zip", json!("DEF")), ("cty", json!("JWT"))]
        {
            refused(app, &forge.clone().header(name, value).signed(app), name).await;
        }
    }

    async fn jw_07_a_token_with_any_changed_bit_is_refused(app) {
        let token = app.session().await.tokens.access;
        let forge = Forge::of(&token);
        let (message, signature) = token.rsplit_once('.').unwrap();
        let bytes = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let mut flipped = bytes.clone();
        flipped[0] ^= 1;
        let last = signature.as_bytes()[signature.len() - 1];
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let next = alphabet[alphabet.iter().position(|known| *known == last).unwrap() ^ 1];
        let not_canonical = format!("{}{}", &signature[..signature.len() - 1], char::from(next));
        for (what, token) in [
            ("payload", forge.clone().claim("scope", "deployments:delete").with_signature(signature)),
            ("subject", forge.claim("sub", "usr_1").with_signature(signature)),
            ("flipped bit", format!("{message}.{}", URL_SAFE_NO_PAD.encode(&flipped))),
            ("truncated", format!("{message}.{}", URL_SAFE_NO_PAD.encode(&bytes[..255]))),
            ("longer", format!("{message}.{}", URL_SAFE_NO_PAD.encode([&bytes[..], b"x"].concat()))),
            ("garbage", format!("{token}x")),
            ("a fourth part", format!("{token}.x")),
            ("a dot", format!("{token}.")),
            ("a space", format!("{message}. {signature}")),
            ("padding", format!("{token}==")),
            ("the standard alphabet", format!("{message}.{}", STANDARD.encode(&bytes))),
            ("another last character", format!("{message}.{not_canonical}")),
            ("only two parts", message.to_owned()),
            ("JSON", json!({ "payload": message, "signature": signature }).to_string()),
        ] {
            refused(app, &token, what).await;
        }
    }

    async fn jw_09_the_audience_is_this_server_alone(app) {
        let forge = Forge::of(&app.session().await.tokens.access);
        for aud in [
            json!("https://other.example"),
            json!([app.issuer(), "https://other.example"]),
            json!([app.issuer()]),
            json!(format!("{}/", app.issuer())),
            json!(""),
        ] {
            refused(app, &forge.clone().claim("aud", aud.clone()).signed(app), &aud.to_string()).await;
        }
        refused(app, &forge.without("aud").signed(app), "no audience").await;
    }

    async fn jw_10_the_issuer_is_this_server_to_the_byte(app) {
        let forge = Forge::of(&app.session().await.tokens.access);
        for iss in [format!("{}/", app.issuer()), app.issuer().to_uppercase(), "https://other.example".to_owned()] {
            refused(app, &forge.clone().claim("iss", iss.clone()).signed(app), &iss).await;
        }
    }

    async fn jw_11_a_signature_alone_gives_nothing_that_the_database_does_not(app) {
        let forge = Forge::of(&app.session().await.tokens.access);
        let other = app.member("owner").await;
        for (name, value) in [
            ("sid", json!("ses_nowhere")),
            ("sub", json!(other.id)),
            ("org", json!("org_nowhere")),
            ("client_id", json!("nobody")),
        ] {
            refused(app, &forge.clone().claim(name, value).signed(app), name).await;
        }
        let now = app.clock.now().seconds();
        for (name, value) in [("exp", json!(now - 1)), ("iat", json!(now + 120)), ("exp", json!("never"))] {
            refused(app, &forge.clone().claim(name, value).signed(app), name).await;
        }
        let wider = forge.claim("scope", "openid deployments:delete nothing-like-it").signed(app);
        let scopes = app.whoami(&wider).await.json()["data"]["scopes"].clone();
        assert_eq!(scopes, json!(["deployments:delete", "openid"]), "the owner's role holds the scope");
    }

    async fn cf_08_a_token_is_worth_nothing_before_its_nbf(app) {
        let forge = Forge::of(&app.session().await.tokens.access);
        let now = app.clock.now().seconds();
        assert_eq!(app.whoami(&forge.clone().claim("nbf", now).signed(app)).await.status, 200);
        for nbf in [json!(now + 30), json!(now + 3600), json!(i64::MAX), json!("now"), json!([now])] {
            refused(app, &forge.clone().claim("nbf", nbf.clone()).signed(app), &format!("nbf {nbf}")).await;
        }
    }

    async fn cf_07_an_id_token_lives_an_hour_at_most(app) {
        let lifetime = |tokens: &Tokens| {
            let id_token = claims(tokens.body["id_token"].as_str().unwrap());
            id_token["exp"].as_i64().unwrap() - id_token["iat"].as_i64().unwrap()
        };
        let usual = app.session().await.tokens;
        assert_eq!((usual.body["expires_in"].as_i64(), lifetime(&usual)), (Some(28_800), 3_600));
        let short = app.client_with(ClientKind::Native, |client| client.access = Some(TimeDelta::minutes(10))).await;
        let short = app.session_of(&short, &app.owner().await).await.tokens;
        assert_eq!((short.body["expires_in"].as_i64(), lifetime(&short)), (Some(600), 600));
    }

    async fn jw_12_keys_rotate_under_load_without_a_single_401(
        app, |app| app.with("KEYSTILE_KEYS__PUBLISH_AHEAD", "1s")
    ) {
        let mut sessions = Vec::new();
        for _ in 0..4 {
            sessions.push(app.session().await);
        }
        let rotated = AtomicBool::new(false);
        let kids = at_once(5, async |number| {
            let Some(Session { client, tokens: first, .. }) = sessions.get(number) else {
                for _ in 0..3 {
                    tokio::time::sleep(Duration::from_millis(1_100)).await;
                    assert!(matches!(rotate(app, RotationTiming::OncePublished).await, Rotation::Done { .. }));
                }
                rotated.store(true, Ordering::SeqCst);
                return BTreeSet::new();
            };
            let (mut tokens, mut kids) = (first.clone(), BTreeSet::new());
            let mut last_round = false;
            while !last_round {
                last_round = rotated.load(Ordering::SeqCst);
                tokens = Tokens::of(&app.refresh(client, &tokens.refresh).await);
                for access in [&first.access, &tokens.access] {
                    assert_eq!(app.whoami(access).await.status, 200);
                }
                kids.insert(Forge::of(&tokens.access).header["kid"].to_string());
            }
            kids
        });
        assert_eq!(kids.into_iter().flatten().collect::<BTreeSet<_>>().len(), 4, "four keys have signed");
    }

    async fn jw_12_a_key_is_published_before_it_signs_and_after(app, |app| app.manual_clock()) {
        let old = app.session().await.tokens.access;
        let set = published(app).await;
        assert_eq!(set.len(), 2, "the active and the next key");
        assert!(matches!(rotate(app, RotationTiming::OncePublished).await, Rotation::TooEarly { .. }));
        app.advance(app.config.keys.publish_ahead);
        let Rotation::Done { activated } = rotate(app, RotationTiming::OncePublished).await else { panic!("not rotated") };
        assert!(set.contains(&activated));
        let new = app.session().await.tokens.access;
        assert_eq!(Forge::of(&new).header["kid"], json!(activated));
        let still_served = public_jwk(app, &old).await;
        assert_eq!(still_served["kid"], Forge::of(&old).header["kid"]);

        let inside = app.inside();
        app.advance(app.config.keys.keep_after);
        signing_keys::maintain(&inside.store, &inside.master, &app.config.keys).await.unwrap();
        inside.reload_keys().await.unwrap();
        assert_eq!(published(app).await.len(), 3, "other nodes may have signed with the retired key for a few more seconds");
        app.advance(TimeDelta::seconds(10));
        signing_keys::maintain(&inside.store, &inside.master, &app.config.keys).await.unwrap();
        inside.reload_keys().await.unwrap();
        assert_eq!(published(app).await.len(), 2);
        assert!(!published(app).await.contains(&still_served["kid"].as_str().unwrap().to_owned()));
    }

    async fn jw_12_a_node_that_has_not_heard_of_a_rotation_yet_signs_tokens_that_work(app, |app| app.manual_clock()) {
        let Session { client, tokens, .. } = app.session().await;
        let inside = app.inside();
        signing_keys::rotate(&inside.store, &inside.master, &app.config.keys, RotationTiming::Now).await.unwrap();
        app.advance(TimeDelta::seconds(3));
        let late = Tokens::of(&app.refresh(&client, &tokens.refresh).await).access;
        inside.reload_keys().await.unwrap();
        assert_eq!(app.whoami(&late).await.status, 200);
    }

    async fn jw_13_tokens_of_a_dropped_key_are_refused(app) {
        let token = app.session().await.tokens.access;
        let kid = Forge::of(&token).header["kid"].as_str().unwrap().to_owned();
        assert!(matches!(rotate(app, RotationTiming::Now).await, Rotation::Done { .. }));
        assert_eq!(app.whoami(&token).await.status, 200);
        app.inside().store.write(move |work| rows::delete(work.conn, &kid)).await.unwrap();
        app.inside().reload_keys().await.unwrap();
        refused(app, &token, "signed with a dropped key").await;
    }

    async fn jw_14_the_key_set_holds_public_halves_only(app) {
        rotate(app, RotationTiming::Now).await;
        let answer = app.anonymous().get("/oauth/jwks").await;
        assert_eq!(answer.header("cache-control"), Some("public, max-age=300"));
        let set = answer.json();
        let keys = set["keys"].as_array().unwrap();
        let kids: BTreeSet<&str> = keys.iter().map(|key| key["kid"].as_str().unwrap()).collect();
        assert_eq!((keys.len(), kids.len()), (3, 3));
        for key in keys {
            let names: Vec<&String> = key.as_object().unwrap().keys().collect();
            assert_eq!(names, ["alg", "e", "kid", "kty", "n", "use"]);
            assert_eq!((key["alg"].as_str(), key["use"].as_str(), key["e"].as_str()), (Some("RS256"), Some("sig"), Some("AQAB")));
            assert_eq!(URL_SAFE_NO_PAD.decode(key["n"].as_str().unwrap()).unwrap().len(), 256);
        }
    }

    async fn jw_18_every_token_has_a_unique_jti_and_fits_into_a_header(app) {
        // The largest possible token: all scopes, and a client with a long id.
        let client = app.client_with(ClientKind::Native, |client| client.id = "c".repeat(64)).await;
        let owner = app.owner().await;
        let scopes = app.config.catalog.ids().collect::<Vec<_>>().join(" ");
        let ask = Ask::of(&client).with("scope", &scopes);
        let returned = app.authorize(&app.browser_of(&owner).await, &ask).await;
        let mut tokens = Tokens::of(&app.exchange(&ask, returned.code()).await);
        let mut names = BTreeSet::new();
        for _ in 0..50 {
            tokens = Tokens::of(&app.refresh(&client, &tokens.refresh).await);
            let claims = tokens.claims();
            let granted: BTreeSet<&str> = claims["scope"].as_str().unwrap().split(' ').collect();
            assert_eq!(granted, app.config.catalog.ids().collect(), "all scopes are granted");
            assert!(tokens.access.len() < 4_096, "{}", tokens.access.len());
            names.insert(tokens.claims()["jti"].as_str().unwrap().to_owned());
        }
        let tool = app.owners_tool().await;
        let key = tool.key(&json!({ "name": "CI", "mode": "live", "scopes": ["org:read"] })).await;
        let form = [
            ("grant_type", "client_credentials"),
            ("client_id", key["id"].as_str().unwrap()),
            ("client_secret", key["apiKey"].as_str().unwrap()),
        ];
        for _ in 0..50 {
            let answer = app.anonymous().post("/oauth/token", &form).await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let access = claims(answer.json()["access_token"].as_str().unwrap());
            names.insert(access["jti"].as_str().unwrap().to_owned());
        }
        assert_eq!(names.len(), 100);
        assert!(names.iter().all(|name| name.len() == 22), "128 bits in base62");
    }
}
