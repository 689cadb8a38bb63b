//! The clients: tools that refresh, programs that call the API, browsers at the sign-in page. Together they send 100
//! requests per second, whether or not responses keep up.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use reqwest::redirect::Policy;
use reqwest::{Client, RequestBuilder, StatusCode};
use serde_json::Value;
use tokio::task::JoinHandle;

use super::observed::{Observed, Outcome};

/// Client timeout of a request.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);
/// Interval between two requests of a client: 20 clients make 100 requests per second.
const PAUSE: Duration = Duration::from_millis(200);

/// A tool with its latest refresh token.
pub(super) struct Tool {
    pub(super) client_id: String,
    pub(super) refresh: String,
    pub(super) access: String,
}

/// What the clients call.
pub(super) struct Target {
    pub(super) url: String,
    pub(super) tools: Vec<Arc<Mutex<Tool>>>,
    pub(super) key: String,
}

/// The running clients.
pub(super) struct Clients {
    pub(super) observed: Arc<Observed>,
    stop: Arc<AtomicBool>,
    tasks: Vec<JoinHandle<()>>,
}

impl Clients {
    /// Eight tools that refresh, four that call the API, four programs with a key, two browsers, two readers of
    /// metadata and JWKS.
    pub(super) fn start(target: &Target) -> Self {
        let http = || Client::builder().redirect(Policy::none()).no_proxy().timeout(PATIENCE);
        let (http, stranger) = (http().build().unwrap(), http().pool_max_idle_per_host(0).build().unwrap());
        let (observed, stop) = (Arc::new(Observed::new()), Arc::new(AtomicBool::new(false)));
        let url = |path: &str| format!("{}{path}", target.url);
        let mut tasks = Vec::new();
        let client = Caller { http, observed: observed.clone() };
        for tool in &target.tools {
            let (client, url, tool) = (client.clone(), url("/oauth/token"), tool.clone());
            tasks.push(paced(&stop, move || client.clone().refresh(url.clone(), tool.clone())));
        }
        for tool in target.tools.iter().take(4) {
            let (client, url, tool) = (client.clone(), url("/api/v1/whoami"), tool.clone());
            tasks.push(paced(&stop, move || {
                let request = client.http.get(&url).bearer_auth(&lock(&tool).access);
                client.clone().ask(request)
            }));
        }
        for _ in 0..4 {
            let (client, url, key) = (client.clone(), url("/api/v1/verify"), target.key.clone());
            tasks.push(paced(&stop, move || client.clone().ask(client.http.get(&url).bearer_auth(&key))));
        }
        // A new connection for each request.
        let client = Caller { http: stranger, observed: observed.clone() };
        for path in ["/sign-in", "/sign-in", "/.well-known/openid-configuration", "/oauth/jwks"] {
            let (client, url) = (client.clone(), url(path));
            tasks.push(paced(&stop, move || client.clone().ask(client.http.get(&url))));
        }
        Self { observed, stop, tasks }
    }

    pub(super) async fn stop(self) -> Arc<Observed> {
        self.stop.store(true, Ordering::Relaxed);
        for task in self.tasks {
            task.await.unwrap();
        }
        self.observed
    }
}

pub(super) fn lock(tool: &Mutex<Tool>) -> std::sync::MutexGuard<'_, Tool> {
    tool.lock().unwrap_or_else(PoisonError::into_inner)
}

fn paced<R: Future<Output = ()> + Send>(
    stop: &Arc<AtomicBool>,
    mut request: impl FnMut() -> R + Send + 'static,
) -> JoinHandle<()> {
    let stop = stop.clone();
    tokio::spawn(async move {
        let mut clock = tokio::time::interval(PAUSE);
        while !stop.load(Ordering::Relaxed) {
            clock.tick().await;
            request().await;
        }
    })
}

#[derive(Clone)]
struct Caller {
    http: Client,
    observed: Arc<Observed>,
}

impl Caller {
    async fn ask(self, request: RequestBuilder) {
        self.answer(request).await;
    }

    /// Presents the latest refresh token, again after a lost response.
    async fn refresh(self, url: String, tool: Arc<Mutex<Tool>>) {
        let (client_id, presented) = {
            let tool = lock(&tool);
            (tool.client_id.clone(), tool.refresh.clone())
        };
        let form =
            [("grant_type", "refresh_token"), ("client_id", &client_id), ("refresh_token", &presented)];
        let Some(body) = self.answer(self.http.post(url).form(&form)).await else { return };
        let body: Value = serde_json::from_str(&body).unwrap();
        let mut tool = lock(&tool);
        body["refresh_token"].as_str().unwrap().clone_into(&mut tool.refresh);
        body["access_token"].as_str().unwrap().clone_into(&mut tool.access);
    }

    /// Sends a request and records the outcome; returns the body of a 200.
    async fn answer(&self, request: RequestBuilder) -> Option<String> {
        let sent = Instant::now();
        let answer = async {
            let answer = request.send().await?;
            let (url, status, headers) = (answer.url().clone(), answer.status(), answer.headers().clone());
            // An incomplete body counts as no response.
            Ok::<_, reqwest::Error>((url, status, headers, answer.text().await?))
        };
        let Ok((url, status, headers, body)) = answer.await else {
            self.observed.record(Outcome::NoAnswer, sent.elapsed());
            return None;
        };
        if status == StatusCode::OK {
            self.observed.record(Outcome::Ok, sent.elapsed());
            return Some(body);
        }
        if status == StatusCode::SERVICE_UNAVAILABLE && headers.contains_key("retry-after") {
            self.observed.record(Outcome::Unavailable, sent.elapsed());
        } else {
            self.observed.record_wrong(format!("{}: {status}: {body}", url.path()));
        }
        None
    }
}
