//! Rate policies: named limits for scopes and routes.

use chrono::TimeDelta;

use super::endpoint::Endpoint;
use super::rate::Rate;
use super::scope::ScopeSet;
use super::text_enum::text_enum;
use super::time::Time;

text_enum! {
    /// The scope of a counter: the requests that share a limit.
    Per {
        Credential = "credential",
        Organization = "organization",
    }
}

/// `limit` requests per `window`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RatePolicy {
    pub name: String,
    pub limit: i32,
    pub window: TimeDelta,
    pub per: Per,
    /// Applies to requests that need any of these scopes,
    pub scopes: ScopeSet,
    /// and to requests for any of these routes.
    pub routes: Vec<RoutePattern>,
    /// Whether `routes` ignore case.
    pub ignore_case: bool,
}

impl RatePolicy {
    pub fn rate(&self) -> Rate {
        Rate::new(self.limit, self.window)
    }

    /// Whether it applies to a request with these scopes and this endpoint, without being requested by name.
    pub fn applies_to(&self, scopes: &ScopeSet, endpoint: Option<&Endpoint>) -> bool {
        !self.scopes.intersection(scopes).is_empty()
            || endpoint.is_some_and(|endpoint| {
                self.routes.iter().any(|route| route.matches(endpoint, self.ignore_case))
            })
    }

    /// The remaining quota. `settled_at` is the stored state of the [`Rate`].
    pub fn quota(&self, settled_at: Option<Time>, now: Time) -> Quota {
        let rate = self.rate();
        Quota {
            policy: self.name.clone(),
            limit: self.limit,
            window: self.window,
            remaining: rate.remaining(settled_at, now),
            reset: rate.settles_in(settled_at, now),
        }
    }
}

/// The remaining quota under a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    pub policy: String,
    pub limit: i32,
    pub window: TimeDelta,
    /// Requests allowed now.
    pub remaining: i32,
    /// Seconds until the full limit is available again.
    pub reset: i64,
}

impl Quota {
    /// For example `25/hr`.
    pub fn in_words(&self) -> String {
        let seconds = self.window.num_seconds();
        let units = [(86_400, "day"), (3_600, "hr"), (60, "min")];
        let (length, unit) = units.into_iter().find(|(length, _)| seconds % length == 0).unwrap_or((1, "s"));
        match seconds / length {
            1 => format!("{}/{unit}", self.limit),
            several => format!("{}/{several}{unit}", self.limit),
        }
    }
}

/// A rate limit was exceeded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateLimitExceeded {
    /// The exceeded policy with the longest wait.
    pub quota: Quota,
    /// Seconds until it allows a request again.
    pub retry_after: i64,
}

/// Pattern of method and path. `*` matches one segment, a final `**` all remaining ones. `GET` also matches `HEAD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoutePattern {
    method: Option<String>,
    segments: Vec<Segment>,
    open: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Segment {
    Any,
    Exactly(String),
}

impl RoutePattern {
    /// Parses patterns such as `POST /v1/conversations`, `/v1/conversations/*` or `/v1/**`. `None` if it is invalid, or
    /// cannot match any [`Endpoint`]: segments are compared decoded and without parameters.
    pub fn parse(text: &str) -> Option<Self> {
        let (method, path) = match text.split_once(' ') {
            Some((method, path)) => (Some(method), path),
            None => (None, text),
        };
        let unusual = |method: &str| method.is_empty() || !method.bytes().all(|b| b.is_ascii_uppercase());
        // Endpoints report HEAD as GET.
        if method.is_some_and(|method| unusual(method) || method == "HEAD") {
            return None;
        }
        let rest = path.strip_prefix('/')?;
        let (fixed, open) = match rest.strip_suffix("**") {
            Some(fixed) if fixed.is_empty() || fixed.ends_with('/') => (fixed.trim_end_matches('/'), true),
            Some(_) => return None,
            None => (rest, false),
        };
        let segment = |text: &str| match text {
            "" | "." | ".." => None,
            "*" => Some(Segment::Any),
            text if text.contains(['*', '?', '#', '%', ';', '\\']) || text.trim() != text => None,
            text if text.ends_with('.') || text.contains(char::is_control) => None,
            text => Some(Segment::Exactly(text.to_owned())),
        };
        let segments = match fixed {
            "" => Vec::new(),
            fixed => fixed.split('/').map(segment).collect::<Option<_>>()?,
        };
        Some(Self { method: method.map(str::to_owned), segments, open })
    }

    fn matches(&self, endpoint: &Endpoint, ignore_case: bool) -> bool {
        self.method.as_deref().is_none_or(|method| method == endpoint.method())
            && endpoint.readings().any(|path| self.matches_path(path, ignore_case))
    }

    fn matches_path(&self, path: &[String], ignore_case: bool) -> bool {
        let pattern = &self.segments;
        let long_enough = if self.open { path.len() >= pattern.len() } else { path.len() == pattern.len() };
        long_enough
            && pattern.iter().zip(path).enumerate().all(|(at, (pattern, segment))| match pattern {
                Segment::Any => true,
                Segment::Exactly(text) => matches_segment(text, segment, at + 1 == path.len(), ignore_case),
            })
    }
}

/// Whether a server may interpret `segment` as `text`: ignoring trailing dots and, at the end of a path, a suffix such
/// as `.json`.
fn matches_segment(text: &str, segment: &str, is_last: bool, ignore_case: bool) -> bool {
    let (text, segment) =
        if ignore_case { (&*text.to_lowercase(), &*segment.to_lowercase()) } else { (text, segment) };
    match segment.strip_prefix(text) {
        Some(suffix) => suffix.trim_end_matches('.').is_empty() || (is_last && suffix.starts_with('.')),
        None => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(limit: i32, window: TimeDelta) -> RatePolicy {
        let name = "conversations".to_owned();
        RatePolicy {
            name,
            limit,
            window,
            per: Per::Credential,
            scopes: ScopeSet::default(),
            routes: Vec::new(),
            ignore_case: false,
        }
    }

    #[test]
    fn a_limit_is_displayed_with_its_unit() {
        let words =
            |limit, window| policy(limit, window).quota(None, Time::from_micros(0).unwrap()).in_words();
        assert_eq!(words(25, TimeDelta::hours(1)), "25/hr");
        assert_eq!(words(1200, TimeDelta::minutes(1)), "1200/min");
        assert_eq!(words(5, TimeDelta::seconds(1)), "5/s");
        assert_eq!(words(5, TimeDelta::seconds(90)), "5/90s");
        assert_eq!(words(100, TimeDelta::minutes(15)), "100/15min");
        assert_eq!(words(1000, TimeDelta::days(1)), "1000/day");
    }

    #[test]
    fn a_pattern_matches_whole_segments_and_its_method() {
        let fits = |pattern: &str, method: &str, target: &str| {
            RoutePattern::parse(pattern).unwrap().matches(&Endpoint::parse(method, target).unwrap(), false)
        };
        assert!(
            fits("POST /v1/talks", "POST", "/v1/talks?x=1") && !fits("POST /v1/talks", "GET", "/v1/talks")
        );
        assert!(fits("/v1/talks/*", "GET", "/v1/talks/7") && !fits("/v1/talks/*", "GET", "/v1/talks"));
        assert!(
            fits("/v1/**", "GET", "/v1") && fits("/v1/**", "PUT", "/v1/a/b") && !fits("/v1/**", "GET", "/v2")
        );
        assert!(fits("/**", "GET", "/") && fits("/", "GET", "/") && !fits("/", "GET", "/x"));
        for bad in [
            "",
            "v1",
            "post /v1",
            " /v1",
            "/v1/a*",
            "/v1/**/x",
            "/v1**",
            "/v1//x",
            "/v1/../x",
            "/v1?x=1",
            "HEAD /v1",
            "/v1/a%20b",
            "/v1/a;b",
            "/v1/a\\b",
            "/v1/a.",
            "/v1/ a",
        ] {
            assert_eq!(RoutePattern::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn cd_02_a_pattern_matches_every_spelling_of_its_path() {
        let fits = |pattern: &str, method: &str, target: &str| {
            RoutePattern::parse(pattern).unwrap().matches(&Endpoint::parse(method, target).unwrap(), false)
        };
        for target in [
            "//v1/talks/",
            "/v1%2ftalks",
            "/v1/talks;a=b",
            "/v1/%74alks",
            "/v1/talks.json",
            "/v1/talks.",
            "/v1/talks..",
        ] {
            assert!(
                fits("GET /v1/talks", "GET", target) && fits("GET /v1/talks", "HEAD", target),
                "{target}"
            );
        }
        assert!(fits("/v1/talks", "GET", "/v1./talks"));
        for target in ["/v1/files/a%2Fb", "/v1/files/a%2Fb/", "/v1/files/a;x=1"] {
            assert!(fits("/v1/files/*", "GET", target), "{target}");
        }
        assert!(fits("/v1/files/*/*", "GET", "/v1/files/a%2Fb"));
        for target in ["/v1/talks2", "/v1/talks/x", "/v1/talk", "/v1/talks-x", "/v1/TALKS"] {
            assert!(!fits("/v1/talks", "GET", target), "{target}");
        }
        assert!(!fits("/v1/talks/x", "GET", "/v1/talks.json/x"));
    }

    #[test]
    fn cd_02_a_policy_may_ignore_case() {
        let routes = vec![RoutePattern::parse("/v1/Talks").unwrap()];
        let exact = RatePolicy { routes, ..policy(1, TimeDelta::hours(1)) };
        let wide = RatePolicy { ignore_case: true, ..exact.clone() };
        let none = ScopeSet::default();
        for (target, by_exact, by_wide) in
            [("/v1/Talks", true, true), ("/V1/tAlKs", false, true), ("/v1/talk", false, false)]
        {
            let endpoint = Endpoint::parse("GET", target).unwrap();
            let guards = [&exact, &wide].map(|policy| policy.applies_to(&none, Some(&endpoint)));
            assert_eq!(guards, [by_exact, by_wide], "{target}");
        }
    }

    #[test]
    fn a_policy_applies_by_scope_or_by_route() {
        let scopes = |text: &str| ScopeSet::parse(text).unwrap();
        let endpoint = Endpoint::parse("GET", "/v1/talks").unwrap();
        let by_scope = RatePolicy { scopes: scopes("a b"), ..policy(1, TimeDelta::hours(1)) };
        assert!(
            by_scope.applies_to(&scopes("b c"), None) && !by_scope.applies_to(&scopes("c"), Some(&endpoint))
        );
        let routes = vec![RoutePattern::parse("/v1/talks").unwrap()];
        let by_route = RatePolicy { routes, ..policy(1, TimeDelta::hours(1)) };
        assert!(
            by_route.applies_to(&scopes(""), Some(&endpoint)) && !by_route.applies_to(&scopes("a"), None)
        );
        assert!(
            !policy(1, TimeDelta::hours(1)).applies_to(&scopes("a"), Some(&endpoint)),
            "only by its name"
        );
    }
}
