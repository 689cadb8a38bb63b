//! Client authentication at the OAuth endpoints: RFC 6749 section 2.3.

use std::borrow::Borrow;

use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::domain::client::Client;
use crate::domain::oauth_error::{OAuthCode, OAuthError};
use crate::domain::parameters::{Parameters, decode};
use crate::domain::secret::{Digest, Secret};
use crate::domain::time::Time;
use crate::store::{Conn, TxError, clients};

/// Matches no secret; makes an unknown client take the same steps.
const DUMMY_DIGEST: Digest = Digest::of_mac([0; 32]);

/// Client credentials of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ClientCredentials {
    /// A public client, identified by its id alone.
    Public {
        id: String,
    },
    Confidential {
        id: String,
        secret: Secret,
    },
}

impl ClientCredentials {
    /// Reads the credentials from header and form, without database access.
    pub(super) fn read(headers: &HeaderMap, form: &Parameters) -> Result<Self, OAuthError> {
        let in_form = form.get("client_secret");
        let Some((id, secret)) = basic(headers)? else {
            let id = form.get("client_id").ok_or_else(unknown_client)?.to_owned();
            return Ok(match in_form {
                Some(secret) => Self::Confidential { id, secret: Secret::new(secret) },
                None => Self::Public { id },
            });
        };
        if in_form.is_some() {
            return Err(OAuthError::invalid_request("Use only one method to authenticate the client."));
        }
        if form.get("client_id").is_some_and(|named| named != id) {
            return Err(OAuthError::invalid_request("Header and body name different clients."));
        }
        // Libraries that try the header first send a public client as `id:` with an empty secret.
        Ok(if secret.expose().is_empty() { Self::Public { id } } else { Self::Confidential { id, secret } })
    }

    pub(super) fn id(&self) -> &str {
        match self {
            Self::Public { id } | Self::Confidential { id, .. } => id,
        }
    }

    /// Finds and authenticates the client. An unknown client and a wrong secret give the same error after the
    /// same steps.
    pub(super) fn check(&self, conn: &mut Conn, now: Time) -> Result<Client, TxError<OAuthError>> {
        Ok(self.authenticate(clients::find(conn, self.id())?, now)?)
    }

    /// Authenticates against a client; `None` for an unknown one.
    pub(super) fn authenticate<C: Borrow<Client>>(
        &self,
        client: Option<C>,
        now: Time,
    ) -> Result<C, OAuthError> {
        let is_public = client.as_ref().map(|client| client.borrow().is_public());
        let reason = match self {
            Self::Public { .. } => match is_public {
                Some(true) => None,
                Some(false) => Some("a confidential client without its secret"),
                None => Some("no such client"),
            },
            Self::Confidential { secret, .. } => {
                let presented = secret.digest();
                let matches = match &client {
                    Some(client) => client.borrow().accepts_secret(presented, now),
                    None => presented == DUMMY_DIGEST,
                };
                match is_public {
                    Some(false) if matches => None,
                    Some(false) => Some("wrong client secret"),
                    Some(true) => Some("a public client with a secret"),
                    None => Some("no such client"),
                }
            }
        };
        let refused = OAuthError::invalid_client(reason.unwrap_or("no such client"));
        client.filter(|_| reason.is_none()).ok_or(refused)
    }
}

fn unknown_client() -> OAuthError {
    OAuthError::new(OAuthCode::InvalidClient, "client_id is missing.", "no client named")
}

/// Id and secret from `Authorization: Basic`, both form-encoded.
fn basic(headers: &HeaderMap) -> Result<Option<(String, Secret)>, OAuthError> {
    let mut values = headers.get_all(AUTHORIZATION);
    let Some(header) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(OAuthError::invalid_request("There is more than one Authorization header."));
    }
    let malformed = || OAuthError::invalid_client("malformed Basic header");
    let (scheme, encoded) =
        header.to_str().ok().and_then(|text| text.split_once(' ')).ok_or_else(malformed)?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return Err(OAuthError::invalid_client("not a Basic header"));
    }
    let joined = STANDARD.decode(encoded.trim()).map_err(|_| malformed())?;
    let colon = joined.iter().position(|byte| *byte == b':').ok_or_else(malformed)?;
    let id = decode(&joined[..colon]).filter(|id| !id.is_empty()).ok_or_else(malformed)?;
    let secret = decode(&joined[colon + 1..]).ok_or_else(malformed)?;
    Ok(Some((id, Secret::new(secret))))
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use actix_web::http::header::HeaderValue;

    use super::*;
    use crate::domain::client::ClientKind;
    use crate::domain::clock::Clock;

    fn read(header: Option<&str>, form: &str) -> Result<ClientCredentials, OAuthError> {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert(AUTHORIZATION, HeaderValue::from_str(header).unwrap());
        }
        ClientCredentials::read(&headers, &Parameters::parse(form.as_bytes()).unwrap())
    }

    fn basic(joined: &str) -> String {
        format!("Basic {}", STANDARD.encode(joined))
    }

    fn public(id: &str) -> ClientCredentials {
        ClientCredentials::Public { id: id.to_owned() }
    }

    fn confidential(id: &str, secret: &str) -> ClientCredentials {
        ClientCredentials::Confidential { id: id.to_owned(), secret: Secret::new(secret) }
    }

    #[test]
    fn a_client_names_itself_in_the_header_or_in_the_body() {
        assert_eq!(read(None, "client_id=tool"), Ok(public("tool")));
        assert_eq!(read(None, "client_id=tool&client_secret="), Ok(public("tool")));
        assert_eq!(read(None, "client_id=site&client_secret=s3cret"), Ok(confidential("site", "s3cret")));
        assert_eq!(read(Some(&basic("site:s3cret")), ""), Ok(confidential("site", "s3cret")));
        assert_eq!(read(Some(&basic("site:s3cret")), "client_id=site"), Ok(confidential("site", "s3cret")));
        assert_eq!(read(None, "grant_type=x").unwrap_err().code, OAuthCode::InvalidClient);
    }

    #[test]
    fn te_08_two_ways_at_once_are_refused_even_if_both_are_right() {
        let error = read(Some(&basic("site:s3cret")), "client_secret=s3cret").unwrap_err();
        assert_eq!(error.code, OAuthCode::InvalidRequest);
    }

    #[test]
    fn te_09_basic_with_an_empty_secret_names_a_public_client() {
        assert_eq!(read(Some(&basic("tool:")), ""), Ok(public("tool")));
        assert_eq!(read(Some(&basic("tool:")), "client_id=tool"), Ok(public("tool")));
    }

    #[test]
    fn te_10_id_and_secret_are_form_encoded_inside_basic() {
        assert_eq!(read(Some(&basic("a%3Ab:c%2Bd+e")), ""), Ok(confidential("a:b", "c+d e")));
        assert_eq!(read(Some(&basic("site:a:b")), ""), Ok(confidential("site", "a:b")));
        for bad in ["Basic !!!", "Basic", &basic("site"), &basic(":s"), &basic("a%:b"), "Bearer abc"] {
            assert_eq!(read(Some(bad), "").unwrap_err().code, OAuthCode::InvalidClient, "{bad}");
        }
    }

    #[test]
    fn te_13_header_and_body_must_name_the_same_client() {
        let error = read(Some(&basic("site:s3cret")), "client_id=other").unwrap_err();
        assert_eq!(error.code, OAuthCode::InvalidRequest);
    }

    fn client(kind: ClientKind) -> Client {
        let secret = (kind == ClientKind::Confidential).then(|| Digest::of("s3cret"));
        Client { secret, ..Client::sample("site", kind) }
    }

    /// The secret is so long that its digest takes nearly all of the time, so that leaving it out for some would show
    /// as a factor and not as a few percent.
    #[test]
    fn te_07_whoever_is_refused_has_the_secret_digested_alike() {
        let (credentials, now) = (confidential("site", &"x".repeat(500_000)), Clock::System.now());
        let clients = [Some(client(ClientKind::Confidential)), Some(client(ClientKind::Native)), None];
        let mut times = [const { Vec::new() }; 3];
        for _ in 0..31 {
            for (client, times) in clients.iter().zip(&mut times) {
                let started = Instant::now();
                let refused = credentials.authenticate(client.as_ref(), now).unwrap_err();
                times.push(started.elapsed());
                assert_eq!(refused.code, OAuthCode::InvalidClient);
            }
        }
        let medians = times.map(|mut times: Vec<Duration>| {
            times.sort();
            times[times.len() / 2]
        });
        let (least, most) = (medians.iter().min().unwrap(), medians.iter().max().unwrap());
        assert!(*most < 2 * *least, "wrong secret, public client, unknown client: {medians:?}");
    }
}
