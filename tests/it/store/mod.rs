//! What every engine promises the rest of the server.

mod audit;
mod connections;
mod files;
mod schema;
mod sweeping;
mod values;
mod writes;
