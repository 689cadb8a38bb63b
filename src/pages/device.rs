//! `/device`: a person enters the code that their device shows, compares, answers, and reads what came of it.
//!
//! Whoever sends somebody else a code hopes that they say yes without a look. So the code is always asked for, the page
//! says where the request came from, "No" is the first submit button, and Enter never says yes.

use askama::Template;

use super::consent::{ChoiceState, Device, Lasts, Notice, Organization, Organizations, Origin, Permissions};
use super::problems::Problems;
use super::shell::{Shell, Theme};
use super::text;
use crate::domain::scope::Level;

#[derive(Template)]
#[template(path = "device_entry.html")]
pub struct DeviceEntryPage {
    pub shell: Shell,
    pub problems: Problems,
    /// What was typed, or what stood in the link. Never sent by itself.
    pub code: String,
}

#[derive(Template)]
#[template(path = "device_confirm.html")]
pub struct DeviceConfirmPage {
    pub shell: Shell,
    /// The handle of the request.
    pub request: String,
    /// Made with [`super::text::name`].
    pub tool: String,
    /// "WDJB-MJHT"
    pub code: String,
    /// `None`: the tool reported nothing about its device.
    pub device: Option<Device>,
    /// `None`: not known, or not to be compared behind this proxy.
    pub origin: Option<Origin>,
    /// "today at 14:36 UTC"
    pub asked_at: String,
    /// "2 minutes ago"
    pub ago: String,
    /// "14:46 UTC"
    pub expires_at: String,
    pub notices: Vec<Notice>,
    pub permissions: Permissions,
    /// The strongest things that the tool did not ask for, in the catalog's words.
    pub not_asked: Vec<String>,
    pub organizations: Organizations,
    pub lasts: Lasts,
}

impl DeviceConfirmPage {
    /// In whose name the warning speaks.
    pub fn nobody_from(&self) -> &str {
        self.only().map_or(&self.shell.brand, |organization| &organization.name)
    }

    /// Whether the role of the person leaves something out of what was asked for.
    pub fn leaves_out(&self) -> bool {
        self.only().is_some_and(|organization| !organization.left_out.is_empty())
    }

    pub fn only(&self) -> Option<&Organization> {
        match &self.organizations {
            Organizations::One(organization) => Some(organization),
            Organizations::Several(_) => None,
        }
    }

    pub fn monogram(&self) -> String {
        text::monogram(self.nobody_from())
    }

    /// What is connected: the device by the name it gave, else the tool.
    pub fn subject(&self) -> &str {
        self.device.as_ref().map_or(&self.tool, |device| &device.name)
    }
}

#[derive(Template)]
#[template(path = "device_result.html")]
pub struct DeviceResultPage {
    pub shell: Shell,
    pub answer: DeviceAnswer,
}

/// What the person answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeviceAnswer {
    Connected {
        tool: String,
        /// Made with [`super::text::device_label`].
        device: Option<String>,
        organization: String,
    },
    Ended,
}

impl DeviceResultPage {
    pub fn title(&self) -> &'static str {
        match self.answer {
            DeviceAnswer::Connected { .. } => "You can return to your device",
            DeviceAnswer::Ended => "Thank you. The request is ended.",
        }
    }
}

/// One message for wrong, used and ended codes, so that none of them can be told apart.
pub fn unknown_code() -> Problems {
    Problems::default().with("user_code", "That code has ended or was never issued")
}

/// The same, however the codes were wrong.
pub fn too_many_codes(seconds: i64) -> Problems {
    let wait = text::count(seconds, "second", "seconds");
    Problems::default().with("user_code", format!("Too many tries. Try again in {wait}"))
}
