//! Changing the role of a member.

use super::{NO_SUCH_MEMBER, rules};
use crate::config::Config;
use crate::domain::audit::{Action, Fact};
use crate::domain::role::OWNER;
use crate::services::inviter_loss::{InviterLoss, cancel_of_inviter};
use crate::services::org_actor::OrgActor;
use crate::services::refusal::ServiceRefusal;
use crate::services::service_accounts;
use crate::store::members::{self, Member};
use crate::store::{TxError, Work, memberships};

/// Changes the role of a member, which limits their credentials from the next request on.
pub fn set_role(
    work: &mut Work<'_>,
    config: &Config,
    actor: &OrgActor,
    user_id: &str,
    role: &str,
) -> Result<Member, TxError<ServiceRefusal>> {
    let actor = rules::recheck(work, config, actor)?;
    let org_id = &actor.organization.id;
    let member = members::find(work.conn, org_id, user_id)?.ok_or(NO_SUCH_MEMBER)?;
    service_accounts::require_known_role(config, role)?;
    rules::require_may_give(&actor, config, &member, role)?;
    if role == member.role {
        return Ok(member);
    }
    if role != OWNER {
        rules::require_owner_left(work.conn, &actor, &member)?;
    }
    memberships::set_role(work.conn, org_id, user_id, role)?;
    let caused = |action| actor.event(action);
    cancel_of_inviter(work, org_id, user_id, InviterLoss::Role { config, role }, caused)?;
    let event = actor.event(Action::MemberRoleChanged).target(user_id);
    work.record(event.detail("before", Fact::role(&member.role)).detail("after", Fact::role(role)));
    Ok(Member { role: role.to_owned(), ..member })
}
