//! Errors of the configuration: location, problem and remedy.

use std::fmt;
use std::path::PathBuf;

/// Where a setting was written.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum SettingOrigin {
    /// The file as a whole.
    File(PathBuf),
    Line(PathBuf, usize),
    /// The default, which conflicts with the value of another key.
    Default,
    /// An environment variable.
    Variable(String),
}

impl fmt::Display for SettingOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Line(path, line) => write!(f, "{}:{line}", path.display()),
            Self::Default => f.write_str("built-in default"),
            Self::Variable(name) => f.write_str(name),
        }
    }
}

/// The problem with a value, and its remedy. Never contains a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ValueError {
    pub problem: String,
    pub remedy: String,
}

/// `problem. remedy`
impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}. {}", self.problem, self.remedy)
    }
}

impl ValueError {
    pub(super) fn new(problem: impl Into<String>, remedy: impl Into<String>) -> Self {
        Self { problem: problem.into(), remedy: remedy.into() }
    }
}

/// One error. Displayed as `file:line: key: problem. Remedy.`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    origin: SettingOrigin,
    key: String,
    wrong: ValueError,
}

impl ConfigError {
    pub(super) fn new(origin: SettingOrigin, key: impl Into<String>, wrong: ValueError) -> Self {
        Self { origin, key: key.into(), wrong }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: ", self.origin)?;
        if !self.key.is_empty() {
            write!(f, "{}: ", self.key)?;
        }
        write!(f, "{}", self.wrong)
    }
}

/// All errors of a configuration, in the order of their lines.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// `Ok` if there are no errors.
    pub(super) fn none(mut errors: Vec<ConfigError>) -> Result<(), Self> {
        errors.sort_by(|a, b| a.origin.cmp(&b.origin));
        if errors.is_empty() { Ok(()) } else { Err(Self(errors)) }
    }

    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, error) in self.0.iter().enumerate() {
            if n > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}
