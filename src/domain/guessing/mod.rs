//! Limits on password tries at one account, designed so that an outsider cannot use them to keep the owner out.
//!
//! Every try takes a unit *before* the password is looked at; a right password gives its own unit back and clears nothing.
//! So a burst is decided exactly as the same tries one after the other, on all nodes together. What follows is counted for
//! the typed email address, whether or not an account has it.
//!
//! # A device that has signed in to the account before
//!
//! It has a [`Source`] of its own, and nothing that others do slows it down: 10 tries at once, then one after 1 s, 2 s, 4 s
//! and so on up to 15 minutes. One unit comes back every 15 minutes. At most 120 wrong tries in 24 hours.
//!
//! # Any other device
//!
//! It is counted by its network (IPv4 /24, IPv6 /48). Two things are shared by all networks ([`Account`]):
//!
//! - **The day.** At most 1,000 wrong tries in any 24 hours.
//! - **The minute.** Networks without a wrong try at this account in the last 24 hours, *quiet* networks, share 20 tries in
//!   each minute of the clock. While units are left, the next quiet network gets one at once. When none are left, a network
//!   that asks draws a number for the minute, a hash that it can neither foresee nor change by asking again. The 20 smallest
//!   numbers hold a unit of the following minute; everybody else draws again. One network is one chance, however often it
//!   asks and however early.
//!
//! A network whose try was wrong is not quiet any more. It leaves the draw, and gets a [`Source`] of the same kind as a
//! device. To keep a few persistent networks from using up the day, it may use the day's 1,000 tries only while fewer than
//! 900 are used, and after its fifth wrong try only while fewer than 500 are. Asking is not free either: a network that won
//! a unit and did not use it within its minute is no longer quiet, as if it had used it.
//!
//! # What follows
//!
//! - The right password from a quiet network gets in at once, or after at most a minute, while up to 19 other quiet networks
//!   a minute try; with 20 that holds for 20 minutes of 21, and with N for 20 of N + 1.
//! - Ten networks that never stop use at most 550 of the day's tries, and take nothing from the minute after their first.
//! - When the day's tries are used up, which takes hundreds of networks, a known device still gets in.
//! - No count is shared between accounts: whatever one network tries elsewhere does not slow down an account's owner there.

mod account;
#[cfg(test)]
mod simulation;
mod source;

pub use account::{Account, TakenUnit};
pub use source::{MEMORY, Source};

use super::secret::Digest;
use super::time::Time;

/// What becomes of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Admission {
    /// A unit was taken: look at the password.
    Admitted(TakenUnit),
    /// Whole seconds until it makes sense to try again.
    Wait(i64),
}

/// A try from a device that has signed in to the account before. `source` is what is stored of it.
pub fn try_from_device(source: &mut Option<Source>, now: Time) -> Admission {
    let before = source.and_then(|source| source.still_counts(now));
    if let Some(seconds) = before.and_then(|source| source.wait(now)) {
        return Admission::Wait(seconds);
    }
    *source = Some(Source::after(before, now));
    Admission::Admitted(TakenUnit::of_source(before, now))
}

/// A try from a network. `network` is its key in the store, which names the account too and is not known outside.
///
/// Call [`Account::advance_minute`] before, in the same transaction.
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
