//! Batched statements: operations that queue up while the database is busy are sent to it together.

pub mod credential_holders;
pub(super) mod decided_write;
pub(super) mod lookups;
pub mod redemption;
pub(super) mod redemptions;
pub mod rotation;
pub(super) mod rotations;
pub(super) mod sqlite_writer;
