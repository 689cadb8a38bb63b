//! Results of other servers.

use super::{Report, mib, ms, table};
use crate::runs::limits::Signed;
use crate::runs::peers::{PeerRow, Peered};
use crate::support::database::name;

pub(super) fn section(report: &Report) -> String {
    let mut rows: Vec<_> = report.peers.iter().map(row).collect();
    for reached in &report.engines {
        let (full, loaded) = (&reached.refresh.full, reached.refresh.loaded);
        rows.push(cells("Keystile", name(reached.engine), full, loaded));
    }
    let columns = ["server", "database", "refreshes per second", "ratio", "p50", "p99", "peak memory"];
    table("Peers", &columns, &rows)
}

fn row(peer: &PeerRow) -> Vec<String> {
    match &peer.outcome {
        Ok(Peered { variant, refresh, loaded }) => cells(&peer.name, variant, refresh, *loaded),
        Err(reason) => {
            let mut cells = vec![peer.name.clone(), format!("not measured: {}", reason.replace('|', " "))];
            cells.resize(7, String::new());
            cells
        }
    }
}

fn cells(server: &str, database: &str, signed: &Signed, loaded: u64) -> Vec<String> {
    let refresh = &signed.measured;
    vec![
        server.to_owned(),
        database.to_owned(),
        format!("{:.0}", refresh.per_second()),
        format!("{:.2}", signed.ratio()),
        ms(refresh.percentile(0.5)),
        ms(refresh.percentile(0.99)),
        format!("{:.0} MiB", mib(loaded)),
    ]
}
