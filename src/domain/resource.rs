//! Resources: APIs that access tokens can be issued for (RFC 8707), besides this server's issuer.

use url::Url;

use super::oauth_error::{OAuthCode, OAuthError};
use super::parse_error::ParseError;
use super::static_secret::Mode;

/// An API with its own audience.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resource {
    /// The `aud` of its tokens, as configured.
    pub id: String,
    pub name: String,
    /// Whether it accepts tokens of test keys, and only those.
    pub test: bool,
}

const BAD_ID: ParseError = ParseError("is not an absolute URL without a fragment");

/// The canonical form for comparison: scheme and host in lowercase, one trailing slash removed, the rest unchanged.
pub fn canonical(text: &str) -> Result<String, ParseError> {
    let url = Url::parse(text).map_err(|_| BAD_ID)?;
    let (scheme, rest) = text.split_once("://").ok_or(BAD_ID)?;
    let plain = text.bytes().all(|b| b.is_ascii_graphic());
    if url.fragment().is_some() || !url.has_host() || !plain {
        return Err(BAD_ID);
    }
    let (host, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    let id = format!("{}://{}{path}", scheme.to_ascii_lowercase(), host.to_ascii_lowercase());
    Ok(id.strip_suffix('/').map(str::to_owned).unwrap_or(id))
}

/// The audience of a token for an API key or personal token: the requested resource, or the issuer.
///
/// A verifier that ignores the `mode` claim would take a token of a test key for that of a live key, so test keys get
/// tokens only for resources that accept no others.
pub fn audience(
    issuer: &str,
    resources: &[Resource],
    asked: &[String],
    mode: Option<Mode>,
) -> Result<String, OAuthError> {
    let mut wanted = asked.iter().map(|asked| find(issuer, resources, asked));
    let first = wanted.next().unwrap_or(Ok(None))?;
    for other in wanted {
        if other? != first {
            return Err(refused(
                "A token is for a single resource. Request one at a time.",
                "several resources",
            ));
        }
    }
    let is_test = mode == Some(Mode::Test);
    match first {
        Some(resource) if resource.test == is_test => Ok(resource.id.clone()),
        None if !is_test => Ok(issuer.to_owned()),
        Some(_) if !is_test => Err(refused(
            "This resource accepts tokens of test keys only.",
            "a live credential for a test resource",
        )),
        Some(_) | None => Err(refused(
            "A test key can be exchanged only for a test resource. Name one in resource.",
            "a test key for a live audience",
        )),
    }
}

/// The requested resource; `None` means the issuer.
pub fn find<'a>(
    issuer: &str,
    resources: &'a [Resource],
    asked: &str,
) -> Result<Option<&'a Resource>, OAuthError> {
    let unknown = || refused("This resource is not known to this server.", "unknown resource");
    let asked = canonical(asked).map_err(|_| unknown())?;
    if canonical(issuer).as_ref() == Ok(&asked) {
        return Ok(None);
    }
    let found = resources.iter().find(|resource| canonical(&resource.id).as_ref() == Ok(&asked));
    found.map(Some).ok_or_else(unknown)
}

fn refused(description: &'static str, reason: &'static str) -> OAuthError {
    OAuthError::new(OAuthCode::InvalidTarget, description, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ISSUER: &str = "https://auth.example.com";

    fn resources() -> [Resource; 2] {
        [("https://api.example.com/v1", false), ("https://sandbox.example.com", true)]
            .map(|(id, test)| Resource { id: id.to_owned(), name: "API".to_owned(), test })
    }

    fn aud(asked: &[&str], mode: Option<Mode>) -> Result<String, OAuthCode> {
        let asked: Vec<String> = asked.iter().map(|&text| text.to_owned()).collect();
        audience(ISSUER, &resources(), &asked, mode).map_err(|error| error.code)
    }

    #[test]
    fn cd_03_a_test_key_gets_tokens_for_test_resources_alone() {
        const REFUSED: Result<String, OAuthCode> = Err(OAuthCode::InvalidTarget);
        let (live, test) = (Some(Mode::Live), Some(Mode::Test));
        let ok = |aud: &str| Ok(aud.to_owned());
        for personal_or_live in [None, live] {
            assert_eq!(aud(&[], personal_or_live), ok(ISSUER));
            assert_eq!(aud(&["https://auth.example.com/"], personal_or_live), ok(ISSUER));
            assert_eq!(
                aud(&["https://api.example.com/v1"], personal_or_live),
                ok("https://api.example.com/v1")
            );
            assert_eq!(aud(&["https://sandbox.example.com"], personal_or_live), REFUSED);
        }
        assert_eq!(aud(&["https://sandbox.example.com"], test), ok("https://sandbox.example.com"));
        for asked in
            [&[][..], &[ISSUER], &["https://api.example.com/v1"], &["https://sandbox.example.com", ISSUER]]
        {
            assert_eq!(aud(asked, test), REFUSED, "{asked:?}");
        }
    }

    #[test]
    fn a_resource_matches_its_host_in_any_case_and_its_path_exactly() {
        for same in ["HTTPS://API.example.com/v1", "https://api.example.com/v1/"] {
            assert_eq!(aud(&[same], None).unwrap(), "https://api.example.com/v1", "{same}");
        }
        assert!(
            aud(&["https://sandbox.example.com", "https://Sandbox.example.com/"], Some(Mode::Test)).is_ok()
        );
        for other in [
            "https://api.example.com/V1",
            "https://api.example.com/v1//",
            "https://api.example.com/v1?x",
            "https://api.example.com/v1#",
            "https://api.example.com",
            "api.example.com/v1",
            "urn:api",
            "",
        ] {
            assert_eq!(aud(&[other], None), Err(OAuthCode::InvalidTarget), "{other}");
        }
    }
}
