//! Response envelopes of the API, and schemas that many responses share.

use serde::Serialize;
use serde_json::Value;
use utoipa::openapi::schema::SchemaType;
use utoipa::openapi::{ObjectBuilder, RefOr, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::credential::EndReason;
use crate::domain::static_secret::Mode;
use crate::domain::subject::SubjectId;

/// `{"data": ...}`
#[derive(Serialize, ToSchema)]
pub(super) struct Data<T> {
    pub(super) data: T,
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct List<T> {
    pub(super) data: Vec<T>,
    /// `cursor` of the next page; `null` on the last one.
    #[schema(required)]
    pub(super) next_cursor: Option<String>,
}

/// A user or a service account.
#[derive(Serialize, ToSchema)]
pub(super) struct Subject {
    #[schema(schema_with = subject_kind)]
    kind: &'static str,
    id: String,
    name: String,
}

impl Subject {
    pub(super) fn new(id: &SubjectId, name: &str) -> Self {
        Self { kind: id.kind(), id: id.as_str().to_owned(), name: name.to_owned() }
    }
}

/// The id of a scope. The served document lists the ids of this deployment's catalog.
pub(super) struct ScopeId;

impl PartialSchema for ScopeId {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .description(Some("The id of a scope. `GET /api/v1/scopes` describes each one."))
            .into()
    }
}

impl ToSchema for ScopeId {}

/// Schema of a string that is one of these values.
pub(super) fn one_of(values: impl IntoIterator<Item = &'static str>) -> RefOr<Schema> {
    ObjectBuilder::new().schema_type(Type::String).enum_values(Some(values)).into()
}

pub(super) fn subject_kind() -> RefOr<Schema> {
    one_of(["user", "service_account"])
}

pub(super) fn mode() -> RefOr<Schema> {
    one_of(Mode::ALL.iter().map(|mode| mode.as_str()))
}

pub(super) fn mode_or_null() -> RefOr<Schema> {
    or_null(Mode::ALL.iter().map(|mode| mode.as_str()))
}

pub(super) fn end_reason() -> RefOr<Schema> {
    or_null(EndReason::ALL.iter().map(|reason| reason.as_str()))
}

/// Schema of `null` or a string that is one of these values.
fn or_null(values: impl Iterator<Item = &'static str>) -> RefOr<Schema> {
    let types = SchemaType::from_iter([Type::String, Type::Null]);
    let values = values.map(Value::from).chain([Value::Null]);
    ObjectBuilder::new().schema_type(types).enum_values(Some(values)).into()
}
