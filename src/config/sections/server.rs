//! `[server]`

use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;

use chrono::TimeDelta;
use ipnet::IpNet;

use crate::config::document::Value;
use crate::config::error::ValueError;
use crate::config::issuer::Issuer;
use crate::config::section::section;
use crate::config::values::{Parsed, duration, list, text};

section! {
    /// Where the server is reached, where it keeps its files, and how many connections it takes.
    #[derive(Debug, Clone)]
    pub struct Server = [server] {
        /// The URL at which people and tools reach the server (the issuer), without a trailing slash. `https`, unless
        /// it is loopback. It may have a path. Every URL that the server prints starts with it, and a change signs
        /// every tool out, because tokens are issued for it.
        public_url: Issuer = "http://127.0.0.1:8642", public_url, env "KEYSTILE_PUBLIC_URL";

        /// The address and port to listen on.
        listen: SocketAddr = "127.0.0.1:8642", address, env "KEYSTILE_LISTEN";

        /// Where the server keeps its files. Empty: `$XDG_DATA_HOME/keystile`, or `~/.local/share/keystile`.
        data_dir: PathBuf = "", path, env "KEYSTILE_DATA_DIR";

        /// Addresses and networks of proxies whose `X-Forwarded-For` is trusted: `["127.0.0.1", "10.0.0.0/8"]`.
        ///
        /// An address in that header may have a port, brackets and quotes: `203.0.113.9:51000`,
        /// `"[2001:db8::1]:443"`.
        trusted_proxies: Vec<IpNet> = [], networks;

        /// Threads that serve HTTP. 0: one for each processor.
        workers: usize = 0, 0..=1024;

        /// Simultaneous connections, capped by the limit of open files (`ulimit -n`). When all are in use, those idle
        /// for longest are closed.
        ///
        /// The cap is the hard limit of open files, to which the server raises the soft limit, minus 88 and minus 4 for
        /// each of `pool_size` and `report_pool_size`. If no connection is idle, a new one is closed immediately.
        max_connections: usize = 10_000, 16..=1_000_000;

        /// Simultaneous connections from one IPv4 address or IPv6 /64; at most three quarters of all. Does not apply to
        /// `trusted_proxies`.
        max_connections_per_address: usize = 2_500, 1..=1_000_000;

        /// How far the system clock may be from the time of the server, and how far the clock of the database (the
        /// system clock on SQLite) may jump. Beyond that, `GET /readyz` answers 503, and nothing is deleted.
        ///
        /// See [clocks](#clocks).
        clock_tolerance: TimeDelta = "5s", duration;
    }
}

fn public_url(value: &Value) -> Parsed<Issuer> {
    Issuer::parse(text(value)?)
}

fn path(value: &Value) -> Parsed<PathBuf> {
    text(value).map(PathBuf::from)
}

fn address(value: &Value) -> Parsed<SocketAddr> {
    text(value)?.parse().map_err(|_| {
        ValueError::new(
            "is not an IP address and a port",
            "Write it as 127.0.0.1:8642, [::1]:8642 or 0.0.0.0:8642.",
        )
    })
}

fn networks(value: &Value) -> Parsed<Vec<IpNet>> {
    let network = |item: String| {
        let parsed = item.parse().or_else(|_| item.parse::<IpAddr>().map(IpNet::from));
        match parsed {
            Ok(all) if all.prefix_len() == 0 => Err(ValueError::new(
                format!("{item} trusts every sender to say where a request comes from"),
                "Name the addresses of your own proxies.",
            )),
            Ok(network) => Ok(network),
            Err(_) => Err(ValueError::new(
                format!("{item:?} is neither an address nor a network"),
                "Write addresses as 10.0.0.7 and networks as 10.0.0.0/8.",
            )),
        }
    };
    list(value)?.into_iter().map(network).collect()
}
