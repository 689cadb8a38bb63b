//! Query parameters of logs: filters, page size and cursor.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{NaiveDate, NaiveTime, TimeDelta};

use super::cursor;
use crate::domain::audit::{Action, Outcome};
use crate::domain::parameters::Parameters;
use crate::domain::parse_error::ParseError;
use crate::domain::time::Time;
use crate::domain::usage::UseOutcome;
use crate::services::audit_log::{EventQuery, LogCursor};
use crate::store::usage_counts::{self, UsageCount};
use crate::store::usage_events;

/// Default period of usage counts.
const DEFAULT_PERIOD: TimeDelta = TimeDelta::days(29);

const BAD_TIME: ParseError =
    ParseError("since and until must be times such as 2026-11-23T08:00:00Z, or days such as 2026-11-23.");

/// The query of a request.
pub fn parse(query: &str) -> Result<Parameters, ParseError> {
    Parameters::parse(query.as_bytes()).map_err(|_| ParseError("The query is malformed."))
}

/// The filters of the audit log.
pub fn events(query: &Parameters) -> Result<EventQuery, ParseError> {
    let text = |name: &str| query.get(name).map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
    let action = |name: &str| Action::parse(name).ok_or(ParseError("There is no such action."));
    let outcome = |name: &str| Outcome::parse(name).ok_or(ParseError("outcome must be success or refused."));
    Ok(EventQuery {
        since: since(query)?,
        until: until(query)?,
        actor: text("actor"),
        credential: text("credential"),
        action: query.get("action").map(action).transpose()?,
        outcome: query.get("outcome").map(outcome).transpose()?,
    })
}

/// The filters of the list of uses.
pub fn uses(query: &Parameters) -> Result<usage_events::UsageEventFilter, ParseError> {
    let outcome =
        |name: &str| UseOutcome::parse(name).ok_or(ParseError("outcome must be allowed or denied."));
    Ok(usage_events::UsageEventFilter {
        since: since(query)?,
        until: until(query)?,
        credential: query.get("credential").map(str::to_owned),
        outcome: query.get("outcome").map(outcome).transpose()?,
    })
}

/// The filters of the counts; the default is the last thirty days.
pub fn counts(query: &Parameters, now: Time) -> Result<usage_counts::UsageCountFilter, ParseError> {
    let day = |name: &str, usual: Time| match query.get(name) {
        None => Ok(usual.day()),
        Some(text)
            if NaiveDate::parse_from_str(text, "%Y-%m-%d").is_ok_and(|day| day.to_string() == text) =>
        {
            Ok(text.to_owned())
        }
        Some(_) => Err(ParseError("from and to must be days such as 2026-11-23.")),
    };
    Ok(usage_counts::UsageCountFilter {
        from: day("from", now - DEFAULT_PERIOD)?,
        to: day("to", now)?,
        credential: query.get("credential").map(str::to_owned),
    })
}

/// Start of the period. A day means its beginning in UTC.
pub fn since(query: &Parameters) -> Result<Option<Time>, ParseError> {
    query.get("since").map(start_of).transpose()
}

/// End of the period. A day means its end in UTC, so that it is included.
pub fn until(query: &Parameters) -> Result<Option<Time>, ParseError> {
    query.get("until").map(end_of).transpose()
}

/// The time that a period starts with.
pub fn start_of(text: &str) -> Result<Time, ParseError> {
    moment(text, TimeDelta::zero()).ok_or(BAD_TIME)
}

/// The time that a period ends before.
pub fn end_of(text: &str) -> Result<Time, ParseError> {
    moment(text, TimeDelta::days(1)).ok_or(BAD_TIME)
}

fn moment(text: &str, into_the_day: TimeDelta) -> Option<Time> {
    match NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        Ok(day) => {
            let at = day.and_time(NaiveTime::MIN).checked_add_signed(into_the_day)?;
            Time::from_micros(at.and_utc().timestamp_micros())
        }
        Err(_) => Time::parse(text),
    }
}

/// Page size.
pub fn limit(query: &Parameters, usual: usize, most: usize) -> Result<usize, ParseError> {
    match query.get("limit").map(str::parse) {
        None => Ok(usual),
        Some(Ok(limit)) if (1..=most).contains(&limit) => Ok(limit),
        Some(_) => Err(ParseError("limit is not a number in the range of this list.")),
    }
}

const BAD_CURSOR: ParseError = ParseError("The cursor was not issued by this server.");

/// Marks the sequence number of an event of the instance in a cursor.
const INSTANCE: char = 'i';

/// Cursor of an event, opaque to clients.
pub fn event_cursor(LogCursor { at, sequence, instance }: LogCursor) -> String {
    let mark = if instance { INSTANCE.to_string() } else { String::new() };
    cursor::write(at, &format!("{mark}{sequence}"))
}

/// Cursor of the last event on the previous page.
pub fn read_event_cursor(query: &Parameters) -> Result<Option<LogCursor>, ParseError> {
    let place = |text| {
        let (at, place) = cursor::read(text)?;
        let (sequence, instance) = match place.strip_prefix(INSTANCE) {
            Some(sequence) => (sequence, true),
            None => (place.as_str(), false),
        };
        Some(LogCursor { at, sequence: sequence.parse().ok()?, instance })
    };
    query.get("cursor").map(|text| place(text).ok_or(BAD_CURSOR)).transpose()
}

/// Cursor of a use.
pub fn use_cursor(at: Time, id: &str) -> String {
    cursor::write(at, id)
}

/// Cursor of the last use on the previous page.
pub fn read_use_cursor(query: &Parameters) -> Result<Option<(Time, String)>, ParseError> {
    query.get("cursor").map(|text| cursor::read(text).ok_or(BAD_CURSOR)).transpose()
}

/// Cursor of a count.
pub fn count_cursor(count: &UsageCount) -> String {
    let UsageCount { day, credential_id, endpoint, outcome, .. } = count;
    URL_SAFE_NO_PAD.encode([day, credential_id, endpoint, outcome.as_str()].join("\n"))
}

/// Cursor of the last count on the previous page.
pub fn read_count_cursor(query: &Parameters) -> Result<Option<usage_counts::UsageCountCursor>, ParseError> {
    let place = |text: String| {
        let parts: Vec<String> = text.split('\n').map(str::to_owned).collect();
        usage_counts::UsageCountCursor::try_from(parts).map_err(|_| BAD_CURSOR)
    };
    query.get("cursor").map(|cursor| place(open_cursor(cursor)?)).transpose()
}

fn open_cursor(cursor: &str) -> Result<String, ParseError> {
    let bytes = URL_SAFE_NO_PAD.decode(cursor).map_err(|_| BAD_CURSOR)?;
    // PostgreSQL rejects NUL in text.
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0')).ok_or(BAD_CURSOR)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(query: &str) -> Result<EventQuery, ParseError> {
        events(&parse(query).unwrap())
    }

    #[test]
    fn a_day_is_asked_for_from_its_beginning_to_its_end() {
        let asked = asked("since=2026-11-23&until=2026-11-23").unwrap();
        assert_eq!(asked.since.unwrap().iso(), "2026-11-23T00:00:00.000Z");
        assert_eq!(asked.until.unwrap().iso(), "2026-11-24T00:00:00.000Z");
    }

    #[test]
    fn a_time_may_have_a_zone() {
        let asked = asked("since=2026-11-23T08:00:00%2B02:00&action=user.signed_in&outcome=refused").unwrap();
        assert_eq!(asked.since.unwrap().iso(), "2026-11-23T06:00:00.000Z");
        assert_eq!((asked.action, asked.outcome), (Some(Action::SignedIn), Some(Outcome::Refused)));
    }

    #[test]
    fn what_cannot_be_understood_is_refused() {
        for query in
            ["since=yesterday", "until=2026-13-01", "since=%2B12026-01-01", "action=nothing", "outcome=maybe"]
        {
            assert!(asked(query).is_err(), "{query}");
        }
        let beyond = format!("cursor={}", URL_SAFE_NO_PAD.encode(format!("{} use_1", i64::MAX / 2)));
        let nul = format!("cursor={}", URL_SAFE_NO_PAD.encode("1 use\0"));
        for query in ["cursor=!", "cursor=YQ", &beyond, &nul] {
            let query = parse(query).unwrap();
            assert!(read_event_cursor(&query).is_err() && read_use_cursor(&query).is_err());
        }
        assert!(limit(&parse("limit=101").unwrap(), 50, 100).is_err());
    }

    #[test]
    fn a_cursor_leads_back_to_its_place() {
        let at = Time::from_micros(1_795_000_000_123_456).unwrap();
        for instance in [false, true] {
            let place = LogCursor { at, sequence: 42, instance };
            let query = parse(&format!("cursor={}", event_cursor(place))).unwrap();
            assert_eq!(read_event_cursor(&query), Ok(Some(place)));
        }
        let query = parse(&format!("cursor={}", use_cursor(at, "use_1"))).unwrap();
        assert_eq!(read_use_cursor(&query), Ok(Some((at, "use_1".to_owned()))));
    }
}
