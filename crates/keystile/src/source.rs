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
    Profile(StoredProfile),
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
                write!(formatter, "of profile {} ({})", profile.name, profile.path.display())
            }
        }
    }
}
