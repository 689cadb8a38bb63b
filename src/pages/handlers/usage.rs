//! How much the credentials of an organization are used, for owners and admins.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use chrono::TimeDelta;

use super::account::query;
use super::member::{active_sessions, manager, nav};
use super::visit::visit;
use crate::domain::time::Time;
use crate::pages::nav::Place;
use crate::pages::text;
use crate::pages::usage::{CredentialUsage, Day, Period, UsagePage};
use crate::services::uses::{self, DayTotal, Overview};
use crate::web::app::App;

/// Credentials in the table.
const CREDENTIALS: usize = 50;

/// `GET /o/{org}/usage`
pub async fn usage(app: web::Data<App>, request: HttpRequest, slug: web::Path<String>) -> HttpResponse {
    visit(app, request, async |visit| {
        let member = manager(visit, &slug).await?;
        let period = Period::from_value(query(visit).get("days").unwrap_or_default());
        let (org_id, now) = (member.organization.id.clone(), visit.app.now());
        let first = now - TimeDelta::days(i64::from(period.days()) - 1);
        let (from, to) = (first.day(), now.day());
        let overview = visit
            .app
            .store
            .report(move |conn| uses::overview(conn, &org_id, &from, &to, CREDENTIALS))
            .await?;
        let active = active_sessions(visit, &member).await?;
        let Overview { days, credentials, others, names } = overview;
        let days: Vec<Day> =
            (0..period.days()).map(|n| day(first + TimeDelta::days(n.into()), &days)).collect();
        let page = UsagePage {
            shell: visit.shell(),
            nav: nav(visit, &member, Place::Usage, active),
            period,
            credentials: credentials
                .into_iter()
                .map(|total| CredentialUsage {
                    name: names.get(&total.id).map_or_else(|| total.id.clone(), |name| text::name(name)),
                    id: total.id,
                    allowed: total.allowed,
                    denied: total.denied,
                    last: days.iter().find(|day| day.iso == total.last_day).map(|day| day.text.clone()),
                })
                .collect(),
            logged: visit.app.config.audit.log_uses,
            days,
            others: i64::try_from(others).unwrap_or(i64::MAX),
        };
        Ok(visit.page(StatusCode::OK, &page))
    })
    .await
}

/// A day with what was counted on it.
fn day(at: Time, days: &[DayTotal]) -> Day {
    let iso = at.day();
    let (allowed, denied) =
        days.iter().find(|total| total.day == iso).map_or((0, 0), |total| (total.allowed, total.denied));
    Day { iso, text: text::date_short(at.utc()), allowed, denied }
}
