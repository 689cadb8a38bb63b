//! Text and forms of HTML pages, for tests without a browser.

use std::collections::BTreeMap;

use html5gum::{Token, Tokenizer};

/// A form with its default values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Form {
    pub(crate) action: String,
    fields: Vec<(String, String)>,
}

impl Form {
    /// The form of a page with this action.
    pub(crate) fn of(html: &str, action: &str) -> Self {
        Self::found(html, action, |known| known == action)
    }

    /// The first form whose action starts with this.
    pub(crate) fn beginning(html: &str, beginning: &str) -> Self {
        Self::found(html, beginning, |known| known.starts_with(beginning))
    }

    fn found(html: &str, wanted: &str, is_it: impl Fn(&str) -> bool) -> Self {
        let forms = forms(html);
        let actions: Vec<&str> = forms.iter().map(|form| form.action.as_str()).collect();
        let found = actions.iter().position(|known| is_it(known));
        let nowhere = || panic!("no form goes to {wanted}, only to {actions:?}: {}", text(html));
        forms[found.unwrap_or_else(nowhere)].clone()
    }

    /// Sets a field, or presses a named button.
    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(known, _)| known != name);
        self
    }

    pub(crate) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn fields(&self) -> &[(String, String)] {
        &self.fields
    }
}

/// Text of a page, with single spaces.
pub(crate) fn text(html: &str) -> String {
    let mut text = String::new();
    let mut hidden = 0usize;
    for token in tokens(html) {
        match token {
            Token::StartTag(tag) if unseen(&tag.name) => hidden += 1,
            Token::EndTag(tag) if unseen(&tag.name) => hidden = hidden.saturating_sub(1),
            Token::StartTag(_) | Token::EndTag(_) => text.push(' '),
            Token::String(part) if hidden == 0 => text.push_str(&String::from_utf8_lossy(&part)),
            _ => {}
        }
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn unseen(tag: &[u8]) -> bool {
    matches!(tag, b"head" | b"script" | b"style" | b"template")
}

fn forms(html: &str) -> Vec<Form> {
    let mut forms: Vec<(Option<String>, Form)> = Vec::new();
    let mut inside = false;
    // Fields may be outside of their form and refer to it.
    let mut elsewhere: Vec<(String, (String, String))> = Vec::new();
    for token in tokens(html) {
        match token {
            Token::StartTag(tag) => {
                let attributes: BTreeMap<String, String> =
                    tag.attributes.iter().map(|(name, value)| (utf8(name), utf8(value))).collect();
                match (&**tag.name, forms.last_mut(), attributes.get("form")) {
                    (b"form", _, _) => {
                        inside = true;
                        let action = attributes.get("action").cloned().unwrap_or_default();
                        forms.push((attributes.get("id").cloned(), Form { action, fields: Vec::new() }));
                    }
                    (b"input", _, Some(id)) => {
                        elsewhere.extend(untouched(&attributes).map(|field| (id.clone(), field)));
                    }
                    (b"input", Some((_, form)), None) if inside => form.fields.extend(untouched(&attributes)),
                    _ => {}
                }
            }
            Token::EndTag(tag) if &**tag.name == b"form" => inside = false,
            _ => {}
        }
    }
    for (id, form) in &mut forms {
        let own = elsewhere.iter().filter(|(named, _)| Some(named) == id.as_ref());
        form.fields.extend(own.map(|(_, field)| field.clone()));
    }
    forms.into_iter().map(|(_, form)| form).collect()
}

/// Target of `<meta http-equiv="refresh">`.
pub(crate) fn refresh(html: &str) -> Option<String> {
    tokens(html).find_map(|token| match token {
        Token::StartTag(tag) if &**tag.name == b"meta" => {
            let attribute = |name: &[u8]| tag.attributes.get(name).map(|value| utf8(value));
            let refresh = attribute(b"http-equiv").is_some_and(|kind| kind == "refresh");
            let content = attribute(b"content").filter(|_| refresh)?;
            content.split_once("url=").map(|(_, url)| url.to_owned())
        }
        _ => None,
    })
}

/// Targets of the links of a page.
pub(crate) fn links(html: &str) -> Vec<String> {
    let link = |token| match token {
        Token::StartTag(tag) if &**tag.name == b"a" => {
            tag.attributes.get(b"href".as_slice()).map(|value| utf8(value))
        }
        _ => None,
    };
    tokens(html).filter_map(link).collect()
}

/// Default value of an input.
fn untouched(attributes: &BTreeMap<String, String>) -> Option<(String, String)> {
    let value = |otherwise: &str| attributes.get("value").map_or(otherwise, String::as_str).to_owned();
    let name = attributes.get("name")?.clone();
    match attributes.get("type").map(String::as_str) {
        Some("checkbox" | "radio") => attributes.contains_key("checked").then(|| (name, value("on"))),
        Some("submit" | "button") => None,
        _ => Some((name, value(""))),
    }
}

/// Active or external content: scripts, styles, event handlers, external URLs.
pub(crate) fn active_parts(html: &str) -> Vec<String> {
    let own = |value: &str| (value.starts_with('/') && !value.starts_with("//")) || value.starts_with('#');
    let mut found = Vec::new();
    for token in tokens(html) {
        let Token::StartTag(tag) = token else { continue };
        let (name, mut loads) = (utf8(&tag.name), false);
        for (attribute, value) in tag.attributes.iter().map(|(name, value)| (utf8(name), utf8(value))) {
            loads |= attribute == "src" && own(&value);
            let points = matches!(attribute.as_str(), "src" | "href" | "action" | "formaction");
            // The redirect URI is the only external URL.
            let back = value.starts_with("http://127.0.0.1:54321/callback?");
            let moves = attribute == "content"
                && value.contains("url=")
                && !value.contains("url=http://127.0.0.1:54321/");
            if attribute.starts_with("on")
                || attribute == "style"
                || moves
                || (points && !own(&value) && !back)
            {
                found.push(format!("<{name} {attribute}={value:?}>"));
            }
        }
        let known =
            !matches!(name.as_str(), "iframe" | "object" | "embed" | "base" | "style" | "img" | "video");
        if !known || (name == "script" && !loads) {
            found.push(format!("<{name}>"));
        }
    }
    found
}

fn tokens(html: &str) -> impl Iterator<Item = Token> {
    Tokenizer::new(html).map(|token| match token {
        Ok(token) => token,
        Err(never) => match never {},
    })
}

fn utf8(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
