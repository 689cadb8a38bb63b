//! Times in the API.

use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::{KnownFormat, ObjectBuilder, RefOr, Schema, SchemaFormat, Type};
use utoipa::{PartialSchema, ToSchema};

use crate::domain::time::Time;

/// An RFC 3339 time: `2026-11-23T08:00:00.000Z`.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(transparent)]
pub(super) struct ApiTime(pub(super) Time);

impl<'de> Deserialize<'de> for ApiTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Time::parse(&text).map(Self).ok_or_else(|| serde::de::Error::custom("not an RFC 3339 time"))
    }
}

impl PartialSchema for ApiTime {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples(["2026-11-23T08:00:00.000Z"])
            .into()
    }
}

impl ToSchema for ApiTime {
    fn name() -> std::borrow::Cow<'static, str> {
        "Time".into()
    }
}
