//! The description of the API, made when somebody first asks for it, and read by the page and by machines.

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

    /// The document as it is sent.
    pub fn text(&self) -> &Bytes {
        &self.0.text
    }
}
