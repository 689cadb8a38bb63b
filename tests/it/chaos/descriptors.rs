//! Idle connections use up the file descriptors of the server.

use tokio::net::{TcpSocket, TcpStream};

use super::observed::Outcome;
use super::scenario::{Scenario, fault_duration};
use crate::support::daemon::server;
use crate::support::database::Database;

/// The server's limit of file descriptors.
const LIMIT: &str = "256";
/// Idle connections.
const IDLE: usize = 400;

#[tokio::test]
async fn idle_connections_take_the_descriptors() {
    let scenario = Scenario::on("idle connections take the descriptors", Database::sqlite()).await;
    let mut command = scenario.daemons.program("prlimit");
    command.env("PATH", std::env::var_os("PATH").unwrap());
    command.arg(format!("--nofile={LIMIT}:{LIMIT}")).arg(server());
    let mut daemon = scenario.daemons.start_by(command).await;
    let address = scenario.target.url.trim_start_matches("http://").parse().unwrap();
    let observed = scenario
        .run(&mut daemon, async |_| {
            let mut held: Vec<TcpStream> = Vec::new();
            for _ in 0..IDLE {
                // From separate addresses, so that the clients do not share one with them.
                let socket = TcpSocket::new_v4().unwrap();
                socket.bind("127.0.0.2:0".parse().unwrap()).unwrap();
                if let Ok(Ok(stream)) =
                    tokio::time::timeout(std::time::Duration::from_secs(1), socket.connect(address)).await
                {
                    held.push(stream);
                }
            }
            assert!(held.len() > IDLE / 2, "{} connections", held.len());
            tokio::time::sleep(fault_duration()).await;
        })
        .await;
    assert_eq!(observed.count(Outcome::NoAnswer), 0, "{}", observed.line());
}
