//! Invitations to the organization.

use actix_web::{HttpResponse, web};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::answer::{Data, List, Subject, one_of};
use super::caller::Caller;
use super::error::ApiError;
use super::page::ListQuery;
use super::read_request::ReadRequest;
use super::responses::{Invalid, Unknown};
use super::time::ApiTime;
use super::write_request::{Completed, Nothing, WriteRequest};
use crate::config::Config;
use crate::domain::management::{MEMBERS_MANAGE, MEMBERS_READ};
use crate::domain::subject::SubjectId;
use crate::services::invitations::{
    self, AddressOutcome, InviteRefusal, InviteRequest, IssuedInvitation, ListedInvitation,
};
use crate::services::refusal::ServiceRefusal;
use crate::store::TxError;
use crate::web::app::App;

/// Whom to invite.
#[derive(Debug, Clone, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewInvitations)]
pub struct Invite {
    /// 1 to 20 email addresses.
    #[schema(min_items = 1, max_items = 20)]
    addresses: Vec<String>,
    /// The role that they get.
    #[schema(example = "member")]
    role: String,
    /// A line for the page of the invitation.
    #[serde(default)]
    #[schema(max_length = 200)]
    note: String,
}

/// What became of an address.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct InvitedAddress {
    address: String,
    #[schema(schema_with = outcomes)]
    outcome: &'static str,
    /// The link, shown only once; `null` unless the address was invited. It works for this address only.
    #[schema(required)]
    url: Option<String>,
    #[schema(required)]
    expires_at: Option<ApiTime>,
    /// Whether the link of an earlier invitation no longer works.
    replaced: bool,
}

fn outcomes() -> utoipa::openapi::RefOr<utoipa::openapi::Schema> {
    one_of(["invited", "already_member", "not_an_address"])
}

impl InvitedAddress {
    fn new(config: &Config, outcome: AddressOutcome) -> Self {
        let nothing =
            |address, outcome| Self { address, outcome, url: None, expires_at: None, replaced: false };
        match outcome {
            AddressOutcome::Invited(issued) => Self::issued(config, issued),
            AddressOutcome::AlreadyMember(address) => nothing(address, "already_member"),
            AddressOutcome::NotAnAddress(typed) => nothing(typed, "not_an_address"),
        }
    }

    fn issued(config: &Config, issued: IssuedInvitation) -> Self {
        let url = config.server.public_url.join(&format!("/invite/{}", issued.token.expose()));
        Self {
            address: issued.address,
            outcome: "invited",
            url: Some(url),
            expires_at: Some(ApiTime(issued.ends_at)),
            replaced: issued.replaced,
        }
    }
}

/// An invitation that waits to be accepted.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Invitation {
    /// `inv_...`
    id: String,
    address: String,
    role: String,
    note: String,
    invited_by: Subject,
    created_at: ApiTime,
    /// After it, the link no longer works, and the invitation stays listed until it is renewed or canceled.
    expires_at: ApiTime,
    /// Whether it can be accepted as far as the inviter is concerned, who must still be an owner or admin.
    valid: bool,
}

impl Invitation {
    fn new(listed: &ListedInvitation) -> Self {
        let invitation = &listed.invitation;
        Self {
            id: invitation.id.clone(),
            address: invitation.address.clone(),
            role: invitation.role.clone(),
            note: invitation.note.clone(),
            invited_by: Subject::new(&SubjectId::User(invitation.invited_by.clone()), &listed.inviter_name),
            created_at: ApiTime(invitation.created_at),
            expires_at: ApiTime(invitation.ends_at),
            valid: listed.counts,
        }
    }
}

/// A canceled invitation.
#[derive(Serialize, ToSchema)]
pub struct Canceled {
    /// `inv_...`
    id: String,
}

/// The refusals of the API. Limits are those of a field, because waiting a moment does not help.
fn refusal(refused: InviteRefusal) -> ServiceRefusal {
    match refused {
        InviteRefusal::Service(refusal) => refusal,
        InviteRefusal::TooManyOpen => ServiceRefusal::invalid(
            "addresses",
            "The organization has as many open invitations as it may have. Cancel some first.",
        ),
        InviteRefusal::TooManyOfInviter => ServiceRefusal::invalid(
            "addresses",
            "You have made as many invitations within the last hour as you may. Try again later.",
        ),
    }
}

/// Invite people
///
/// Makes a link for each address, which opens for seven days unless the deployment sets another time. An earlier invitation
/// for the same address is replaced. Beyond a limit, nobody is invited. Requires a CLI session or a personal token.
#[utoipa::path(
    post,
    path = "/api/v1/invitations",
    operation_id = "invite",
    tag = "Members",
    params(WriteRequest<Invite>),
    request_body = Invite,
    responses(
        (status = 201, description = "What became of each address.", body = Data<Vec<InvitedAddress>>),
        WriteRequest<Invite>,
        Invalid
    ),
    security(("bearer" = [MEMBERS_MANAGE]), ("apiKey" = [MEMBERS_MANAGE]))
)]
pub async fn invite(app: web::Data<App>, request: WriteRequest<Invite>) -> Result<HttpResponse, ApiError> {
    request
        .run_idempotent(&app, |app, work, actor, Invite { addresses, role, note }| {
            let asked = InviteRequest { addresses, role, note };
            let outcomes = invitations::invite(work, &app.config, actor, &asked)
                .map_err(|refused| refused.map(refusal))?;
            let invited: Vec<InvitedAddress> =
                outcomes.into_iter().map(|outcome| InvitedAddress::new(&app.config, outcome)).collect();
            Ok(Completed::created(&invited))
        })
        .await
}

/// List open invitations
///
/// Newest first. Those that have expired are listed until they are renewed or canceled.
#[utoipa::path(
    get,
    path = "/api/v1/invitations",
    operation_id = "listInvitations",
    tag = "Members",
    params(ListQuery),
    responses((status = 200, description = "A page of invitations.", body = List<Invitation>), Caller),
    security(("bearer" = [MEMBERS_READ]), ("apiKey" = [MEMBERS_READ]))
)]
pub async fn list(app: web::Data<App>, request: ReadRequest) -> Result<HttpResponse, ApiError> {
    let config = app.config.clone();
    request
        .page(
            move |conn, actor, after, limit| invitations::list(conn, &config, actor, after, limit),
            Invitation::new,
            |listed: &ListedInvitation| (listed.invitation.created_at, &listed.invitation.id),
        )
        .await
}

/// Renew an invitation
///
/// Makes a new link; the earlier one no longer works. Also for one that has expired.
#[utoipa::path(
    post,
    path = "/api/v1/invitations/{id}/renew",
    operation_id = "renewInvitation",
    tag = "Members",
    params(("id" = String, Path, description = "The id of the invitation: `inv_...`"), WriteRequest<Nothing>),
    responses(
        (status = 200, description = "The new invitation.", body = Data<InvitedAddress>),
        WriteRequest<Nothing>,
        Unknown,
        Invalid
    ),
    security(("bearer" = [MEMBERS_MANAGE]), ("apiKey" = [MEMBERS_MANAGE]))
)]
pub async fn renew(
    app: web::Data<App>,
    id: web::Path<String>,
    request: WriteRequest<Nothing>,
) -> Result<HttpResponse, ApiError> {
    let id = id.into_inner();
    request
        .run_idempotent(&app, move |app, work, actor, Nothing {}| {
            let issued = invitations::renew(work, &app.config, actor, &id)
                .map_err(|refused: TxError<InviteRefusal>| refused.map(refusal))?;
            Ok(Completed::ok(&InvitedAddress::issued(&app.config, issued)))
        })
        .await
}

/// Cancel an invitation
///
/// Its link no longer works.
#[utoipa::path(
    post,
    path = "/api/v1/invitations/{id}/cancel",
    operation_id = "cancelInvitation",
    tag = "Members",
    params(("id" = String, Path, description = "The id of the invitation: `inv_...`"), WriteRequest<Nothing>),
    responses((status = 200, description = "The invitation.", body = Data<Canceled>), WriteRequest<Nothing>, Unknown),
    security(("bearer" = [MEMBERS_MANAGE]), ("apiKey" = [MEMBERS_MANAGE]))
)]
pub async fn cancel(
    app: web::Data<App>,
    id: web::Path<String>,
    request: WriteRequest<Nothing>,
) -> Result<HttpResponse, ApiError> {
    let id = id.into_inner();
    request
        .run_idempotent(&app, move |app, work, actor, Nothing {}| {
            invitations::cancel(work, &app.config, actor, &id)?;
            Ok(Completed::ok(&Canceled { id }))
        })
        .await
}
