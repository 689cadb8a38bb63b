//! `/o/{org}/usage`: verifications by day and credential.

use actix_web::http::StatusCode;
use askama::Template;
use chrono::TimeDelta;

use crate::domain::time::Time;
use crate::pages::shared::member::{ManagerRequest, active_sessions, nav};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::request::PageResult;
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text;
use crate::pages::shared::urls::query;
use crate::services::usage::{self, DayTotal, Overview};

#[derive(Template)]
#[template(path = "records/usage.html")]
pub struct UsagePage {
    pub shell: Shell,
    pub nav: Nav,
    pub period: Period,
    /// Consecutive days without gaps.
    pub days: Vec<Day>,
    /// Most used first.
    pub credentials: Vec<CredentialUsage>,
    /// Number of further credentials.
    pub others: i64,
    /// Whether counting of uses is enabled.
    pub logged: bool,
}

/// Period of the page.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Period {
    Week,
    #[default]
    Month,
    Quarter,
}

impl Period {
    pub const ALL: [Self; 3] = [Self::Week, Self::Month, Self::Quarter];

    pub fn days(self) -> i32 {
        match self {
            Self::Week => 7,
            Self::Month => 30,
            Self::Quarter => 90,
        }
    }

    /// Parses the query value; unknown values mean the default.
    pub fn from_value(value: &str) -> Self {
        Self::ALL.into_iter().find(|period| period.days().to_string() == value).unwrap_or_default()
    }
}

/// A day in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Day {
    /// `2026-11-23`
    pub iso: String,
    /// "23 Nov 2026"
    pub text: String,
    pub allowed: i64,
    pub denied: i64,
}

/// Usage of one credential.
#[derive(Debug, Clone)]
pub struct CredentialUsage {
    pub id: String,
    pub name: String,
    pub allowed: i64,
    pub denied: i64,
    /// The last day on which it was used: "23 Nov 2026".
    pub last: Option<String>,
}

/// A bar of the chart, in view box units.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bar {
    pub x: i32,
    pub width: i32,
    pub allowed: i32,
    pub denied: i32,
}

/// The size of the chart.
const WIDTH: i32 = 900;
const HEIGHT: i32 = 180;

impl Bar {
    /// Top of the lower part.
    fn allowed_y(self) -> i32 {
        HEIGHT - self.allowed
    }

    fn denied_y(self) -> i32 {
        HEIGHT - self.allowed - self.denied
    }
}

impl UsagePage {
    fn allowed(&self) -> i64 {
        self.days.iter().map(|day| day.allowed).sum()
    }

    fn denied(&self) -> i64 {
        self.days.iter().map(|day| day.denied).sum()
    }

    fn stats(&self) -> [(&'static str, String); 4] {
        let used = i64::try_from(self.credentials.len()).unwrap_or(i64::MAX).saturating_add(self.others);
        [
            ("Requests", text::number(self.allowed() + self.denied())),
            ("Allowed", text::number(self.allowed())),
            ("Denied", text::number(self.denied())),
            ("Credentials used", text::number(used)),
        ]
    }

    fn most(&self) -> i64 {
        self.days.iter().map(|day| day.allowed + day.denied).max().unwrap_or_default()
    }

    /// Text alternative of the chart.
    fn summary(&self) -> String {
        let all = text::count(self.allowed() + self.denied(), "request", "requests");
        let most = self.days.iter().max_by_key(|day| day.allowed + day.denied);
        match most {
            Some(day) => format!(
                "{all} in {}, {} of them denied. Most in one day: {}, on {}.",
                text::count(self.period.days().into(), "day", "days"),
                text::number(self.denied()),
                text::number(day.allowed + day.denied),
                day.text
            ),
            None => format!("{all}."),
        }
    }

    fn bars(&self) -> Vec<Bar> {
        let most = self.most().max(1);
        // A nonzero count is always visible.
        let height =
            |n: i64| i32::try_from(n * i64::from(HEIGHT) / most).unwrap_or(HEIGHT).max(i32::from(n > 0) * 2);
        let slot = WIDTH / i32::try_from(self.days.len().max(1)).unwrap_or(WIDTH);
        let gap = (slot / 5).max(1);
        let place = |(number, day): (i32, &Day)| {
            let denied = height(day.denied);
            let allowed = height(day.allowed).min(HEIGHT - denied);
            Bar { x: number * slot, width: slot - gap, allowed, denied }
        };
        (0..).zip(&self.days).map(place).collect()
    }

    /// Days with uses, latest first.
    fn busy_days(&self) -> impl Iterator<Item = &Day> {
        self.days.iter().rev().filter(|day| day.allowed + day.denied > 0)
    }

    fn uses(&self) -> String {
        format!("{}/o/{}/audit/uses", self.shell.base, self.nav.slug)
    }
}

/// Maximum number of credentials in the table.
const CREDENTIALS: i64 = 50;

/// `GET /o/{org}/usage`
pub async fn usage(ManagerRequest(req, member): ManagerRequest) -> PageResult {
    let period = Period::from_value(query(&req).get("days").unwrap_or_default());
    let (org_id, now) = (member.organization.id.clone(), req.app.now());
    let first = now - TimeDelta::days(i64::from(period.days()) - 1);
    let (from, to) = (first.day(), now.day());
    let overview =
        req.app.store.report(move |conn| usage::overview(conn, &org_id, &from, &to, CREDENTIALS)).await?;
    let active = active_sessions(&req, &member).await?;
    let Overview { days, credentials, others, names } = overview;
    let days: Vec<Day> = (0..period.days()).map(|n| day(first + TimeDelta::days(n.into()), &days)).collect();
    let page = UsagePage {
        shell: req.shell(),
        nav: nav(&req, &member, NavItem::Usage, active),
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
        logged: req.app.config.audit.log_uses,
        days,
        others,
    };
    Ok(req.page(StatusCode::OK, &page))
}

/// Counts of a day.
fn day(at: Time, days: &[DayTotal]) -> Day {
    let iso = at.day();
    let (allowed, denied) =
        days.iter().find(|total| total.day == iso).map_or((0, 0), |total| (total.allowed, total.denied));
    Day { iso, text: text::date_short(at.utc()), allowed, denied }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_period_is_named_by_its_days() {
        assert_eq!(Period::from_value("90"), Period::Quarter);
        assert_eq!(Period::from_value("91"), Period::Month);
    }
}
