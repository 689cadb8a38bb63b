//! Fields of a JSON schema, flattened.

use serde_json::Value;

use crate::pages::reference::api::Field;
use crate::pages::reference::reading::sentence;

/// Maximum number of alternatives that are spelled out; longer lists are documented elsewhere.
const MAX_ALTERNATIVES: usize = 6;
/// Maximum depth, which also ends recursive schemas.
const MAX_DEPTH: usize = 5;

/// An OpenAPI document with reference resolution.
#[derive(Clone, Copy)]
pub(in crate::pages) struct Schemas<'a>(pub(in crate::pages) &'a Value);

impl<'a> Schemas<'a> {
    /// Follows `$ref`.
    pub(in crate::pages) fn resolve(self, value: &'a Value) -> &'a Value {
        let place = value["$ref"].as_str().and_then(|place| place.strip_prefix('#'));
        place.and_then(|place| self.0.pointer(place)).unwrap_or(value)
    }

    /// All fields of a schema, including nested ones.
    pub(in crate::pages) fn fields(self, schema: &'a Value) -> Vec<Field> {
        let mut fields = Vec::new();
        self.collect(schema, "", 0, &mut fields);
        fields
    }

    fn collect(self, schema: &'a Value, prefix: &str, depth: usize, fields: &mut Vec<Field>) {
        if depth > MAX_DEPTH {
            return;
        }
        let schema = self.resolve(schema);
        for part in alternatives(schema) {
            self.collect(part, prefix, depth + 1, fields);
        }
        if let Some(items) = schema.get("items") {
            self.collect(items, &format!("{}[].", prefix.trim_end_matches('.')), depth + 1, fields);
        }
        let Some(properties) = schema["properties"].as_object() else { return };
        let required = schema["required"].as_array();
        for (name, property) in properties {
            let resolved = self.resolve(property);
            let text = property["description"].as_str().or_else(|| resolved["description"].as_str());
            fields.push(Field {
                name: format!("{prefix}{name}"),
                kind: self.kind(property),
                required: required.is_some_and(|required| required.iter().any(|known| known == name)),
                text: sentence(text.unwrap_or_default()),
            });
            self.collect(property, &format!("{prefix}{name}."), depth + 1, fields);
        }
    }

    /// `string or null`, `array of string`, `live or test`
    pub(in crate::pages) fn kind(self, schema: &'a Value) -> String {
        let schema = self.resolve(schema);
        if let Some(values) = schema["enum"].as_array().filter(|values| values.len() <= MAX_ALTERNATIVES) {
            let values =
                values.iter().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned));
            return values.collect::<Vec<_>>().join(" or ");
        }
        let alternatives = schema["oneOf"].as_array().into_iter().flatten();
        let mut kinds: Vec<String> = alternatives.map(|one| self.kind(one)).collect();
        kinds.sort_by_key(|kind| kind == "null");
        if kinds.is_empty() {
            let types =
                schema["type"].as_array().map_or(std::slice::from_ref(&schema["type"]), Vec::as_slice);
            kinds.extend(types.iter().map(|name| self.simple(name.as_str().unwrap_or("object"), schema)));
        }
        kinds.join(" or ")
    }

    fn simple(self, name: &str, schema: &'a Value) -> String {
        match name {
            "array" => format!("array of {}", self.kind(&schema["items"])),
            "string" if schema["format"] == "date-time" => "time".to_owned(),
            other => other.to_owned(),
        }
    }
}

fn alternatives(schema: &Value) -> impl Iterator<Item = &Value> {
    ["allOf", "oneOf"].into_iter().filter_map(|name| schema[name].as_array()).flatten()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn fields_are_named_by_the_way_to_them() {
        let document = json!({ "components": { "schemas": {
            "Who": { "type": "object", "required": ["id"], "properties": { "id": { "type": "string" } } },
        } } });
        let schema = json!({ "allOf": [{ "properties": {
            "by": { "oneOf": [{ "type": "null" }, { "$ref": "#/components/schemas/Who" }] },
            "list": { "type": "array", "items": { "$ref": "#/components/schemas/Who" } },
            "mode": { "type": "string", "enum": ["live", "test"] },
            "name": { "type": ["string", "null"] },
        } }] });
        let fields = Schemas(&document).fields(&schema);
        let told: Vec<_> =
            fields.iter().map(|field| (field.name.as_str(), field.kind.as_str(), field.required)).collect();
        assert_eq!(
            told,
            [
                ("by", "object or null", false),
                ("by.id", "string", true),
                ("list", "array of object", false),
                ("list[].id", "string", true),
                ("mode", "live or test", false),
                ("name", "string or null", false),
            ]
        );
    }
}
