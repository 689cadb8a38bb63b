//! `/o/{org}/audit`: the audit log of an organization and its export.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use askama::Template;
use url::form_urlencoded::Serializer;

use crate::domain::audit::export::{Format, Names};
use crate::domain::audit::values::{IP, USER_AGENT};
use crate::domain::audit::{Action, Actor, Event, INSTANCE_CHAIN, Outcome, RecordedEvent};
use crate::domain::parameters::Parameters;
use crate::domain::parse_error::ParseError;
use crate::pages::records::audit_words::{self, ERASED};
use crate::pages::sessions::list::Pager;
use crate::pages::shared::member::{ManagerRequest, active_sessions, nav};
use crate::pages::shared::nav::{Nav, NavItem};
use crate::pages::shared::refusal::Refusal;
use crate::pages::shared::request::{PageRequest, PageResult};
use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::text::DisplayTime;
use crate::pages::shared::urls::query;
use crate::pages::shared::words::{Piece, Sentence};
use crate::services::audit_log;
use crate::store::Conn;
use crate::web::audit_query;
use crate::web::envelope::is_head;
use crate::web::export;

#[derive(Template)]
#[template(path = "records/audit.html")]
pub struct AuditPage {
    pub shell: Shell,
    pub nav: Nav,
    pub filter: EventFilter,
    pub rows: Vec<EventRow>,
    pub pager: Pager,
    /// Path of the export with the current filters, without the format.
    pub export: String,
    /// Whether there are newer events before this page.
    pub continued: bool,
}

/// Filters as entered.
#[derive(Debug, Clone, Default)]
pub struct EventFilter {
    pub actor: String,
    /// Options, and which is selected.
    pub actions: Vec<(&'static str, &'static str, bool)>,
    pub outcome: Option<Outcome>,
    pub credential: String,
    pub since: String,
    pub until: String,
}

/// One event.
#[derive(Debug, Clone)]
pub struct EventRow {
    pub at: DisplayTime,
    pub words: Sentence,
    pub refused: bool,
    /// Whether it is an event of a member that is not limited to this organization, such as a sign-in.
    pub of_member: bool,
    pub address: Option<String>,
    /// Further facts, by name.
    pub facts: Vec<(&'static str, String)>,
    /// Details of the action.
    pub details: Vec<(String, String)>,
}

impl AuditPage {
    fn path(&self) -> String {
        format!("{}/o/{}/audit", self.shell.base, self.nav.slug)
    }

    fn outcomes(&self) -> [(&'static str, &'static str, bool); 2] {
        [(Outcome::Success, "Done"), (Outcome::Refused, "Refused")]
            .map(|(outcome, word)| (outcome.as_str(), word, self.filter.outcome == Some(outcome)))
    }
}

/// Entries on one page.
pub(in crate::pages) const PAGE: usize = 25;

/// `GET /o/{org}/audit`
pub async fn events(ManagerRequest(req, member): ManagerRequest, slug: web::Path<String>) -> PageResult {
    let query = query(&req);
    let read =
        audit_query::events(&query).and_then(|asked| Ok((asked, audit_query::read_event_cursor(&query)?)));
    let (asked, before) = match read {
        Ok(read) => read,
        Err(bad) => return Ok(refused(&req, bad)),
    };
    let (org_id, chosen, outcome) = (member.organization.id.clone(), asked.action, asked.outcome);
    let read = move |conn: &mut Conn| match audit_log::filter(conn, &org_id, &asked)? {
        Ok(filter) => audit_log::page(conn, &org_id, &filter, before, PAGE).map(Ok),
        Err(unsearchable) => Ok(Err(unsearchable)),
    };
    let page = match req.app.store.report(read).await? {
        Ok(page) => page,
        Err(too_many) => return Ok(refused(&req, too_many)),
    };
    let active = active_sessions(&req, &member).await?;
    let path = format!("{}/o/{slug}/audit", req.base());
    let older = page.older.map(|place| next_page(&path, &query, &audit_query::event_cursor(place)));
    let page = AuditPage {
        shell: req.shell(),
        nav: nav(&req, &member, NavItem::AuditLog, active),
        filter: event_filter(&query, chosen, outcome),
        rows: page.events.iter().map(|event| event_row(event, &page.names)).collect(),
        pager: Pager { newer: None, older },
        export: with_filters(&format!("{path}/export"), &query),
        continued: before.is_some(),
    };
    Ok(req.page(StatusCode::OK, &page))
}

/// `GET /o/{org}/audit/export?format=csv|jsonl`
pub async fn export(ManagerRequest(req, member): ManagerRequest) -> PageResult {
    let query = query(&req);
    let asked = match audit_query::events(&query) {
        Ok(asked) => asked,
        Err(bad) => return Ok(refused(&req, bad)),
    };
    let Some(format) = query.get("format").and_then(Format::parse) else {
        return Ok(refused(&req, ParseError("format must be csv or jsonl.")));
    };
    let org_id = member.organization.id.clone();
    let filter = req.app.store.report(move |conn| audit_log::filter(conn, &org_id, &asked)).await?;
    let filter = match filter {
        Ok(filter) => filter,
        Err(too_many) => return Ok(refused(&req, too_many)),
    };
    if is_head(&req.http) {
        return Ok(export::response_head(&req.app, &member.organization, format));
    }
    let actor = Actor::User(member.user_id);
    let by = Event::new(Action::AuditExported, actor, &req.browser.origin).org(&member.organization.id);
    req.app
        .write(move |_, work| {
            audit_log::record_export(work, by, format);
            Ok(())
        })
        .await?;
    Ok(export::response(&req.app, &member.organization, filter, format))
}

pub(in crate::pages) fn refused(req: &PageRequest, ParseError(what): ParseError) -> HttpResponse {
    req.refuse(Refusal::MalformedRequest { detail: what.to_owned() })
}

/// Path of this page with its filters, ready for another parameter.
fn with_filters(path: &str, query: &Parameters) -> String {
    const FILTERS: [&str; 6] = ["actor", "action", "outcome", "credential", "since", "until"];
    let mut link = Serializer::new(format!("{path}?"));
    for name in FILTERS {
        if let Some(value) = query.get(name) {
            link.append_pair(name, value);
        }
    }
    let link = link.finish();
    if link.ends_with('?') { link } else { format!("{link}&") }
}

pub(in crate::pages) fn next_page(path: &str, query: &Parameters, cursor: &str) -> String {
    format!("{}cursor={cursor}", with_filters(path, query))
}

pub(in crate::pages) fn typed(query: &Parameters, name: &str) -> String {
    query.get(name).unwrap_or_default().chars().take(100).collect()
}

/// The query value as a date field shows it.
pub(in crate::pages) fn day(query: &Parameters, name: &str) -> String {
    query.get(name).unwrap_or_default().chars().take(10).collect()
}

fn event_filter(query: &Parameters, chosen: Option<Action>, outcome: Option<Outcome>) -> EventFilter {
    let choice = |action: &Action| (action.as_str(), audit_words::label(*action), chosen == Some(*action));
    let mut actions: Vec<_> = Action::ALL.iter().map(choice).collect();
    actions.sort_unstable_by_key(|(_, label, _)| *label);
    EventFilter {
        actor: typed(query, "actor"),
        actions,
        outcome,
        credential: typed(query, "credential"),
        since: day(query, "since"),
        until: day(query, "until"),
    }
}

/// A value, or that it was erased.
fn personal(recorded: &RecordedEvent, field: &str, value: Option<&String>) -> Option<String> {
    value.cloned().or_else(|| recorded.is_erased(field).then(|| ERASED.to_owned()))
}

fn event_row(recorded: &RecordedEvent, names: &Names) -> EventRow {
    let event = &recorded.event;
    let instance = event.chain == INSTANCE_CHAIN;
    // The numbers of the server's own log would tell how much happens in other organizations.
    let number = if instance { event.id.clone() } else { format!("{} ({})", event.sequence, event.id) };
    let known = [
        ("Event", Some(number)),
        ("Action", Some(event.action.clone())),
        ("Actor", event.actor_id.clone()),
        ("Credential", event.credential_id.clone()),
        ("Target", event.target.clone()),
        ("Tool", personal(recorded, USER_AGENT, event.user_agent.as_ref())),
        ("Request", event.request_id.clone()),
    ];
    let facts =
        known.into_iter().filter_map(|(name, value)| Some((name, value.filter(|text| !text.is_empty())?)));
    EventRow {
        at: DisplayTime::second(event.at.utc()),
        words: audit_words::sentence(event, names),
        refused: event.outcome == Outcome::Refused.as_str(),
        address: personal(recorded, IP, event.ip.as_ref()),
        of_member: instance,
        facts: facts.collect(),
        details: audit_words::details(recorded),
    }
}
