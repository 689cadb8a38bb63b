//! Members of an organization: the list, changes of their roles, and how a membership ends.
//!
//! Every member sees names and roles. Owners and admins manage members in a browser; a credential does with
//! `members:manage`, and never concerns owners.

pub(in crate::services) mod ending;
mod keys;
mod role;
mod rules;

pub use ending::{EndedCredentials, leave, remove};
pub use keys::KeyFate;
pub use role::set_role;
pub use rules::{manages, may_have_role_changed, require_manages, require_may_assign, require_may_change};

use std::collections::HashMap;

use super::org_actor::{AuthMethod, OrgActor};
use super::refusal::ServiceRefusal;
use crate::domain::credential::CredentialKind;
use crate::domain::management::{MEMBERS_MANAGE, MEMBERS_READ};
use crate::domain::time::Time;
use crate::store::member_credentials::{self, ActiveCredential};
use crate::store::members::{self, Member, MemberCursor, MemberFilter};
use crate::store::{Conn, StoreError, TxError};

const NO_SUCH_MEMBER: ServiceRefusal = ServiceRefusal::NotFound("There is no such member.");

/// Numbers of active credentials of a member in this organization.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct CredentialCounts {
    /// CLI sessions.
    pub sessions: i64,
    pub personal_tokens: i64,
    pub keys: i64,
}

/// A member with the numbers of their credentials.
#[derive(Debug, Clone)]
pub struct CountedMember {
    pub member: Member,
    pub credentials: CredentialCounts,
}

/// A page of members.
#[derive(Debug, Clone)]
pub struct MemberPage {
    pub members: Vec<CountedMember>,
    /// Number of members that match, on all pages.
    pub total: i64,
}

/// A page of members, the oldest memberships first. The text of the filter is looked for in addresses only if the actor may
/// see them.
pub fn list(
    conn: &mut Conn,
    actor: &OrgActor,
    filter: MemberFilter<'_>,
    after: Option<&MemberCursor>,
    limit: i64,
    now: Time,
) -> Result<MemberPage, TxError<ServiceRefusal>> {
    let sees_details = sees_details(actor)?;
    let org_id = &actor.organization.id;
    let filter = MemberFilter { addresses: sees_details, ..filter };
    let total = members::count(conn, org_id, filter)?;
    let page = members::page(conn, org_id, filter, after, limit)?;
    let ids: Vec<&str> = page.iter().map(|member| member.user_id.as_str()).collect();
    let counts = if sees_details { counts(conn, org_id, &ids, now)? } else { HashMap::new() };
    let counted = |member: Member| {
        let credentials = counts.get(&member.user_id).copied().unwrap_or_default();
        CountedMember { member, credentials }
    };
    Ok(MemberPage { members: page.into_iter().map(counted).collect(), total })
}

/// Finds a member, for actors who may see the details.
pub fn find(
    conn: &mut Conn,
    actor: &OrgActor,
    user_id: &str,
    now: Time,
) -> Result<CountedMember, TxError<ServiceRefusal>> {
    if !sees_details(actor)? {
        return Err(rules::managers_only().into());
    }
    let org_id = &actor.organization.id;
    let member = members::find(conn, org_id, user_id)?.ok_or(NO_SUCH_MEMBER)?;
    let credentials = own_credentials(conn, org_id, user_id, now)?;
    Ok(CountedMember { member, credentials })
}

/// At most `limit` active credentials of a member of each kind: sessions, personal tokens and keys, the newest first.
pub fn credentials(
    conn: &mut Conn,
    actor: &OrgActor,
    user_id: &str,
    now: Time,
    limit: i64,
) -> Result<[Vec<ActiveCredential>; 3], StoreError> {
    let org_id = &actor.organization.id;
    let mut of = |kind| member_credentials::active(conn, org_id, user_id, kind, now, limit);
    Ok([of(CredentialKind::CliSession)?, of(CredentialKind::PersonalToken)?, of(CredentialKind::ApiKey)?])
}

/// Numbers of the active credentials of one user.
pub fn own_credentials(
    conn: &mut Conn,
    org_id: &str,
    user_id: &str,
    now: Time,
) -> Result<CredentialCounts, StoreError> {
    Ok(counts(conn, org_id, &[user_id], now)?.remove(user_id).unwrap_or_default())
}

/// Whether the actor sees addresses and credentials of members. A person sees at least names and roles.
pub fn sees_details(actor: &OrgActor) -> Result<bool, ServiceRefusal> {
    match &actor.auth_method {
        AuthMethod::Browser => Ok(actor.administers()),
        AuthMethod::Credential { .. } => {
            actor.require(MEMBERS_MANAGE).or_else(|_| actor.require(MEMBERS_READ))?;
            Ok(true)
        }
    }
}

/// The numbers of credentials of these members, with one query for any number of members.
fn counts(
    conn: &mut Conn,
    org_id: &str,
    ids: &[&str],
    now: Time,
) -> Result<HashMap<String, CredentialCounts>, StoreError> {
    let mut counts: HashMap<String, CredentialCounts> = HashMap::new();
    for (user_id, kind, number) in member_credentials::count_active(conn, org_id, ids, now)? {
        let of_member = counts.entry(user_id.unwrap_or_default()).or_default();
        match kind {
            CredentialKind::CliSession => of_member.sessions = number,
            CredentialKind::PersonalToken => of_member.personal_tokens = number,
            CredentialKind::ApiKey => of_member.keys = number,
        }
    }
    Ok(counts)
}
