//! Invitations by link: made by owners and admins, accepted by the person with the invited address.

mod accept;
mod invite;
mod manage;
mod mine;
mod standing;

pub use accept::{AcceptRefusal, InvitationKey, NewAccount, accept, create_account};
pub use invite::{AddressOutcome, InviteRefusal, InviteRequest, IssuedInvitation, invite};
pub use manage::{ListedInvitation, cancel, list, renew};
pub use mine::open_for;
pub use standing::{EndReason, EndedInvitation, OpenInvitation, Standing, by_token};
