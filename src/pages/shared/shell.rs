//! The shell of every page: brand, signed-in user, theme, flash message and form tokens.

use crate::pages::shared::assets::ASSETS;
use crate::pages::shared::text;
use crate::web::browser::FormTokens;

/// Color theme.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// The system's preference.
    #[default]
    System,
    Light,
    Dark,
}

impl Theme {
    pub const ALL: [Self; 3] = [Self::System, Self::Light, Self::Dark];

    /// The value in the form and in the cookie.
    pub fn value(self) -> &'static str {
        match self {
            Self::System => "system",
            Self::Light => "light",
            Self::Dark => "dark",
        }
    }

    pub fn word(self) -> &'static str {
        match self {
            Self::System => "System",
            Self::Light => "Light",
            Self::Dark => "Dark",
        }
    }

    pub fn from_value(value: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|theme| theme.value() == value)
    }
}

/// The signed-in user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub name: String,
    pub email: String,
}

impl Person {
    pub fn initials(&self) -> String {
        text::initials(&self.name)
    }
}

/// The deployment's links in the footer; `None` if not configured.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FootLinks {
    pub help: Option<String>,
    pub support: Option<String>,
    pub status: Option<String>,
}

impl FootLinks {
    pub fn shown(&self) -> impl Iterator<Item = (&'static str, &str)> {
        [("Help", &self.help), ("Support", &self.support), ("Status", &self.status)]
            .into_iter()
            .filter_map(|(label, href)| href.as_deref().map(|href| (label, href)))
    }
}

/// Data of every page.
#[derive(Debug, Clone)]
pub struct Shell {
    /// The product name of this deployment.
    pub brand: String,
    /// Host of this server: "auth.example.com".
    pub host: String,
    /// The issuer's path without a trailing slash; empty if it has none.
    pub base: String,
    pub person: Option<Person>,
    pub theme: Theme,
    /// Form tokens.
    pub tokens: FormTokens,
    /// Flash message.
    pub flash: Option<String>,
    /// Configured help links.
    pub links: FootLinks,
    /// Path and query of this page, for the return after a change of theme.
    pub here: String,
}

impl Shell {
    pub fn themes(&self) -> [Theme; 3] {
        Theme::ALL
    }

    pub fn stylesheet(&self) -> &'static str {
        ASSETS.stylesheet.url
    }

    pub fn script(&self) -> &'static str {
        ASSETS.script.url
    }

    pub fn icon(&self) -> &'static str {
        ASSETS.icon.url
    }

    pub fn text_font(&self) -> &'static str {
        ASSETS.text_font.url
    }
}
