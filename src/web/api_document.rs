//! The description of the API, made once, and read by the page and by machines.

use actix_web::web::Bytes;
use serde_json::Value;

/// An OpenAPI document.
#[derive(Debug)]
pub struct ApiDocument {
    value: Value,
    text: Bytes,
}

impl ApiDocument {
    pub fn new(value: Value) -> Self {
        Self { text: value.to_string().into(), value }
    }

    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The document as it is sent.
    pub fn text(&self) -> &Bytes {
        &self.text
    }
}
