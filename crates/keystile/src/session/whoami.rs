//! `GET /api/v1/whoami`: the identity of a credential.

use std::time::Duration;

use chrono::{DateTime, Utc};
use oauth2::http::Request;
use serde::{Deserialize, Serialize};

use super::api_error::{Caller, kind_of};
use crate::base_url::BaseUrl;
use crate::credentials::{AccountRef, OrgRef};
use crate::error::ErrorKind;
use crate::http::{PROTOCOL_LIMIT, Plan, Replay, Transport};
use crate::source::CredentialSource;

const PLAN: Plan = Plan { replay: Replay::Safe, timeout: Duration::from_secs(15), limit: PROTOCOL_LIMIT };
pub(crate) const PATH: &str = "/api/v1/whoami";

/// The envelope of API responses.
#[derive(Deserialize)]
pub(crate) struct Envelope {
    pub(crate) data: Whoami,
}

/// The identity of a credential.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Whoami {
    pub(crate) kind: String,
    pub(crate) credential: CredentialFacts,
    pub(crate) subject: Subject,
    #[serde(default)]
    pub(crate) organization: Option<Organization>,
    /// Organizations of the user, if the server lists them.
    #[serde(default)]
    pub(crate) organizations: Vec<Organization>,
    /// Whether the user has organizations that are not listed.
    #[serde(default, rename = "moreOrganizations")]
    pub(crate) more_organizations: bool,
    #[serde(default)]
    pub(crate) client: Option<ClientFacts>,
    #[serde(default)]
    pub(crate) scopes: Vec<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CredentialFacts {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) created_at: Option<DateTime<Utc>>,
    #[serde(default)]
    pub(crate) ends_at: Option<DateTime<Utc>>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Subject {
    pub(crate) kind: String,
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) email: Option<String>,
    #[serde(default)]
    pub(crate) name: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Organization {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) slug: Option<String>,
    #[serde(default)]
    pub(crate) name: Option<String>,
    #[serde(default)]
    pub(crate) role: Option<String>,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct ClientFacts {
    pub(crate) id: String,
    #[serde(default)]
    pub(crate) name: Option<String>,
}

/// Who a credential acts for.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Identity {
    /// The account: a user or a service account.
    pub account: AccountRef,
    /// The organization; `None` if the credential has none.
    pub org: Option<OrgRef>,
    /// The role in the organization, for example `member`.
    pub role: Option<String>,
    /// The scopes of the credential.
    pub scopes: Vec<String>,
}

impl From<Whoami> for Identity {
    fn from(whoami: Whoami) -> Self {
        Self {
            account: whoami.account(),
            org: whoami.org(),
            role: whoami.organization.and_then(|organization| organization.role),
            scopes: whoami.scopes,
        }
    }
}

impl Whoami {
    pub(crate) fn account(&self) -> AccountRef {
        AccountRef {
            id: self.subject.id.clone(),
            email: self.subject.email.clone(),
            name: self.subject.name.clone(),
        }
    }

    pub(crate) fn org(&self) -> Option<OrgRef> {
        self.organization.as_ref().map(Organization::reference)
    }
}

impl Organization {
    pub(crate) fn reference(&self) -> OrgRef {
        OrgRef { id: self.id.clone(), slug: self.slug.clone(), name: self.name.clone() }
    }
}

/// Identifies a token at a server, the issuer or the API, before it is stored.
pub(crate) async fn whoami_of(
    transport: &Transport,
    issuer: &BaseUrl,
    server: &BaseUrl,
    token: &str,
) -> Result<Whoami, ErrorKind> {
    let url = format!("{server}{PATH}");
    let request = Request::get(url)
        .header("accept", "application/json")
        .header("authorization", format!("Bearer {token}"))
        .body(Vec::new())
        .map_err(|error| ErrorKind::Usage { message: error.to_string(), hint: None })?;
    let response = transport.send(request, PLAN).await?;
    let caller = Caller {
        source: &CredentialSource::NewLogin,
        can_sign_in: true,
        scopes: &[],
        issuer,
        keys_url: None,
    };
    match kind_of(&response, &caller) {
        Some(kind) => Err(kind),
        None => Ok(response.parse::<Envelope>()?.data),
    }
}
