//! Third-party clients: the `oauth2` and `openidconnect` crates.

use std::sync::Arc;
use std::time::Duration;

use keystiled::domain::client::ClientKind;
use keystiled::domain::entropy::Entropy;
use keystiled::domain::secret::Secret;
use oauth2::basic::BasicClient;
use oauth2::{
    AuthUrl, AuthorizationCode, ClientId, ClientSecret, CsrfToken, DeviceAuthorizationUrl, HttpRequest,
    HttpResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, RevocationUrl, Scope,
    StandardDeviceAuthorizationResponse, StandardRevocableToken, TokenResponse as _, TokenUrl,
};
use openidconnect::core::{CoreAuthenticationFlow, CoreClient, CoreProviderMetadata, CoreUserInfoClaims};
use openidconnect::{AccessTokenHash, IssuerUrl, Nonce, TokenResponse as _};

use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::http::BrowserCaller;
use crate::support::oauth::Returned;

/// Sends the requests of the crates.
async fn send(request: HttpRequest) -> Result<HttpResponse, oauth2::HttpClientError<reqwest::Error>> {
    let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).no_proxy().build();
    let answer =
        client.map_err(Box::new)?.execute(request.try_into().map_err(Box::new)?).await.map_err(Box::new)?;
    let mut built = oauth2::http::Response::builder().status(answer.status());
    *built.headers_mut().unwrap() = answer.headers().clone();
    Ok(built.body(answer.bytes().await.map_err(Box::new)?.to_vec())?)
}

fn pkce() -> (PkceCodeChallenge, PkceCodeVerifier) {
    let verifier = PkceCodeVerifier::new(Secret::random(Entropy).expose().to_owned());
    (PkceCodeChallenge::from_code_verifier_sha256(&verifier), verifier)
}

/// Opens the authorization URL of a library and approves.
async fn approve(app: &TestApp, browser: &BrowserCaller, url: &str) -> Returned {
    let opened = browser.get(url).await;
    let consent = browser.follow(opened).await;
    Returned::from_page(&app.decide(browser, &consent, "authorize").await)
}

both_engines! {
    async fn the_oauth2_crate_signs_in_refreshes_and_revokes(app) {
        let browser = app.browser_of(&app.owner().await).await;
        for kind in [ClientKind::Native, ClientKind::Confidential] {
            let registered = app.client(kind).await;
            let url = |path: &str| format!("{}{path}", app.issuer());
            let mut client = BasicClient::new(ClientId::new(registered.id.clone()))
                .set_auth_uri(AuthUrl::new(url("/oauth/authorize")).unwrap())
                .set_token_uri(TokenUrl::new(url("/oauth/token")).unwrap())
                .set_revocation_url(RevocationUrl::new(url("/oauth/revoke")).unwrap())
                .set_redirect_uri(RedirectUrl::new(registered.redirect_uri.clone()).unwrap());
            if let Some(secret) = &registered.secret {
                client = client.set_client_secret(ClientSecret::new(secret.clone()));
            }
            let (challenge, verifier) = pkce();
            let state = || CsrfToken::new(Secret::random(Entropy).expose().to_owned());
            let (url, state) = client
                .authorize_url(state)
                .add_scope(Scope::new("org:read".to_owned()))
                .set_pkce_challenge(challenge)
                .url();
            let returned = approve(app, &browser, url.as_str()).await;
            assert_eq!(returned.get("state"), Some(state.secret().as_str()));

            let code = AuthorizationCode::new(returned.code().to_owned());
            let tokens = client.exchange_code(code).set_pkce_verifier(verifier).request_async(&send).await.unwrap();
            assert_eq!(tokens.scopes().unwrap(), &[Scope::new("org:read".to_owned())]);
            assert_eq!(tokens.expires_in().unwrap().as_secs(), 28_800);
            assert_eq!(app.whoami(tokens.access_token().secret()).await.status, 200);

            let next = client.exchange_refresh_token(tokens.refresh_token().unwrap()).request_async(&send).await.unwrap();
            assert_eq!(app.whoami(next.access_token().secret()).await.status, 200);
            let token = StandardRevocableToken::from(next.refresh_token().unwrap());
            // The crate requires https; the request itself does not.
            assert!(client.revoke_token(token).is_err());
            let form = [("token", next.refresh_token().unwrap().secret().as_str())];
            assert_eq!(app.client_post(&registered, "/oauth/revoke", &form).await.status, 200);
            assert_eq!(app.whoami(next.access_token().secret()).await.status, 401);
        }
    }

    async fn the_oauth2_crate_signs_in_with_a_device_code(app) {
        let registered = app.device_client().await;
        let url = |path: &str| format!("{}{path}", app.issuer());
        let client = BasicClient::new(ClientId::new(registered.id.clone()))
            .set_device_authorization_url(DeviceAuthorizationUrl::new(url("/oauth/device_authorization")).unwrap())
            .set_token_uri(TokenUrl::new(url("/oauth/token")).unwrap());
        let details: StandardDeviceAuthorizationResponse = client
            .exchange_device_code()
            .add_scope(Scope::new("org:read".to_owned()))
            .request_async(&send)
            .await
            .unwrap();
        assert_eq!((details.expires_in().as_secs(), details.interval().as_secs()), (600, 5));
        let browser = app.browser_of(&app.owner().await).await;
        let code = details.user_code().secret().clone();
        let complete = details.verification_uri_complete().unwrap().secret().clone();
        let page = browser.get(&complete).await;
        assert!(page.body.contains(&code), "{}", page.text());
        let nobody_yet = tokio::time::timeout(
            Duration::from_millis(200),
            client.exchange_device_access_token(&details).request_async(&send, tokio::time::sleep, None),
        );
        assert!(nobody_yet.await.is_err(), "the crate keeps polling");
        let question = app.enter_code(&browser, &code).await;
        app.answer_device(&browser, &question, "connect").await;
        let tokens = client
            .exchange_device_access_token(&details)
            .request_async(&send, tokio::time::sleep, Some(Duration::from_secs(60)))
            .await
            .unwrap();
        assert_eq!(tokens.scopes().unwrap(), &[Scope::new("org:read".to_owned())]);
        assert_eq!(app.whoami(tokens.access_token().secret()).await.status, 200);
    }

    async fn the_openidconnect_crate_discovers_verifies_and_reads_userinfo(app) {
        let owner = app.owner().await;
        let browser = app.browser_of(&owner).await;
        let registered = app.client(ClientKind::Native).await;
        let issuer = IssuerUrl::new(app.issuer().to_owned()).unwrap();
        let metadata = CoreProviderMetadata::discover_async(issuer, &send).await.unwrap();
        let client = CoreClient::from_provider_metadata(metadata, ClientId::new(registered.id.clone()), None)
            .set_redirect_uri(RedirectUrl::new(registered.redirect_uri.clone()).unwrap());
        let (challenge, verifier) = pkce();
        let nonce = Arc::new(Nonce::new(Secret::random(Entropy).expose().to_owned()));
        let given = nonce.clone();
        let (url, _, nonce) = client
            .authorize_url(
                CoreAuthenticationFlow::AuthorizationCode,
                || CsrfToken::new("state".to_owned()),
                move || Nonce::clone(&given),
            )
            .add_scope(Scope::new("email".to_owned()))
            .set_pkce_challenge(challenge)
            .url();
        let returned = approve(app, &browser, url.as_str()).await;
        let code = AuthorizationCode::new(returned.code().to_owned());
        let tokens =
            client.exchange_code(code).unwrap().set_pkce_verifier(verifier).request_async(&send).await.unwrap();

        let verifier = client.id_token_verifier();
        let id_token = tokens.id_token().unwrap();
        let claims = id_token.claims(&verifier, &nonce).unwrap();
        assert_eq!(claims.subject().as_str(), owner.id);
        assert!(id_token.claims(&verifier, &Nonce::new("another".to_owned())).is_err());
        let hash = AccessTokenHash::from_token(
            tokens.access_token(), id_token.signing_alg().unwrap(), id_token.signing_key(&verifier).unwrap(),
        );
        assert_eq!(claims.access_token_hash(), Some(&hash.unwrap()));
        let userinfo = client.user_info(tokens.access_token().clone(), Some(claims.subject().clone())).unwrap();
        let userinfo: CoreUserInfoClaims = userinfo.request_async(&send).await.unwrap();
        assert_eq!(userinfo.email().unwrap().as_str(), owner.email);
    }
}
