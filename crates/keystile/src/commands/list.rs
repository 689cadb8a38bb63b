//! Lists and changes of the management API.

use oauth2::http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::error::ErrorKind;
use crate::session::Session;

/// The maximum page size of the API.
const PAGE: &str = "100";

/// The envelope of a single object.
#[derive(Deserialize)]
pub(super) struct Envelope {
    pub(super) data: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Page {
    data: Vec<Value>,
    #[serde(default)]
    next_cursor: Option<String>,
}

/// Fetches all pages of a list.
pub(super) async fn all(
    session: &Session,
    path: &str,
    filters: &[(&str, &str)],
) -> Result<Vec<Value>, ErrorKind> {
    let mut documents = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut query = Serializer::new(String::new());
        query.extend_pairs(filters).append_pair("limit", PAGE);
        query.extend_pairs(cursor.iter().map(|cursor| ("cursor", cursor)));
        let asked = format!("{path}?{}", query.finish());
        let page: Page = session.client().home(Method::GET, asked).fetch_kind().await?;
        documents.extend(page.data);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(documents);
        }
    }
}

/// Sends a change and returns the document of the response. Safe to retry, because the request carries an
/// `Idempotency-Key`.
pub(super) async fn post(session: &Session, path: &str, asked: &Value) -> Result<Value, ErrorKind> {
    Ok(session.client().home(Method::POST, path).json(asked).fetch_kind::<Envelope>().await?.data)
}

/// Deserializes a document of the API.
pub(super) async fn read<T: DeserializeOwned>(session: &Session, document: &Value) -> Result<T, ErrorKind> {
    let host = session.home().await?.host();
    T::deserialize(document).map_err(|error| ErrorKind::InvalidResponse {
        host,
        what: format!("Its JSON does not match the protocol: {error}"),
    })
}

/// Percent-encodes a path segment.
pub(super) fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_change_the_path() {
        assert_eq!(encoded("../x?y"), "..%2Fx%3Fy");
    }
}
