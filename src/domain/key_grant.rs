//! The grants that turn an API key or a personal token into an access token. No client is registered for them: what is
//! presented says all.

use super::text_enum::text_enum;

text_enum! {
    KeyGrant {
        /// RFC 6749 section 4.4, with the key as the secret.
        ClientCredentials = "client_credentials",
        /// RFC 8693, with the key or the token as the subject.
        TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange",
    }
}

text_enum! {
    /// The token types of RFC 8693 section 3 that this server gives and takes.
    ExchangeType {
        AccessToken = "urn:ietf:params:oauth:token-type:access_token",
        Jwt = "urn:ietf:params:oauth:token-type:jwt",
    }
}
