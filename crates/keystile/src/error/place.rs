//! The profile and the server of a command, for errors that do not name them otherwise.

use super::ErrorKind;
use super::report::Report;
use crate::base_url::BaseUrl;
use crate::profile::ProfileName;

/// The profile and the server that a command was to use.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) profile: ProfileName,
    pub(crate) issuer: BaseUrl,
    /// Whether the tool chose the server, and it is on this machine: a user whose server is elsewhere has to name it.
    pub(crate) is_placeholder: bool,
}

impl Place {
    /// Whether an error of this kind names profile and server.
    pub(super) fn is_shown_for(kind: &ErrorKind) -> bool {
        matches!(kind, ErrorKind::NotAuthenticated | ErrorKind::NotInteractive)
    }

    pub(super) fn add_to(&self, report: Report, kind: &ErrorKind) -> Report {
        let Self { profile, issuer, is_placeholder } = self;
        match kind {
            kind if Self::is_shown_for(kind) => report
                .line(format!("Profile {profile}, server {issuer}."))
                .maybe(is_placeholder.then(|| "For another server, add --issuer URL.".to_owned())),
            ErrorKind::Unreachable { host, .. } if *is_placeholder && *host == issuer.host() => {
                report.line("This is the server by default. For another server, add --issuer URL.")
            }
            _ => report,
        }
    }
}
