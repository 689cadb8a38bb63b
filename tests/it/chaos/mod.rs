//! Availability: the built server under 100 requests per second while a fault occurs.
//!
//! `make test` runs short cases. `make chaos` runs the same cases on the release build, each for `SECONDS`, and prints
//! what the clients saw, how long fault and recovery lasted, and the peak memory of the server. All cases have the same
//! requirements: only responses that the contract allows, no lost session, an audit chain that verifies.

mod away;
mod clients;
mod clock;
mod descriptors;
mod disk;
mod lock;
mod log;
mod observed;
mod passwords;
mod restart;
mod scenario;
mod sweep;
