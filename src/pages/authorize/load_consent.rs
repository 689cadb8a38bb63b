//! Builds the consent page from a consent request.

use chrono::TimeDelta;

use crate::domain::client::Client;
use crate::domain::network;
use crate::domain::policy::{PolicyBlock, SignInMethod};
use crate::domain::redirect_uri::Target;
use crate::domain::scope::{Level, ScopeSet};
use crate::domain::time::Time;
use crate::pages::authorize::consent::{
    Check, ChoiceState, ConsentPage, Destination, Device, Lasts, NetworkOrigin, Notice, Organization,
    OrganizationOption, Organizations, Permission, Permissions, Registration, Tool,
};
use crate::pages::shared::request::PageRequest;
use crate::pages::shared::text;
use crate::services::authorization::{ConsentRequest, OrganizationChoice as Possible};

/// Shown as the duration, not as a permission.
const DURATION: &str = "offline_access";
/// Maximum number of named permissions that were not requested.
const MAX_NAMED: usize = 3;
/// Age of a request from which the page warns.
pub(in crate::pages) const OLD_AFTER: TimeDelta = TimeDelta::minutes(2);

pub(in crate::pages) fn page(req: &PageRequest, question: &ConsentRequest) -> ConsentPage {
    let now = req.app.now();
    let config = &req.app.config;
    let request = &question.request;
    let origin = origin(req, request.pushed_ip.as_deref(), request.created_at);
    let mut notices = Vec::new();
    if matches!(origin, Some(NetworkOrigin::DifferentNetwork { .. })) {
        notices.push(Notice::DifferentNetwork);
    }
    if question.first_time {
        notices.push(Notice::FirstTime);
    }
    if now - request.created_at > OLD_AFTER {
        notices.push(Notice::Old);
    }
    let organizations = organizations(req, &question.choices, question.more_organizations);
    ConsentPage {
        shell: req.shell(),
        request: request.id.clone(),
        tool: Tool {
            name: text::name(&question.client.name),
            registration: Registration::RegisteredBy(config.brand.name.clone()),
            command: question.client.command.clone(),
        },
        check: request.short_code.clone().map_or(Check::Started, Check::Code),
        device: device(
            request.device_name.as_deref(),
            request.device_os.as_deref(),
            request.tool_version.as_deref(),
        ),
        goes_to: destination(question),
        origin,
        notices,
        permissions: permissions(req, &question.requested, &question.choices),
        not_asked: not_asked(req, &question.requested),
        organizations,
        lasts: lasts(req, &question.client),
        expires_at: text::time(request.expires_at.utc()),
    }
}

/// Permissions that an approval grants: those of the only organization, otherwise all requested ones.
pub(in crate::pages) fn permissions(
    req: &PageRequest,
    asked: &ScopeSet,
    choices: &[Possible],
) -> Permissions {
    let given = match choices {
        [only] => &only.granted,
        _ => asked,
    };
    let catalog = &req.app.config.catalog;
    let said = catalog.entries(given).filter(|scope| scope.id != DURATION);
    Permissions::new(
        said.map(|scope| Permission { label: scope.label.clone(), level: scope.level }).collect(),
    )
}

pub(in crate::pages) fn lasts(req: &PageRequest, client: &Client) -> Lasts {
    let tokens = &req.app.config.tokens;
    Lasts {
        access: text::duration(client.access.unwrap_or(tokens.access)),
        renewed_until: Some(text::date((req.app.now() + tokens.session_max).utc())),
    }
}

pub(in crate::pages) fn organizations(req: &PageRequest, choices: &[Possible], more: bool) -> Organizations {
    let one = |choice: &Possible| {
        let mut left_out: Vec<_> = req.app.config.catalog.entries(&choice.left_out).collect();
        left_out.sort_by_key(|scope| std::cmp::Reverse(scope.level));
        Organization {
            id: choice.organization.id.clone(),
            name: text::name(&choice.organization.name),
            role: choice.role.clone(),
            left_out: left_out.into_iter().map(|scope| scope.not_label.clone()).collect(),
        }
    };
    if let [only] = choices {
        return Organizations::One(one(only));
    }
    let preselected = choices.iter().position(Possible::is_selectable);
    let several = choices.iter().enumerate().map(|(at, choice)| OrganizationOption {
        organization: one(choice),
        state: match choice.policy_block {
            Some(policy_block) => ChoiceState::Closed(closed(policy_block)),
            None if choice.granted.is_empty() => ChoiceState::Closed("Your role there does not allow it"),
            None if Some(at) == preselected => ChoiceState::Preselected,
            None => ChoiceState::Open,
        },
    });
    Organizations::Several { choices: several.collect(), more }
}

fn closed(policy_block: PolicyBlock) -> &'static str {
    match policy_block {
        PolicyBlock::PersonalTokens => "Does not allow command-line sign-in",
        PolicyBlock::DeviceFlow => "Does not allow device codes",
        PolicyBlock::OtherNetwork => "Allows device codes on the same network only",
        PolicyBlock::CopyCode => "Does not allow copied codes",
    }
}

pub(in crate::pages) fn device(
    name: Option<&str>,
    os: Option<&str>,
    tool_version: Option<&str>,
) -> Option<Device> {
    let about: Vec<String> = [os, tool_version].into_iter().flatten().map(text::device_words).collect();
    (name.is_some() || !about.is_empty()).then(|| Device {
        name: text::device_label(name.unwrap_or("?")),
        about: if about.is_empty() { "No further details".to_owned() } else { about.join(", ") },
    })
}

pub(in crate::pages) fn destination(question: &ConsentRequest) -> Destination {
    if question.sign_in_method == SignInMethod::Paste {
        return Destination::Code;
    }
    let target = question.client.match_redirect_uri(&question.request.redirect_uri).map(|to| to.target());
    match target {
        Some(Target::Loopback { host, port }) => {
            Destination::Loopback { address: host, port: port.unwrap_or(80) }
        }
        Some(Target::Website { host }) => Destination::Website { host },
        Some(Target::App { scheme }) => Destination::App { scheme },
        None => Destination::Code,
    }
}

/// Origin of a request; known only if the tool called this server itself.
pub(in crate::pages) fn origin(
    req: &PageRequest,
    asked_from: Option<&str>,
    asked_at: Time,
) -> Option<NetworkOrigin> {
    let browser = req.comparable_address()?;
    let device = asked_from?.parse().ok()?;
    let at = text::near_time(asked_at.utc(), req.app.now().utc());
    Some(if network::same(browser, device) {
        NetworkOrigin::SameNetwork { address: browser.to_string(), at }
    } else {
        NetworkOrigin::DifferentNetwork { device: device.to_string(), browser: browser.to_string(), at }
    })
}

/// Labels of the strongest permissions that were not requested.
pub(in crate::pages) fn not_asked(req: &PageRequest, asked: &ScopeSet) -> Vec<String> {
    let mut rest: Vec<(Level, &str)> = req
        .app
        .config
        .catalog
        .iter()
        .filter(|scope| !asked.contains(&scope.id) && scope.level > Level::Read)
        .map(|scope| (scope.level, scope.not_label.as_str()))
        .collect();
    rest.sort_by_key(|(level, _)| std::cmp::Reverse(*level));
    rest.into_iter().take(MAX_NAMED).map(|(_, label)| label.to_owned()).collect()
}
