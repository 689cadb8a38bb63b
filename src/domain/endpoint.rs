//! The request behind a gateway: its method and path, for rate policies and the log of uses.
//!
//! A path is interpreted at least as broadly as common servers do, so that no spelling of it evades a policy:
//!
//! | in the request target | interpreted as |
//! | --- | --- |
//! | `%41` | the character, decoded once |
//! | `%2F` | a slash; policies also match the path in which it is part of its segment |
//! | `;...`, `%3B...` | the end of the segment: path parameters are dropped |
//! | `//`, a trailing slash | no segment |
//! | `HEAD` | `GET` |
//!
//! A path that common servers interpret in different ways is rejected: see [`EndpointError`].

use super::parameters::decode;

/// Characters of an endpoint's name at most.
const MAX_NAME: usize = 200;
/// A segment of at least this many bytes that contains a digit is an id.
const MIN_ID: usize = 16;
/// A segment of more bytes than this is an id, with or without digits.
const MAX_KIND: usize = 32;

/// A method and a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    method: String,
    /// The path, with `%2F` as a slash.
    segments: Vec<String>,
    /// The path with `%2F` as part of its segment; `None` if it has no `%2F`.
    unsplit: Option<Vec<String>>,
}

/// Why a method and a request target are not an [`Endpoint`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EndpointError {
    #[error("the method is not one to twenty capital letters")]
    Method,
    #[error("the path does not begin with a slash")]
    NotAPath,
    #[error("the path has an escape that is incomplete or not UTF-8")]
    Escape,
    #[error("the path has an escape within an escape")]
    DoubleEscape,
    #[error("the path has a . or .. segment")]
    DotSegment,
    #[error("the path has a backslash")]
    Backslash,
    #[error("the path has a control character, a #, or space at the edge of a segment")]
    Character,
    #[error("the path has a segment of parameters alone, or a slash among parameters")]
    PathParameters,
}

impl Endpoint {
    /// Parses the method and target of a request line.
    pub fn parse(method: &str, target: &str) -> Result<Self, EndpointError> {
        let letters = method.bytes().all(|b| b.is_ascii_uppercase());
        if !letters || !(1..=20).contains(&method.len()) {
            return Err(EndpointError::Method);
        }
        let path = target.split('?').next().unwrap_or_default();
        if path.contains('#') {
            return Err(EndpointError::Character);
        }
        let raw = path.strip_prefix('/').ok_or(EndpointError::NotAPath)?.split('/');
        let unsplit: Vec<String> = raw.map(decoded).collect::<Result<_, _>>()?;
        let segments: Vec<String> =
            unsplit.iter().flat_map(|segment| segment.split('/')).map(str::to_owned).collect();
        for segment in &segments {
            check(segment)?;
        }
        let [segments, unsplit] = [segments, unsplit].map(without_empty);
        Ok(Self {
            method: if method == "HEAD" { "GET" } else { method }.to_owned(),
            unsplit: (unsplit != segments).then_some(unsplit),
            segments,
        })
    }

    pub fn method(&self) -> &str {
        &self.method
    }

    /// All interpretations of the path: one, or two if it contains `%2F`.
    pub fn readings(&self) -> impl Iterator<Item = &[String]> {
        std::iter::once(&self.segments).chain(&self.unsplit).map(Vec::as_slice)
    }

    /// A name such as `GET /v1/deployments/{id}`. Ids are replaced, so that the uses of all resources of a kind are
    /// counted together and no secret in a path is stored.
    pub fn name(&self) -> String {
        let mut name = format!("{} ", self.method);
        for segment in &self.segments {
            name.push('/');
            name.push_str(if is_id(segment) { "{id}" } else { segment });
        }
        if self.segments.is_empty() {
            name.push('/');
        }
        name.chars().map(|c| if c.is_control() { '?' } else { c }).take(MAX_NAME).collect()
    }
}

/// Decodes a segment between raw slashes once, and drops its parameters.
fn decoded(raw: &str) -> Result<String, EndpointError> {
    let text = decode(raw.replace('+', "%2B").as_bytes()).ok_or(EndpointError::Escape)?;
    if text.contains('\\') {
        return Err(EndpointError::Backslash);
    }
    if text.chars().any(char::is_control) {
        return Err(EndpointError::Character);
    }
    let escaped = |bytes: &[u8]| bytes[0] == b'%' && bytes[1..].iter().all(u8::is_ascii_hexdigit);
    if text.as_bytes().windows(3).any(escaped) {
        return Err(EndpointError::DoubleEscape);
    }
    match text.split_once(';') {
        // Some servers drop path parameters before decoding, others after it.
        Some((segment, parameters)) if segment.is_empty() || parameters.contains('/') => {
            Err(EndpointError::PathParameters)
        }
        Some((segment, _)) => Ok(segment.to_owned()),
        None => Ok(text),
    }
}

/// Rejects segments that some servers resolve or trim and others take literally.
fn check(segment: &str) -> Result<(), EndpointError> {
    if matches!(segment, "." | "..") {
        return Err(EndpointError::DotSegment);
    }
    if segment.trim() != segment {
        return Err(EndpointError::Character);
    }
    Ok(())
}

fn without_empty(segments: Vec<String>) -> Vec<String> {
    segments.into_iter().filter(|segment| !segment.is_empty()).collect()
}

fn is_id(segment: &str) -> bool {
    let digits = segment.bytes().filter(u8::is_ascii_digit).count();
    digits == segment.len()
        || (digits > 0 && segment.len() >= MIN_ID)
        || segment.len() > MAX_KIND
        || segment.contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(target: &str) -> Result<String, EndpointError> {
        Endpoint::parse("GET", target).map(|endpoint| endpoint.name())
    }

    #[test]
    fn resources_of_a_kind_have_one_name() {
        let uuid = "/v1/deployments/0192f0c1-7d57-7c3e-9f1a-0d3c8a7b6e5f/logs?x=1";
        assert_eq!(name(uuid).unwrap(), "GET /v1/deployments/{id}/logs");
        assert_eq!(name("/v1/deployments/42").unwrap(), "GET /v1/deployments/{id}");
        assert_eq!(name("/v1/deployments/web-2").unwrap(), "GET /v1/deployments/web-2");
        assert_eq!(name("/").unwrap(), "GET /");
        assert_eq!(name("/v1/members/ada@example.com/keys").unwrap(), "GET /v1/members/{id}/keys");
        assert_eq!(name(&format!("/v1/{}", "a".repeat(33))).unwrap(), "GET /v1/{id}");
        assert_eq!(name(&"/ä".repeat(300)).unwrap().chars().count(), MAX_NAME);
    }

    #[test]
    fn cd_02_spellings_of_one_path_have_one_name() {
        for target in [
            "/v1/users",
            "/v1/users?x=/../y;z",
            "//v1//users/",
            "/v1%2fusers",
            "/v1%2F%2Fusers%2f",
            "/%76%31/%75sers",
            "/v1/users;a=b",
            "/v1;x/users;a=b;c",
            "/v1/users%3ba=b",
            "/v1/users;",
        ] {
            assert_eq!(name(target).unwrap(), "GET /v1/users", "{target}");
        }
        let head = Endpoint::parse("HEAD", "/v1/users").unwrap();
        assert_eq!(Some(head), Endpoint::parse("GET", "/v1/users").ok());
        assert_eq!(name("/v1/a+b%20c%25").unwrap(), "GET /v1/a+b c%");
    }

    #[test]
    fn cd_02_an_encoded_slash_is_read_both_ways() {
        let endpoint = Endpoint::parse("GET", "/v1/files/a%2Fb").unwrap();
        let readings: Vec<_> = endpoint.readings().map(<[String]>::to_vec).collect();
        assert_eq!(readings, [vec!["v1", "files", "a", "b"], vec!["v1", "files", "a/b"]]);
        assert_eq!(Endpoint::parse("GET", "/v1/files").unwrap().readings().count(), 1);
    }

    #[test]
    fn cd_02_what_servers_read_differently_is_refused() {
        for (target, why) in [
            ("/v1/x/../users", EndpointError::DotSegment),
            ("/v1/./users", EndpointError::DotSegment),
            ("/v1/%2e%2E/users", EndpointError::DotSegment),
            ("/v1/x/..;/users", EndpointError::DotSegment),
            ("/v1/x%2f..%2fusers", EndpointError::DotSegment),
            ("/v1/users/..", EndpointError::DotSegment),
            ("/v1\\users", EndpointError::Backslash),
            ("/v1%5cusers", EndpointError::Backslash),
            ("/v1%252fusers", EndpointError::DoubleEscape),
            ("/v1%25252fusers", EndpointError::DoubleEscape),
            ("/v1/us%2565rs", EndpointError::DoubleEscape),
            ("/v1/;x/users", EndpointError::PathParameters),
            ("/v1/users;a=%2fb", EndpointError::PathParameters),
            ("/v1/users%20", EndpointError::Character),
            ("/v1/%09users", EndpointError::Character),
            ("/v1/us\ters", EndpointError::Character),
            ("/v1/users%0a", EndpointError::Character),
            ("/v1/users#x", EndpointError::Character),
            ("/v1/users%00", EndpointError::Escape),
            ("/v1/%c0%afusers", EndpointError::Escape),
            ("/v1/%u002fusers", EndpointError::Escape),
            ("/v1/users%", EndpointError::Escape),
            ("/%ff", EndpointError::Escape),
            ("http://api/v1/users", EndpointError::NotAPath),
            ("v1", EndpointError::NotAPath),
            ("*", EndpointError::NotAPath),
            ("", EndpointError::NotAPath),
        ] {
            assert_eq!(name(target), Err(why), "{target}");
        }
        for method in ["", "get", "G T", "GET\n", &"A".repeat(21)] {
            assert_eq!(Endpoint::parse(method, "/"), Err(EndpointError::Method), "{method:?}");
        }
    }

    /// Tries all pairs of alternative spellings of two characters of a path.
    #[test]
    fn cd_02_no_combination_of_spellings_hides_a_path() {
        let path = "/v1/talks";
        let spelled = |c: char| match c {
            '/' => vec!["/", "//", "%2f", "%2F", "/%2f", ";x/", ";x=1%2f", "%3bx//"],
            't' => vec!["t", "%74"],
            'v' => vec!["v", "%76"],
            _ => Vec::new(),
        };
        let places: Vec<(usize, char)> = path.char_indices().collect();
        let mut readable = 0;
        for (first, a) in &places {
            for (second, b) in places.iter().filter(|(second, _)| second > first) {
                for (one, other) in spelled(*a)
                    .into_iter()
                    .flat_map(|one| spelled(*b).into_iter().map(move |other| (one, other)))
                {
                    let target = format!(
                        "{}{one}{}{other}{}",
                        &path[..*first],
                        &path[first + 1..*second],
                        &path[second + 1..]
                    );
                    // Some combinations are rejected; none may be read as another path.
                    if let Ok(name) = name(&target) {
                        assert_eq!(name, "GET /v1/talks", "{target}");
                        readable += 1;
                    }
                }
            }
        }
        assert!(readable > 50, "{readable}");
    }
}
