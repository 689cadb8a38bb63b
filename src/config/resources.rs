//! The `[[resources]]` list.

use super::document::{Entry, Value};
use super::error::ValueError;
use super::issuer::Issuer;
use super::settings::Settings;
use super::values::{self, Parsed};
use super::words::{EntryReader, twice};
use crate::domain::parse_error::ParseError;
use crate::domain::resource::{Resource, canonical};

const FIELDS: &[&str] = &["id", "name", "test"];

/// The resources of the last source that has any.
pub(super) fn resources(settings: &mut Settings, issuer: &Issuer) -> Vec<Resource> {
    let mut resources: Vec<Resource> = Vec::new();
    for entry in settings.list("resources").pop().unwrap_or_default() {
        let Some(resource) = resource(settings, &entry) else { continue };
        let mut reader = EntryReader::new("resource", FIELDS, &entry, settings);
        let same = |id: &str| canonical(id) == canonical(&resource.id);
        if same(issuer.as_str()) {
            let remedy = "Remove the entry: tokens for this server need none.";
            reader.refuse("id", ValueError::new("is server.public_url", remedy));
        } else if resources.iter().any(|other| same(&other.id)) {
            reader.refuse("id", twice());
        }
        resources.push(resource);
    }
    resources
}

fn resource(settings: &mut Settings, entry: &Entry) -> Option<Resource> {
    let mut reader = EntryReader::new("resource", FIELDS, entry, settings);
    let id = reader.required("id", "the aud of its tokens, such as \"https://api.example.com\"", id);
    let name = reader.required("name", "what people call it, such as \"Sandbox\"", values::words);
    let test = reader.optional("test", values::flag).unwrap_or(false);
    Some(Resource { id: id?, name: name?, test })
}

fn id(value: &Value) -> Parsed<String> {
    let id = values::text(value)?;
    let wrong = |ParseError(problem)| ValueError::new(problem, "Write it as https://api.example.com.");
    canonical(id).map_err(wrong).map(|_| id.to_owned())
}
