//! Lists of the management API, which come in pages.

use oauth2::http::Method;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::form_urlencoded::{Serializer, byte_serialize};

use crate::error::ErrorKind;
use crate::session::Session;

/// The largest page that the API gives.
const PAGE: &str = "100";

/// What every answer that is no list has around it.
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

/// Everything in a list, page by page.
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
        let page: Page = session.client().home(Method::GET, asked).ask().await?;
        documents.extend(page.data);
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(documents);
        }
    }
}

/// A document of the API as what a screen shows of it.
pub(super) async fn read<T: DeserializeOwned>(session: &Session, document: &Value) -> Result<T, ErrorKind> {
    let host = session.home().await?.host();
    T::deserialize(document).map_err(|error| ErrorKind::InvalidResponse {
        host,
        what: format!("Its JSON is not what the protocol says: {error}"),
    })
}

/// A part of a path: an id that a person typed leads nowhere else.
pub(super) fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_cannot_lead_to_another_path() {
        assert_eq!(encoded("../x?y"), "..%2Fx%3Fy");
    }
}
