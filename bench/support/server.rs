//! The built server as a child process.

use std::error::Error;
use std::ffi::OsString;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use std::{env, fs};

use tempfile::TempDir;
use tokio::time::sleep;

use super::connection::{Answer, Connection};
use super::deployment::Deployment;
use super::load::Target;
use super::process::Process;

pub(crate) const METADATA: &str = "/.well-known/oauth-authorization-server";
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server, killed when dropped.
pub(crate) struct Server {
    child: Child,
    /// Directory of stdout and stderr, which go to files so that logging costs what it costs in production.
    log: TempDir,
    pub(crate) target: Target,
    /// From the start of the process to the first response of the metadata endpoint.
    pub(crate) started_in: Duration,
}

/// The measured program: the one built with this benchmark, or that of `KEYSTILE_BENCH_SERVER`.
pub(crate) fn path() -> OsString {
    env::var_os("KEYSTILE_BENCH_SERVER").unwrap_or_else(|| env!("CARGO_BIN_EXE_keystiled").into())
}

impl Server {
    pub(crate) async fn start(deployment: &Deployment<'_>) -> Result<Self, Box<dyn Error>> {
        let log = TempDir::new()?;
        let begun = Instant::now();
        let child = Command::new(path())
            .env_clear()
            .envs(deployment.env().iter().cloned())
            .stdin(Stdio::null())
            .stdout(fs::File::create(log.path().join("out"))?)
            .stderr(fs::File::create(log.path().join("err"))?)
            .spawn()?;
        let target = Target { address: deployment.address, process: Process::new(child.id()) };
        let mut server = Self { child, log, target, started_in: Duration::ZERO };
        while !answers(deployment).await {
            if let Some(status) = server.child.try_wait()? {
                let said = fs::read_to_string(server.log.path().join("err"))?;
                return Err(format!("the server ended with {status}: {said}").into());
            }
            if begun.elapsed() > PATIENCE {
                return Err("the server does not answer".into());
            }
            sleep(Duration::from_millis(1)).await;
        }
        server.started_in = begun.elapsed();
        Ok(server)
    }

    /// Kills the server with SIGKILL.
    pub(crate) fn kill(&mut self) -> std::io::Result<()> {
        self.child.kill()?;
        self.child.wait().map(drop)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have exited already.
        drop(self.kill());
    }
}

async fn answers(deployment: &Deployment<'_>) -> bool {
    let address = deployment.address;
    let Ok(mut connection) = Connection::open(address).await else { return false };
    let request = format!("GET {METADATA} HTTP/1.1\r\nHost: {address}\r\n\r\n");
    matches!(connection.exchange(request.as_bytes()).await, Ok(Answer { status: 200, .. }))
}
