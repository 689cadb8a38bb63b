//! Events before they are recorded.

use serde_json::{Map, Value};

use super::fact::Fact;
use super::values::{self, PersonalValue};
use super::{Action, Actor, Origin, Outcome};

/// An event that is not in a chain yet.
///
/// Its hashed part can never be erased, so it holds ids and [`Fact`]s alone. Address, user agent and texts are
/// [`PersonalValue`]s.
#[derive(Debug, Clone)]
pub struct Event {
    pub action: Action,
    pub actor: Actor,
    pub org_id: Option<String>,
    pub credential_id: Option<String>,
    pub target: Option<String>,
    pub outcome: Outcome,
    origin: Origin,
    /// The user that the origin belongs to, if that is not the actor.
    person: Option<String>,
    details: Map<String, Value>,
    texts: Vec<PersonalValue>,
}

/// The hashed part of an event beside its ids.
#[derive(Debug, Clone)]
pub struct HashedPart {
    pub request_id: Option<String>,
    pub details: String,
}

impl Event {
    pub fn new(action: Action, actor: Actor, origin: &Origin) -> Self {
        Self {
            action,
            actor,
            org_id: None,
            credential_id: None,
            target: None,
            outcome: Outcome::Success,
            origin: origin.clone(),
            person: None,
            details: Map::new(),
            texts: Vec::new(),
        }
    }

    #[must_use]
    pub fn org(mut self, id: &str) -> Self {
        self.org_id = Some(id.to_owned());
        self
    }

    #[must_use]
    pub fn credential(mut self, id: &str) -> Self {
        self.credential_id = Some(id.to_owned());
        self
    }

    /// The id of the object.
    #[must_use]
    pub fn target(mut self, id: &str) -> Self {
        self.target = Some(id.to_owned());
        self
    }

    #[must_use]
    pub fn refused(mut self) -> Self {
        self.outcome = Outcome::Refused;
        self
    }

    /// The user that address, user agent and texts belong to, where the actor is not a user: their erasure erases these.
    #[must_use]
    pub fn of_person(mut self, user_id: Option<&str>) -> Self {
        self.person = user_id.map(str::to_owned);
        self
    }

    /// Adds a detail to the hashed part.
    #[must_use]
    pub fn detail(mut self, name: &'static str, fact: impl Into<Fact>) -> Self {
        self.details.insert(name.to_owned(), fact.into().into_value());
        self
    }

    /// Adds a detail that is outside of the hashed part: a text that a user typed, or an address. It belongs to the
    /// person of the event.
    #[must_use]
    pub fn text(self, name: &'static str, text: Option<&str>) -> Self {
        let person = self.person();
        self.text_of(person.as_deref(), name, text)
    }

    /// [`Event::text`] that belongs to another user.
    #[must_use]
    pub fn text_of(mut self, user_id: Option<&str>, name: &'static str, text: Option<&str>) -> Self {
        if let Some(text) = text {
            self.texts.push(PersonalValue::new(values::detail_field(name), user_id, text));
        }
        self
    }

    fn person(&self) -> Option<String> {
        self.person.as_deref().or(self.actor.user()).map(str::to_owned)
    }

    /// The user that an event of the instance concerns, for the audit logs of the organizations that they are a member of.
    pub fn member(&self) -> Option<&str> {
        self.target.as_deref().or(self.actor.user()).filter(|_| self.action.concerns_member())
    }

    /// The hashed part, and the values outside of it.
    pub fn split(self) -> (HashedPart, Vec<PersonalValue>) {
        let person = self.person();
        let Origin { ip, user_agent, request_id } = self.origin;
        let mut values = self.texts;
        for (field, value) in [(values::IP, ip), (values::USER_AGENT, user_agent)] {
            values.extend(value.map(|value| PersonalValue::new(field.to_owned(), person.as_deref(), &value)));
        }
        (HashedPart { request_id, details: Value::Object(self.details).to_string() }, values)
    }
}
