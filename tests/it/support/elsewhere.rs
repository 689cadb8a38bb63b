//! Another machine from the server's view: a proxy with another source address.

use std::net::{Ipv4Addr, SocketAddr, TcpListener as StdListener};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Source address. All of 127/8 is this machine, and each address counts as a network of its own.
pub(crate) const ADDRESS: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);

/// Response for an unreachable host.
const NOBODY: &str = "HTTP/1.1 502 Bad Gateway\r\nContent-Type: text/html\r\nContent-Length: 21\r\n\
    Connection: close\r\n\r\nNobody answers there.";

/// A proxy for a browser.
pub(crate) struct Elsewhere {
    proxy: SocketAddr,
}

impl Elsewhere {
    /// Only the server is reachable: ports that are open on this machine are closed there.
    pub(crate) fn start(server: SocketAddr) -> Self {
        let listener = StdListener::bind("127.0.0.1:0").unwrap();
        let proxy = listener.local_addr().unwrap();
        listener.set_nonblocking(true).unwrap();
        tokio::spawn(async move {
            let listener = TcpListener::from_std(listener).unwrap();
            while let Ok((browser, _)) = listener.accept().await {
                tokio::spawn(serve(browser, server));
            }
        });
        Self { proxy }
    }

    pub(crate) fn proxy(&self) -> String {
        format!("http://{}", self.proxy)
    }
}

/// Forwards a request, and everything after it.
async fn serve(mut browser: TcpStream, server: SocketAddr) -> Option<()> {
    let (head, rest) = head(&mut browser).await?;
    let (asked, request) = to_server(&head)?;
    if asked != server {
        return browser.write_all(NOBODY.as_bytes()).await.ok();
    }
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind((ADDRESS, 0).into()).unwrap();
    let mut server = socket.connect(server).await.ok()?;
    server.write_all(request.as_bytes()).await.ok()?;
    server.write_all(&rest).await.ok()?;
    copy_bidirectional(&mut browser, &mut server).await.ok().map(drop)
}

/// Target and rewritten head of a proxy request. The server is asked to close, so that each request has its
/// own connection.
fn to_server(head: &str) -> Option<(SocketAddr, String)> {
    let (start, fields) = head.split_once("\r\n")?;
    let [method, target, version] = start.split(' ').collect::<Vec<_>>()[..] else { return None };
    let (server, path) = target.strip_prefix("http://")?.split_once('/')?;
    let is_kept = |field: &&str| {
        let name = field.split(':').next().unwrap_or_default().to_lowercase();
        name != "connection" && name != "proxy-connection"
    };
    let fields: Vec<_> = fields.lines().filter(is_kept).collect();
    let request =
        format!("{method} /{path} {version}\r\n{}\r\nConnection: close\r\n\r\n", fields.join("\r\n"));
    Some((server.parse().ok()?, request))
}

/// The head of a request without the empty line, and the bytes after it.
async fn head(stream: &mut TcpStream) -> Option<(String, Vec<u8>)> {
    let mut bytes = Vec::new();
    loop {
        if let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            return Some((String::from_utf8(bytes[..end].to_vec()).ok()?, bytes.split_off(end + 4)));
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
}
