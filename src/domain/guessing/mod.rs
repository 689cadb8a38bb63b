//! Limits password attempts at one account, such that an outsider cannot use the limits to lock the owner out.
//!
//! Every attempt takes a unit *before* the password is verified. The right password returns its own unit and resets
//! nothing, so concurrent attempts are limited exactly like consecutive ones, on all nodes together. Limits apply to
//! the typed email address, whether or not it has an account.
//!
//! # A known device: one that has signed in to the account before
//!
//! It has a [`Source`] of its own, which the attempts of others do not affect: 10 attempts at once, then one after 1 s,
//! 2 s, 4 s and so on up to 15 minutes. One unit is refilled every 15 minutes, which allows at most 120 wrong attempts
//! in 24 hours.
//!
//! # Any other device
//!
//! It is limited by its network (IPv4 /24, IPv6 /48). All networks share two limits ([`Account`]):
//!
//! - **The day.** At most 1,000 wrong attempts in any 24 hours.
//! - **The minute.** *Quiet* networks, those without a wrong attempt at this account in the last 24 hours, share 20
//!   attempts per minute of the clock. While units are left, a quiet network gets one at once. When none are left, each
//!   network that asks draws a number for the minute, a hash that it can neither predict nor change by asking again.
//!   The 20 smallest numbers reserve a unit of the following minute; all others draw again. A network has one chance
//!   per minute, however often and however early it asks.
//!
//! After a wrong attempt, a network is no longer quiet. It leaves the draw and gets a [`Source`] like that of a
//! device. To keep a few persistent networks from using up the day, it may use the day's 1,000 attempts only while
//! fewer than 900 are used, and after its fifth wrong attempt only while fewer than 500 are. Asking is not free either:
//! a network that reserved a unit and did not use it within its minute is no longer quiet, as if it had used it.
//!
//! # Consequences
//!
//! - The right password from a quiet network is accepted at once or after at most one minute, while up to 19 other
//!   quiet networks per minute try. With 20 that holds in 20 of 21 minutes, with N in 20 of N + 1.
//! - Ten networks that never stop use at most 550 of the day's attempts, and none of the minute's after their first.
//! - When the day's attempts are used up, which takes hundreds of networks, known devices can still sign in.
//! - Accounts share no limit: attempts of a network at other accounts do not affect the owner of this one.

mod account;
#[cfg(test)]
mod simulation;
mod source;

pub use account::{Account, TakenUnit};
pub use source::{MEMORY, Source};

use super::secret::Digest;
use super::time::Time;

/// Result of asking for an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// A unit was taken: verify the password.
    Admitted(TakenUnit),
    /// No unit is available: whole seconds until it makes sense to try again.
    Wait(i64),
}

/// An attempt from a known device. `source` is its stored state.
pub fn try_from_device(source: &mut Option<Source>, now: Time) -> Admission {
    let before = source.and_then(|source| source.still_counts(now));
    if let Some(seconds) = before.and_then(|source| source.wait(now)) {
        return Admission::Wait(seconds);
    }
    *source = Some(Source::after(before, now));
    Admission::Admitted(TakenUnit::of_source(before, now))
}

/// An attempt from a network. `network` is its key in the store, a MAC of network and account.
///
/// Call [`Account::advance_minute`] first, in the same transaction.
pub fn try_from_network(
    account: &mut Account,
    network: Digest,
    source: &mut Option<Source>,
    now: Time,
) -> Admission {
    let before = source.and_then(|source| source.still_counts(now));
    let admitted = match before {
        Some(source) => match source.wait(now) {
            Some(seconds) => Err(seconds),
            None => account.admit_again(source, now),
        },
        None => account.admit_quiet(network, now),
    };
    if let Err(seconds) = admitted {
        return Admission::Wait(seconds);
    }
    *source = Some(Source::after(before, now));
    let minute = before.is_none().then(|| account.minute());
    Admission::Admitted(TakenUnit::of_source(before, now).with_minute(minute))
}
