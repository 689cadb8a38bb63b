//! Availability: the built server under 100 requests a second while something happens to it.
//!
//! A case is short in `make test`. `make chaos` runs the same cases on the release build, each for `SECONDS`, and prints
//! for each what its clients saw, how long the trouble and the healing lasted, and the most memory the server held.
//! Every case demands the same: only answers that the contract names, no session lost, an audit chain that verifies.

mod away;
mod clock;
mod crowd;
mod descriptors;
mod disk;
mod lock;
mod log;
mod passwords;
mod restart;
mod seen;
mod stage;
mod sweep;
