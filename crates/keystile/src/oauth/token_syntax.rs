//! The syntax of tokens, checked before they are stored, sent or printed.

use oauth2::basic::BasicTokenType;
use oauth2::{TokenResponse as _, TokenUrl};

use super::answer::TokenSet;
use crate::base_url::host_of;
use crate::error::ErrorKind;
use crate::plain;

/// Whether a text can be sent as a bearer token: `b64token` of RFC 6750, section 2.1.
pub(crate) fn is_bearer_token(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte);
    !body.is_empty() && body.bytes().all(allowed)
}

/// Whether a text can be a refresh token: `1*VSCHAR` of RFC 6749, appendix A.17.
fn is_refresh_token(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| (b' '..=b'~').contains(&byte))
}

/// The tokens of a response if they are bearer tokens of the right syntax. An error quotes no token.
pub(super) fn checked(tokens: TokenSet, endpoint: &TokenUrl) -> Result<TokenSet, ErrorKind> {
    let what = match tokens.token_type() {
        // The name is case-insensitive (RFC 6749, section 5.1).
        BasicTokenType::Bearer if !is_bearer_token(tokens.access_token().secret()) => {
            "Its access token has characters that no bearer token may have (RFC 6750, section 2.1)".into()
        }
        BasicTokenType::Bearer
            if tokens.refresh_token().is_some_and(|token| !is_refresh_token(token.secret())) =>
        {
            "Its refresh token has characters that no token may have (RFC 6749, appendix A.17)".into()
        }
        BasicTokenType::Bearer => return Ok(tokens),
        other => {
            let name: String = plain::line(other.as_ref()).chars().take(40).collect();
            format!("It issued a token of the type `{name}`; only `Bearer` is supported")
        }
    };
    Err(ErrorKind::InvalidResponse { host: host_of(endpoint.url()), what })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ch_03_a_bearer_token_has_the_characters_of_rfc_6750() {
        for good in ["a", "mF_9.B5f-4.1JqM", "a~+/b==", "eyJh.eyJz.c2ln"] {
            assert!(is_bearer_token(good), "{good}");
        }
        for bad in ["", "=", "a b", "a\nb", "a'b", "$(id)", "a=b", "a\"b", "t\u{f6}ken", "a\0", "a;b"] {
            assert!(!is_bearer_token(bad), "{bad}");
        }
    }

    #[test]
    fn ch_03_a_refresh_token_has_visible_characters_and_spaces_only() {
        assert!(is_refresh_token("a b'\"$~"));
        for bad in ["", "a\nb", "a\u{7f}", "t\u{f6}ken"] {
            assert!(!is_refresh_token(bad), "{bad}");
        }
    }
}
