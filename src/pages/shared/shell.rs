//! What surrounds every page: the brand, the signed-in person, the theme, the flash line and the form token.

use crate::pages::shared::assets::ASSETS;
use crate::pages::shared::text;
use crate::web::browser::FormTokens;

/// The colors that a person chose.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Theme {
    /// Whatever the system says.
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

/// The person who is signed in.
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

/// The deployment's own addresses at the foot of every page; `None` where there is none.
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

/// What every page needs.
#[derive(Debug, Clone)]
pub struct Shell {
    /// The product name of this deployment.
    pub brand: String,
    /// Where this server is: "auth.example.com".
    pub host: String,
    /// The path of the issuer, without a slash at its end; empty when it has none.
    pub base: String,
    pub person: Option<Person>,
    pub theme: Theme,
    /// The token that each form sends back.
    pub tokens: FormTokens,
    /// One line about what was just done.
    pub flash: Option<String>,
    /// Where else people find help, as the deployment is configured.
    pub links: FootLinks,
    /// Path and query of this page: where a change of theme leads back to.
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
