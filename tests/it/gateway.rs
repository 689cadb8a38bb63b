//! The gateway example: a real nginx in front of a small API, configured like `examples/gateway/`.

use std::fs;
use std::net::{SocketAddr, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::api::ApiCaller;
use crate::support::app::TestApp;
use crate::support::both_engines;
use crate::support::http::{Anonymous, Answer};
use crate::support::ports::unused_address;

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/examples/gateway");
const SETTINGS: &str = include_str!("../../examples/gateway/keystile.toml");
/// A protected location without a required scope.
const FORGETFUL: &str =
    "location = /forgetful { include keystile-guard.conf; proxy_pass http://127.0.0.1:9000; }";
const LAST_LOCATION: &str = "location = /stations {";

/// nginx and the API behind it, killed when dropped.
struct Gateway {
    caller: Anonymous,
    processes: [Child; 2],
    _folder: TempDir,
}

impl Gateway {
    /// The example with the addresses of this test.
    fn start(app: &TestApp) -> Self {
        let (api, own, folder) = (unused_address(), unused_address(), TempDir::new().unwrap());
        for name in ["nginx.conf", "keystile.conf", "keystile-guard.conf"] {
            let text = fs::read_to_string(Path::new(FOLDER).join(name)).unwrap();
            let text = text
                .replace(LAST_LOCATION, &format!("{FORGETFUL} {LAST_LOCATION}"))
                .replace("127.0.0.1:8642", &app.address().to_string())
                .replace("127.0.0.1:9000", &api.to_string())
                .replace("127.0.0.1:8080", &own.to_string());
            fs::write(folder.path().join(name), text).unwrap();
        }
        let nginx =
            std::env::var("KEYSTILE_TEST_NGINX").unwrap_or_else(|_| panic!("tests/run prepares nginx"));
        // Without a master process, so that killing it ends all of nginx.
        let mut nginx = Command::new(nginx);
        nginx.arg("-p").arg(folder.path()).args(["-c", "nginx.conf", "-g", "master_process off;"]);
        let mut python = Command::new("python3");
        python.arg(Path::new(FOLDER).join("api.py")).arg(api.port().to_string());
        let processes = [nginx, python].map(|mut command| command.stdin(Stdio::null()).spawn().unwrap());
        for address in [api, own] {
            answers(address);
        }
        Self { caller: Anonymous::at(&format!("http://{own}")), processes, _folder: folder }
    }

    async fn get(&self, path: &str, credential: &str) -> Answer {
        self.caller.send(self.caller.request(Method::GET, path).bearer_auth(credential)).await
    }

    /// With a key, and with headers that only the gateway may set.
    async fn post(&self, path: &str, key: &str) -> Answer {
        let request =
            self.caller.request(Method::POST, path).header("X-API-Key", key).json(&json!({ "a": 1 }));
        self.caller.send(request.header("X-Auth-Subject", "root").header("X-Forwarded-Uri", "/other")).await
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        for process in &mut self.processes {
            // It may have exited already.
            drop(process.kill());
            drop(process.wait());
        }
    }
}

fn answers(address: SocketAddr) {
    let started = Instant::now();
    while TcpStream::connect(address).is_err() {
        assert!(started.elapsed() < Duration::from_secs(60), "nothing listens at {address}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn code(answer: &Answer) -> Value {
    answer.json()["error"]["code"].clone()
}

fn secret(made: &Value) -> String {
    made.get("apiKey").or_else(|| made.get("token")).unwrap().as_str().unwrap().to_owned()
}

/// The access token that a key is exchanged for.
async fn exchanged(app: &TestApp, key: &str) -> String {
    let form = [
        ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
        ("subject_token_type", "urn:ietf:params:oauth:token-type:access_token"),
        ("subject_token", key),
    ];
    let answer = app.anonymous().post("/oauth/token", &form).await;
    answer.json()["access_token"].as_str().unwrap().to_owned()
}

/// The logged uses of a credential behind the gateway, newest first, once there are this many.
async fn logged(tool: &ApiCaller, credential: &str, count: usize) -> Vec<Value> {
    let behind = ["GET /forecasts", "POST /stations"];
    let started = Instant::now();
    loop {
        let list = tool.get(&format!("/api/v1/uses?credential={credential}")).await.json();
        let uses = list["data"].as_array().unwrap().iter();
        let uses: Vec<_> = uses
            .filter(|used| behind.iter().any(|endpoint| used["endpoint"] == *endpoint))
            .map(|used| json!([used["endpoint"], used["status"]]))
            .collect();
        if uses.len() >= count {
            return uses;
        }
        assert!(started.elapsed() < Duration::from_secs(20), "{list}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

both_engines! {
    async fn every_kind_of_credential_passes_nginx_and_is_stopped_by_it(app, |app| app.with_file(super::SETTINGS)) {
        let (owner, tool, gateway) = (app.owner().await, app.owners_tool().await, Gateway::start(app));
        let key = json!({ "name": "CI", "mode": "live", "scopes": ["forecasts:read"] });
        let token = json!({ "name": "laptop", "scopes": ["forecasts:read"] });
        let credentials = [
            ("api_key", secret(&tool.key(&key).await)),
            ("api_key", exchanged(app, &secret(&tool.key(&key).await)).await),
            ("personal_token", secret(&tool.made("/api/v1/tokens", &token).await)),
            ("cli_session", app.tool_of(&owner, "forecasts:read").await.credential),
        ];
        for (kind, credential) in credentials {
            for left in (0..5).rev() {
                let answer = gateway.get("/forecasts", &credential).await;
                assert_eq!(answer.status, 200, "{kind}: {}", answer.body);
                let identity = &answer.json()["identity"];
                assert_eq!((&identity["X-Auth-Kind"], &identity["X-Auth-Subject"]), (&json!(kind), &json!(owner.id)));
                assert_eq!((&identity["X-Auth-Org"], &identity["X-Auth-Scopes"]), (&json!(owner.organization.id), &json!("forecasts:read")));
                assert_eq!(answer.json()["leaked"], json!([]));
                assert!(answer.header("ratelimit").unwrap().starts_with(&format!(r#""forecasts";r={left};"#)));
            }
            let answer = gateway.get("/forecasts", &credential).await;
            assert_eq!((answer.status, code(&answer)), (429, json!("rate_limited")), "{kind}");
            assert_eq!(answer.json()["error"]["message"], "Rate limited: forecasts (5/min)");
            assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() <= 12);
            assert_eq!(answer.header("ratelimit-policy"), Some(r#""forecasts";q=5;w=60"#));

            let answer = gateway.caller.send(gateway.caller.request(Method::POST, "/stations").bearer_auth(&credential)).await;
            assert_eq!((answer.status, code(&answer)), (403, json!("insufficient_scope")), "{kind}");
            assert_eq!(answer.header("keystile-required-scopes"), Some("stations:write"));
            assert!(answer.header("www-authenticate").unwrap().contains(r#"scope="stations:write""#));
            assert_eq!(answer.header("content-type"), Some("application/json"));
            let id = app.caller(&credential).get("/api/v1/whoami").await.json()["data"]["credential"]["id"].clone();
            let uses = logged(&tool, id.as_str().unwrap(), 7).await;
            assert_eq!((uses[0].clone(), uses[1].clone()), (json!(["POST /stations", 403]), json!(["GET /forecasts", 429])));
            assert!(uses[2..].iter().all(|used| *used == json!(["GET /forecasts", 200])), "{uses:?}");
            let page = format!("/o/{}/audit/uses?credential={}", owner.organization.slug, id.as_str().unwrap());
            let page = app.browser_of(&owner).await.get(&page).await.text();
            assert!(page.matches("GET /forecasts").count() >= 6 && page.contains("POST /stations"), "{kind}: {page}");
        }
    }

    async fn invalid_credentials_do_not_reach_the_api(app, |app| app.with_file(super::SETTINGS)) {
        let (tool, gateway) = (app.owners_tool().await, Gateway::start(app));
        let answer = gateway.caller.get("/forecasts").await;
        assert_eq!((answer.status, code(&answer)), (401, json!("missing_credential")));
        let challenges: Vec<_> = answer.headers.get_all("www-authenticate").iter().collect();
        assert_eq!(challenges, [r#"Bearer realm="api""#]);

        let made = tool.key(&json!({ "name": "CI", "mode": "live", "scopes": ["stations:write"] })).await;
        let key = secret(&made);
        let answer = gateway.post("/stations", &key).await;
        let who = (&json!(app.owner().await.id), &json!([]));
        assert_eq!((answer.status, (&answer.json()["identity"]["X-Auth-Subject"], &answer.json()["leaked"])), (200, who));
        let both = gateway.caller.request(Method::POST, "/stations").header("X-API-Key", &key).bearer_auth(&tool.credential);
        let answer = gateway.caller.send(both).await;
        assert_eq!((answer.status, code(&answer)), (400, json!("ambiguous_credentials")));

        let answer = gateway.get("/forgetful", &key).await;
        assert_eq!((answer.status, code(&answer)), (400, json!("invalid_request")));

        tool.post(&format!("/api/v1/keys/{}/revoke", made["id"].as_str().unwrap()), &json!({})).await;
        let answer = gateway.post("/stations", &key).await;
        assert_eq!((answer.status, code(&answer)), (401, json!("revoked_api_key")));
        assert!(answer.header("www-authenticate").unwrap().contains(r#"error="invalid_token""#));
    }
}
