//! The goals, and whether they were met.

use std::env;
use std::ffi::OsString;
use std::path::Path;
use std::time::Duration;

use keystiled::domain::engine::Engine;

use super::{Report, mib, micros, ms, table};
use crate::runs::engine::Reached;
use crate::runs::limits::Signed;
use crate::runs::lookups::Lookups;
use crate::runs::passwords::Passwords;
use crate::support::database::name;
use crate::support::measured::{Measured, real};
use crate::support::server;

/// A row of the table.
struct Goal<'a> {
    path: &'a str,
    engine: &'a str,
    figure: String,
    limit: String,
    /// The figure divided by its limit, or the figure itself.
    value: f64,
    bound: Bound,
}

enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

impl Goal<'_> {
    fn row(&self) -> Vec<String> {
        let (goal, reached) = match self.bound {
            Bound::AtLeast(goal) => (format!("≥ {goal}"), self.value >= goal),
            Bound::AtMost(goal) => (format!("≤ {}", short(goal)), self.value <= goal),
        };
        let reached = if reached { "yes" } else { "**no**" };
        let ratio = if self.limit.is_empty() { String::new() } else { format!("{:.2}", self.value) };
        let cells =
            [self.path, self.engine, &self.figure, &self.limit, &ratio, &goal, reached].map(str::to_owned);
        cells.into()
    }
}

pub(super) fn section(report: &Report) -> String {
    let mut rows: Vec<Vec<String>> = Vec::new();
    for reached in &report.engines {
        rows.extend(of_engine(report, reached).iter().map(Goal::row));
    }
    rows.extend(of_documents(report).iter().map(Goal::row));
    rows.extend(report.tool.map(|time| of_tool(report, time).row()));
    rows.extend(of_files());
    let columns = ["what", "engine", "figure", "limit", "ratio", "goal", "reached"];
    table("To reach", &columns, &rows)
}

fn of_engine<'a>(report: &Report, reached: &'a Reached) -> Vec<Goal<'a>> {
    let limits = &report.limits;
    let (refresh_goal, code_goal) = match reached.engine {
        Engine::Sqlite => (0.8, 0.7),
        Engine::Postgres => (0.6, 0.5),
    };
    let engine = name(reached.engine);
    let rate = |path, signed: &Signed, goal| Goal {
        path,
        engine,
        figure: format!("{:.0} per second", signed.measured.per_second()),
        limit: format!("{:.0} signatures per second", signed.limit),
        value: signed.ratio(),
        bound: Bound::AtLeast(goal),
    };
    let plain =
        |path, figure, value, bound| Goal { path, engine, figure, limit: String::new(), value, bound };
    let refresh = &reached.refresh;
    let unit = limits.signature_and_fsync();
    let p99 = refresh.half.percentile(0.99);
    let memory = |kib| format!("{:.1} MiB", mib(kib));
    let mut goals = vec![
        rate("refresh", &refresh.full, refresh_goal),
        rate("authorization code exchange", &reached.codes, code_goal),
        Goal {
            path: "p99 of refresh at half load",
            engine,
            figure: ms(p99),
            limit: format!("{} for a signature and an fsync", ms(unit)),
            value: p99.as_secs_f64() / unit.as_secs_f64(),
            bound: Bound::AtMost(5.0),
        },
        plain("memory, idle", memory(refresh.idle), mib(refresh.idle), Bound::AtMost(15.0)),
        plain(
            "peak memory under full load",
            memory(refresh.loaded),
            mib(refresh.loaded),
            Bound::AtMost(40.0),
        ),
        plain(
            "start to the first 200, in ms",
            ms(refresh.start),
            refresh.start.as_secs_f64() * 1e3,
            Bound::AtMost(60.0),
        ),
        growth(reached),
        rows_added(reached),
    ];
    goals.extend(of_lookups(report, reached));
    goals.push(plain(
        "peak memory during an export of 500,000 audit events",
        memory(reached.export.peak),
        mib(reached.export.peak),
        Bound::AtMost(40.0),
    ));
    goals.extend(of_passwords(reached));
    goals.extend(refresh.updates.map(|updates| {
        let share = ratio(updates.hot, updates.all);
        Goal {
            path: "refreshes that update in place (HOT)",
            engine,
            figure: updates.hot.to_string(),
            limit: format!("{} updates", updates.all),
            value: share,
            bound: Bound::AtLeast(0.9),
        }
    }));
    goals
}

/// Logging of uses has no goal of its own: verify has to meet its goal with it.
fn of_lookups<'a>(report: &Report, reached: &'a Reached) -> [Goal<'a>; 3] {
    let Lookups { verify, unlogged, introspect } = &reached.lookups;
    let beside = |path, measured: &Measured, what, limit: &Measured, goal| Goal {
        path,
        engine: name(reached.engine),
        figure: format!("{:.0} per second", measured.per_second()),
        limit: format!("{:.0} {what}", limit.per_second()),
        value: measured.per_second() / limit.per_second(),
        bound: Bound::AtLeast(goal),
    };
    let hello = &report.documents.hello;
    [
        beside("verify with an API key, uses logged", verify, "hello per second", hello, 0.25),
        beside(
            "verify with the log of uses, compared with without",
            verify,
            "per second without it",
            unlogged,
            0.0,
        ),
        beside("introspection of an API key", introspect, "hello per second", hello, 0.25),
    ]
}

fn of_passwords(reached: &Reached) -> [Goal<'_>; 3] {
    let Passwords { at_once, idle, peak, refusals, alone, beside, sign_ins } = &reached.passwords;
    let engine = name(reached.engine);
    let most = mib(*idle) + 19.0 * real(*at_once) + 10.0;
    let (p99, usual) = (beside.percentile(0.99), alone.percentile(0.99));
    let (slowest, fastest) = refusals
        .iter()
        .fold((Duration::ZERO, Duration::MAX), |(most, least), time| (most.max(*time), least.min(*time)));
    [
        Goal {
            path: "peak memory under wrong passwords",
            engine,
            figure: format!("{:.1} MiB", mib(*peak)),
            limit: format!("{most:.1} MiB: idle, {at_once} hashes and 10"),
            value: mib(*peak) / most,
            bound: Bound::AtMost(1.0),
        },
        Goal {
            path: "p99 of refresh while 64 people sign in",
            engine,
            figure: format!("{} with {sign_ins:.0} sign-ins per second", ms(p99)),
            limit: format!("{} without them", ms(usual)),
            value: p99.as_secs_f64() / usual.as_secs_f64(),
            bound: Bound::AtMost(3.0),
        },
        Goal {
            path: "refusal of an unknown address, a wrong password, a disabled account",
            engine,
            figure: format!("{} for the slowest median", ms(slowest)),
            limit: format!("{} for the fastest", ms(fastest)),
            value: slowest.as_secs_f64() / fastest.as_secs_f64(),
            bound: Bound::AtMost(1.05),
        },
    ]
}

fn growth(reached: &Reached) -> Goal<'_> {
    let (path, more) = match &reached.million {
        Some(million) => ("refresh with 1,000,000 sessions, compared with 1,000", million),
        None => ("refresh with 10,000 sessions, compared with 1,000", &reached.refresh.full.measured),
    };
    Goal {
        path,
        engine: name(reached.engine),
        figure: format!("{:.0} per second", more.per_second()),
        limit: format!("{:.0} per second", reached.few.per_second()),
        value: more.per_second() / reached.few.per_second(),
        bound: Bound::AtLeast(0.9),
    }
}

fn rows_added(reached: &Reached) -> Goal<'_> {
    let refresh = &reached.refresh;
    let count = refresh.full.measured.counts.accepted + refresh.half.counts.accepted;
    let added = refresh.rows_added;
    Goal {
        path: "rows added by refreshes",
        engine: name(reached.engine),
        figure: format!("{added} by {count}"),
        limit: String::new(),
        value: ratio(added, 1),
        bound: Bound::AtMost(0.0),
    }
}

fn of_documents(report: &Report) -> Vec<Goal<'static>> {
    let documents = &report.documents;
    let hello = &documents.hello;
    let goal = |path, measured: &Measured| Goal {
        path,
        engine: "",
        figure: format!("{:.0} per second, {} each", measured.per_second(), micros(measured.server_each())),
        limit: format!("{:.0} hello per second, {} each", hello.per_second(), micros(hello.server_each())),
        // If the client limits the rates, only the CPU time of the server tells them apart.
        value: (measured.per_second() / hello.per_second())
            .min(hello.server_each().as_secs_f64() / measured.server_each().as_secs_f64()),
        bound: Bound::AtLeast(0.7),
    };
    vec![goal("JWKS", &documents.jwks), goal("metadata", &documents.metadata)]
}

fn of_tool(report: &Report, time: Duration) -> Goal<'static> {
    let process = report.limits.process;
    Goal {
        path: "`keystile auth token` from its file, in units of `true`; below 10 ms",
        engine: "",
        figure: ms(time),
        limit: ms(process),
        value: time.as_secs_f64() / process.as_secs_f64(),
        bound: Bound::AtMost(10e-3 / process.as_secs_f64()),
    }
}

fn of_files() -> Vec<Vec<String>> {
    let server = server::path();
    let client = env::var_os("KEYSTILE_BENCH_CLIENT");
    let files = [
        ("binary of the server, in MiB", Some(server), 25.0),
        ("binary with the client only, in MiB", client, 8.0),
    ];
    let row = |(path, file, goal): (&'static str, Option<OsString>, f64)| {
        let size =
            file.as_deref().and_then(|file| Path::new(file).metadata().ok()).map(|data| data.len() / 1024);
        match size.map(mib) {
            Some(size) => {
                let figure = format!("{size:.1} MiB");
                let bound = Bound::AtMost(goal);
                Goal { path, engine: "", figure, limit: String::new(), value: size, bound }.row()
            }
            None => [path, "", "not built in this run", "", "", &format!("≤ {goal}"), ""]
                .map(str::to_owned)
                .into(),
        }
    };
    files.map(row).into()
}

/// Rounded to two decimals.
fn short(goal: f64) -> String {
    format!("{}", (goal * 100.0).round() / 100.0)
}

/// The ratio of two counts; 1 if both are zero.
#[expect(clippy::cast_precision_loss, reason = "counts here are far below 2^52")]
fn ratio(part: i64, whole: i64) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}
