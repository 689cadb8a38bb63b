//! The server's time, robust against a single wrong clock.
//!
//! Between two readings of the reference clock, time advances by the monotonic clock. The reference is the clock of the
//! database on PostgreSQL, so that all nodes agree, and the system clock on SQLite. Deviations within the tolerance are
//! followed. A larger jump is not followed until the reference has run steadily for [`ADOPT_AFTER`]: a short jump is
//! probably a mistake that will be corrected, a lasting one corrects a clock that was wrong before.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;

use super::monotonic;
use super::time::{self, Time};

/// How long a reference that has jumped must run steadily before it is followed.
pub const ADOPT_AFTER: TimeDelta = TimeDelta::minutes(10);
/// How long nothing is deleted after a jump was followed, or after a start with a gap of more than [`MAX_GAP`].
pub const KEEP_AFTER_JUMP: TimeDelta = TimeDelta::hours(24);
/// The largest credible gap between the newest time in the database and the start. With a larger one, either the server
/// was off that long, or a clock is wrong and will be corrected.
pub const MAX_GAP: TimeDelta = TimeDelta::hours(24);

/// The server's time.
#[derive(Debug)]
pub struct Timekeeper {
    tolerance: TimeDelta,
    /// Microseconds from the monotonic clock to the server's time.
    offset: AtomicI64,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    jump: Option<Jump>,
    /// Monotonic time before which nothing may be deleted.
    deletes_from: i64,
}

#[derive(Debug, Clone, Copy)]
struct Jump {
    by: TimeDelta,
    /// Monotonic time of the first reading after the jump.
    since: i64,
}

/// Result of a reading of the reference clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Observation {
    /// Within the tolerance; followed.
    Agrees,
    /// Jumped by this much; not followed.
    Jumped(TimeDelta),
    /// Jumped earlier and has run steadily since; followed from now on.
    Adopted(TimeDelta),
}

/// Which clock is off, and by how much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ClockFault {
    /// The reference clock has jumped.
    Reference(TimeDelta),
    /// The system clock differs from the server's time.
    System(TimeDelta),
}

impl Timekeeper {
    /// Starts with the time of the system clock.
    pub fn new(tolerance: TimeDelta) -> Self {
        Self::starting_at(time::of_system_clock(), monotonic::micros(), tolerance)
    }

    fn starting_at(now: Time, monotonic: i64, tolerance: TimeDelta) -> Self {
        Self { tolerance, offset: AtomicI64::new(now.micros() - monotonic), state: Mutex::default() }
    }

    pub fn now(&self) -> Time {
        self.at(monotonic::micros())
    }

    fn at(&self, monotonic: i64) -> Time {
        Time::from_micros(monotonic.saturating_add(self.offset.load(Ordering::SeqCst)))
            .unwrap_or_else(Time::epoch)
    }

    /// Adopts the reference unconditionally. `monotonic` is the time of its reading by the monotonic clock.
    pub fn set(&self, reference: Time, monotonic: i64) {
        self.offset.store(reference.micros().saturating_sub(monotonic), Ordering::SeqCst);
        self.state().jump = None;
    }

    /// Compares the time at the start with the newest time in the database. If it is more than [`MAX_GAP`] ahead,
    /// nothing is deleted for [`KEEP_AFTER_JUMP`], because a new timekeeper cannot have seen a jump.
    pub fn resume(&self, newest: Option<Time>, monotonic: i64) {
        if newest.is_some_and(|newest| self.at(monotonic) - newest > MAX_GAP) {
            self.state().deletes_from = monotonic.saturating_add(micros(KEEP_AFTER_JUMP));
        }
    }

    /// Processes a reading of the reference clock, made at the time `monotonic` of the monotonic clock.
    pub fn observe(&self, reference: Time, monotonic: i64) -> Observation {
        let by = reference - self.at(monotonic);
        let mut state = self.state();
        if by.abs() <= self.tolerance {
            state.jump = None;
            self.offset.store(reference.micros().saturating_sub(monotonic), Ordering::SeqCst);
            return Observation::Agrees;
        }
        let known = state.jump.filter(|jump| (jump.by - by).abs() <= self.tolerance);
        let jump = *state.jump.insert(known.unwrap_or(Jump { by, since: monotonic }));
        if TimeDelta::microseconds(monotonic - jump.since) < ADOPT_AFTER {
            return Observation::Jumped(by);
        }
        state.jump = None;
        state.deletes_from = monotonic.saturating_add(micros(KEEP_AFTER_JUMP));
        self.offset.store(reference.micros().saturating_sub(monotonic), Ordering::SeqCst);
        Observation::Adopted(by)
    }

    /// The current clock fault; `None` if all clocks agree.
    pub fn fault(&self) -> Option<ClockFault> {
        self.fault_with(time::of_system_clock(), monotonic::micros())
    }

    fn fault_with(&self, system: Time, monotonic: i64) -> Option<ClockFault> {
        let jump = self.state().jump;
        let off = system - self.at(monotonic);
        jump.map(|jump| ClockFault::Reference(jump.by))
            .or_else(|| (off.abs() > self.tolerance).then_some(ClockFault::System(off)))
    }

    /// Whether old rows may be deleted. Not while there is a clock fault, nor for [`KEEP_AFTER_JUMP`] after a jump was
    /// followed or after a start with a gap of more than [`MAX_GAP`].
    pub fn may_delete(&self) -> bool {
        self.fault().is_none() && self.state().deletes_from <= monotonic::micros()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn micros(time: TimeDelta) -> i64 {
    time.num_microseconds().unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn at(seconds: i64) -> Time {
        Time::from_micros(seconds * SECOND).unwrap()
    }

    /// A timekeeper that started at 1,000,000 s at the monotonic time 0.
    fn keeper() -> Timekeeper {
        Timekeeper::starting_at(at(1_000_000), 0, TimeDelta::seconds(5))
    }

    #[test]
    fn a_reference_within_the_tolerance_is_followed() {
        let keeper = keeper();
        for (monotonic, reference) in [(10, 1_000_012), (20, 1_000_026), (30, 1_000_031)] {
            assert_eq!(keeper.observe(at(reference), monotonic * SECOND), Observation::Agrees);
            assert_eq!(keeper.at(monotonic * SECOND), at(reference));
        }
        assert_eq!(keeper.at(40 * SECOND), at(1_000_041));
    }

    #[test]
    fn cb_11_a_reference_that_jumps_for_a_while_is_not_followed() {
        let keeper = keeper();
        for hours in [-2, 2_400] {
            let by = TimeDelta::hours(hours);
            assert_eq!(keeper.observe(at(1_000_010) + by, 10 * SECOND), Observation::Jumped(by));
            assert_eq!(keeper.at(11 * SECOND), at(1_000_011), "the jump is not followed");
            assert_eq!(keeper.fault_with(at(1_000_011), 11 * SECOND), Some(ClockFault::Reference(by)));
            assert_eq!(keeper.observe(at(1_000_020), 20 * SECOND), Observation::Agrees);
            assert_eq!(keeper.fault_with(at(1_000_020), 20 * SECOND), None, "the reference is correct again");
        }
    }

    #[test]
    fn cb_11_a_reference_that_stays_where_it_jumped_is_followed_in_the_end() {
        let keeper = keeper();
        let by = TimeDelta::hours(2);
        assert_eq!(keeper.observe(at(1_000_000) + by, 0), Observation::Jumped(by));
        let other = by + TimeDelta::hours(1);
        assert_eq!(
            keeper.observe(at(1_000_300) + other, 300 * SECOND),
            Observation::Jumped(other),
            "a second jump"
        );
        assert_eq!(keeper.observe(at(1_000_800) + other, 800 * SECOND), Observation::Jumped(other));
        assert_eq!(keeper.observe(at(1_000_900) + other, 900 * SECOND), Observation::Adopted(other));
        assert_eq!(keeper.at(900 * SECOND), at(1_000_900) + other);
        assert!(keeper.state().deletes_from > 900 * SECOND, "no deletions for a day");
    }

    #[test]
    fn cb_11_a_start_long_after_the_newest_time_in_the_database_deletes_nothing_for_a_day() {
        for (hours, held) in [(-2, false), (0, false), (24, false), (25, true), (2_400, true)] {
            let keeper = keeper();
            keeper.resume(Some(at(1_000_000) - TimeDelta::hours(hours)), 0);
            assert_eq!(
                keeper.state().deletes_from,
                if held { micros(KEEP_AFTER_JUMP) } else { 0 },
                "{hours} h"
            );
        }
        let keeper = keeper();
        keeper.resume(None, 0);
        assert_eq!(keeper.state().deletes_from, 0, "an empty database");
    }

    #[test]
    fn cc_06_a_system_clock_that_differs_from_the_reference_is_a_fault() {
        let keeper = keeper();
        let off = TimeDelta::seconds(-70);
        assert_eq!(keeper.observe(at(1_000_010), 10 * SECOND), Observation::Agrees);
        assert_eq!(keeper.fault_with(at(1_000_010) + off, 10 * SECOND), Some(ClockFault::System(off)));
        assert_eq!(keeper.fault_with(at(1_000_014), 10 * SECOND), None);
    }
}
