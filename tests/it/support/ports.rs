//! Unused addresses for servers with a fixed port.

use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::atomic::{AtomicU16, Ordering};

/// Below the ephemeral ports (from 32768 on Linux, from 49152 on others), so that no connection takes one
/// before its server listens.
const FIRST: u16 = 12_000;
const COUNT: u16 = 20_000;

/// An unused address, returned once per process.
pub(crate) fn unused_address() -> SocketAddr {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    // Concurrent processes start at different ports.
    let offset = u16::try_from(std::process::id() % u32::from(COUNT)).unwrap();
    loop {
        let next = NEXT.fetch_add(1, Ordering::Relaxed).checked_add(offset).unwrap();
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, FIRST + next % COUNT));
        if TcpListener::bind(address).is_ok() {
            return address;
        }
    }
}
