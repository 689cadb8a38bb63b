//! Turns a question into the consent page.

use chrono::TimeDelta;

use super::visit::Visit;
use crate::domain::network;
use crate::domain::redirect_uri::Target;
use crate::domain::scope::{Level, ScopeSet};
use crate::pages::consent::{
    Check, Choice, ChoiceState, ConsentPage, Destination, Device, Lasts, Notice, Organization, Organizations,
    Origin, Permission, Standing, Tool,
};
use crate::pages::text;
use crate::services::authorization::{Choice as Possible, Question};

/// Said as how long it lasts, not as a permission.
const DURATION: &str = "offline_access";
/// How many of the things that were not asked for are named.
const NAMED: usize = 3;
/// A request that is older deserves a second look.
const OLD: TimeDelta = TimeDelta::minutes(2);

pub(super) fn page(visit: &Visit, question: &Question) -> ConsentPage {
    let now = visit.app.now();
    let config = &visit.app.config;
    let request = &question.request;
    let origin = origin(visit, question);
    let mut notices = Vec::new();
    if matches!(origin, Some(Origin::DifferentNetwork { .. })) {
        notices.push(Notice::DifferentNetwork);
    }
    if question.first_time {
        notices.push(Notice::FirstTime);
    }
    if now - request.created_at > OLD {
        notices.push(Notice::Old);
    }
    let organizations = organizations(visit, question);
    let asked: ScopeSet = match &organizations {
        Organizations::One(_) => {
            question.choices.iter().find(|choice| usable(choice)).map(|choice| choice.granted.clone())
        }
        Organizations::Several(_) => ScopeSet::parse(&request.scopes).ok(),
    }
    .unwrap_or_default();
    let access = question.client.access.unwrap_or(config.tokens.access);
    ConsentPage {
        shell: visit.shell(),
        request: request.id.clone(),
        tool: Tool {
            name: question.client.name.clone(),
            standing: Standing::RegisteredBy(config.brand.name.clone()),
            command: question.client.command.clone().unwrap_or_else(|| question.client.id.clone()),
        },
        check: request.short_code.clone().map_or(Check::Started, Check::Code),
        device: device(question),
        goes_to: destination(question),
        origin,
        notices,
        permissions: config
            .catalog
            .entries(&asked)
            .filter(|scope| scope.id != DURATION)
            .map(|scope| Permission { label: scope.label.clone(), level: scope.level })
            .collect(),
        not_asked: not_asked(visit, &request.scopes),
        organizations,
        lasts: Lasts {
            access: text::duration(access),
            renewed_until: Some(text::date((now + config.tokens.session_max).utc())),
        },
        expires_at: text::time(request.expires_at.utc()),
    }
}

fn usable(choice: &Possible) -> bool {
    choice.organization.personal_tokens && !choice.granted.is_empty()
}

fn organizations(visit: &Visit, question: &Question) -> Organizations {
    let one = |choice: &Possible| Organization {
        id: choice.organization.id.clone(),
        name: choice.organization.name.clone(),
        role: choice.role.clone(),
        left_out: visit
            .app
            .config
            .catalog
            .entries(&choice.left_out)
            .map(|scope| scope.not_label.clone())
            .collect(),
    };
    if let [only] = question.choices.as_slice() {
        return Organizations::One(one(only));
    }
    let preselected = question.choices.iter().position(usable);
    let choices = question.choices.iter().enumerate().map(|(at, choice)| Choice {
        organization: one(choice),
        state: match usable(choice) {
            false => ChoiceState::Off,
            true if Some(at) == preselected => ChoiceState::Preselected,
            true => ChoiceState::Open,
        },
    });
    Organizations::Several(choices.collect())
}

fn device(question: &Question) -> Option<Device> {
    let request = &question.request;
    let about: Vec<String> = [&request.device_os, &request.tool_version]
        .into_iter()
        .flatten()
        .map(|words| text::device_words(words))
        .collect();
    let name = request.device_name.as_deref();
    (name.is_some() || !about.is_empty()).then(|| Device {
        name: text::device_label(name.unwrap_or("?")),
        about: if about.is_empty() { "No more is known".to_owned() } else { about.join(", ") },
    })
}

fn destination(question: &Question) -> Destination {
    let target = question.client.return_to(&question.request.redirect_uri).map(|to| to.target());
    match target {
        Some(Target::Loopback { host, port }) => {
            Destination::Loopback { address: host, port: port.unwrap_or(80) }
        }
        Some(Target::Website { host }) => Destination::Website { host },
        Some(Target::App { scheme }) => Destination::App { scheme },
        None => Destination::Code,
    }
}

/// The tool's own address is only known when the tool called us itself. Behind a proxy that is not trusted, the
/// addresses are the proxy's, and a wrong "same network" would be worse than none.
fn origin(visit: &Visit, question: &Question) -> Option<Origin> {
    let forwarded = visit.request.headers().contains_key("x-forwarded-for");
    let peer = visit.request.peer_addr()?.ip().to_canonical();
    if forwarded && visit.address == Some(peer) {
        return None;
    }
    let browser = visit.address?;
    let device = question.request.pushed_ip.as_deref()?.parse().ok()?;
    let at = text::near_time(question.request.created_at.utc(), visit.app.now().utc());
    Some(if network::same(browser, device) {
        Origin::SameNetwork { address: browser.to_string(), at }
    } else {
        Origin::DifferentNetwork { device: device.to_string(), browser: browser.to_string(), at }
    })
}

/// The strongest things that the tool did not ask for.
fn not_asked(visit: &Visit, asked: &str) -> Vec<String> {
    let asked = ScopeSet::parse(asked).unwrap_or_default();
    let mut rest: Vec<(Level, &str)> = visit
        .app
        .config
        .catalog
        .iter()
        .filter(|scope| !asked.contains(&scope.id) && scope.level > Level::Read)
        .map(|scope| (scope.level, scope.not_label.as_str()))
        .collect();
    rest.sort_by_key(|(level, _)| std::cmp::Reverse(*level));
    rest.into_iter().take(NAMED).map(|(_, label)| label.to_owned()).collect()
}
