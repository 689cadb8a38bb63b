//! Export of a large audit log.

use std::error::Error;
use std::io;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use keystiled::domain::audit::{Action, Actor, Event, Origin};
use keystiled::domain::secret::Secret;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::support::database::Database;
use crate::support::deployment::Deployment;
use crate::support::keys;
use crate::support::plan::EVENTS;
use crate::support::server::Server;

/// Events recorded per transaction while filling.
const AT_ONCE: usize = 1_000;

/// Results of an export of all events.
pub(crate) struct Export {
    /// Peak resident memory during the export, in KiB.
    pub(crate) peak: u64,
    pub(crate) events: usize,
    pub(crate) bytes: usize,
    pub(crate) took: Duration,
}

pub(crate) async fn measure(database: &Database) -> Result<Export, Box<dyn Error>> {
    let database = database.another("export")?;
    let deployment = Box::pin(Deployment::new(&database)).await?;
    let key = keys::fill(&deployment, 1).await?.pop().ok_or("no key was created")?;
    fill(&deployment).await?;
    database.settle()?;
    let server = Server::start(&deployment).await?;
    server.target.process.forget_peak()?;
    let begun = Instant::now();
    let (events, bytes) = read(deployment.address, &key).await?;
    let export = Export { peak: server.target.process.peak()?, events, bytes, took: begun.elapsed() };
    if export.events < EVENTS {
        return Err(format!("the export has {events} events of {EVENTS}").into());
    }
    Ok(export)
}

async fn fill(deployment: &Deployment<'_>) -> Result<(), Box<dyn Error>> {
    let store = deployment.store()?;
    let origin = Origin {
        ip: Some("203.0.113.7".to_owned()),
        user_agent: Some("keystile/0.1.0 (Linux; x86_64)".to_owned()),
        request_id: Some("req_7Hq2nB0vYxGkq2mYcQ1xWp".to_owned()),
    };
    let actor = Actor::User(deployment.owner.user.id.clone());
    let event = Event::new(Action::SessionStarted, actor, &origin).org(&deployment.owner.organization.id);
    for _ in 0..EVENTS / AT_ONCE {
        let event = event.clone();
        let filled = store.write(move |work| {
            (0..AT_ONCE).for_each(|_| work.record(event.clone()));
            Ok(())
        });
        filled.await?;
    }
    Ok(())
}

/// Reads the whole export. Returns the number of lines and bytes.
async fn read(address: SocketAddr, key: &Secret) -> io::Result<(usize, usize)> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!(
        "GET /api/v1/audit/export?format=jsonl HTTP/1.1\r\nHost: {address}\r\nX-API-Key: {}\r\nConnection: close\r\n\r\n",
        key.expose()
    );
    stream.write_all(request.as_bytes()).await?;
    let (mut lines, mut bytes, mut buffer) = (0, 0, vec![0; 65_536]);
    let mut last = None;
    loop {
        let length = stream.read(&mut buffer).await?;
        let part = &buffer[..length];
        if last.is_none() && !part.starts_with(b"HTTP/1.1 200 ") {
            return Err(io::Error::other(String::from_utf8_lossy(part).into_owned()));
        }
        if length == 0 {
            return Ok((lines, bytes));
        }
        // Matches only the end of an event in a chunked body.
        for byte in part {
            lines += usize::from(last == Some(b'}') && *byte == b'\n');
            last = Some(*byte);
        }
        bytes += length;
    }
}
