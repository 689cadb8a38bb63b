//! The audit log of an organization, for owners and admins.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use url::form_urlencoded::Serializer;

use super::account::query;
use super::member::{active_sessions, manager, nav};
use super::visit::{Visit, visit};
use crate::domain::audit::export::{Format, Names};
use crate::domain::audit::{Action, Actor, Event, Outcome, Recorded};
use crate::domain::parameters::Parameters;
use crate::pages::audit::{AuditPage, EventFilter, EventRow, UseFilter, UseRow, UsesPage};
use crate::pages::audit_words;
use crate::pages::nav::Place;
use crate::pages::refusal::Refusal;
use crate::pages::sessions::Pager;
use crate::pages::text::{self, Moment};
use crate::services::{audit_log, uses};
use crate::store::Conn;
use crate::store::uses::Used;
use crate::web::app::App;
use crate::web::audit_query::{self, BadQuery};
use crate::web::envelope::is_head;
use crate::web::export;

/// Entries on one page.
const PAGE: usize = 25;

/// `GET /o/{org}/audit`
pub async fn events(app: web::Data<App>, request: HttpRequest, slug: web::Path<String>) -> HttpResponse {
    visit(app, request, async |visit| {
        let member = manager(visit, &slug).await?;
        let query = query(visit);
        let read =
            audit_query::events(&query).and_then(|asked| Ok((asked, audit_query::before_event(&query)?)));
        let (asked, before) = match read {
            Ok(read) => read,
            Err(bad) => return Ok(refused(visit, bad)),
        };
        let (org_id, chosen, outcome) = (member.organization.id.clone(), asked.action, asked.outcome);
        let read = move |conn: &mut Conn| match audit_log::filter(conn, &org_id, &asked)? {
            Ok(filter) => audit_log::page(conn, &org_id, &filter, before, PAGE).map(Ok),
            Err(too_many) => Ok(Err(too_many)),
        };
        let page = match visit.app.store.report(read).await? {
            Ok(page) => page,
            Err(too_many) => return Ok(refused(visit, too_many.into())),
        };
        let active = active_sessions(visit, &member).await?;
        let path = format!("{}/o/{slug}/audit", visit.base());
        let older = page.older.map(|place| after(&path, &query, &audit_query::after_event(place)));
        let page = AuditPage {
            shell: visit.shell(),
            nav: nav(visit, &member, Place::AuditLog, active),
            filter: event_filter(&query, chosen, outcome),
            rows: page.events.iter().map(|event| event_row(event, &page.names)).collect(),
            pager: Pager { newer: None, older },
            export: with_filters(&format!("{path}/export"), &query),
            continued: before.is_some(),
        };
        Ok(visit.page(StatusCode::OK, &page))
    })
    .await
}

/// `GET /o/{org}/audit/export?format=csv|jsonl`
pub async fn export(app: web::Data<App>, request: HttpRequest, slug: web::Path<String>) -> HttpResponse {
    visit(app, request, async |visit| {
        let member = manager(visit, &slug).await?;
        let query = query(visit);
        let asked = match audit_query::events(&query) {
            Ok(asked) => asked,
            Err(bad) => return Ok(refused(visit, bad)),
        };
        let Some(format) = query.get("format").and_then(Format::parse) else {
            return Ok(refused(visit, BadQuery("format is csv or jsonl.")));
        };
        let org_id = member.organization.id.clone();
        let filter = visit.app.store.report(move |conn| audit_log::filter(conn, &org_id, &asked)).await?;
        let filter = match filter {
            Ok(filter) => filter,
            Err(too_many) => return Ok(refused(visit, too_many.into())),
        };
        if is_head(&visit.request) {
            return Ok(export::head(&visit.app, &member.organization, format));
        }
        let actor = Actor::User(member.user_id);
        let by = Event::new(Action::AuditExported, actor, &visit.browser.origin).org(&member.organization.id);
        visit
            .app
            .write(move |_, work| {
                audit_log::record_export(work, by, format);
                Ok(())
            })
            .await?;
        Ok(export::answer(&visit.app, &member.organization, filter, format))
    })
    .await
}

/// `GET /o/{org}/audit/uses`
pub async fn uses(app: web::Data<App>, request: HttpRequest, slug: web::Path<String>) -> HttpResponse {
    visit(app, request, async |visit| {
        let member = manager(visit, &slug).await?;
        let query = query(visit);
        let read =
            audit_query::uses(&query).and_then(|filter| Ok((filter, audit_query::before_use(&query)?)));
        let (filter, place) = match read {
            Ok(read) => read,
            Err(bad) => return Ok(refused(visit, bad)),
        };
        let (org_id, outcome, continued) = (member.organization.id.clone(), filter.outcome, place.is_some());
        let read = move |conn: &mut _| uses::page(conn, &org_id, &filter, place.as_ref(), PAGE);
        let page = visit.app.store.report(read).await?;
        let active = active_sessions(visit, &member).await?;
        let path = format!("{}/o/{slug}/audit/uses", visit.base());
        let last = page.uses.last().filter(|_| page.more);
        let older = last.map(|used| after(&path, &query, &audit_query::after_use(used.at, &used.id)));
        let page = UsesPage {
            shell: visit.shell(),
            nav: nav(visit, &member, Place::AuditLog, active),
            filter: UseFilter {
                credential: typed(&query, "credential"),
                outcome,
                since: day(&query, "since"),
                until: day(&query, "until"),
            },
            rows: page.uses.iter().map(|used| use_row(used, &page.names)).collect(),
            pager: Pager { newer: None, older },
            continued,
            kept: visit.app.config.audit.log_uses.then(|| text::duration(visit.app.config.audit.keep_uses)),
        };
        Ok(visit.page(StatusCode::OK, &page))
    })
    .await
}

fn refused(visit: &Visit, BadQuery(what): BadQuery) -> HttpResponse {
    visit.refuse(Refusal::MalformedRequest { detail: what.to_owned() })
}

/// This page with its filters, ready for one more parameter.
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

fn after(path: &str, query: &Parameters, cursor: &str) -> String {
    format!("{}cursor={cursor}", with_filters(path, query))
}

fn typed(query: &Parameters, name: &str) -> String {
    query.get(name).unwrap_or_default().chars().take(100).collect()
}

/// What a field for a day can hold of what the query says.
fn day(query: &Parameters, name: &str) -> String {
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

fn event_row(event: &Recorded, names: &Names) -> EventRow {
    let known = [
        ("Event", Some(format!("{} ({})", event.sequence, event.id))),
        ("Action", Some(event.action.clone())),
        ("Actor", event.actor_id.clone()),
        ("Credential", event.credential_id.clone()),
        ("Target", event.target.clone()),
        ("Tool", event.user_agent.clone()),
        ("Request", event.request_id.clone()),
    ];
    let facts =
        known.into_iter().filter_map(|(name, value)| Some((name, value.filter(|text| !text.is_empty())?)));
    EventRow {
        at: Moment::second(event.at.utc()),
        words: audit_words::sentence(event, names),
        refused: event.outcome == Outcome::Refused.as_str(),
        address: event.ip.clone(),
        facts: facts.collect(),
        details: audit_words::details(event),
    }
}

fn use_row(used: &Used, names: &Names) -> UseRow {
    let name = |id: &String| names.get(id).map_or_else(|| id.clone(), |name| text::name(name));
    let owner = used.user_id.as_ref().or(used.service_account_id.as_ref());
    UseRow {
        at: Moment::second(used.at.utc()),
        credential: name(&used.credential_id),
        credential_id: used.credential_id.clone(),
        owner: owner.map_or_else(|| "the organization".to_owned(), name),
        endpoint: used.endpoint.clone(),
        outcome: used.outcome,
        status: used.status,
        address: used.ip.clone(),
    }
}
