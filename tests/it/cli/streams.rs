//! `api` prints a response as it arrives.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::support::cli::Cli;

const KEY: &str = "keystile_live_0123456789abcdefghijklmnopqrstuvwxyz";

/// A server whose one response comes in parts: each is sent once the test says so. Returns its address and how to say so.
fn server(parts: Vec<String>) -> (String, mpsc::Sender<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (go_on, may_send) = mpsc::channel();
    thread::spawn(move || {
        let mut stream = accept(&listener);
        write!(stream, "HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\nconnection: close\r\n\r\n").unwrap();
        for part in parts {
            may_send.recv_timeout(Duration::from_secs(60)).unwrap();
            stream.write_all(part.as_bytes()).unwrap();
            stream.flush().unwrap();
        }
    });
    (address, go_on)
}

/// A connection whose request has been read.
fn accept(listener: &TcpListener) -> TcpStream {
    let (stream, _) = listener.accept().unwrap();
    let lines = BufReader::new(stream.try_clone().unwrap()).lines();
    lines.map(Result::unwrap).find(String::is_empty).unwrap();
    stream
}

#[tokio::test]
async fn ch_21_api_pipes_a_response_before_its_end() {
    let (address, go_on) = server(vec!["first\n".into(), "second".into()]);
    let cli = Cli::at("http://127.0.0.1:9").with("KEYSTILE_API_KEY", KEY).with("KEYSTILE_API_BASE", &address);
    let api = cli.start(cli.command(&["api", "GET", "/v1/export"]));
    go_on.send(()).unwrap();
    api.on_terminal(|out| (out == "first\n").then_some(())).await;
    go_on.send(()).unwrap();
    assert_eq!(api.ended().await.good().out, "first\nsecond\n");
}

#[tokio::test]
async fn ch_21_api_shows_a_large_response_on_a_terminal_before_its_end_without_control_characters_and_secrets()
 {
    // More than is held for indenting; the key is cut between two parts.
    let (begin, end) = KEY.split_at(20);
    let first = format!("{}\u{1b}[2J{begin}", "line\n".repeat(300_000));
    let (address, go_on) = server(vec![first, format!("{end}\u{202e} end")]);
    let cli = Cli::at("http://127.0.0.1:9").with("KEYSTILE_API_KEY", KEY).with("KEYSTILE_API_BASE", &address);
    let api = cli.start(cli.terminal("api GET /v1/export"));
    go_on.send(()).unwrap();
    api.on_terminal(|out| (out.len() > 1_000_000).then_some(())).await;
    go_on.send(()).unwrap();
    let out = api.ended().await.good().out;
    assert!(out.ends_with("line\r\n[2Jkeystile_live_…wxyz end\r\n"), "{:?}", &out[out.len() - 100..]);
    assert!(!out.contains('\u{1b}') && !out.contains(begin));
}
