use std::sync::Arc;

use serde_json::json;

use super::*;
use crate::Dependencies;
use crate::credentials::CredentialStore as _;
use crate::globals::Globals;
use crate::keys::KeyProblem;
use crate::testing::{MemoryStore, RecordingUi, TempFolder, TestResponse, TestServer, app, session};

const OLD: &str = "acme_live_0123456789abcdefghij9f2c";
const NEW: &str = "acme_test_0123456789abcdefghij0000";

/// A server with one answer to every key, and a profile that may hold a credential.
struct World {
    context: Context,
    server: TestServer,
    store: Arc<MemoryStore>,
    _home: TempFolder,
}

fn world(judge: fn() -> TestResponse, stored: Option<Credential>, answer: Option<bool>) -> World {
    let server = TestServer::start(move |asked| match asked.path.as_str() {
        "/.well-known/oauth-authorization-server" => {
            let at = |path: &str| format!("http://{}{path}", asked.host);
            TestResponse::json(&json!({
                "issuer": at(""), "authorization_endpoint": at("/authorize"), "token_endpoint": at("/token"),
                "cli_configuration": { "dashboard_keys_url": "https://acme.dev/dashboard/api-keys" },
            }))
        }
        "/api/v1/whoami" => judge(),
        _ => TestResponse::status(404),
    });
    let home = TempFolder::new();
    let store = Arc::new(match stored {
        Some(stored) => MemoryStore::holding(&ProfileName::default(), stored),
        None => MemoryStore::default(),
    });
    let dependencies = Dependencies {
        environment: Some([("HOME", home.path().to_str().unwrap())].into()),
        store: Some(store.clone()),
        ui: Some(Arc::new(RecordingUi::answering(answer))),
        ..Dependencies::default()
    };
    let globals = Globals { no_retry: true, ..Globals::default() };
    let context = Context::new(&app().dependencies(dependencies).build().unwrap(), &globals).unwrap();
    World { context, server, store, _home: home }
}

fn accepts() -> TestResponse {
    TestResponse::json(&json!({ "data": {
        "kind": "api_key", "credential": { "id": "key_9" },
        "subject": { "kind": "service_account", "id": "sa_1", "name": "deploys" }, "scopes": ["org:read"],
    }}))
}

fn rejects() -> TestResponse {
    TestResponse::json(&json!({ "error": { "code": "revoked_api_key", "message": "Revoked" } }))
        .with_status(401)
}

fn breaks() -> TestResponse {
    TestResponse::status(502)
}

fn key(text: &str) -> Credential {
    KeyCredential::new(Secret::new(text)).into()
}

impl World {
    async fn sign_in(&self, text: &str, force: bool) -> Result<StoredKey, ErrorKind> {
        let issuer = Some(BaseUrl::parse(&self.server.url("")).unwrap());
        let options = KeyLoginOptions { issuer, force };
        sign_in(&self.context, &Secret::new(text), CredentialSource::Flag, &options).await
    }

    fn stored(&self) -> Option<String> {
        match self.store.read().unwrap().get(&ProfileName::default())? {
            Credential::ApiKey(key) => Some(key.api_key.expose().to_owned()),
            Credential::Oauth(_) => Some("session".into()),
        }
    }
}

#[tokio::test]
async fn an_accepted_key_is_stored_with_its_id_and_servers() {
    let world = world(accepts, None, None);
    let stored = world.sign_in(&format!(" {NEW}\n"), false).await.unwrap();
    assert_eq!(stored.masked, "acme_test_…0000");
    assert_eq!(stored.account.unwrap().display_name(), "deploys");
    assert_eq!(stored.unverified, None);
    let document = world.store.read().unwrap();
    let Some(Credential::ApiKey(key)) = document.get(&ProfileName::default()) else { panic!("no key") };
    assert_eq!((key.key_id.as_deref(), key.verified), (Some("key_9"), Some(true)));
    let bound = Some(BaseUrl::parse(&world.server.url("")).unwrap());
    assert_eq!((&key.issuer, &key.api_base), (&bound, &bound));
}

#[tokio::test]
async fn a_malformed_key_is_refused_without_a_request() {
    let world = world(|| panic!("called"), None, None);
    let kind = world.sign_in(&format!("Bearer {NEW}"), false).await.unwrap_err();
    assert_eq!(
        kind,
        ErrorKind::InvalidKeyFormat { source: CredentialSource::Flag, problem: KeyProblem::Bearer }
    );
}

#[tokio::test]
async fn a_rejected_key_does_not_replace_the_old_one() {
    let world = world(rejects, Some(key(OLD)), Some(true));
    let kind = world.sign_in(NEW, true).await.unwrap_err();
    assert_eq!(world.stored().as_deref(), Some(OLD));
    assert_eq!(
        world.context.error(kind).to_string(),
        "The key was rejected (401), so it was not stored\n  \
         Profile default still uses acme_live_…9f2c. Create a new key at https://acme.dev/dashboard/api-keys and try \
         again."
    );
}

#[tokio::test]
async fn an_unverified_key_is_stored_if_it_replaces_nothing_that_works() {
    let empty = world(breaks, None, None);
    let stored = empty.sign_in(NEW, false).await.unwrap();
    assert_eq!(stored.unverified.as_deref(), Some("the server answered 502"));
    let document = empty.store.read().unwrap();
    let Some(Credential::ApiKey(stored)) = document.get(&ProfileName::default()) else { panic!("no key") };
    assert_eq!(stored.verified, Some(false));
    let never_verified = KeyCredential { verified: Some(false), ..KeyCredential::new(Secret::new(OLD)) };
    let world = world(breaks, Some(never_verified.into()), None);
    world.sign_in(NEW, false).await.unwrap();
    assert_eq!(world.stored().as_deref(), Some(NEW));
}

#[tokio::test]
async fn an_unverified_key_replaces_a_working_one_only_after_confirmation() {
    let world_with = |answer| world(breaks, Some(key(OLD)), answer);
    for answer in [None, Some(false)] {
        let world = world_with(answer);
        let kind = world.sign_in(NEW, false).await.unwrap_err();
        assert!(matches!(kind, ErrorKind::KeyUnverified { .. }), "{kind:?}");
        assert_eq!(world.context.error(kind).exit_code() as u8, 3);
        assert_eq!(world.stored().as_deref(), Some(OLD));
    }
    for (answer, force) in [(Some(true), false), (None, true)] {
        let world = world_with(answer);
        world.sign_in(NEW, force).await.unwrap();
        assert_eq!(world.stored().as_deref(), Some(NEW));
    }
}

#[tokio::test]
async fn a_key_replaces_a_key_at_once_and_a_session_only_after_confirmation() {
    let keyed = world(accepts, Some(key(OLD)), None);
    keyed.sign_in(NEW, false).await.unwrap();
    assert_eq!(keyed.stored().as_deref(), Some(NEW));
    let signed_in = world(accepts, Some(session().into()), None);
    assert!(matches!(signed_in.sign_in(NEW, false).await, Err(ErrorKind::Usage { .. })));
    assert_eq!(signed_in.stored().as_deref(), Some("session"));
    signed_in.sign_in(NEW, true).await.unwrap();
    assert_eq!(signed_in.stored().as_deref(), Some(NEW));
}
