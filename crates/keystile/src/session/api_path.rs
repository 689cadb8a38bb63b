//! The path of an API request.

use url::Url;
use url::form_urlencoded::byte_serialize;

use crate::base_url::BaseUrl;

/// The path of an [`ApiRequest`](super::ApiRequest), relative to the API base: segments or text.
///
/// **Segments**, an array or a `Vec`, are for paths with values from elsewhere. Each is percent-encoded (RFC 3986,
/// section 2.1), so that `/`, `?` and `#` in a value stay in its segment. A segment that is empty, `.` or `..` cannot be
/// encoded and is refused.
///
/// **Text** is for paths that the program writes itself: `/v1/cities?limit=10`, percent-encoded already. It may be an
/// absolute URL of the same origin. Segments `.` and `..`, encoded or not, and control characters are refused.
///
/// ```
/// use keystile::ApiPath;
///
/// let city = "../../oauth/jwks";                               // from a user
/// let path = ApiPath::from(["v1", "forecast", city]);          // /v1/forecast/..%2F..%2Foauth%2Fjwks
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiPath(Path);

#[derive(Clone, Debug, PartialEq, Eq)]
enum Path {
    Text(String),
    Segments(Vec<String>),
}

impl From<&str> for ApiPath {
    fn from(path: &str) -> Self {
        Self(Path::Text(path.to_owned()))
    }
}

impl From<String> for ApiPath {
    fn from(path: String) -> Self {
        Self(Path::Text(path))
    }
}

impl From<&String> for ApiPath {
    fn from(path: &String) -> Self {
        Self(Path::Text(path.clone()))
    }
}

impl<S: AsRef<str>, const N: usize> From<[S; N]> for ApiPath {
    fn from(segments: [S; N]) -> Self {
        segments.into_iter().collect()
    }
}

impl<S: AsRef<str>> From<Vec<S>> for ApiPath {
    fn from(segments: Vec<S>) -> Self {
        segments.into_iter().collect()
    }
}

impl<S: AsRef<str>> FromIterator<S> for ApiPath {
    fn from_iter<I: IntoIterator<Item = S>>(segments: I) -> Self {
        Self(Path::Segments(segments.into_iter().map(|segment| segment.as_ref().to_owned()).collect()))
    }
}

/// Why a path has no URL.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum BadPath {
    /// It is a URL of another origin.
    OtherOrigin(Box<Url>),
    /// The text of a usage error.
    Invalid(String),
}

impl ApiPath {
    /// The URL of the path at a server.
    pub(super) fn at(&self, base: &BaseUrl) -> Result<Url, BadPath> {
        let invalid = |path: &str| BadPath::Invalid(format!("`{path}` is not a path"));
        match &self.0 {
            Path::Segments(segments) => {
                if let Some(bad) = segments.iter().find(|segment| matches!(segment.as_str(), "" | "." | ".."))
                {
                    return Err(BadPath::Invalid(format!("`{bad}` cannot be a segment of a path")));
                }
                let path: String =
                    segments.iter().flat_map(|segment| ["/".to_owned(), encoded(segment)]).collect();
                base.join(&path).ok_or_else(|| invalid(&path))
            }
            Path::Text(text) => {
                let text = text.trim();
                if text.chars().any(|c| c.is_ascii_control()) || has_dot_segment(text) {
                    return Err(BadPath::Invalid(format!(
                        "`{}` has a segment `.` or `..`, or a control character",
                        text.escape_debug()
                    )));
                }
                base.join(text).ok_or_else(|| {
                    Url::parse(text).map_or_else(|_| invalid(text), |url| BadPath::OtherOrigin(Box::new(url)))
                })
            }
        }
    }
}

/// Encodes everything but ASCII letters, digits, `*`, `-`, `.` and `_`.
fn encoded(segment: &str) -> String {
    let encoded: String = byte_serialize(segment.as_bytes()).collect();
    // A form has `+` for a space; a path has not.
    encoded.replace('+', "%20")
}

/// Whether a parser of URLs would leave a folder: it takes `%2e` for a dot and `\` for `/`.
fn has_dot_segment(text: &str) -> bool {
    let path = text.split(['?', '#']).next().unwrap_or_default();
    path.split(['/', '\\'])
        .any(|segment| matches!(segment.to_ascii_lowercase().replace("%2e", ".").as_str(), "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(path: impl Into<ApiPath>) -> Result<String, BadPath> {
        path.into().at(&BaseUrl::parse("https://api.example.com/tenant").unwrap()).map(String::from)
    }

    #[test]
    fn ch_21_a_segment_stays_one_segment() {
        for (value, segment) in [
            ("oslo", "oslo"),
            ("../../oauth/jwks", "..%2F..%2Foauth%2Fjwks"),
            ("..\\..", "..%5C.."),
            ("%2e%2e", "%252e%252e"),
            (".\t.", ".%09."),
            ("a?admin=1#x", "a%3Fadmin%3D1%23x"),
            ("São Paulo+", "S%C3%A3o%20Paulo%2B"),
            ("https://evil.example", "https%3A%2F%2Fevil.example"),
        ] {
            let url = at(["v1", "forecast", value]).unwrap();
            assert_eq!(url, format!("https://api.example.com/tenant/v1/forecast/{segment}"), "{value}");
        }
        for value in ["", ".", ".."] {
            assert!(matches!(at(["v1", value, "keys"]), Err(BadPath::Invalid(_))), "{value}");
        }
        assert_eq!(at(vec!["a".to_owned(), "b".to_owned()]).unwrap(), "https://api.example.com/tenant/a/b");
    }

    #[test]
    fn ch_21_a_text_does_not_leave_the_path_that_it_begins_with() {
        assert_eq!(at("/v1/x?next=../y").unwrap(), "https://api.example.com/tenant/v1/x?next=../y");
        for path in [
            "/v1/../../oauth/jwks",
            "/v1/%2E%2e/x",
            "/v1/.%2e/x",
            "/v1\\..\\x",
            "/v1/./x",
            "/v1/.\t./x",
            "/v1/.. ",
            "https://api.example.com/a/../b",
        ] {
            assert!(matches!(at(path), Err(BadPath::Invalid(_))), "{path}");
        }
        assert!(matches!(at("https://evil.example/x"), Err(BadPath::OtherOrigin(_))));
    }
}
