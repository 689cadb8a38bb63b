//! The built `keystiled` as a process of its own, which can be killed.

use std::env;
use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use super::app::FILE;
use super::http::Anonymous;

/// Variable with another server binary than the one built with the tests.
const SERVER: &str = "KEYSTILE_TEST_SERVER";

/// A running server.
pub(crate) struct Daemon {
    child: Child,
    url: String,
    log: PathBuf,
}

/// Starts servers repeatedly on the same data.
pub(crate) struct Daemons {
    settings: Vec<(String, String)>,
    log: PathBuf,
    url: String,
}

impl Daemons {
    /// A server with these settings; `url` is its URL, `folder` gets its output.
    pub(crate) fn new(settings: &[(&str, String)], url: &str, folder: &Path) -> Self {
        let mut settings: Vec<_> =
            settings.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        // A data directory of a test server contains its configuration.
        let file = folder.join(FILE);
        if file.exists() {
            settings.push(("KEYSTILE_CONFIG".to_owned(), file.display().to_string()));
        }
        Self { settings, log: folder.join("keystiled.log"), url: url.to_owned() }
    }

    /// Sets a variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.settings.retain(|(known, _)| known != name);
        self.settings.push((name.to_owned(), value.to_owned()));
        self
    }

    /// A command of `keystiled`.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = self.program(server());
        command.args(arguments);
        command
    }

    /// Another program with the server's environment.
    pub(crate) fn program(&self, program: impl Into<OsString>) -> Command {
        let mut command = Command::new(program.into());
        command.env_clear().envs(self.settings.iter().cloned()).stdin(Stdio::null());
        command
    }

    /// Starts the server and waits until it answers.
    pub(crate) async fn start(&self) -> Daemon {
        self.start_with(|_| ()).await
    }

    /// [`Self::start`] with a changed command.
    pub(crate) async fn start_with(&self, change: impl FnOnce(&mut Command)) -> Daemon {
        let mut command = self.command(&[]);
        let daemon = self.spawn(&mut command, change);
        daemon.is_ready().await;
        daemon
    }

    /// Starts the server with this command and waits until it answers.
    pub(crate) async fn start_by(&self, mut command: Command) -> Daemon {
        let daemon = self.spawn(&mut command, |_| ());
        daemon.is_ready().await;
        daemon
    }

    /// Starts the server without waiting.
    pub(crate) fn spawn_with(&self, change: impl FnOnce(&mut Command)) -> Daemon {
        self.spawn(&mut self.command(&[]), change)
    }

    fn spawn(&self, command: &mut Command, change: impl FnOnce(&mut Command)) -> Daemon {
        let log = File::options().create(true).append(true).open(&self.log).unwrap();
        command.stdout(log.try_clone().unwrap()).stderr(log);
        change(command);
        Daemon { child: command.spawn().unwrap(), url: self.url.clone(), log: self.log.clone() }
    }

    /// Waits until `find` succeeds on the output.
    pub(crate) async fn prints<T>(&self, find: impl Fn(&str) -> Option<T>) -> T {
        let started = Instant::now();
        loop {
            if let Some(found) = find(&self.output()) {
                return found;
            }
            assert!(started.elapsed() < Duration::from_secs(60), "{}", self.output());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// All output so far.
    pub(crate) fn output(&self) -> String {
        fs::read_to_string(&self.log).unwrap()
    }
}

/// The server binary under test.
pub(crate) fn server() -> OsString {
    env::var_os(SERVER).unwrap_or_else(|| env!("CARGO_BIN_EXE_keystiled").into())
}

impl Daemon {
    async fn is_ready(&self) {
        let caller = Anonymous::at(&self.url);
        let started = Instant::now();
        loop {
            let answer = caller.request(reqwest::Method::GET, "/readyz").send().await;
            let answer = match answer {
                Ok(answer) if answer.status() == 200 => return,
                Ok(answer) => answer.text().await,
                Err(error) => Err(error),
            };
            assert!(
                started.elapsed() < Duration::from_secs(60),
                "the server does not start: {answer:?}\n{}",
                fs::read_to_string(&self.log).unwrap_or_default()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Its process id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Sends it a signal: `TERM`, `INT`, `HUP`.
    pub(crate) fn signal(&self, name: &str) {
        let sent =
            Command::new("/bin/kill").args([format!("-{name}"), self.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Exit status, if it has ended.
    pub(crate) fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().unwrap()
    }

    /// Sets a limit of the running process: `prlimit` with this option.
    pub(crate) fn limit(&self, option: &str) {
        let pid = self.id().to_string();
        let set = Command::new("prlimit").args(["--pid", &pid, option]).status().unwrap();
        assert!(set.success());
    }

    /// Resident memory in KiB: current (`VmRSS`) or peak (`VmHWM`).
    pub(crate) fn memory(&self, field: &str) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':')).unwrap();
        line.trim().strip_suffix(" kB").unwrap().parse().unwrap()
    }

    /// Ends it as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have exited already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
