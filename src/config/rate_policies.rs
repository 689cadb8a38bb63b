//! The `[[rate_policies]]` list.

use super::document::{Entry, Value};
use super::error::ValueError;
use super::settings::Settings;
use super::values::{self, Parsed};
use super::words::{EntryReader, twice};
use crate::domain::rate_policy::{Per, RatePolicy, RoutePattern};
use crate::domain::scope::{Catalog, ScopeSet};

const FIELDS: &[&str] = &["name", "limit", "window", "per", "scopes", "routes", "ignore_case"];

/// The policies of the last source that has any.
pub(super) fn rate_policies(settings: &mut Settings, catalog: &Catalog) -> Vec<RatePolicy> {
    let mut policies: Vec<RatePolicy> = Vec::new();
    for entry in settings.list("rate_policies").pop().unwrap_or_default() {
        let Some(policy) = rate_policy(settings, &entry, catalog) else { continue };
        if policies.iter().any(|other| other.name == policy.name) {
            EntryReader::new("rate policy", FIELDS, &entry, settings).refuse("name", twice());
        }
        policies.push(policy);
    }
    policies
}

fn rate_policy(settings: &mut Settings, entry: &Entry, catalog: &Catalog) -> Option<RatePolicy> {
    let mut reader = EntryReader::new("rate policy", FIELDS, entry, settings);
    let name =
        reader.required("name", "what people read when it is exceeded, such as \"conversations\"", name);
    let limit = reader.required("limit", "how many requests, such as 25", values::number(1, 1_000_000));
    let window = reader.required("window", "within which time, such as \"1h\"", values::duration);
    let per = reader.optional("per", per).unwrap_or(Per::Credential);
    let scopes = reader.optional("scopes", |value| known_scopes(value, catalog)).unwrap_or_default();
    let routes = reader.optional("routes", routes).unwrap_or_default();
    // On by default: many frameworks ignore the case of paths, and counting too many requests is harmless.
    let ignore_case = reader.optional("ignore_case", values::flag).unwrap_or(true);
    Some(RatePolicy { name: name?, limit: limit?, window: window?, per, scopes, routes, ignore_case })
}

fn name(value: &Value) -> Parsed<String> {
    let name = values::text(value)?;
    let good = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b':' | b'.' | b'_' | b'-' | b'/');
    if (1..=60).contains(&name.len()) && name.bytes().all(good) {
        Ok(name.to_owned())
    } else {
        let remedy = "Write letters, digits, colons, dots, dashes, slashes and underscores.";
        Err(ValueError::new("is not the name of a rate policy", remedy))
    }
}

fn per(value: &Value) -> Parsed<Per> {
    Per::parse(values::text(value)?).ok_or_else(|| {
        ValueError::new(
            "does not say whose requests are counted",
            "Write \"credential\" or \"organization\".",
        )
    })
}

fn known_scopes(value: &Value, catalog: &Catalog) -> Parsed<ScopeSet> {
    let scopes = values::list(value)?;
    match scopes.iter().find(|id| !catalog.contains(id)) {
        Some(id) => {
            Err(ValueError::new(format!("{id:?} is not a scope"), "Add it as [[scopes]], or remove it."))
        }
        None => Ok(scopes.into_iter().collect()),
    }
}

fn routes(value: &Value) -> Parsed<Vec<RoutePattern>> {
    let pattern = |text: &String| {
        RoutePattern::parse(text).ok_or_else(|| {
            let remedy = "Write it as \"/v1/talks\", \"POST /v1/talks/*\" or \"/v1/**\": decoded, without parameters, and \
                          GET for HEAD.";
            ValueError::new(format!("{text:?} is not a route"), remedy)
        })
    };
    values::list(value)?.iter().map(pattern).collect()
}
