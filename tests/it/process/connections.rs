//! Idle connections keep no one out.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use super::{Setup, wrapped_in};
use crate::support::app::{Builder, TestApp};
use crate::support::database::Database;
use crate::support::wire::say;

/// Connections that the test keeps open.
const CROWD: usize = 1100;

/// Raises the descriptor limit of this process for the connections.
fn room_for_the_crowd() {
    let limit = getrlimit(Resource::Nofile);
    let most = limit.maximum.unwrap_or(u64::MAX);
    assert!(most > 2 * CROWD as u64, "the tests need `ulimit -Hn` above {}", 2 * CROWD);
    setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, ..limit }).unwrap();
}

/// A connection that has been answered and is kept alive.
async fn kept_alive(url: &str) -> TcpStream {
    let address: SocketAddr = url.trim_start_matches("http://").parse().unwrap();
    let answered = async {
        let mut stream = TcpStream::connect(address).await.unwrap();
        let request = format!("GET /healthz HTTP/1.1\r\nHost: {address}\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut heard = Vec::new();
        while !heard.ends_with(br#"{"status":"ok"}"#) {
            assert!(stream.read_buf(&mut heard).await.unwrap() > 0, "{}", String::from_utf8_lossy(&heard));
        }
        stream
    };
    timeout(Duration::from_secs(20), answered).await.expect("the server accepts no more connections")
}

/// Whether the server has closed the connection or sent a reason.
async fn is_closed(stream: &mut TcpStream) -> bool {
    timeout(Duration::from_millis(1), stream.read(&mut [0])).await.is_ok()
}

/// Whether the server closes the connection within a time that a busy machine keeps.
async fn closes(stream: &mut TcpStream) -> bool {
    timeout(Duration::from_secs(20), stream.read(&mut [0])).await.is_ok()
}

async fn closed_of(crowd: &mut [TcpStream]) -> usize {
    let mut closed = 0;
    for stream in crowd {
        closed += usize::from(is_closed(stream).await);
    }
    closed
}

#[tokio::test]
async fn cb_08_a_crowd_of_idle_connections_keeps_nobody_out() {
    room_for_the_crowd();
    let setup = Setup::on(Database::sqlite(), &[]).await;
    let daemon = setup.daemons.start_with(wrapped_in("prlimit", &["--nofile=1024:1024"])).await;
    let mut crowd = Vec::new();
    for n in 0..CROWD {
        crowd.push(kept_alive(&setup.url).await);
        if n % 100 == 99 {
            let newcomer = timeout(Duration::from_secs(10), setup.whoami()).await;
            assert_eq!(newcomer.unwrap().status, 200, "after {n}");
        }
    }
    let closed = closed_of(&mut crowd).await;
    assert!(closed > 100, "{closed}: the oldest made room");
    assert!(closed < CROWD - 200, "{closed}: and no more than had to");
    assert!(!is_closed(crowd.last_mut().unwrap()).await);
    assert_eq!(setup.anonymous().get("/readyz").await.status, 200);
    drop(daemon);
}

#[tokio::test]
async fn cb_08_the_soft_limit_is_raised_to_the_hard_one() {
    room_for_the_crowd();
    let setup = Setup::on(Database::sqlite(), &[]).await;
    let daemon = setup.daemons.start_with(wrapped_in("prlimit", &["--nofile=256:8192"])).await;
    let mut crowd = Vec::new();
    for _ in 0..500 {
        crowd.push(kept_alive(&setup.url).await);
    }
    assert_eq!(setup.whoami().await.status, 200);
    assert_eq!(closed_of(&mut crowd).await, 0);
    drop(daemon);
}

/// A connection from this loopback address that has been answered once, or has started a request.
async fn from(app: &TestApp, address: &str, bytes: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::new(address.parse::<IpAddr>().unwrap(), 0)).unwrap();
    let mut stream = socket.connect(app.address()).await.unwrap();
    stream.write_all(bytes.as_bytes()).await.unwrap();
    // Enough time for the server to receive it.
    tokio::time::sleep(Duration::from_millis(50)).await;
    stream
}

#[tokio::test]
async fn cb_08_an_address_with_too_many_connections_makes_room_for_itself() {
    let app = Builder::on(Database::sqlite())
        .with("KEYSTILE_SERVER__MAX_CONNECTIONS_PER_ADDRESS", "3")
        .start()
        .await;
    let mut other = from(&app, "127.0.0.2", "").await;
    let mut busy = from(&app, "127.0.0.3", "GET /healthz HTTP/1.1\r\nHo").await;
    let mut idle = [from(&app, "127.0.0.3", "").await, from(&app, "127.0.0.3", "").await];
    let mut new = from(&app, "127.0.0.3", "").await;
    assert!(closes(&mut idle[0]).await, "the oldest idle connection");
    for stream in [&mut other, &mut busy, &mut idle[1], &mut new] {
        assert!(!is_closed(stream).await);
    }
    let rest = format!("st: {}\r\nConnection: close\r\n\r\n", app.address());
    busy.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    busy.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");

    let mut three = Vec::new();
    for _ in 0..3 {
        three.push(from(&app, "127.0.0.4", "GET /healthz HTTP/1.1\r\nHo").await);
    }
    let mut refused = from(&app, "127.0.0.4", "").await;
    assert!(closes(&mut refused).await, "none of the three is idle");
    assert_eq!(closed_of(&mut three).await, 0);
    let whole = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n", app.address());
    assert_eq!(say(app.address(), whole.as_bytes(), Duration::from_secs(10)).await.statuses(), [200]);
    app.stop().await;
}
