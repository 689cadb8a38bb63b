//! Credentials with the names of their owners and creators.

use std::collections::HashMap;

use crate::domain::subject::SubjectId;
use crate::store::static_credentials::StaticCredential;
use crate::store::{Conn, StoreError, service_accounts, users};

/// A key or personal token with the names of its owner and creator.
#[derive(Debug, Clone)]
pub struct NamedCredential {
    pub credential: StaticCredential,
    pub owner_name: String,
    pub creator_name: String,
}

/// Adds the names, with two queries for any number of credentials.
pub fn with_names(
    conn: &mut Conn,
    credentials: Vec<StaticCredential>,
) -> Result<Vec<NamedCredential>, StoreError> {
    let (mut people, mut accounts) = (Vec::new(), Vec::new());
    for subject in credentials.iter().flat_map(|credential| [&credential.owner, &credential.created_by]) {
        match subject {
            SubjectId::User(id) => people.push(id.as_str()),
            SubjectId::ServiceAccount(id) => accounts.push(id.as_str()),
        }
    }
    let mut names: HashMap<String, String> = HashMap::new();
    if !people.is_empty() {
        names.extend(users::names(conn, &people)?);
    }
    if !accounts.is_empty() {
        names.extend(service_accounts::names(conn, &accounts)?);
    }
    let name = |subject: &SubjectId| names.get(subject.as_str()).cloned().unwrap_or_default();
    Ok(credentials
        .into_iter()
        .map(|credential| NamedCredential {
            owner_name: name(&credential.owner),
            creator_name: name(&credential.created_by),
            credential,
        })
        .collect())
}

pub fn with_name(conn: &mut Conn, credential: StaticCredential) -> Result<NamedCredential, StoreError> {
    let named = with_names(conn, vec![credential])?.pop();
    named.ok_or_else(|| StoreError::Failed("a credential is missing in the query of its names".to_owned()))
}
