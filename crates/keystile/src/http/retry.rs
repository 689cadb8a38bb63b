//! Retry policy.

use std::time::Duration;

use chrono::{DateTime, Utc};
use oauth2::http::{HeaderMap, Method, Request};

use crate::duration;

/// Attempts in total.
const ATTEMPTS: u32 = 4;
const FIRST_BACKOFF: Duration = Duration::from_millis(500);
const LONGEST_BACKOFF: Duration = Duration::from_secs(8);
/// With a longer `Retry-After` the response is final.
const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(60);

/// Whether a request may be repeated although the server may have processed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Replay {
    /// Yes: it is idempotent.
    Safe,
    /// Only if it was not sent, because the connection failed.
    OnlyIfUnsent,
}

impl Replay {
    /// By method. POST and PATCH are safe only with an `Idempotency-Key`.
    pub(crate) fn of<T>(request: &Request<T>) -> Self {
        let is_keyed = request.headers().contains_key("idempotency-key");
        match *request.method() {
            Method::GET | Method::HEAD | Method::PUT | Method::DELETE | Method::OPTIONS => Self::Safe,
            _ if is_keyed => Self::Safe,
            _ => Self::OnlyIfUnsent,
        }
    }
}

/// The result of one attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// A response.
    Answered { status: u16, retry_after: Option<Duration> },
    /// No connection; nothing was sent.
    Unsent,
    /// The connection broke after the request was sent.
    Broken,
}

/// The wait between attempt `number` and the next; `None` if the outcome is final. `fraction`, from 0 to 1, is the jitter.
pub(super) fn wait_before_next(
    number: u32,
    outcome: Outcome,
    replay: Replay,
    fraction: f64,
) -> Option<Duration> {
    if number >= ATTEMPTS {
        return None;
    }
    let backoff = (FIRST_BACKOFF * 2u32.pow(number - 1)).min(LONGEST_BACKOFF).mul_f64(fraction);
    match (outcome, replay) {
        (Outcome::Unsent, _) | (Outcome::Broken, Replay::Safe) => Some(backoff),
        (Outcome::Answered { status: 429 | 502 | 503 | 504, retry_after }, Replay::Safe) => match retry_after
        {
            Some(wait) if wait > LONGEST_RETRY_AFTER => None,
            Some(wait) => Some(wait),
            None => Some(backoff),
        },
        (Outcome::Broken | Outcome::Answered { .. }, _) => None,
    }
}

/// `Retry-After`, in seconds or as a date.
pub(crate) fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<Duration> {
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(duration::seconds(seconds));
    }
    let date = DateTime::parse_from_rfc2822(text).ok()?.with_timezone(&Utc);
    Some((date - now).to_std().unwrap_or_default().min(duration::LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(status: u16, retry_after: Option<u64>) -> Outcome {
        Outcome::Answered { status, retry_after: retry_after.map(Duration::from_secs) }
    }

    #[test]
    fn four_requests_with_a_doubling_wait() {
        let waits: Vec<_> =
            (1..=4).map(|number| wait_before_next(number, answered(503, None), Replay::Safe, 1.0)).collect();
        let millis = |millis| Some(Duration::from_millis(millis));
        assert_eq!(waits, [millis(500), millis(1000), millis(2000), None]);
    }

    #[test]
    fn a_retry_after_of_up_to_a_minute_is_waited_for() {
        let wait = |seconds| wait_before_next(1, answered(429, Some(seconds)), Replay::Safe, 0.0);
        assert_eq!(wait(60), Some(Duration::from_secs(60)));
        assert_eq!(wait(61), None);
    }

    #[test]
    fn an_unsafe_request_is_repeated_only_if_it_was_not_sent() {
        assert!(wait_before_next(1, Outcome::Unsent, Replay::OnlyIfUnsent, 1.0).is_some());
        assert_eq!(wait_before_next(1, Outcome::Broken, Replay::OnlyIfUnsent, 1.0), None);
        assert_eq!(wait_before_next(1, answered(503, None), Replay::OnlyIfUnsent, 1.0), None);
    }

    #[test]
    fn other_answers_are_final() {
        for status in [200, 400, 401, 403, 404, 500, 501] {
            assert_eq!(wait_before_next(1, answered(status, None), Replay::Safe, 1.0), None, "{status}");
        }
    }

    #[test]
    fn a_post_is_safe_only_with_an_idempotency_key() {
        let post = Request::post("https://a/").body(()).unwrap();
        assert_eq!(Replay::of(&post), Replay::OnlyIfUnsent);
        let keyed = Request::post("https://a/").header("Idempotency-Key", "1").body(()).unwrap();
        assert_eq!(Replay::of(&keyed), Replay::Safe);
        assert_eq!(Replay::of(&Request::get("https://a/").body(()).unwrap()), Replay::Safe);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let now = "2026-11-23T08:00:00Z".parse().unwrap();
        let read = |text: &str| {
            retry_after(&HeaderMap::from_iter([("retry-after".parse().unwrap(), text.parse().unwrap())]), now)
        };
        assert_eq!(read("12"), Some(Duration::from_secs(12)));
        assert_eq!(read("Mon, 23 Nov 2026 08:00:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(read("Mon, 23 Nov 2026 07:00:00 GMT"), Some(Duration::ZERO));
        assert_eq!(read("soon"), None);
    }
}
