//! Roles and the scope catalog.

use super::document::{Entry, Setting, Value};
use super::error::{ConfigError, ValueError};
use super::settings::Settings;
use super::values::{self, Parsed};
use crate::domain::role::Role;
use crate::domain::scope::{Bundle, Catalog, Level, Scope, ScopeSet};

/// The built-in roles and those of the file. An entry with the id of a built-in role replaces its description.
pub(super) fn roles(settings: &mut Settings) -> Vec<Role> {
    let mut roles: Vec<Role> = Vec::new();
    for layer in settings.list("roles") {
        let mut seen = Vec::new();
        for entry in layer {
            let mut reader = EntryReader::new("role", &["id", "description"], &entry, settings);
            let id = reader.required("id", "the name of the role, such as \"auditor\"", role_id);
            let description = reader.required("description", "what the role may do, in words", values::words);
            let (Some(id), Some(description)) = (id, description) else { continue };
            if seen.contains(&id) {
                reader.refuse("id", twice());
            }
            seen.push(id.clone());
            match roles.iter_mut().find(|role| role.id == id) {
                Some(role) => role.description = description,
                None => roles.push(Role { id, description }),
            }
        }
    }
    roles
}

/// The scope catalog of the last source that has one. Replaces the built-in catalog as a whole, because a deployment
/// with its own scopes does not offer the built-in ones.
pub(super) fn catalog(settings: &mut Settings, version: String, roles: &[Role]) -> Catalog {
    let mut scopes: Vec<Scope> = Vec::new();
    for entry in settings.list("scopes").pop().unwrap_or_default() {
        let mut reader = EntryReader::new("scope", SCOPE_FIELDS, &entry, settings);
        let Some(scope) = scope(&mut reader, roles) else { continue };
        if scopes.iter().any(|other| other.id == scope.id) {
            reader.refuse("id", twice());
        }
        scopes.push(scope);
    }
    let bundles = bundles(settings, &scopes);
    Catalog::new(version, scopes, bundles)
}

/// The bundles of the last source that has any. The built-in bundles are dropped if the scopes are replaced.
fn bundles(settings: &mut Settings, scopes: &[Scope]) -> Vec<Bundle> {
    let mut layers = settings.list("bundles");
    let ours_alone = layers.len() == 1 && settings.list("scopes").len() > 1;
    let entries = layers.pop().filter(|_| !ours_alone).unwrap_or_default();
    let mut bundles: Vec<Bundle> = Vec::new();
    for entry in entries {
        let mut reader = EntryReader::new("bundle", &["id", "label", "scopes", "note"], &entry, settings);
        let id = reader.required("id", "the id of the bundle, such as \"read-only\"", role_id);
        let label = reader.required("label", "what people choose, such as \"Read only\"", values::words);
        let held = reader.required("scopes", "scopes of the catalog, such as [\"org:read\"]", |value| {
            known_scopes(value, scopes)
        });
        let note = reader.optional("note", values::words);
        let (Some(id), Some(label), Some(scopes)) = (id, label, held) else { continue };
        if bundles.iter().any(|other| other.id == id) {
            reader.refuse("id", twice());
        }
        bundles.push(Bundle { id, label, scopes, note });
    }
    bundles
}

pub(super) fn twice() -> ValueError {
    ValueError::new("is a duplicate", "Remove one of the two.")
}

const SCOPE_FIELDS: &[&str] = &["id", "label", "not_label", "level", "roles", "default"];

fn scope(reader: &mut EntryReader<'_>, roles: &[Role]) -> Option<Scope> {
    let id = reader.required("id", "the id of the scope, such as \"deployments:read\"", scope_id);
    let label = reader.required("label", "what it allows, such as \"See deployments\"", values::words);
    let not_label = reader.required(
        "not_label",
        "how it reads after \"Not asked for:\", such as \"see deployments\"",
        values::words,
    );
    let level = reader.required("level", "read, change, delete or administer", level);
    let held = reader.required("roles", "the roles that include it, such as [\"owner\"]", |value| {
        known_roles(value, roles)
    });
    let default = reader.optional("default", values::flag).unwrap_or(false);
    Some(Scope { id: id?, label: label?, not_label: not_label?, level: level?, roles: held?, default })
}

/// Reads the fields of an entry and records errors.
pub(super) struct EntryReader<'a> {
    kind: &'static str,
    entry: &'a Entry,
    settings: &'a mut Settings,
}

impl<'a> EntryReader<'a> {
    /// Rejects unknown fields.
    pub(super) fn new(
        kind: &'static str,
        fields: &[&str],
        entry: &'a Entry,
        settings: &'a mut Settings,
    ) -> Self {
        let mut reader = Self { kind, entry, settings };
        for field in entry.fields.keys().filter(|field| !fields.contains(&field.as_str())) {
            let remedy = format!("Remove it, or use one of {}.", fields.join(", "));
            reader.refuse(field, ValueError::new(format!("is not a field of a {kind}"), remedy));
        }
        reader
    }

    /// Name of the entry in messages: `scope "org:read"`, or `scope` if it has neither id nor name.
    fn name(&self) -> String {
        match self.entry.fields.get("id").or_else(|| self.entry.fields.get("name")) {
            Some(Setting { value: Value::Text(id), .. }) => format!("{} {id:?}", self.kind),
            _ => self.kind.to_owned(),
        }
    }

    pub(super) fn required<T>(
        &mut self,
        field: &str,
        what: &str,
        parse: impl Fn(&Value) -> Parsed<T>,
    ) -> Option<T> {
        if !self.entry.fields.contains_key(field) {
            self.refuse(field, ValueError::new("is missing", format!("Write {what}.")));
        }
        self.optional(field, parse)
    }

    pub(super) fn optional<T>(&mut self, field: &str, parse: impl Fn(&Value) -> Parsed<T>) -> Option<T> {
        let parsed = parse(&self.entry.fields.get(field)?.value);
        parsed.map_err(|wrong| self.refuse(field, wrong)).ok()
    }

    pub(super) fn refuse(&mut self, field: &str, wrong: ValueError) {
        let origin = self.entry.fields.get(field).map_or(&self.entry.origin, |setting| &setting.origin);
        self.settings.add_error(ConfigError::new(origin.clone(), format!("{}: {field}", self.name()), wrong));
    }
}

fn scope_id(value: &Value) -> Parsed<String> {
    let id = values::text(value)?;
    let set = ScopeSet::parse(id).ok().filter(|set| set.len() == 1 && set.contains(id));
    set.map(|_| id.to_owned()).ok_or_else(|| {
        ValueError::new(
            "is not the id of a scope",
            "Write visible ASCII characters without spaces and quotes.",
        )
    })
}

fn role_id(value: &Value) -> Parsed<String> {
    let id = values::text(value)?;
    let good = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-' || b == b'_';
    if id.starts_with(|c: char| c.is_ascii_lowercase()) && id.len() <= 40 && id.bytes().all(good) {
        Ok(id.to_owned())
    } else {
        Err(ValueError::new(
            "is not the id of a role",
            "Write lowercase letters, digits, dashes and underscores.",
        ))
    }
}

fn level(value: &Value) -> Parsed<Level> {
    match values::text(value)? {
        "read" => Ok(Level::Read),
        "change" => Ok(Level::Change),
        "delete" => Ok(Level::Delete),
        "administer" => Ok(Level::Administer),
        _ => Err(ValueError::new("is not a level", "Write read, change, delete or administer.")),
    }
}

fn known_scopes(value: &Value, scopes: &[Scope]) -> Parsed<Vec<String>> {
    let held = values::list(value)?;
    if held.is_empty() {
        return Err(ValueError::new("has no scope", "Write at least one."));
    }
    match held.iter().find(|id| scopes.iter().all(|scope| scope.id != **id)) {
        Some(id) => {
            Err(ValueError::new(format!("{id:?} is not a scope"), "Add it as [[scopes]], or remove it."))
        }
        None => Ok(held),
    }
}

fn known_roles(value: &Value, roles: &[Role]) -> Parsed<Vec<String>> {
    let held = values::list(value)?;
    let known = || roles.iter().map(|role| role.id.as_str()).collect::<Vec<_>>().join(", ");
    if held.is_empty() {
        return Err(ValueError::new(
            "has no role, so nobody could grant it",
            format!("Use some of {}.", known()),
        ));
    }
    match held.iter().find(|id| roles.iter().all(|role| role.id != **id)) {
        Some(id) => {
            let remedy = format!("Add it as [[roles]], or use some of {}.", known());
            Err(ValueError::new(format!("{id:?} is not a role"), remedy))
        }
        None => Ok(held),
    }
}
