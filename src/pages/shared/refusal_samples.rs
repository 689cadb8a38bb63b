//! Samples of refusal pages.

use crate::domain::policy::PolicyBlock;
use crate::pages::samples::{Foreign, LOGIN, Sample, print, shell};
use crate::pages::shared::refusal::{Refusal, RefusalActions, RefusalForm, RefusalPage, WhoCanEnable};

/// One sample per variant, in order.
#[expect(clippy::too_many_lines, reason = "a list, an entry a refusal")]
pub(in crate::pages) fn refusals(foreign: Foreign) -> Vec<(&'static str, Refusal)> {
    let command = || LOGIN.to_owned();
    let organization = || foreign("Northwind Labs");
    let way_out = || RefusalActions {
        tell_the_tool: Some(format!("http://127.0.0.1:53682/callback?state={}", foreign("s"))),
        other_organization: Some("/oauth/authorize?request=r".into()),
        ..RefusalActions::default()
    };
    let refuse = || {
        RefusalActions::ended_by(RefusalForm {
            action: "/authorize/txn_9fK2".into(),
            token: shell(foreign).tokens.of("authorize"),
            label: "Return to your terminal",
        })
    };
    vec![
        ("request-ended", Refusal::RequestEnded { open_for: "10 minutes".into(), command: command() }),
        (
            "already-answered",
            Refusal::AlreadyAnswered {
                send_again: Some("/authorize/return?request=r".into()),
                command: command(),
            },
        ),
        ("already-answered-used", Refusal::AlreadyAnswered { send_again: None, command: command() }),
        ("unknown-client", Refusal::UnknownClient { client_id: foreign("orbit-cli-2") }),
        ("outdated-tool", Refusal::OutdatedTool { command: command() }),
        (
            "redirect-not-registered",
            Refusal::RedirectNotRegistered {
                tool: foreign("Orbit CLI"),
                asked: foreign("evil.example"),
                registered: vec![foreign("127.0.0.1"), foreign("[::1]")],
            },
        ),
        ("malformed-request", Refusal::MalformedRequest { detail: foreign("response_type is missing") }),
        (
            "role-too-small",
            Refusal::RoleTooSmall {
                organization: organization(),
                role: "viewer".into(),
                needed: vec!["developer".into(), "owner".into()],
                way_out: refuse(),
            },
        ),
        (
            "personal-tokens-off",
            Refusal::PersonalTokensOff {
                organization: organization(),
                who: WhoCanEnable::Others {
                    named: vec![foreign("Ada Byron"), foreign("Grace Brewster")],
                    more: false,
                },
                way_out: way_out(),
            },
        ),
        (
            "device-codes-off",
            Refusal::SignInMethodClosed {
                organization: organization(),
                policy_block: PolicyBlock::DeviceFlow,
                who: WhoCanEnable::Others { named: vec![foreign("Ada Byron")], more: false },
                way_out: refuse(),
            },
        ),
        (
            "device-elsewhere",
            Refusal::SignInMethodClosed {
                organization: organization(),
                policy_block: PolicyBlock::OtherNetwork,
                who: WhoCanEnable::Others { named: Vec::new(), more: false },
                way_out: RefusalActions::default(),
            },
        ),
        (
            "copied-codes-off",
            Refusal::SignInMethodClosed {
                organization: organization(),
                policy_block: PolicyBlock::CopyCode,
                who: WhoCanEnable::You("/o/northwind/settings/api-access".into()),
                way_out: RefusalActions::default(),
            },
        ),
        ("copied-code-ended", Refusal::CopiedCodeEnded { command: command() }),
        ("nothing-to-copy", Refusal::NothingToCopy),
        ("terminal-left", Refusal::TerminalLeft),
        (
            "no-organization",
            Refusal::NoOrganization { may_create: false, way_out: RefusalActions::default() },
        ),
        (
            "no-organization-create",
            Refusal::NoOrganization { may_create: true, way_out: RefusalActions::default() },
        ),
        ("no-creation", Refusal::NoCreation),
        ("form-too-old", Refusal::FormTooOld { reload: format!("/here?{}", foreign("q")) }),
        ("cookies-off", Refusal::CookiesOff),
        ("open-elsewhere", Refusal::OpenElsewhere { command: command() }),
        ("unknown-code", Refusal::UnknownCode { command: command() }),
        ("not-an-owner", Refusal::NotAnOwner { organization: organization() }),
        ("not-a-manager", Refusal::NotAManager { organization: organization() }),
        (
            "not-for-role",
            Refusal::NotForRole {
                organization: organization(),
                role: "viewer".into(),
                needed: vec!["owner".into(), "admin".into()],
            },
        ),
        ("not-allowed", Refusal::NotAllowed { message: foreign("Northwind Labs does not allow API keys.") }),
        ("past-changing", Refusal::PastChanging { message: "The API key was revoked.".into() }),
        (
            "last-owner",
            Refusal::LastOwner { organization: organization(), members: "/o/northwind/members".into() },
        ),
        ("reset-link-ended", Refusal::ResetLinkEnded),
        ("not-found", Refusal::NotFound),
        ("method-not-allowed", Refusal::MethodNotAllowed),
        ("too-many-tries", Refusal::TooManyTries { seconds: 40 }),
        ("broken", Refusal::Broken),
        ("restarting", Refusal::Restarting),
    ]
}

pub(in crate::pages) fn pages(foreign: Foreign) -> Vec<Sample> {
    refusals(foreign)
        .into_iter()
        .map(|(name, refusal)| (name, print(&RefusalPage::new(shell(foreign), refusal, "req_8h2KQ0".into()))))
        .collect()
}
