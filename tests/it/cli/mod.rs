//! The companion CLI as people and scripts run it: the built binary against the running server.

mod commands;
mod credentials;
mod keys;
mod refresh;
mod roads;
mod server_crash;
mod sign_in;
mod switch;
