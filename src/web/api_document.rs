//! The OpenAPI document, built at first use, for the API page and for clients.

use std::sync::LazyLock;

use actix_web::web::Bytes;
use serde_json::Value;

type Make = Box<dyn FnOnce() -> Document + Send>;

/// An OpenAPI document.
pub struct ApiDocument(LazyLock<Document, Make>);

struct Document {
    value: Value,
    text: Bytes,
}

impl ApiDocument {
    pub fn new(make: impl FnOnce() -> Value + Send + 'static) -> Self {
        Self(LazyLock::new(Box::new(|| {
            let value = make();
            Document { text: value.to_string().into(), value }
        })))
    }

    pub fn value(&self) -> &Value {
        &self.0.value
    }

    /// The serialized document.
    pub fn text(&self) -> &Bytes {
        &self.0.text
    }
}
