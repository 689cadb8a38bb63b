//! What every engine promises the rest of the server.

mod audit;
mod connections;
mod deadlocks;
mod files;
mod pooler;
mod roles;
mod schema;
mod sweeping;
mod switchover;
mod values;
mod writes;
