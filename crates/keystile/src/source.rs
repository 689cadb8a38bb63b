//! Where a credential came from.

use std::fmt;
use std::path::PathBuf;

use super::profile::ProfileName;

/// Where a credential came from, in order of precedence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CredentialSource {
    /// `--api-key`.
    Flag,
    /// The environment variable with this name.
    Variable(String),
    /// A profile of the credentials file.
    Profile(Box<StoredProfile>),
    /// A login that is in progress; the credential is not stored yet.
    NewLogin,
}

/// A profile and the file that holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoredProfile {
    /// The profile.
    pub name: ProfileName,
    /// The credentials file.
    pub path: PathBuf,
    /// What selected the profile.
    pub selected_by: ProfileSelection,
}

/// What selected a profile, in order of precedence. `Display` is `--profile`, the name of the variable, the path of the
/// project file, or `active_profile` and `the default`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProfileSelection {
    /// `--profile`.
    Flag,
    /// The environment variable with this name.
    Variable(String),
    /// The project file at this path.
    Project(PathBuf),
    /// `active_profile` in the settings.
    Settings,
    /// Nothing: the profile is `default`.
    Default,
}

impl ProfileSelection {
    /// `, selected by ...` if the user may not know of the selection: it comes from the environment or a project file.
    pub(crate) fn suffix(&self) -> String {
        match self {
            Self::Variable(_) | Self::Project(_) => format!(", selected by {self}"),
            Self::Flag | Self::Settings | Self::Default => String::new(),
        }
    }
}

impl fmt::Display for ProfileSelection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => formatter.write_str("--profile"),
            Self::Variable(name) => formatter.write_str(name),
            Self::Project(path) => write!(formatter, "{}", path.display()),
            Self::Settings => formatter.write_str("active_profile"),
            Self::Default => formatter.write_str("the default"),
        }
    }
}

impl CredentialSource {
    /// The `source` of `auth status --json`.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Flag => "flag",
            Self::Variable(_) => "env",
            Self::Profile(_) | Self::NewLogin => "file",
        }
    }
}

impl fmt::Display for CredentialSource {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag => formatter.write_str("from --api-key"),
            Self::Variable(name) => write!(formatter, "from {name}"),
            Self::NewLogin => formatter.write_str("of this sign-in"),
            Self::Profile(profile) => {
                let selected = profile.selected_by.suffix();
                write!(formatter, "of profile {} ({}){selected}", profile.name, profile.path.display())
            }
        }
    }
}
