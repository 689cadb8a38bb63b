//! Liveness and readiness.

use actix_web::{HttpResponse, web};
use serde_json::{Value, json};

use crate::domain::timekeeper::ClockFault;
use crate::web::app::App;
use crate::web::readiness::{NoWrite, Report};

/// `GET /healthz`: liveness.
pub async fn alive() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// `GET /readyz`: readiness. A write succeeds, every background task runs, and the clocks agree.
pub async fn ready(app: web::Data<App>) -> HttpResponse {
    let report = app.readiness.report(&app).await;
    let mut answer = if report.is_good() { HttpResponse::Ok() } else { HttpResponse::ServiceUnavailable() };
    answer.json(report_json(&report))
}

fn report_json(report: &Report) -> Value {
    json!({
        "status": if report.is_good() { "ok" } else { "unavailable" },
        "checks": { "database": database(report), "tasks": tasks(report), "clock": clock(report) },
    })
}

fn database(report: &Report) -> Value {
    match report.database {
        None => json!({ "status": "ok" }),
        Some(NoWrite::Late) => failed("a write did not finish within 2 s"),
        Some(NoWrite::Refused) => failed("a write fails; the log says why"),
    }
}

fn tasks(report: &Report) -> Value {
    if report.tasks.is_empty() {
        return json!({ "status": "ok" });
    }
    let mut described = failed("background tasks panicked and are being restarted; the log says why");
    described["down"] = json!(report.tasks);
    described
}

fn clock(report: &Report) -> Value {
    let (reason, by) = match report.clock {
        None => return json!({ "status": "ok" }),
        Some(ClockFault::Reference(by)) => (
            "the reference clock (the database's on PostgreSQL, the system's on SQLite) has jumped; nothing is deleted \
             until it is stable",
            by,
        ),
        Some(ClockFault::System(by)) => {
            ("the system clock differs from the time of the server; nothing is deleted until they agree", by)
        }
    };
    let mut described = failed(reason);
    described["offSeconds"] = json!(by.num_seconds());
    described
}

fn failed(reason: &str) -> Value {
    json!({ "status": "failed", "reason": reason })
}
