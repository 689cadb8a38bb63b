//! `/api`: the API reference.

use actix_web::http::StatusCode;
use actix_web::web;
use askama::Template;

use crate::pages::reference::reading::read;
pub use crate::pages::shared::request::{PageRequest, PageResult};

use crate::pages::shared::shell::{Shell, Theme};
use crate::pages::shared::words::{Piece, Sentence};
use crate::web::api_document::ApiDocument;

#[derive(Template)]
#[template(path = "reference/api.html")]
pub struct ApiReferencePage {
    pub shell: Shell,
    pub reference: Reference,
}

/// The whole API.
#[derive(Debug, Clone, Default)]
pub struct Reference {
    pub introduction: Vec<Sentence>,
    pub groups: Vec<Group>,
    pub errors: Vec<ErrorStatus>,
}

/// Operations with the same tag.
#[derive(Debug, Clone)]
pub struct Group {
    pub name: String,
    pub text: Sentence,
    pub operations: Vec<Operation>,
}

impl Group {
    /// Anchor on the page. It contains a dash, so it differs from all operation ids.
    pub fn anchor(&self) -> String {
        let plain = |c: char| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' };
        format!("group-{}", self.name.chars().map(plain).collect::<String>())
    }
}

/// An operation: method and path.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Operation id; also used as the anchor.
    pub id: String,
    pub method: String,
    pub path: String,
    pub title: String,
    pub text: Vec<Sentence>,
    pub access: Access,
    pub parameters: Vec<Field>,
    pub body: Vec<Field>,
    pub answer: SuccessResponse,
    /// Statuses, described once for all operations.
    pub errors: Vec<String>,
}

/// The credentials that may call it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Access {
    Everybody,
    AnyCredential,
    Scopes(Vec<String>),
}

/// The success response.
#[derive(Debug, Clone, Default)]
pub struct SuccessResponse {
    pub status: String,
    pub text: Sentence,
    pub fields: Vec<Field>,
}

/// A parameter, or a field of a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// `createdBy.name`, `scopes[].id`, `data` in short.
    pub name: String,
    /// `string or null`
    pub kind: String,
    pub required: bool,
    pub text: Sentence,
}

/// A status with the codes that come with it.
#[derive(Debug, Clone)]
pub struct ErrorStatus {
    pub status: String,
    pub codes: Vec<Sentence>,
}

/// `GET /api`
pub async fn page(req: PageRequest, document: web::Data<ApiDocument>) -> PageResult {
    let reference = read(document.value());
    Ok(req.page(StatusCode::OK, &ApiReferencePage { shell: req.shell(), reference }))
}
