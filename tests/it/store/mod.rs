//! What every engine promises the rest of the server.

mod audit;
mod schema;
mod values;
mod writes;
