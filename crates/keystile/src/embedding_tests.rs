//! The library as another tool uses it: through its public items, on a runtime with one thread.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::{Value, json};

use super::testing::{ManualClock, MemoryStore, TempFolder, TestRequest, TestResponse, TestServer, session};
use super::*;

/// A tool whose profile holds a session, and a server that is its issuer and its API.
struct World {
    app: App,
    store: Arc<MemoryStore>,
    server: TestServer,
    clock: Arc<ManualClock>,
    refreshes: Arc<AtomicUsize>,
    /// How long the token endpoint takes, in milliseconds.
    token_delay: Arc<AtomicU64>,
    /// How long the revocation endpoint takes, in milliseconds.
    revoke_delay: Arc<AtomicU64>,
    /// The requests for the metadata.
    discoveries: Arc<AtomicUsize>,
    /// Whether the token endpoint answers 503.
    #[cfg_attr(not(feature = "tower"), expect(dead_code, reason = "only the tests of the layer need it"))]
    fails: Arc<AtomicBool>,
    _home: TempFolder,
}

/// The `Authorization` headers of the requests to the API.
type Seen = Arc<Mutex<Vec<String>>>;

fn expiry() -> DateTime<Utc> {
    session().access_expires_at
}

fn world(api: impl Fn(TestRequest) -> TestResponse + Send + 'static) -> World {
    world_with(api, Err)
}

/// `wrap` may replace the credential store.
fn world_with(
    api: impl Fn(TestRequest) -> TestResponse + Send + 'static,
    wrap: impl FnOnce(Arc<MemoryStore>) -> Result<Arc<dyn CredentialStore>, Arc<MemoryStore>>,
) -> World {
    let refreshes = Arc::new(AtomicUsize::new(0));
    let fails = Arc::new(AtomicBool::new(false));
    let (counter, failing) = (refreshes.clone(), fails.clone());
    let token_delay = Arc::new(AtomicU64::new(0));
    let delay = token_delay.clone();
    let (revoke_delay, discoveries) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicUsize::new(0)));
    let (revocation, lookups) = (revoke_delay.clone(), discoveries.clone());
    let server = TestServer::start(move |request| {
        let at = |path| format!("http://{}{path}", request.host);
        match request.path.as_str() {
            path if path.starts_with("/.well-known/") => {
                lookups.fetch_add(1, Ordering::SeqCst);
                TestResponse::json(&json!({
                    "issuer": at(""), "authorization_endpoint": at("/oauth/authorize"),
                    "token_endpoint": at("/oauth/token"), "revocation_endpoint": at("/oauth/revoke"),
                }))
            }
            "/oauth/token" if failing.load(Ordering::SeqCst) => TestResponse::status(503),
            "/oauth/token" => {
                std::thread::sleep(Duration::from_millis(delay.load(Ordering::SeqCst)));
                let number = counter.fetch_add(1, Ordering::SeqCst) + 2;
                TestResponse::json(&json!({
                    "access_token": format!("access-{number}"), "token_type": "Bearer", "expires_in": 28800,
                    "refresh_token": format!("refresh-{number}"),
                }))
            }
            "/oauth/revoke" => {
                std::thread::sleep(Duration::from_millis(revocation.load(Ordering::SeqCst)));
                TestResponse::status(200)
            }
            _ => api(request),
        }
    });
    let home = TempFolder::new();
    let address = BaseUrl::parse(&server.url("")).unwrap();
    let stored = OauthCredential { issuer: address.clone(), api_base: address, ..session() };
    let store = Arc::new(MemoryStore::holding(&ProfileName::default(), stored.into()));
    let memory = store.clone();
    let store = wrap(store).unwrap_or_else(|store| store);
    let clock = Arc::new(ManualClock::at(expiry() - TimeDelta::hours(1)));
    let dependencies = Dependencies::default()
        .environment(Environment::from([("HOME", home.path().to_str().unwrap()), ("CI", "1")]))
        .store(store)
        .clock(clock.clone());
    let app = testing::app().issuer(server.url("")).dependencies(dependencies).build().unwrap();
    World {
        app,
        store: memory,
        server,
        clock,
        refreshes,
        fails,
        token_delay,
        revoke_delay,
        discoveries,
        _home: home,
    }
}

/// An API that answers 401 to the tokens that `accepts` refuses.
fn api(seen: &Seen, accepts: fn(&str) -> bool) -> impl Fn(TestRequest) -> TestResponse + Send + 'static {
    let seen = seen.clone();
    move |request| {
        let token = request.authorization.unwrap_or_default();
        seen.lock().unwrap().push(token.clone());
        if accepts(&token) {
            TestResponse::json(&json!({ "path": request.path, "body": request.body }))
        } else {
            TestResponse::status(401)
        }
    }
}

impl World {
    async fn session(&self) -> Session {
        self.app.session(&Globals::default()).await.unwrap()
    }

    fn refreshes(&self) -> usize {
        self.refreshes.load(Ordering::SeqCst)
    }

    fn stored(&self) -> Option<Credential> {
        self.store.read().unwrap().get(&ProfileName::default()).cloned()
    }

    /// Waits until the store has the refreshed session and its lock is free.
    fn wait_for_refresh(&self) {
        let started = Instant::now();
        loop {
            let Some(Credential::Oauth(stored)) = self.stored() else { panic!("no session") };
            let is_rotated = stored.refresh_token.as_ref().unwrap().expose() == "refresh-2";
            if is_rotated && self.store.try_lock(&ProfileName::default()).unwrap().is_some() {
                return;
            }
            assert!(started.elapsed() < Duration::from_secs(20), "the refreshed session is not stored");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Stores a credential as another process would.
    fn replace(&self, credential: &Credential) {
        let generation = self.stored().map(|stored| stored.generation());
        let swap = self.store.compare_and_swap(&ProfileName::default(), generation, Some(credential));
        assert_eq!(swap.unwrap(), SwapResult::Done);
    }

    fn blocking(&self) -> blocking::App {
        blocking::App::new(self.app.clone(), Globals::default()).unwrap()
    }
}

/// Runs work on a runtime with one thread, beside a task that ticks every 10 ms. Returns the longest pause of the ticks.
fn longest_pause<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let longest = Arc::new(Mutex::new(Duration::ZERO));
        let record = longest.clone();
        tokio::spawn(async move {
            let mut last = Instant::now();
            loop {
                tokio::time::sleep(Duration::from_millis(10)).await;
                let mut longest = record.lock().unwrap();
                *longest = last.elapsed().max(*longest);
                last = Instant::now();
            }
        });
        tokio::time::sleep(Duration::from_millis(30)).await;
        let done = work.await;
        tokio::time::sleep(Duration::from_millis(30)).await;
        let longest = *longest.lock().unwrap();
        (done, longest)
    })
}

/// A store whose calls take this long, as on a slow disk.
struct SlowStore(Arc<MemoryStore>);

const SLOW: Duration = Duration::from_millis(400);

impl CredentialStore for SlowStore {
    fn read(&self) -> Result<CredentialDocument, ErrorKind> {
        std::thread::sleep(SLOW);
        self.0.read()
    }

    fn probe(&self) -> Result<(), ErrorKind> {
        std::thread::sleep(SLOW);
        self.0.probe()
    }

    fn try_lock(&self, profile: &ProfileName) -> Result<Option<Box<dyn ProfileLock>>, ErrorKind> {
        std::thread::sleep(SLOW);
        self.0.try_lock(profile)
    }

    fn compare_and_swap(
        &self,
        profile: &ProfileName,
        expected: Option<u64>,
        credential: Option<&Credential>,
    ) -> Result<SwapResult, ErrorKind> {
        std::thread::sleep(SLOW);
        self.0.compare_and_swap(profile, expected, credential)
    }

    fn move_damaged_aside(&self) -> Result<String, ErrorKind> {
        self.0.move_damaged_aside()
    }

    fn location(&self) -> std::path::PathBuf {
        self.0.location()
    }
}

#[test]
fn ch_21_a_slow_disk_does_not_stop_the_runtime() {
    let world = world_with(|_| TestResponse::json(&json!({})), |store| Ok(Arc::new(SlowStore(store))));
    world.clock.advance(TimeDelta::hours(2));
    let (token, pause) = longest_pause(async {
        let session = world.session().await;
        let token = session.access_token(Duration::from_secs(60)).await.unwrap();
        world.app.logout(&Globals::default()).await.unwrap().unwrap();
        token.secret().to_owned()
    });
    assert_eq!(token, "access-2");
    assert!(pause < SLOW, "{pause:?}");
}

#[test]
fn ch_21_a_lock_that_another_process_holds_does_not_stop_the_runtime() {
    let store = Arc::new(Mutex::new(None));
    let keep = store.clone();
    let world = world_with(
        |_| TestResponse::json(&json!({})),
        |memory| {
            *keep.lock().unwrap() = Some(memory.clone());
            Err(memory)
        },
    );
    world.clock.advance(TimeDelta::hours(2));
    let memory: Arc<MemoryStore> = store.lock().unwrap().take().unwrap();
    let lock = memory.try_lock(&ProfileName::default()).unwrap().unwrap();
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(600));
        drop(lock);
    });
    let started = Instant::now();
    let (token, pause) =
        longest_pause(async { world.session().await.access_token(Duration::from_secs(60)).await.unwrap() });
    assert_eq!(token.secret(), "access-2");
    assert!(started.elapsed() > Duration::from_millis(600));
    assert!(pause < Duration::from_millis(400), "{pause:?}");
}

#[tokio::test]
async fn ch_21_a_request_of_another_client_is_signed_for_the_api_only() {
    let world = world(|_| TestResponse::status(404));
    let session = world.session().await;
    let mut request = Request::get(world.server.url("/v1/x")).body(()).unwrap();
    session.authorize(&mut request).await.unwrap();
    let header = &request.headers()[header::AUTHORIZATION];
    assert_eq!((header.to_str().unwrap(), header.is_sensitive()), ("Bearer access", true));
    for elsewhere in ["https://evil.example/v1/x", "http://127.0.0.1:1/v1/x", "https://api.acme.dev/"] {
        let mut request = Request::get(elsewhere).body(()).unwrap();
        let error = session.authorize(&mut request).await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::HostMismatch { .. }), "{elsewhere} {error}");
        assert!(request.headers().is_empty());
        assert!(session.reauthorize(&mut request).await.is_err());
    }
    let mut relative = Request::get("/v1/x").body(()).unwrap();
    assert!(matches!(session.authorize(&mut relative).await.unwrap_err().kind(), ErrorKind::Usage { .. }));
}

#[tokio::test]
async fn ch_21_a_rejected_request_of_another_client_gets_one_newer_token() {
    let world = world(|_| TestResponse::status(404));
    let session = world.session().await;
    let mut request = Request::get(world.server.url("/v1/x")).body(()).unwrap();
    session.authorize(&mut request).await.unwrap();
    let mut other = request.clone();
    assert!(session.reauthorize(&mut request).await.unwrap());
    assert_eq!(request.headers()[header::AUTHORIZATION], "Bearer access-2");
    // The token of the other request is an old one already.
    assert!(session.reauthorize(&mut other).await.unwrap());
    assert_eq!(other.headers()[header::AUTHORIZATION], "Bearer access-2");
    // An API that rejects every token does not get a refresh for each request.
    assert!(!session.reauthorize(&mut request).await.unwrap());
    assert_eq!(world.refreshes(), 1);
}

#[cfg(feature = "tower")]
#[tokio::test]
async fn ch_21_the_layer_signs_the_requests_of_another_client_and_refreshes_after_a_401() {
    let seen = Seen::default();
    let world = world(api(&seen, |token| token == "Bearer access-2"));
    let session = world.session().await;
    let client = reqwest::Client::new();
    let layered = session.layer().wrap(client.clone());
    let url = session.url(["v1", "a/b"]).await.unwrap();
    let response = layered.send(client.post(&url).body("hello").build().unwrap()).await.unwrap();
    let document: Value = serde_json::from_slice(&response.bytes().await.unwrap()).unwrap();
    assert_eq!(document, json!({ "path": "/v1/a%2Fb", "body": "hello" }));
    assert_eq!(*seen.lock().unwrap(), ["Bearer access", "Bearer access-2"]);

    let elsewhere = layered.send(client.get("https://evil.example/").build().unwrap()).await;
    assert!(matches!(elsewhere.unwrap_err().kind(), ErrorKind::HostMismatch { .. }));
}

#[cfg(feature = "tower")]
#[tokio::test]
async fn ch_21_an_error_of_the_client_below_the_layer_is_the_source() {
    let world = world(|_| TestResponse::hang_up());
    let session = world.session().await;
    let client = reqwest::Client::new();
    let request = client.get(world.server.url("/x")).build().unwrap();
    let error = session.layer().wrap(client).send(request).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unreachable { .. }), "{error}");
    let source = std::error::Error::source(&error).unwrap();
    assert!(source.downcast_ref::<reqwest::Error>().is_some());
}

#[test]
fn ch_21_the_blocking_facade_calls_signs_out_and_forgets() {
    let seen = Seen::default();
    let world = world(api(&seen, |token| token == "Bearer access"));
    let tool = world.blocking();
    let answer: Value = tool.fetch(|api| api.get(["v1", "forecast", "../x"]).query("units", "a b")).unwrap();
    assert_eq!(answer["path"], "/v1/forecast/..%2Fx?units=a+b");
    let answer = tool.send(|api| api.post("/v1/x").json(&json!({ "a": 1 }))).unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(tool.access_token(Duration::ZERO).unwrap().secret(), "access");
    assert!(tool.logout().unwrap().unwrap().not_revoked.is_none());
    assert!(tool.logout().unwrap().is_none());
    assert_eq!(tool.access_token(Duration::ZERO).unwrap_err().exit_code(), Exit::Auth);
}

#[test]
fn ch_21_the_blocking_facade_works_inside_of_a_runtime() {
    let seen = Seen::default();
    let world = world(api(&seen, |_| true));
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async {
        let tool = world.blocking();
        let answer: Value = tool.fetch(|api| api.get("/v1/x")).unwrap();
        assert_eq!(answer["path"], "/v1/x");
        // Its runtime is dropped inside of this one.
        drop(tool);
    });
}

/// An API whose one response has no length and comes in parts: each is sent once the test says so. Returns the options to
/// call it with, and how to say so.
fn api_in_parts(parts: Vec<String>) -> (Globals, mpsc::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (go_on, may_send) = mpsc::channel();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        lines.map(Result::unwrap).find(String::is_empty).unwrap();
        stream.write_all(b"HTTP/1.1 200 OK\r\nconnection: close\r\n\r\n").unwrap();
        for part in parts {
            may_send.recv_timeout(Duration::from_secs(60)).unwrap();
            stream.write_all(part.as_bytes()).unwrap();
        }
    });
    let globals = Globals {
        api_key: Some(Secret::new("acme_live_0123456789abcdefghij")),
        api_base: Some(BaseUrl::parse(&address).unwrap()),
        ..Globals::default()
    };
    (globals, go_on)
}

#[tokio::test]
async fn ch_21_a_body_is_read_in_parts_up_to_the_limit() {
    let world = world(|_| TestResponse::text(&"x".repeat(300_000)));
    let (globals, go_on) = api_in_parts(vec!["x".repeat(100_000); 3]);
    let session = world.app.session(&globals).await.unwrap();
    let mut stream = session.client().get("/v1/x").limit(250_000).stream().await.unwrap();
    assert_eq!(stream.status(), 200);
    let mut length = 0;
    // Each part is there before the next one has been sent.
    for sent in [100_000, 200_000] {
        go_on.send(()).unwrap();
        while length < sent {
            length += stream.chunk().await.unwrap().unwrap().len();
        }
        assert_eq!(length, sent);
    }
    go_on.send(()).unwrap();
    let error = loop {
        match stream.chunk().await {
            Ok(part) => assert!(part.is_some()),
            Err(error) => break error,
        }
    };
    assert!(matches!(error.kind(), ErrorKind::InvalidResponse { .. }), "{error}");
    // A length that is said in advance is refused before the body.
    let session = world.session().await;
    let error = session.client().get("/v1/x").limit(200_000).stream().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::InvalidResponse { .. }), "{error}");
}

#[tokio::test]
async fn ch_21_a_part_that_is_there_after_the_timeout_is_not_returned() {
    let world = world(|_| TestResponse::status(200));
    let (globals, go_on) = api_in_parts(vec!["x".to_owned(); 2]);
    let session = world.app.session(&globals).await.unwrap();
    let timeout = Duration::from_millis(500);
    let mut stream = session.client().get("/v1/x").timeout(timeout).stream().await.unwrap();
    go_on.send(()).unwrap();
    assert_eq!(stream.chunk().await.unwrap().unwrap(), b"x");
    go_on.send(()).unwrap();
    tokio::time::sleep(timeout).await;
    let error = stream.chunk().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unreachable { .. }), "{error}");
}

#[tokio::test]
async fn ch_21_of_an_endless_refusal_no_more_than_a_part_is_read() {
    let world = world(|_| TestResponse::status(200));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = BaseUrl::parse(&format!("http://{}", listener.local_addr().unwrap())).unwrap();
    let sender = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let lines = BufReader::new(stream.try_clone().unwrap()).lines();
        lines.map(Result::unwrap).find(String::is_empty).unwrap();
        stream.write_all(b"HTTP/1.1 404 Not Found\r\nconnection: close\r\n\r\n").unwrap();
        let part = vec![b'x'; 1 << 16];
        let mut sent = 0;
        while stream.write_all(&part).is_ok() {
            sent += part.len();
        }
        sent
    });
    let globals = Globals {
        api_key: Some(Secret::new("acme_live_0123456789abcdefghij")),
        api_base: Some(address),
        ..Globals::default()
    };
    let session = world.app.session(&globals).await.unwrap();
    let error = session.client().get("/v1/x").stream().await.unwrap_err();
    assert_eq!(error.exit_code(), Exit::NotFound, "{error}");
    // 1 MiB is read; the rest is what the buffers of the two sockets hold.
    // Awaited, because the runtime closes the connection.
    let sent = tokio::task::spawn_blocking(|| sender.join().unwrap()).await.unwrap();
    assert!(sent < 32 << 20, "{sent} bytes");
}

#[tokio::test]
async fn ch_21_a_stream_refreshes_after_a_401_and_fails_with_the_error_of_the_api() {
    let seen = Seen::default();
    let world = world(api(&seen, |token| token == "Bearer access-2"));
    let session = world.session().await;
    let mut stream = session.client().get("/v1/x").stream().await.unwrap();
    assert!(stream.chunk().await.unwrap().is_some());
    assert_eq!(*seen.lock().unwrap(), ["Bearer access", "Bearer access-2"]);
    let refused = world_with(|_| TestResponse::status(404), Err);
    let error = refused.session().await.client().get("/v1/x").stream().await.unwrap_err();
    assert_eq!(error.exit_code(), Exit::NotFound);
}

#[tokio::test]
async fn ch_21_a_call_ends_at_the_timeout_of_the_caller() {
    let world = world(|request| {
        if request.path == "/slow" {
            std::thread::sleep(Duration::from_millis(1500));
        }
        TestResponse::status(503)
    });
    let session = world.session().await;
    let timeout = Duration::from_millis(300);
    for request in [session.client().get("/fails"), session.client().get("/slow")] {
        let started = Instant::now();
        assert!(request.timeout(timeout).send().await.is_err());
        assert!(started.elapsed() < Duration::from_millis(1200), "{:?}", started.elapsed());
    }
    let started = Instant::now();
    let error = session.client().get("/slow").timeout(timeout).stream().await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::Unreachable { .. }), "{error}");
    assert!(started.elapsed() < Duration::from_millis(1200));
}

#[tokio::test]
async fn ch_21_a_refresh_goes_on_if_its_caller_is_cancelled() {
    let world = world_with(|_| TestResponse::json(&json!({})), |store| Ok(Arc::new(SlowStore(store))));
    world.clock.advance(TimeDelta::hours(2));
    let session = world.session().await;
    // Ends after the second of five calls of the store, which takes the lock.
    let cancelled = tokio::time::timeout(SLOW * 5 / 2, session.access_token(Duration::from_secs(60))).await;
    assert!(cancelled.is_err());
    tokio::time::sleep(SLOW * 6).await;
    assert_eq!(world.refreshes(), 1);
    assert_eq!(session.access_token(Duration::from_secs(60)).await.unwrap().secret(), "access-2");
    assert_eq!(world.refreshes(), 1);
}

#[tokio::test]
async fn ch_21_the_token_of_another_server_is_not_sent_to_the_api_of_a_session() {
    let seen = Seen::default();
    let world = world(api(&seen, |_| true));
    let session = world.session().await;
    let Some(Credential::Oauth(stored)) = world.stored() else { panic!("no session") };
    let other = BaseUrl::parse("https://other.example").unwrap();
    let issuer_only = OauthCredential { issuer: other.clone(), ..(*stored).clone() };
    let both = OauthCredential { api_base: other, ..issuer_only.clone() };
    for replacement in [issuer_only, both] {
        let token = Secret::new("access-of-other");
        world.replace(&OauthCredential { access_token: token, ..replacement }.into());
        let error = session.client().get("/v1/x").send().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::HostMismatch { .. }), "{error}");
        assert!(error.to_string().contains("other.example"), "{error}");
        let mut request = Request::get(world.server.url("/v1/x")).body(()).unwrap();
        assert!(session.authorize(&mut request).await.is_err());
        assert!(request.headers().is_empty());
        assert!(session.access_token(Duration::ZERO).await.is_err());
    }
    assert!(seen.lock().unwrap().is_empty());
}

#[test]
fn ch_21_a_refresh_of_the_blocking_facade_goes_on_after_the_timeout_of_its_caller() {
    for is_dropped in [false, true] {
        let seen = Seen::default();
        let world = world(api(&seen, |_| true));
        world.clock.advance(TimeDelta::hours(2));
        world.token_delay.store(1000, Ordering::SeqCst);
        let tool = world.blocking();
        let call = tool.send(|api| api.get("/v1/x").timeout(Duration::from_millis(400)));
        assert!(matches!(call.unwrap_err().kind(), ErrorKind::Unreachable { .. }));
        let tool = (!is_dropped).then_some(tool);
        world.wait_for_refresh();
        if let Some(tool) = tool {
            assert_eq!(tool.access_token(Duration::from_secs(60)).unwrap().secret(), "access-2");
        }
        assert_eq!(world.refreshes(), 1);
    }
}

#[test]
fn ch_21_a_refresh_goes_on_if_the_runtime_of_its_caller_ends() {
    let world = world(|_| TestResponse::status(404));
    world.clock.advance(TimeDelta::hours(2));
    world.token_delay.store(1000, Ordering::SeqCst);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let limit = Duration::from_millis(400);
    runtime.block_on(async {
        let session = world.session().await;
        let cancelled = tokio::time::timeout(limit, session.access_token(Duration::from_secs(60))).await;
        assert!(cancelled.is_err());
    });
    drop(runtime);
    world.wait_for_refresh();
    assert_eq!(world.refreshes(), 1);
}

#[test]
fn ch_21_the_blocking_facade_forgets_what_another_thread_selects_during_a_logout() {
    let seen = Seen::default();
    let world = world(api(&seen, |_| true));
    world.revoke_delay.store(1000, Ordering::SeqCst);
    let tool = world.blocking();
    std::thread::scope(|scope| {
        let logout = scope.spawn(|| tool.logout().unwrap().unwrap());
        std::thread::sleep(Duration::from_millis(300));
        assert_eq!(tool.access_token(Duration::ZERO).unwrap().secret(), "access");
        logout.join().unwrap();
    });
    let key = "acme_live_0123456789abcdefghij";
    world.replace(&serde_json::from_value(json!({ "kind": "api_key", "api_key": key })).unwrap());
    assert_eq!(tool.access_token(Duration::ZERO).unwrap().secret(), key);
}

#[test]
fn ch_21_a_logout_does_not_wait_long_for_a_server_that_hangs() {
    let world = world(|_| TestResponse::status(404));
    world.revoke_delay.store(60_000, Ordering::SeqCst);
    let started = Instant::now();
    let signed_out = world.blocking().logout().unwrap().unwrap();
    assert!(started.elapsed() < Duration::from_secs(15), "{:?}", started.elapsed());
    assert!(matches!(signed_out.not_revoked.unwrap().kind(), ErrorKind::Unreachable { .. }));
    assert!(world.stored().is_none());
    assert!(world.store.try_lock(&ProfileName::default()).unwrap().is_some());
}

#[tokio::test]
async fn ch_21_the_api_of_a_key_is_looked_up_once() {
    let seen = Seen::default();
    let world = world(api(&seen, |_| true));
    let globals =
        Globals { api_key: Some(Secret::new("acme_live_0123456789abcdefghij")), ..Globals::default() };
    let session = world.app.session(&globals).await.unwrap();
    for _ in 0..3 {
        session.clone().client().get("/v1/x").send().await.unwrap();
    }
    assert_eq!(seen.lock().unwrap().len(), 3);
    assert_eq!(world.discoveries.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn ch_21_the_text_of_an_error_does_not_outlast_the_timeout_of_the_call() {
    let issuer = TestServer::start(|_| {
        std::thread::sleep(Duration::from_secs(60));
        TestResponse::status(200)
    });
    let world = world(|_| TestResponse::status(403));
    let globals = Globals {
        api_key: Some(Secret::new("acme_live_0123456789abcdefghij")),
        issuer: Some(BaseUrl::parse(&issuer.url("")).unwrap()),
        api_base: Some(BaseUrl::parse(&world.server.url("")).unwrap()),
        ..Globals::default()
    };
    let session = world.app.session(&globals).await.unwrap();
    for (timeout, most) in [(Some(500), 1500), (None, 4000)] {
        let started = Instant::now();
        let request = session.client().get("/v1/x");
        let request = match timeout {
            Some(timeout) => request.timeout(Duration::from_millis(timeout)),
            None => request,
        };
        let error = request.send().await.unwrap_err();
        assert!(matches!(error.kind(), ErrorKind::Forbidden { .. }), "{error}");
        assert!(started.elapsed() < Duration::from_millis(most), "{:?}", started.elapsed());
    }
}

#[tokio::test]
async fn ch_01_an_error_masks_a_token_that_a_server_repeats() {
    let world = world(|request| {
        let token = request.authorization.unwrap_or_default();
        let message = format!("{token} is not welcome");
        TestResponse::json(&json!({ "error": { "code": "forbidden", "message": message } })).with_status(403)
    });
    world.clock.advance(TimeDelta::hours(2));
    let error = world.session().await.client().get("/v1/things").send().await.unwrap_err();
    let ErrorKind::Forbidden { message, .. } = error.kind() else { panic!("{error:?}") };
    assert!(message.contains("access-2"), "{message}");
    for text in [error.to_string(), format!("{error:?}"), error.to_json().to_string()] {
        assert!(!text.contains("access-2") && text.contains("is not welcome"), "{text}");
    }
}

#[tokio::test]
async fn ch_21_a_header_can_have_several_values() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let values = seen.clone();
    let world = world(move |request| {
        let tags = request.headers.into_iter().filter(|(name, _)| name == "x-tag" || name == "accept");
        values.lock().unwrap().extend(tags.map(|(_, value)| value));
        TestResponse::json(&json!({}))
    });
    let session = world.session().await;
    let mut request = session.client().get("/v1/things");
    for (name, value) in [("x-tag", "one"), ("x-tag", "two"), ("accept", "text/csv")] {
        request = request.header(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    request.send().await.unwrap();
    assert_eq!(*seen.lock().unwrap(), ["one", "two", "text/csv"]);
}

#[cfg(feature = "tower")]
#[tokio::test]
async fn ch_21_after_a_401_to_a_body_that_cannot_be_sent_again_the_next_request_has_a_newer_token() {
    let seen = Seen::default();
    let world = world(api(&seen, |token| token == "Bearer access-2"));
    let layered = world.session().await.layer().wrap(reqwest::Client::new());
    for expected in [401, 200] {
        let body = reqwest::Body::wrap(http_body_util::Full::<&[u8]>::new(b"hello"));
        let request = reqwest::Client::new().post(world.server.url("/v1/x")).body(body).build().unwrap();
        assert!(request.try_clone().is_none());
        assert_eq!(layered.send(request).await.unwrap().status(), expected);
    }
}

#[cfg(feature = "tower")]
#[tokio::test]
async fn ch_21_a_401_is_returned_if_no_newer_token_can_be_had_right_now() {
    let world = world(|_| TestResponse::status(401));
    world.fails.store(true, Ordering::SeqCst);
    let layered = world.session().await.layer().wrap(reqwest::Client::new());
    let request = reqwest::Client::new().get(world.server.url("/v1/x")).build().unwrap();
    assert_eq!(layered.send(request).await.unwrap().status(), 401);
}

#[cfg(feature = "tower")]
#[tokio::test]
async fn ch_21_the_layer_wraps_a_client_whose_errors_are_boxed() {
    /// An error like those of the tower layers.
    #[derive(Clone)]
    struct Busy;

    impl tower_service::Service<reqwest::Request> for Busy {
        type Response = reqwest::Response;
        type Error = Box<dyn std::error::Error + Send + Sync>;
        type Future = std::future::Pending<Result<reqwest::Response, Self::Error>>;

        fn poll_ready(&mut self, _: &mut std::task::Context<'_>) -> std::task::Poll<Result<(), Self::Error>> {
            std::task::Poll::Ready(Err("service overloaded".into()))
        }

        fn call(&mut self, _: reqwest::Request) -> Self::Future {
            std::future::pending()
        }
    }

    let world = world(|_| TestResponse::status(200));
    let request = reqwest::Client::new().get(world.server.url("/v1/x")).build().unwrap();
    let error = world.session().await.layer().wrap(Busy).send(request).await.unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::LocalFailure { .. }), "{error:?}");
    assert_eq!(std::error::Error::source(&error).unwrap().to_string(), "service overloaded");
}

#[cfg(feature = "tower")]
#[tokio::test]
async fn ch_21_the_layer_sends_again_through_a_client_with_one_connection() {
    use std::sync::Weak;
    use std::task::{Context, Poll};

    use oauth2::http::{Request, Response};

    /// A client that is not ready while a response of it exists.
    #[derive(Clone)]
    struct OneConnection(Arc<()>);

    /// The body of a response, which has the connection.
    struct Body(#[expect(dead_code, reason = "counted while it exists")] Weak<()>);

    impl tower_service::Service<Request<()>> for OneConnection {
        type Response = Response<Body>;
        type Error = std::io::Error;
        type Future = std::future::Ready<Result<Self::Response, Self::Error>>;

        fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
            if Arc::weak_count(&self.0) > 0 { Poll::Pending } else { Poll::Ready(Ok(())) }
        }

        fn call(&mut self, request: Request<()>) -> Self::Future {
            let is_new = request.headers()["authorization"] == "Bearer access-2";
            let response = Response::builder().status(if is_new { 200 } else { 401 });
            std::future::ready(Ok(response.body(Body(Arc::downgrade(&self.0))).unwrap()))
        }
    }

    let world = world(|_| TestResponse::status(200));
    let client = OneConnection(Arc::new(()));
    let layered = world.session().await.layer().wrap(client);
    let request = Request::get(world.server.url("/v1/x")).body(()).unwrap();
    let sent = tokio::time::timeout(Duration::from_secs(10), layered.send(request)).await;
    assert_eq!(sent.expect("the first response is dropped").unwrap().status(), 200);
}

#[test]
fn ch_21_texts_name_the_commands_that_a_tool_has() {
    for (group, command) in
        [(None, "acme auth login"), (Some(""), "acme login"), (Some("account"), "acme account login")]
    {
        let mut builder = App::builder("acme").issuer("https://auth.example.com");
        if let Some(group) = group {
            builder = builder.login_group(group);
        }
        let text = builder.build().unwrap().error(ErrorKind::NotAuthenticated).to_string();
        assert!(text.contains(&format!("Run `{command}`")), "{text}");
    }
}
