use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chrono::{DateTime, Utc};

use super::*;
use crate::Dependencies;
use crate::base_url::BaseUrl;
use crate::globals::Globals;
use crate::testing::{
    ManualClock, MemoryStore, RecordingUi, TempFolder, TestResponse, TestServer, app, session,
};

const FRESH: TokenNeed = TokenNeed::Fresh { min_ttl: Duration::from_secs(60) };

/// An authorization server, a clock and a store around one session.
struct World {
    context: Arc<Context>,
    clock: Arc<ManualClock>,
    store: Arc<MemoryStore>,
    ui: Arc<RecordingUi>,
    refreshes: Arc<AtomicUsize>,
    _server: TestServer,
    _home: TempFolder,
}

fn expiry() -> DateTime<Utc> {
    session().access_expires_at
}

fn world(token_endpoint: fn() -> TestResponse) -> World {
    let refreshes = Arc::new(AtomicUsize::new(0));
    let counter = refreshes.clone();
    let server = TestServer::start(move |request| {
        if request.path.starts_with("/.well-known/") {
            let at = |path| format!("http://{}{path}", request.host);
            return TestResponse::json(&serde_json::json!({
                "issuer": at(""),
                "authorization_endpoint": at("/oauth/authorize"),
                "token_endpoint": at("/oauth/token"),
            }));
        }
        assert!(
            request.body.contains("grant_type=refresh_token") && request.body.contains("client_id=acme-cli")
        );
        counter.fetch_add(1, Ordering::SeqCst);
        token_endpoint()
    });
    let home = TempFolder::new();
    let stored = OauthCredential { issuer: BaseUrl::parse(&server.url("")).unwrap(), ..session() };
    let store = Arc::new(MemoryStore::holding(&ProfileName::default(), stored.into()));
    let clock = Arc::new(ManualClock::at(expiry() - TimeDelta::hours(1)));
    let ui = Arc::new(RecordingUi::default());
    let dependencies = Dependencies {
        environment: Some([("HOME", home.path().to_str().unwrap())].into()),
        store: Some(store.clone()),
        clock: clock.clone(),
        ui: Some(ui.clone()),
        ..Dependencies::default()
    };
    let globals = Globals { no_retry: true, ..Globals::default() };
    let context =
        Arc::new(Context::new(&app().dependencies(dependencies).build().unwrap(), &globals).unwrap());
    World { context, clock, store, ui, refreshes, _server: server, _home: home }
}

fn new_tokens() -> TestResponse {
    TestResponse::json(&serde_json::json!({
        "access_token": "access-2", "token_type": "Bearer", "expires_in": 28800, "refresh_token": "refresh-2",
        "refresh_token_timeout": 7_776_000, "scope": "deployments:read"
    }))
}

fn invalid_grant() -> TestResponse {
    TestResponse::json(&serde_json::json!({ "error": "invalid_grant" })).with_status(400)
}

fn switched_off() -> TestResponse {
    TestResponse::json(
        &serde_json::json!({ "error": "access_denied", "error_code": "personal_tokens_disabled" }),
    )
    .with_status(403)
}

fn unavailable() -> TestResponse {
    TestResponse::status(503)
}

impl World {
    fn expire(&self) {
        self.clock.advance(TimeDelta::hours(2));
    }

    fn stored(&self) -> OauthCredential {
        self.context.stored_session().unwrap().unwrap()
    }

    async fn obtain(&self, want: TokenNeed) -> Result<OauthCredential, ErrorKind> {
        obtain(&self.context, &self.stored(), want).await
    }

    fn refreshes(&self) -> usize {
        self.refreshes.load(Ordering::SeqCst)
    }
}

#[tokio::test]
async fn a_valid_token_is_used_without_a_request() {
    let world = world(new_tokens);
    assert_eq!(world.obtain(FRESH).await.unwrap().access_token.expose(), "access");
    assert_eq!(world.refreshes(), 0);
}

#[tokio::test]
async fn concurrent_requests_at_expiry_share_one_refresh() {
    let world = world(new_tokens);
    world.expire();
    let tasks: Vec<_> = (0..24)
        .map(|_| {
            let (context, chosen) = (world.context.clone(), world.stored());
            tokio::spawn(async move { obtain(&context, &chosen, FRESH).await })
        })
        .collect();
    for task in tasks {
        assert_eq!(task.await.unwrap().unwrap().access_token.expose(), "access-2");
    }
    assert_eq!((world.refreshes(), world.stored().generation), (1, 1));
    assert_eq!(world.stored().refresh_token.unwrap().expose(), "refresh-2");
}

#[tokio::test]
async fn an_ended_session_is_marked_and_keeps_its_tokens() {
    let world = world(invalid_grant);
    world.expire();
    assert_eq!(world.obtain(FRESH).await.err(), Some(ErrorKind::RefreshFailed));
    let stored = world.stored();
    assert_eq!(stored.state, CredentialState::NeedsLogin);
    assert_eq!(stored.refresh_token.unwrap().expose(), "refresh");
    assert_eq!(world.obtain(FRESH).await.err(), Some(ErrorKind::RefreshFailed));
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test]
async fn if_the_refresh_fails_a_token_that_is_still_valid_is_used() {
    let world = world(unavailable);
    world.clock.advance(TimeDelta::minutes(59) + TimeDelta::seconds(30));
    assert_eq!(world.obtain(FRESH).await.unwrap().access_token.expose(), "access");
    world.expire();
    assert!(matches!(world.obtain(FRESH).await, Err(ErrorKind::ServerError { status: 503, .. })));
    assert_eq!(world.stored().state, CredentialState::Ok);
}

#[tokio::test]
async fn disabled_tokens_name_the_organization_and_keep_the_session() {
    let world = world(switched_off);
    world.expire();
    match world.obtain(FRESH).await {
        Err(ErrorKind::TokensDisabled { organization, settings_url, .. }) => {
            assert_eq!(organization.as_deref(), Some("Analytical"));
            assert!(settings_url.unwrap().ends_with("/o/analytical/settings/api-access"));
        }
        other => panic!("{other:?}"),
    }
    let stored = world.stored();
    assert_eq!((stored.state, stored.generation), (CredentialState::Ok, 0));
}

#[tokio::test]
async fn a_token_that_cannot_be_stored_is_used_with_a_notice() {
    let world = world(new_tokens);
    world.expire();
    world.store.refuse_writes();
    assert_eq!(world.obtain(FRESH).await.unwrap().access_token.expose(), "access-2");
    assert_eq!(world.ui.notices().len(), 1);
}

#[tokio::test]
async fn a_rejected_token_is_replaced_once() {
    let world = world(new_tokens);
    let want = TokenNeed::NewerThan { generation: 0 };
    assert_eq!(world.obtain(want).await.unwrap().generation, 1);
    assert_eq!(world.obtain(want).await.unwrap().generation, 1);
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test]
async fn a_session_of_another_server_is_neither_used_nor_refreshed() {
    let world = world(new_tokens);
    world.expire();
    let stored = world.stored();
    let other = BaseUrl::parse("https://other.example").unwrap();
    let tenant = BaseUrl::parse(&format!("{}/tenant", stored.issuer)).unwrap();
    for chosen in [
        OauthCredential { issuer: other.clone(), ..stored.clone() },
        OauthCredential { api_base: other, ..stored.clone() },
        OauthCredential { issuer: tenant, ..stored.clone() },
    ] {
        match obtain(&world.context, &chosen, FRESH).await {
            Err(ErrorKind::HostMismatch { asked, bound, .. }) => assert_ne!(asked, bound),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(world.refreshes(), 0);
}
