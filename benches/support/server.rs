//! The built server as a child process.

use std::error::Error;
use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;
use tokio::time::sleep;

use super::deployment::Deployment;
use super::load::Connection;

const PATIENCE: Duration = Duration::from_secs(30);

/// Linux tells processor time in hundredths of a second, whatever the machine.
const TICKS_PER_SECOND: u64 = 100;

/// A running server; it ends with this value.
pub(crate) struct Server {
    child: Child,
    /// Standard output and error go to files here, so that logging costs what it costs in service.
    log: TempDir,
    started_in: Duration,
}

impl Server {
    /// Starts the server twice and keeps the second: the first makes the signing keys.
    pub(crate) async fn start(deployment: &Deployment) -> Result<Self, Box<dyn Error>> {
        drop(Self::start_once(deployment).await?);
        Self::start_once(deployment).await
    }

    async fn start_once(deployment: &Deployment) -> Result<Self, Box<dyn Error>> {
        let log = TempDir::new()?;
        let begun = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_keystiled"))
            .env_clear()
            .envs(deployment.env().iter().cloned())
            .stdin(Stdio::null())
            .stdout(fs::File::create(log.path().join("out"))?)
            .stderr(fs::File::create(log.path().join("err"))?)
            .spawn()?;
        let mut server = Self { child, log, started_in: Duration::ZERO };
        while !answers(deployment).await {
            if let Some(status) = server.child.try_wait()? {
                let said = fs::read_to_string(server.log.path().join("err"))?;
                return Err(format!("the server ended with {status}: {said}").into());
            }
            if begun.elapsed() > PATIENCE {
                return Err("the server does not answer".into());
            }
            sleep(Duration::from_millis(2)).await;
        }
        server.started_in = begun.elapsed();
        Ok(server)
    }

    /// From the start of the process to the first answer of the metadata endpoint.
    pub(crate) fn started_in(&self) -> Duration {
        self.started_in
    }

    /// Processor time that the server has used, where the system tells.
    pub(crate) fn processor_time(&self) -> std::io::Result<Option<Duration>> {
        if !cfg!(target_os = "linux") {
            return Ok(None);
        }
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // The name in parentheses may hold anything; user and system time are the 12th and 13th field behind it.
        let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields).split(' ');
        let ticks: u64 = fields.skip(11).take(2).filter_map(|field| field.parse::<u64>().ok()).sum();
        Ok(Some(Duration::from_millis(ticks * 1000 / TICKS_PER_SECOND)))
    }

    /// Resident memory in MiB, where the system tells.
    pub(crate) fn memory(&self) -> std::io::Result<Option<f64>> {
        if !cfg!(target_os = "linux") {
            return Ok(None);
        }
        let status = fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.split_whitespace().next()?.parse::<f64>().ok());
        Ok(kib.map(|kib| kib / 1024.0))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

async fn answers(deployment: &Deployment) -> bool {
    let address = deployment.address();
    let Ok(mut connection) = Connection::open(address).await else { return false };
    let request = format!("GET /.well-known/oauth-authorization-server HTTP/1.1\r\nHost: {address}\r\n\r\n");
    matches!(connection.exchange(request.as_bytes()).await, Ok((200, _)))
}
