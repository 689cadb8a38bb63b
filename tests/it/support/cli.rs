//! The built `keystile`, with a home directory of its own and a clean environment.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use chrono::TimeDelta;
use keystiled::domain::clock::Clock;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::task::spawn_blocking;

use super::app::TestApp;
use super::http::{Answer, BrowserCaller};
use super::oauth::Returned;
use super::people::Person;

/// Timeout, generous for busy machines.
const TIMEOUT: Duration = Duration::from_secs(60);

/// A CLI on a machine of its own.
pub(crate) struct Cli {
    program: PathBuf,
    /// Brand name, used in files and variables.
    name: &'static str,
    home: TempDir,
    variables: Vec<(String, String)>,
    runs: AtomicU32,
}

/// Output and exit of a process.
#[derive(Debug)]
pub(crate) struct Ran {
    /// Exit code; 128 plus the signal number if a signal ended it.
    pub(crate) exit: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    /// The JSON document on standard output.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self:#?}"))
    }

    /// The JSON error on standard error.
    pub(crate) fn error(&self) -> Value {
        let line = self.err.lines().last().unwrap_or_else(|| panic!("no error: {self:#?}"));
        serde_json::from_str::<Value>(line).unwrap_or_else(|error| panic!("{error}: {self:#?}"))["error"]
            .take()
    }

    /// Asserts success.
    #[track_caller]
    pub(crate) fn good(self) -> Self {
        assert_eq!(self.exit, 0, "{self:#?}");
        self
    }

    /// Asserts the exit code and the start of the last error.
    #[track_caller]
    pub(crate) fn says_at_its_end(self, exit: i32, beginning: &str) {
        assert_eq!(self.exit, exit, "{self:#?}");
        assert!(self.err.contains(&format!("\n✗ {beginning}")), "{self:#?}");
    }

    /// Asserts the exit code and the first lines of the error.
    #[track_caller]
    pub(crate) fn failed(self, exit: i32, beginning: &str) -> Self {
        assert_eq!(self.exit, exit, "{self:#?}");
        assert!(self.err.starts_with(&format!("✗ {beginning}")), "{self:#?}");
        self
    }
}

/// A running process.
pub(crate) struct Running {
    child: Child,
    out: PathBuf,
    err: PathBuf,
}

impl Running {
    /// Waits until `find` succeeds on standard error.
    pub(crate) async fn says<T>(&self, find: impl Fn(&str) -> Option<T>) -> T {
        until(&self.err, find).await
    }

    /// The sign-in link.
    pub(crate) async fn link(&self) -> String {
        self.says(|said| {
            let line = said.lines().map(str::trim).find(|line| line.contains("/c/"))?;
            said.contains("approve").then(|| line.to_owned())
        })
        .await
    }

    /// [`Self::says`] on a terminal.
    pub(crate) async fn on_terminal<T>(&self, find: impl Fn(&str) -> Option<T>) -> T {
        until(&self.out, find).await
    }

    /// Types text.
    pub(crate) fn types(&mut self, text: &str) {
        self.child.stdin.as_mut().unwrap().write_all(text.as_bytes()).unwrap();
    }

    /// Presses Ctrl-C.
    pub(crate) fn interrupt(&self) {
        let id = Pid::from_raw(i32::try_from(self.child.id()).unwrap()).unwrap();
        kill_process(id, Signal::INT).unwrap();
    }

    /// Ends the process as `kill -9` does.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
    }

    /// Waits for its end.
    pub(crate) async fn ended(mut self) -> Ran {
        let status = spawn_blocking(move || self.child.wait().unwrap()).await.unwrap();
        let exit = status.code().or_else(|| status.signal().map(|signal| 128 + signal));
        let text = |path| String::from_utf8(fs::read(path).unwrap()).unwrap();
        Ran { exit: exit.unwrap(), out: text(self.out), err: text(self.err) }
    }
}

/// The companion CLI, which is another package and must be built before the tests.
pub(crate) fn companion() -> String {
    std::env::var("KEYSTILE_TEST_CLI").expect("tests/run builds the companion CLI")
}

/// Waits until `find` succeeds on a file.
async fn until<T>(file: &Path, find: impl Fn(&str) -> Option<T>) -> T {
    let started = Instant::now();
    loop {
        let said = String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned();
        if let Some(found) = find(&said) {
            return found;
        }
        assert!(started.elapsed() < TIMEOUT, "does not come: {said}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

impl Cli {
    /// A fresh CLI for the server at this address.
    pub(crate) fn at(issuer: &str) -> Self {
        Self::of_brand(companion(), "keystile").with("KEYSTILE_ISSUER", issuer)
    }

    /// A tool of another brand.
    pub(crate) fn of_brand(program: impl Into<PathBuf>, name: &'static str) -> Self {
        Self {
            program: program.into(),
            name,
            home: TempDir::new().unwrap(),
            variables: Vec::new(),
            runs: AtomicU32::new(0),
        }
    }

    /// Sets an environment variable.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Uses a browser that only records URLs.
    pub(crate) fn with_recording_browser(self) -> Self {
        let (script, record) = (self.home.path().join("browser"), self.opened_file());
        fs::write(&script, format!("#!/bin/sh\necho \"$1\" >>'{}'\n", record.display())).unwrap();
        fs::set_permissions(&script, fs::Permissions::from_mode(0o700)).unwrap();
        let script = script.display().to_string();
        self.with("BROWSER", &script)
    }

    fn opened_file(&self) -> PathBuf {
        self.home.path().join("opened")
    }

    /// URLs that the browser was asked to open.
    pub(crate) fn opened(&self) -> Vec<String> {
        let text = fs::read_to_string(self.opened_file()).unwrap_or_default();
        text.lines().map(str::to_owned).collect()
    }

    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    /// The CLI's configuration folder.
    pub(crate) fn folder(&self) -> PathBuf {
        self.home.path().join(format!(".{}", self.name))
    }

    pub(crate) fn credentials_file(&self) -> PathBuf {
        self.folder().join("credentials.json")
    }

    /// Stored data of a profile.
    pub(crate) fn stored(&self, profile: &str) -> Value {
        let text = fs::read_to_string(self.credentials_file()).unwrap();
        serde_json::from_str::<Value>(&text).unwrap()["profiles"][profile].take()
    }

    /// Edits the credentials file.
    pub(crate) fn edit(&self, change: impl FnOnce(&mut Value)) {
        let mut document: Value =
            serde_json::from_str(&fs::read_to_string(self.credentials_file()).unwrap()).unwrap();
        change(&mut document);
        fs::write(self.credentials_file(), document.to_string()).unwrap();
    }

    /// Makes the access token of the profile `default` expire an hour ago.
    pub(crate) fn let_expire(&self) {
        self.expire_in(TimeDelta::hours(-1));
    }

    /// Makes the access token of the profile `default` expire after this time.
    pub(crate) fn expire_in(&self, left: TimeDelta) {
        let then = Clock::System.now().utc() + left;
        self.edit(|document| document["profiles"]["default"]["access_expires_at"] = json!(then));
    }

    /// A command of the CLI.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        self.wrapped(&self.program, arguments)
    }

    /// Another program in the same environment.
    pub(crate) fn wrapped(&self, program: impl AsRef<OsStr>, arguments: &[&str]) -> Command {
        let mut command = Command::new(program);
        command.args(arguments).env_clear().current_dir(self.home.path());
        command.env("HOME", self.home.path()).env("PATH", "/usr/local/bin:/usr/bin:/bin");
        command.env("LANG", "C.UTF-8").envs(self.variables.iter().cloned());
        command.stdin(Stdio::null());
        command
    }

    /// A command of the CLI that alone sees what a shell script mounts first. `$1` is the configuration folder.
    pub(crate) fn mounted(&self, script: &str, arguments: &[&str]) -> Command {
        let script = format!("set -e\n{script}\nshift; exec \"$@\"");
        let mut command = self.wrapped("unshare", &["--user", "--map-root-user", "--mount"]);
        command.args(["sh", "-c", &script, "sh"]).arg(self.folder()).arg(&self.program).args(arguments);
        command
    }

    /// A command of the CLI on a terminal with input.
    pub(crate) fn terminal(&self, arguments: &str) -> Command {
        let line = format!("exec {} {arguments}", self.program.display());
        let mut command = self.wrapped("script", &["-qec", &line, "/dev/null"]);
        command.stdin(Stdio::piped()).env("TERM", "xterm");
        command
    }

    /// Starts a process with output to files, so that it never blocks on a reader.
    pub(crate) fn start(&self, mut command: Command) -> Running {
        let number = self.runs.fetch_add(1, Ordering::Relaxed);
        let [out, err] = ["out", "err"].map(|name| self.home.path().join(format!("{name}-{number}")));
        command.stdout(File::create(&out).unwrap()).stderr(File::create(&err).unwrap());
        Running { child: command.spawn().unwrap(), out, err }
    }

    /// Runs a command with standard input.
    pub(crate) async fn run_with_input(&self, arguments: &[&str], input: &str) -> Ran {
        let file = self.home.path().join(format!("in-{}", self.runs.load(Ordering::Relaxed)));
        fs::write(&file, input).unwrap();
        let mut command = self.command(arguments);
        command.stdin(File::open(file).unwrap());
        self.start(command).ended().await
    }

    /// Runs a command.
    pub(crate) async fn run(&self, arguments: &[&str]) -> Ran {
        self.start(self.command(arguments)).ended().await
    }

    /// Starts a sign-in that waits for the browser.
    pub(crate) fn login(&self, arguments: &[&str]) -> Running {
        let arguments: Vec<_> = ["auth", "login", "--browser"].iter().chain(arguments).copied().collect();
        self.start(self.command(&arguments))
    }
}

impl TestApp {
    /// A CLI without a session.
    pub(crate) fn cli(&self) -> Cli {
        Cli::at(self.issuer())
    }

    /// A CLI signed in as this user.
    pub(crate) async fn cli_of(&self, person: &Person) -> Cli {
        let cli = self.cli();
        self.sign_cli_in(&cli, person, &[]).await;
        cli
    }

    /// Signs a CLI in, including the steps in the browser.
    pub(crate) async fn sign_cli_in(&self, cli: &Cli, person: &Person, arguments: &[&str]) -> Ran {
        let login = cli.login(arguments);
        let link = login.link().await;
        let browser = self.browser_of(person).await;
        let page = visit(&self.answer(&browser, &link, "authorize").await.url).await;
        assert_eq!(page.status, 303, "{page:#?}");
        login.ended().await.good()
    }

    /// Opens a sign-in link in a browser and answers the consent page.
    pub(crate) async fn answer(&self, browser: &BrowserCaller, link: &str, decision: &str) -> Returned {
        let opened = browser.get(link).await;
        let consent = browser.follow(opened).await;
        assert_eq!(consent.status, 200, "{}", consent.text());
        Returned::from_page(&self.decide(browser, &consent, decision).await)
    }
}

/// The browser's redirect to the CLI.
pub(crate) async fn visit(url: &str) -> Answer {
    super::http::Anonymous::at("").get(url).await
}
