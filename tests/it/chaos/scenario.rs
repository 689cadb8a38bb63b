//! Setup of a case: the built server as a process, sessions and a key, and the checks at the end.

use std::env;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use keystiled::domain::client::ClientKind;
use reqwest::Method;
use serde_json::json;

use super::clients::{Clients, Target, Tool, lock};
use super::observed::Observed;
use crate::support::app::{Builder, TestApp};
use crate::support::daemon::{Daemon, Daemons};
use crate::support::database::Database;
use crate::support::http::Anonymous;

const SECONDS: &str = "KEYSTILE_CHAOS_SECONDS";
const TOOLS: usize = 8;
/// Maximum time until the server answers all requests again.
const RECOVERY: Duration = Duration::from_secs(60);

/// Duration of the fault: two seconds, unless `make chaos` sets more.
pub(super) fn fault_duration() -> Duration {
    let asked =
        env::var(SECONDS).map(|seconds| seconds.parse().unwrap_or_else(|_| panic!("{SECONDS}={seconds}")));
    Duration::from_secs(asked.unwrap_or(2))
}

/// A deployment with sessions and a key, and how its server is started.
pub(super) struct Scenario {
    name: &'static str,
    pub(super) daemons: Daemons,
    pub(super) target: Target,
    /// Keeps the database and the data directory alive.
    builder: Builder,
}

impl Scenario {
    pub(super) async fn on(name: &'static str, database: Database) -> Self {
        Self::of(name, Builder::on(database), async |_, _| ()).await
    }

    /// Builds a deployment and lets `fill` add to its database; `fill` gets the client id.
    pub(super) async fn of<F: AsyncFnOnce(&TestApp, &str)>(
        name: &'static str,
        builder: Builder,
        fill: F,
    ) -> Self {
        let app = builder.start().await;
        let owner = app.owner().await;
        let client = app.client(ClientKind::Native).await;
        let browser = app.browser_of(&owner).await;
        let mut tools = Vec::new();
        for _ in 0..TOOLS {
            let tokens = app.session_in(&browser, &client, &owner).await.tokens;
            let tool = Tool { client_id: client.id.clone(), refresh: tokens.refresh, access: tokens.access };
            tools.push(Arc::new(Mutex::new(tool)));
        }
        let key = app
            .owners_tool()
            .await
            .key(&json!({ "name": "CI", "mode": "live", "scopes": ["org:read"] }))
            .await;
        let key = app.holder(&key).credential;
        fill(&app, &client.id).await;
        let url = app.issuer().to_owned();
        let settings = [
            ("KEYSTILE_PUBLIC_URL", url.clone()),
            ("KEYSTILE_LISTEN", app.address().to_string()),
            ("KEYSTILE_DATA_DIR", app.data_dir().display().to_string()),
            ("KEYSTILE_DATABASE_URL", app.config.database.url.expose().to_owned()),
        ];
        let daemons = Daemons::new(&settings, &url, app.data_dir());
        let builder = app.another_node();
        app.stop().await;
        Self { name, daemons, target: Target { url, tools, key }, builder }
    }

    /// Adds a setting of the server and of the operator's commands.
    pub(super) fn with(self, name: &str, value: &str) -> Self {
        Self { daemons: self.daemons.with(name, value), ..self }
    }

    pub(super) fn database(&self) -> &Database {
        self.builder.database()
    }

    pub(super) fn data_dir(&self) -> &Path {
        self.builder.data_dir()
    }

    /// Runs the clients against the server while `fault` happens, and waits until the server has recovered.
    pub(super) async fn run<T: AsyncFnOnce(&mut Daemon)>(
        &self,
        daemon: &mut Daemon,
        fault: T,
    ) -> Arc<Observed> {
        let clients = Clients::start(&self.target);
        tokio::time::sleep(Duration::from_secs(1)).await;
        let begun = Instant::now();
        fault(daemon).await;
        let fault_ended = Instant::now();
        self.wait_until_recovered(&clients.observed, fault_ended).await;
        let observed = clients.stop().await;
        println!(
            "chaos: {}: {}; fault {:.1} s, recovered {:.1} s after it; peak memory {} MiB",
            self.name,
            observed.line(),
            fault_ended.duration_since(begun).as_secs_f64(),
            observed.failing_after(fault_ended).as_secs_f64(),
            daemon.memory("VmHWM") / 1024,
        );
        observed.assert_contract();
        self.assert_nothing_lost().await;
        observed
    }

    /// Waits for a second without a failed request that ends with readiness.
    async fn wait_until_recovered(&self, observed: &Observed, fault_ended: Instant) {
        let caller = Anonymous::at(&self.target.url);
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let quiet = fault_ended.elapsed().saturating_sub(observed.failing_after(fault_ended));
            let ready = caller.request(Method::GET, "/readyz").send().await;
            if quiet > Duration::from_secs(1) && ready.is_ok_and(|answer| answer.status() == 200) {
                return;
            }
            assert!(
                fault_ended.elapsed() < RECOVERY,
                "{}: not recovered: {}\n{}",
                self.name,
                observed.line(),
                self.daemons.output()
            );
        }
    }

    /// Asserts that each tool can refresh with its latest token, that its access token works, and that the audit log
    /// verifies.
    async fn assert_nothing_lost(&self) {
        let caller = Anonymous::at(&self.target.url);
        for tool in &self.target.tools {
            let (client_id, refresh, access) = {
                let tool = lock(tool);
                (tool.client_id.clone(), tool.refresh.clone(), tool.access.clone())
            };
            let form =
                [("grant_type", "refresh_token"), ("client_id", &client_id), ("refresh_token", &refresh)];
            let answer = caller.post("/oauth/token", &form).await;
            assert_eq!(answer.status, 200, "{}: a session is lost: {}", self.name, answer.body);
            let whoami = caller.request(Method::GET, "/api/v1/whoami").bearer_auth(access);
            assert_eq!(caller.send(whoami).await.status, 200, "{}: an access token is lost", self.name);
        }
        let verified = self.daemons.command(&["audit", "verify"]).output().unwrap();
        assert!(verified.status.success(), "{}: {}", self.name, String::from_utf8_lossy(&verified.stderr));
    }
}
