//! What a request behind a gateway asks for: its method and its path, as a log and a rate policy know them.

use url::Url;

use super::parameters::decode;

/// Characters of an endpoint's name that are kept.
const LONGEST: usize = 200;
/// What is as long as this and has a digit in it names one thing and not a kind of things.
const SHORTEST_ID: usize = 16;
/// What is longer than this names one thing, digits or not.
const LONGEST_KIND: usize = 32;

/// A method and the segments of a path, in the form in which an API behind a gateway would read them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    method: String,
    segments: Vec<String>,
}

impl Endpoint {
    /// Reads the target of a request line. Nothing if it is not one.
    pub fn parse(method: &str, target: &str) -> Option<Self> {
        let known =
            !method.is_empty() && method.len() <= 20 && method.bytes().all(|b| b.is_ascii_uppercase());
        if !known || !target.starts_with('/') {
            return None;
        }
        // It leaves out `.` and `..`, also the encoded ones.
        let url = Url::parse(&format!("http://gateway{target}")).ok()?;
        let segments = url.path_segments()?.filter(|segment| !segment.is_empty());
        let decoded = |segment: &str| decode(segment.replace('+', "%2B").as_bytes());
        Some(Self { method: method.to_owned(), segments: segments.map(decoded).collect::<Option<_>>()? })
    }

    pub fn method(&self) -> &str {
        &self.method
    }

    pub fn segments(&self) -> &[String] {
        &self.segments
    }

    /// `GET /v1/deployments/{id}`: the same for all things of a kind, so that they can be counted together and no secret
    /// that somebody has put into a path is kept.
    pub fn name(&self) -> String {
        let mut name = format!("{} ", self.method);
        for segment in &self.segments {
            name.push('/');
            name.push_str(if is_id(segment) { "{id}" } else { segment });
        }
        if self.segments.is_empty() {
            name.push('/');
        }
        name.chars().map(|c| if c.is_control() { '?' } else { c }).take(LONGEST).collect()
    }
}

fn is_id(segment: &str) -> bool {
    let digits = segment.bytes().filter(u8::is_ascii_digit).count();
    digits == segment.len()
        || (digits > 0 && segment.len() >= SHORTEST_ID)
        || segment.len() > LONGEST_KIND
        || segment.contains('@')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(target: &str) -> Option<String> {
        Endpoint::parse("GET", target).map(|endpoint| endpoint.name())
    }

    #[test]
    fn things_of_a_kind_have_one_name() {
        let uuid = "/v1/deployments/0192f0c1-7d57-7c3e-9f1a-0d3c8a7b6e5f/logs?x=1";
        assert_eq!(name(uuid).unwrap(), "GET /v1/deployments/{id}/logs");
        assert_eq!(name("/v1/deployments/42").unwrap(), "GET /v1/deployments/{id}");
        assert_eq!(name("/v1/deployments/web-2").unwrap(), "GET /v1/deployments/web-2");
        assert_eq!(name("/").unwrap(), "GET /");
        assert_eq!(name("/v1/members/ada@example.com/keys").unwrap(), "GET /v1/members/{id}/keys");
        assert_eq!(name(&format!("/v1/{}", "a".repeat(33))).unwrap(), "GET /v1/{id}");
        assert_eq!(name(&"/ä".repeat(300)).unwrap().chars().count(), LONGEST);
    }

    #[test]
    fn one_path_is_spelled_in_one_way() {
        for target in ["/v1/users", "//v1//users/", "/v1/x/../users", "/v1/x/%2e%2E/users", "/v1/%75sers"] {
            assert_eq!(name(target).unwrap(), "GET /v1/users", "{target}");
        }
    }

    #[test]
    fn what_is_no_request_is_refused() {
        for (method, target) in
            [("GET", "v1"), ("GET", ""), ("", "/"), ("get", "/"), ("GET", "/%ff"), ("G T", "/")]
        {
            assert_eq!(Endpoint::parse(method, target), None, "{method} {target}");
        }
    }
}
