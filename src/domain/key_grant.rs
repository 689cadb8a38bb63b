//! Grants that exchange an API key or personal token for an access token. They need no registered client: the secret
//! itself is the authorization.

use super::text_enum::text_enum;

text_enum! {
    KeyGrant {
        /// RFC 6749 section 4.4, with the key as client secret.
        ClientCredentials = "client_credentials",
        /// RFC 8693, with the key or token as subject token.
        TokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange",
    }
}

text_enum! {
    /// The token types of RFC 8693 section 3 that this server supports.
    ExchangeType {
        AccessToken = "urn:ietf:params:oauth:token-type:access_token",
        Jwt = "urn:ietf:params:oauth:token-type:jwt",
    }
}
