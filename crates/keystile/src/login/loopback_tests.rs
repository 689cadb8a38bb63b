use super::*;

async fn ask(port: u16, head: &str) -> String {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    stream.write_all(head.as_bytes()).await.unwrap();
    let mut answer = String::new();
    // A listener that closes early is an answer too.
    let _ = stream.read_to_string(&mut answer).await;
    answer
}

fn get(port: u16, query: &str) -> String {
    format!("GET /callback?{query} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n")
}

fn in_runtime(work: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work);
}

#[test]
fn the_browser_gets_its_response_after_the_tool_has_its_tokens() {
    in_runtime(async {
        let mut loopback = Loopback::bind(0).await.unwrap();
        let port = loopback.port();
        let browser = tokio::spawn(async move { ask(port, &get(port, "code=c&state=s")).await });
        let callback = loopback.next_callback().await.unwrap();
        assert_eq!(callback.callback.code.as_deref(), Some("c"));
        assert!(!browser.is_finished());
        callback.answer(Page::Done { url: "https://auth.acme.dev/done?c=acme-cli".into() }).await;
        let answer = browser.await.unwrap();
        assert!(
            answer
                .starts_with("HTTP/1.1 303 See Other\r\nLocation: https://auth.acme.dev/done?c=acme-cli\r\n")
        );
        assert!(answer.contains("Cache-Control: no-store\r\nReferrer-Policy: no-referrer\r\n"));
    });
}

#[test]
fn probes_do_not_end_the_wait_and_a_second_callback_is_refused() {
    in_runtime(async {
        let mut loopback = Loopback::bind(0).await.unwrap();
        let port = loopback.port();
        let options = format!("OPTIONS /callback?code=x HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
        assert!(ask(port, &options).await.starts_with("HTTP/1.1 405"));
        let icon = format!("GET /favicon.ico HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n");
        assert!(ask(port, &icon).await.starts_with("HTTP/1.1 404"));
        // A silent connection does not block the others.
        let _silent = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        let first = tokio::spawn(async move { ask(port, &get(port, "code=c")).await });
        let callback = loopback.next_callback().await.unwrap();
        assert!(ask(port, &get(port, "code=d")).await.starts_with("HTTP/1.1 409"));
        callback.answer(Page::Failed { tool: "acme".into() }).await;
        assert!(first.await.unwrap().starts_with("HTTP/1.1 400"));
    });
}

#[test]
fn a_browser_that_disconnects_has_still_delivered_the_code() {
    in_runtime(async {
        let mut loopback = Loopback::bind(0).await.unwrap();
        let port = loopback.port();
        let mut stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
        stream.write_all(get(port, "code=c").as_bytes()).await.unwrap();
        drop(stream);
        let callback = loopback.next_callback().await.unwrap();
        assert_eq!(callback.callback.code.as_deref(), Some("c"));
        callback.answer(Page::AlreadyAnswered).await;
    });
}

#[test]
fn an_oversized_head_is_not_read_to_its_end() {
    in_runtime(async {
        let loopback = Loopback::bind(0).await.unwrap();
        let port = loopback.port();
        let head = format!("GET /callback?code=c HTTP/1.1\r\nX: {}", "x".repeat(LARGEST_HEAD + 4096));
        assert_eq!(ask(port, &head).await, "");
    });
}

#[test]
fn the_port_is_closed_with_the_listener() {
    in_runtime(async {
        let loopback = Loopback::bind(0).await.unwrap();
        let port = loopback.port();
        drop(loopback);
        tokio::task::yield_now().await;
        assert!(TcpStream::connect(("127.0.0.1", port)).await.is_err());
    });
}
