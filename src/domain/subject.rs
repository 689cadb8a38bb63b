//! Subjects: who a credential acts as.

/// A user or service account, by id.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SubjectId {
    User(String),
    ServiceAccount(String),
}

impl SubjectId {
    pub fn kind(&self) -> &'static str {
        match self {
            Self::User(_) => "user",
            Self::ServiceAccount(_) => "service_account",
        }
    }

    /// The id of a user; `None` for a service account.
    pub fn user(&self) -> Option<&str> {
        match self {
            Self::User(id) => Some(id),
            Self::ServiceAccount(_) => None,
        }
    }

    pub fn as_str(&self) -> &str {
        match self {
            Self::User(id) | Self::ServiceAccount(id) => id,
        }
    }
}
