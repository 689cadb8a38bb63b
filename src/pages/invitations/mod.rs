//! Invitations: the pages of owners and admins who invite, and of the people who are invited.

pub mod accept;
pub mod ended;
pub mod invite;
pub mod join;
pub mod list;
pub mod mine;

#[cfg(test)]
pub(in crate::pages) mod samples;
