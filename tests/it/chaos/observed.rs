//! What the clients of a case observed.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Outcome of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    Ok,
    /// 503 with `Retry-After`: nothing was changed.
    Unavailable,
    /// No response: the connection was refused, cut, or silent for longer than [`super::clients::PATIENCE`].
    NoAnswer,
}

/// Observations of all clients, with their times.
pub(super) struct Observed {
    begun: Instant,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    counts: BTreeMap<Outcome, usize>,
    /// Responses that no case may have, with their requests.
    wrong: Vec<String>,
    last_failure: Option<Instant>,
    slowest: Duration,
}

impl Observed {
    pub(super) fn new() -> Self {
        Self { begun: Instant::now(), state: Mutex::default() }
    }

    pub(super) fn record(&self, outcome: Outcome, took: Duration) {
        let mut state = self.state();
        *state.counts.entry(outcome).or_default() += 1;
        state.slowest = state.slowest.max(took);
        if outcome != Outcome::Ok {
            state.last_failure = Some(Instant::now());
        }
    }

    pub(super) fn record_wrong(&self, what: String) {
        let mut state = self.state();
        state.last_failure = Some(Instant::now());
        state.wrong.push(what);
    }

    pub(super) fn count(&self, outcome: Outcome) -> usize {
        self.state().counts.get(&outcome).copied().unwrap_or_default()
    }

    /// How long after `moment` the last request failed.
    pub(super) fn failing_after(&self, moment: Instant) -> Duration {
        self.state().last_failure.map_or(Duration::ZERO, |last| last.saturating_duration_since(moment))
    }

    /// Asserts that every response was one that the contract allows.
    pub(super) fn assert_contract(&self) {
        let state = self.state();
        assert!(state.wrong.is_empty(), "{} answers outside the contract: {:#?}", state.wrong.len(), {
            state.wrong.iter().take(8).collect::<Vec<_>>()
        });
    }

    /// One line for the report.
    pub(super) fn line(&self) -> String {
        let (ok, unavailable, none) =
            (self.count(Outcome::Ok), self.count(Outcome::Unavailable), self.count(Outcome::NoAnswer));
        let state = self.state();
        format!(
            "{ok} ok, {unavailable} 503, {none} without an answer, {} wrong in {:.1} s; slowest {:.2} s",
            state.wrong.len(),
            self.begun.elapsed().as_secs_f64(),
            state.slowest.as_secs_f64(),
        )
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
