//! All loads in detail.

use super::{Report, micros, ms, table};
use crate::support::database::name;
use crate::support::measured::Measured;

pub(super) fn section(report: &Report) -> String {
    let mut rows = Vec::new();
    for reached in &report.engines {
        let mut add = |path: &str, measured| rows.push(row(path, name(reached.engine), measured));
        add("refresh, 1,000 sessions", &reached.few);
        add("refresh, 10,000 sessions", &reached.refresh.full.measured);
        add("the same at half load", &reached.refresh.half);
        if let Some(million) = &reached.million {
            add("refresh, 1,000,000 sessions", million);
        }
        add("authorization code exchange", &reached.codes.measured);
        add("verify with an API key", &reached.lookups.verify);
        add("the same without the log of uses", &reached.lookups.unlogged);
        add("introspection of an API key", &reached.lookups.introspect);
        add("refresh at a fifth of the signing limit", &reached.passwords.alone);
        add("the same while 64 people sign in", &reached.passwords.beside);
    }
    let documents = &report.documents;
    rows.push(row("JWKS", "", &documents.jwks));
    rows.push(row("metadata", "", &documents.metadata));
    rows.push(row("actix-web hello", "", &documents.hello));
    let columns = ["path", "engine", "per second", "p50", "p99", "server CPU each", "client CPU each"];
    table("All loads", &columns, &rows)
}

fn row(path: &str, engine: &str, measured: &Measured) -> Vec<String> {
    vec![
        path.to_owned(),
        engine.to_owned(),
        format!("{:.0}", measured.per_second()),
        ms(measured.percentile(0.5)),
        ms(measured.percentile(0.99)),
        micros(measured.server_each()),
        micros(measured.client_each()),
    ]
}
