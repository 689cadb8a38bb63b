//! Where the server takes the time from.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use chrono::TimeDelta;

use super::time::{self, Time};
use super::timekeeper::Timekeeper;

/// The source of `now`.
#[derive(Debug, Clone)]
pub enum Clock {
    System,
    /// The server's time, which does not follow jumps of the system clock.
    Guarded(Arc<Timekeeper>),
    /// A clock that only [`Clock::advance`] moves.
    Manual(Arc<AtomicI64>),
}

impl Clock {
    /// A clock that does not follow jumps of the system clock larger than `tolerance`.
    pub fn guarded(tolerance: TimeDelta) -> Self {
        Self::Guarded(Arc::new(Timekeeper::new(tolerance)))
    }

    pub fn manual(at: Time) -> Self {
        Self::Manual(Arc::new(AtomicI64::new(at.micros())))
    }

    pub fn now(&self) -> Time {
        match self {
            Self::System => time::of_system_clock(),
            Self::Guarded(keeper) => keeper.now(),
            Self::Manual(micros) => {
                Time::from_micros(micros.load(Ordering::SeqCst)).unwrap_or_else(Time::epoch)
            }
        }
    }

    /// The timekeeper of a [`Clock::Guarded`].
    pub fn timekeeper(&self) -> Option<&Timekeeper> {
        match self {
            Self::Guarded(keeper) => Some(keeper),
            Self::System | Self::Manual(_) => None,
        }
    }

    /// Advances a manual clock; has no effect on others.
    pub fn advance(&self, by: TimeDelta) {
        if let (Self::Manual(micros), Some(by)) = (self, by.num_microseconds()) {
            micros.fetch_add(by, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manual_clock_moves_only_by_advance() {
        let clock = Clock::manual(Time::from_micros(0).unwrap());
        assert_eq!(clock.now(), clock.now());
        clock.advance(TimeDelta::seconds(3));
        assert_eq!(clock.now().seconds(), 3);
    }
}
