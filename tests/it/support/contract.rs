//! Validates every API response in tests against the OpenAPI document.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use jsonschema::Validator;
use keystiled::config::{Config, Env};
use keystiled::http::api::openapi;
use reqwest::{Method, Url};
use serde_json::{Value, json};

use super::http::Answer;

/// The document of a server with default configuration.
pub(crate) static DOCUMENT: LazyLock<Value> = LazyLock::new(|| {
    // Never written.
    let env: Env = [("KEYSTILE_DATA_DIR", "/nonexistent")].into_iter().collect();
    let config = Config::load(None, &env).unwrap_or_else(|faults| panic!("{faults}"));
    openapi::build(Arc::new(config)).value().clone()
});

/// An operation of the document.
pub(crate) struct Operation {
    /// JSON pointer in the document.
    place: String,
    described: &'static Value,
}

impl Operation {
    /// The operation whose path matches a request best.
    fn of(method: &Method, path: &str) -> Option<Self> {
        let path = &path[path.find("/api/")?..];
        let fits = |template: &&String| {
            let (template, path) = (template.split('/'), path.split('/'));
            template.clone().count() == path.clone().count()
                && template.zip(path).all(|(part, text)| part.starts_with('{') || part == text)
        };
        let paths = DOCUMENT["paths"].as_object().unwrap();
        let template = paths.keys().filter(fits).min_by_key(|template| template.matches('{').count())?;
        Self::named(method, template)
    }

    /// The operation with this path template.
    pub(crate) fn named(method: &Method, template: &str) -> Option<Self> {
        let method = method.as_str().to_lowercase();
        let described = DOCUMENT["paths"].get(template)?.get(&method)?;
        Some(Self { place: format!("{method} {template}"), described })
    }

    /// Required scopes, any of which suffices; empty for public operations.
    pub(crate) fn scopes(&self) -> Vec<String> {
        let security = self.described["security"].as_array();
        let scopes = security.into_iter().flatten().filter_map(|way| way["bearer"].as_array());
        scopes.flatten().map(|scope| scope.as_str().unwrap().to_owned()).collect()
    }

    /// The documented response with this status.
    fn answer(&self, status: u16) -> Option<&'static Value> {
        let described = self.described["responses"].get(status.to_string())?;
        match described["$ref"].as_str() {
            Some(place) => DOCUMENT.pointer(place.trim_start_matches('#')),
            None => Some(described),
        }
    }
}

/// Panics if the document does not declare this response.
pub(super) fn hold(method: &Method, url: &Url, answer: &Answer) {
    let Some(operation) = Operation::of(method, url.path()) else { return };
    let kind = answer.header("Content-Type").unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default();
    // Requests refused by the gate do not reach the API.
    if answer.status == 421 || (kind == "text/plain" && (400..500).contains(&answer.status)) {
        return;
    }
    let at = format!("{} answers {}", operation.place, answer.status);
    let described = operation
        .answer(answer.status)
        .unwrap_or_else(|| panic!("{at}, which is not in the document: {}", answer.body));
    let contents = described["content"].as_object();
    let Some(content) = contents.and_then(|contents| contents.get(kind)) else {
        assert!(contents.is_none() && answer.body.is_empty(), "{at} as {kind:?}");
        return;
    };
    if kind == "application/json" {
        let validator = validator(&at, &content["schema"]);
        let faults: Vec<_> = validator.iter_errors(&answer.json()).map(|fault| fault.to_string()).collect();
        assert!(faults.is_empty(), "{at}: {faults:#?}\n{}", answer.body);
    }
}

/// Cached per response schema.
fn validator(at: &str, schema: &Value) -> Arc<Validator> {
    static VALIDATORS: LazyLock<Mutex<HashMap<String, Arc<Validator>>>> = LazyLock::new(Mutex::default);
    let mut validators = VALIDATORS.lock().unwrap_or_else(PoisonError::into_inner);
    let make = || {
        let schema = json!({ "allOf": [schema], "components": DOCUMENT["components"] });
        Arc::new(jsonschema::draft202012::new(&schema).unwrap_or_else(|error| panic!("{at}: {error}")))
    };
    validators.entry(at.to_owned()).or_insert_with(make).clone()
}
