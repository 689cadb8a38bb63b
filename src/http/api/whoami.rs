//! Owner and scopes of the presented credential.

use actix_web::{HttpResponse, web};
use serde::Serialize;
use utoipa::ToSchema;
use utoipa::openapi::{RefOr, Schema};

use super::answer::{Data, mode_or_null, one_of, subject_kind};
use super::caller::Caller;
use super::error::ApiError;
use super::time::ApiTime;
use crate::domain::credential::CredentialKind;
use crate::domain::static_secret::Mode;
use crate::services::authenticate::{Principal, Subject};
use crate::store::memberships::{self, LISTED};
use crate::store::organizations::Organization;
use crate::web::app::App;

/// Subject, organization and scopes of a credential.
#[derive(Serialize, ToSchema)]
pub struct WhoAmI {
    #[schema(schema_with = credential_kind)]
    kind: &'static str,
    credential: PresentedCredential,
    subject: PresentingSubject,
    organization: Membership,
    /// With a CLI session: organizations of the user, oldest membership first; at most 50, and that of the session.
    organizations: Vec<Membership>,
    /// Whether the user has organizations that are not listed.
    #[serde(rename = "moreOrganizations")]
    more_organizations: bool,
    /// With a CLI session: the tool that it belongs to.
    #[schema(required)]
    client: Option<Client>,
    /// Effective scopes.
    scopes: Vec<String>,
}

/// The credential.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct PresentedCredential {
    id: String,
    name: String,
    /// `live` or `test` for an API key, otherwise `null`.
    #[schema(schema_with = mode_or_null, required)]
    mode: Option<&'static str>,
    created_at: ApiTime,
    #[schema(required)]
    ends_at: Option<ApiTime>,
}

/// The subject that it acts for.
#[derive(Serialize, ToSchema)]
pub struct PresentingSubject {
    #[schema(schema_with = subject_kind)]
    kind: &'static str,
    id: String,
    /// Email address of a user.
    #[schema(required)]
    email: Option<String>,
    name: String,
}

/// An organization and the role in it.
#[derive(Serialize, ToSchema)]
pub struct Membership {
    id: String,
    slug: String,
    name: String,
    role: String,
}

/// A tool.
#[derive(Serialize, ToSchema)]
pub struct Client {
    id: String,
    name: String,
}

fn credential_kind() -> RefOr<Schema> {
    one_of(CredentialKind::ALL.iter().map(|kind| kind.as_str()))
}

impl Membership {
    fn new(organization: Organization, role: String) -> Self {
        Self { id: organization.id, slug: organization.slug, name: organization.name, role }
    }
}

/// Get the owner of the credential
#[utoipa::path(
    get,
    path = "/api/v1/whoami",
    operation_id = "whoAmI",
    tag = "Credentials",
    responses((status = 200, description = "The owner, organization and scopes of the credential.", body = Data<WhoAmI>), Caller)
)]
pub async fn whoami(app: web::Data<App>, Caller(principal): Caller) -> Result<HttpResponse, ApiError> {
    let (organizations, more_organizations) = organizations(&app, &principal).await?;
    let (credential, subject) = (principal.credential, principal.subject);
    let email = match &subject {
        Subject::User(user) => Some(user.email.clone()),
        Subject::ServiceAccount(_) => None,
    };
    let data = WhoAmI {
        kind: credential.kind.as_str(),
        credential: PresentedCredential {
            id: credential.id,
            name: credential.name,
            mode: credential.mode.map(Mode::as_str),
            created_at: ApiTime(credential.created_at),
            ends_at: credential.ends_at.map(ApiTime),
        },
        subject: PresentingSubject {
            kind: subject.id().kind(),
            id: subject.id().as_str().to_owned(),
            email,
            name: subject.name().to_owned(),
        },
        organization: Membership::new(principal.organization, principal.role),
        organizations,
        more_organizations,
        client: principal.client.map(|client| Client { id: client.id, name: client.name }),
        scopes: principal.scopes.iter().map(str::to_owned).collect(),
    };
    Ok(HttpResponse::Ok().json(Data { data }))
}

/// Organizations of the user, for the tool to offer, and whether there are more. Empty for keys and personal tokens,
/// which reveal nothing about other organizations.
async fn organizations(app: &App, principal: &Principal) -> Result<(Vec<Membership>, bool), ApiError> {
    let (CredentialKind::CliSession, Subject::User(user)) = (principal.credential.kind, &principal.subject)
    else {
        return Ok((Vec::new(), false));
    };
    let user_id = user.id.clone();
    // One more than is listed says whether there are more.
    let limit = i64::try_from(LISTED).unwrap_or(i64::MAX).saturating_add(1);
    let mut joined = app.store.read(move |conn| memberships::of_user(conn, &user_id, None, limit)).await?;
    let more = joined.len() > LISTED;
    joined.truncate(LISTED);
    let mut listed: Vec<Membership> =
        joined.into_iter().map(|joined| Membership::new(joined.organization, joined.role)).collect();
    let own = &principal.organization;
    if listed.iter().all(|known| known.id != own.id) {
        listed.push(Membership::new(own.clone(), principal.role.clone()));
    }
    Ok((listed, more))
}
