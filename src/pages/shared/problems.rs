//! Form problems, shown in a summary and at each field.

/// A problem of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The `id` and `name` of the field.
    pub field: &'static str,
    pub text: String,
}

/// Problems of a form, in the order of its fields.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    #[must_use]
    pub fn with(mut self, field: &'static str, text: impl Into<String>) -> Self {
        self.0.push(Problem { field, text: text.into() });
        self
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &Problem> {
        self.0.iter()
    }

    /// The problem of a field.
    pub fn of(&self, field: &str) -> Option<&str> {
        self.0.iter().find(|problem| problem.field == field).map(|problem| problem.text.as_str())
    }
}
