//! Addresses for servers that are told where to listen.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ports that systems give to connections and to listeners of port 0 (from 32768 on Linux, from 49152 on
/// others), so that none of those takes one before its server listens.
const FIRST: u16 = 12_000;
const COUNT: u16 = 20_000;

/// An address at which nothing listens, given to one caller of this process only.
pub(crate) fn unused_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Processes that run at once begin at different ports.
    let offset = u16::try_from(std::process::id() % u32::from(COUNT)).unwrap();
    loop {
        let next = NEXT.fetch_add(1, Ordering::Relaxed).checked_add(offset).unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, FIRST + next % COUNT));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
