//! Samples of the device and copied-code pages.

use crate::domain::secret::Secret;
use crate::pages::authorize::consent::{
    ChoiceState, Device, NetworkOrigin, Notice, OrganizationOption, Organizations,
};
use crate::pages::authorize::paste::PastePage;
use crate::pages::authorize::samples::{consent, organization};
use crate::pages::device::answer::{DeviceAnswer, DeviceResultPage};
use crate::pages::device::confirm::DeviceConfirmPage;
use crate::pages::device::entry::{self, DeviceEntryPage};
use crate::pages::samples::{Foreign, Sample, print, shell};
use crate::pages::shared::problems::Problems;
use crate::pages::shared::text;

fn device_confirm(foreign: Foreign) -> DeviceConfirmPage {
    let consent = consent(foreign);
    DeviceConfirmPage {
        shell: consent.shell,
        request: "dev_handle".into(),
        tool: consent.tool.name,
        code: "WDJB-MJHT".into(),
        device: Some(Device {
            name: text::device_label(&foreign("build-07")),
            about: text::device_words(&foreign("Linux")) + ", Orbit CLI 2.14.0",
        }),
        origin: Some(NetworkOrigin::DifferentNetwork {
            device: "198.51.100.7".into(),
            browser: "203.0.113.24".into(),
            at: "today at 14:36 UTC".into(),
        }),
        asked_at: "today at 14:36 UTC".into(),
        ago: "2 minutes ago".into(),
        expires_at: "14:46 UTC".into(),
        notices: vec![Notice::DifferentNetwork],
        permissions: consent.permissions,
        not_asked: consent.not_asked,
        organizations: consent.organizations,
        lasts: consent.lasts,
    }
}

pub(in crate::pages) fn pages(foreign: Foreign) -> Vec<Sample> {
    let entry =
        |code: &str, problems| DeviceEntryPage { shell: shell(foreign), problems, code: foreign(code) };
    let result = |answer| DeviceResultPage { shell: shell(foreign), answer };
    let several = vec![
        OrganizationOption {
            organization: organization(foreign, "developer", &[]),
            state: ChoiceState::Preselected,
        },
        OrganizationOption {
            organization: organization(foreign, "owner", &[]),
            state: ChoiceState::Closed("Does not allow device codes"),
        },
    ];
    let careful = DeviceConfirmPage {
        device: None,
        origin: None,
        notices: vec![Notice::FirstTime, Notice::Old, Notice::Changes],
        organizations: Organizations::Several { choices: several, more: true },
        ..device_confirm(foreign)
    };
    let connected = DeviceAnswer::Connected {
        tool: text::name(&foreign("Orbit CLI")),
        device: Some(text::device_label(&foreign("build-07"))),
        organization: foreign("Northwind Labs"),
    };
    let paste = PastePage {
        shell: shell(foreign),
        request: "request-handle".into(),
        tool: foreign("Orbit CLI"),
        device: Some(text::device_label(&foreign("build-07"))),
        code: Secret::new("x".repeat(43) + "#af0ifjsldkj"),
        until: "14:41:30 UTC".into(),
    };
    vec![
        ("device-entry", print(&entry("", Problems::default()))),
        ("device-entry-wrong", print(&entry("WDJB-MJHT", entry::unknown_code()))),
        ("device-entry-throttled", print(&entry("WDJB-MJHT", entry::too_many_codes(90)))),
        ("device-confirm", print(&device_confirm(foreign))),
        ("device-confirm-careful", print(&careful)),
        ("device-connected", print(&result(connected))),
        ("device-ended", print(&result(DeviceAnswer::Ended))),
        ("paste", print(&paste)),
    ]
}
