//! One Chromium for all concurrent tests. It ends with the last one.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Weak};
use std::time::Duration;
use std::{env, fs, io, thread};

use chromiumoxide::Browser;
use chromiumoxide::handler::HandlerConfig;
use futures_util::StreamExt as _;
use tempfile::TempDir;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Mutex, oneshot};

const ANNOUNCEMENT: &str = "DevTools listening on ";

pub(super) struct Chromium {
    process: Child,
    /// Runtime of the connection, which outlives the runtimes of tests.
    runtime: Option<Runtime>,
    pub(super) browser: Arc<Browser>,
    profile: PathBuf,
}

impl Chromium {
    /// The running instance, or a new one.
    pub(super) async fn shared() -> Arc<Self> {
        static RUNNING: Mutex<Weak<Chromium>> = Mutex::const_new(Weak::new());
        let mut running = RUNNING.lock().await;
        if let Some(chromium) = running.upgrade() {
            return chromium;
        }
        let chromium = Arc::new(Self::launch().await);
        *running = Arc::downgrade(&chromium);
        chromium
    }

    async fn launch() -> Self {
        let profile = TempDir::new().unwrap().keep();
        let program = env::var("KEYSTILE_TEST_CHROMIUM").unwrap_or_else(|_| "chromium".to_owned());
        let mut process = Command::new(&program)
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"])
            .args(["--disable-background-networking", "--disable-component-update", "--no-first-run"])
            .args(["--remote-debugging-port=0", "--force-color-profile=srgb", "--hide-scrollbars"])
            .arg(format!("--user-data-dir={}", profile.display()))
            .env("TMPDIR", &profile)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{program} does not start: {error}; `make test` installs it"));
        let address = announced(process.stderr.take().unwrap()).await;
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let config = HandlerConfig { viewport: None, ..HandlerConfig::default() };
        let connecting = runtime.spawn(Browser::connect_with_config(address, config));
        let (browser, mut handler) = connecting.await.unwrap().unwrap();
        runtime.spawn(async move { while handler.next().await.is_some() {} });
        Self { process, runtime: Some(runtime), browser: Arc::new(browser), profile }
    }

    /// Runs a task on the shared runtime.
    pub(super) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        if let Some(runtime) = &self.runtime {
            runtime.spawn(task);
        }
    }
}

impl Drop for Chromium {
    fn drop(&mut self) {
        // A runtime must not be dropped inside of another one.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
        // Its helper processes exit a moment later, and may write until then.
        for _ in 0..50 {
            if fs::remove_dir_all(&self.profile).is_ok() {
                break;
            }
            thread::sleep(Duration::from_millis(20));
        }
    }
}

/// The debugger URL that Chromium prints. Later output is drained.
async fn announced(output: impl io::Read + Send + 'static) -> String {
    let (found, address) = oneshot::channel();
    thread::spawn(move || {
        let mut found = Some(found);
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if let Some(address) = line.strip_prefix(ANNOUNCEMENT)
                && let Some(found) = found.take()
            {
                let _ = found.send(address.trim().to_owned());
            }
        }
    });
    address.await.unwrap_or_else(|_| panic!("Chromium ended before it listened"))
}
