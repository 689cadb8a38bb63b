//! A minimal actix-web server, as a baseline. This program starts itself a second time to run it.

use std::env;
use std::error::Error;
use std::io;
use std::net::{AddrParseError, SocketAddr};
use std::process::{Child, Command, Stdio};
use std::thread::available_parallelism;
use std::time::Duration;

use actix_web::{App, HttpResponse, HttpServer, web};
use tokio::time::sleep;

use super::connection::Connection;
use super::deployment::free_address;
use super::load::Target;
use super::process::Process;

const VARIABLE: &str = "KEYSTILE_BENCH_HELLO";

/// The address to listen on, if this process is to be that server.
pub(crate) fn asked() -> Option<Result<SocketAddr, AddrParseError>> {
    env::var(VARIABLE).ok().map(|address| address.parse())
}

/// Runs until it is killed, with as many workers as `keystiled` has by default.
pub(crate) fn serve(address: SocketAddr) -> io::Result<()> {
    let workers = available_parallelism().map_or(1, usize::from);
    let server = HttpServer::new(|| App::new().route("/", web::get().to(hello)));
    actix_web::rt::System::new().block_on(server.workers(workers).bind(address)?.run())
}

async fn hello() -> HttpResponse {
    HttpResponse::Ok().content_type("text/plain").body("Hello, world!")
}

/// The minimal server as a child process.
pub(crate) struct Hello {
    child: Child,
    pub(crate) target: Target,
}

impl Hello {
    pub(crate) async fn start() -> Result<Self, Box<dyn Error>> {
        let address = free_address()?;
        let child = Command::new(env::current_exe()?)
            .env(VARIABLE, address.to_string())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()?;
        let target = Target { address, process: Process::new(child.id()) };
        let mut hello = Self { child, target };
        while Connection::open(address).await.is_err() {
            if let Some(status) = hello.child.try_wait()? {
                return Err(format!("the minimal server ended with {status}").into());
            }
            sleep(Duration::from_millis(5)).await;
        }
        Ok(hello)
    }
}

impl Drop for Hello {
    fn drop(&mut self) {
        // It may have exited already.
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
