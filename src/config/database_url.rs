//! The database URL.

use std::fmt;
use std::path::Path;

use crate::domain::engine::Engine;
use crate::domain::secret::Secret;

use super::error::ValueError;
use super::postgres_url;

/// `sqlite://PATH` or `postgres://...`. `Display` and `Debug` omit user, password and parameters.
#[derive(Clone, PartialEq, Eq)]
pub struct DatabaseUrl {
    text: Secret,
    engine: Engine,
}

impl DatabaseUrl {
    pub(super) fn parse(text: &str) -> Result<Self, ValueError> {
        let (scheme, rest) = text.split_once("://").unwrap_or(("", ""));
        let engine = match scheme {
            "sqlite" => Engine::Sqlite,
            "postgres" | "postgresql" => Engine::Postgres,
            _ => {
                return Err(ValueError::new(
                    "is not the URL of a supported database",
                    "Write sqlite:///path/to/keystile.db or postgres://user:password@host/database.",
                ));
            }
        };
        if rest.is_empty() {
            return Err(ValueError::new("has no database", "Write the part after :// too."));
        }
        if engine == Engine::Postgres {
            postgres_url::check(rest)?;
        }
        if engine == Engine::Sqlite && rest.starts_with(":memory:") {
            return Err(ValueError::new("would be lost when the server stops", "Write the path of a file."));
        }
        Ok(Self { text: Secret::new(text), engine })
    }

    /// Puts the data directory in the place of `{data_dir}`.
    pub(super) fn in_data_dir(&self, data_dir: &Path) -> Result<Self, ValueError> {
        Self::parse(&self.text.expose().replace("{data_dir}", &data_dir.to_string_lossy()))
    }

    pub fn engine(&self) -> Engine {
        self.engine
    }

    /// The whole URL with its password, for connecting.
    pub fn expose(&self) -> &str {
        self.text.expose()
    }

    /// The path of a SQLite database; `None` for PostgreSQL.
    pub fn sqlite_path(&self) -> Option<&Path> {
        self.text.expose().strip_prefix("sqlite://").map(Path::new)
    }
}

impl fmt::Display for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text.expose();
        if self.engine == Engine::Sqlite {
            return f.write_str(text);
        }
        let (scheme, rest) = text.split_once("://").unwrap_or_default();
        write!(f, "{scheme}://{}", postgres_url::shown(rest))
    }
}

impl fmt::Debug for DatabaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DatabaseUrl({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<DatabaseUrl, ValueError> {
        DatabaseUrl::parse(text)?.in_data_dir(Path::new("/var/lib/keystile"))
    }

    #[test]
    fn the_data_directory_is_substituted() {
        let url = parse("sqlite://{data_dir}/keystile.db").unwrap();
        assert_eq!(url.engine(), Engine::Sqlite);
        assert_eq!(url.sqlite_path(), Some(Path::new("/var/lib/keystile/keystile.db")));
        assert_eq!(url.to_string(), "sqlite:///var/lib/keystile/keystile.db");
    }

    #[test]
    fn a_password_never_prints() {
        for (url, printed) in [
            ("postgres://ada:s3cret@db/app", "postgres://db/app"),
            ("postgres://ada:s3cret@db:5432,db2:5433/app?sslmode=require", "postgres://db:5432,db2:5433/app"),
            ("postgresql://db/app?user=ada&password=s3cret", "postgresql://db/app"),
            ("postgres://ada:s3cret%40@db/app", "postgres://db/app"),
            ("postgres://:s3cret@db", "postgres://db"),
        ] {
            let parsed = parse(url).unwrap();
            assert_eq!(parsed.to_string(), printed);
            assert!(!format!("{parsed:?} {parsed:#?}").contains("s3cret"));
            assert_eq!(parsed.expose(), url);
            assert_eq!(parsed.engine(), Engine::Postgres);
        }
    }

    #[test]
    fn other_databases_are_refused_without_repeating_the_url() {
        for bad in [
            "postgres://ada:s3cret@s3cret@db/app",
            "mysql://ada:s3cret@db/app",
            "keystile.db",
            "",
            "sqlite:",
            "sqlite://",
            "sqlite://:memory:",
        ] {
            let wrong = parse(bad).unwrap_err();
            assert!(!format!("{wrong:?}").contains("s3cret"), "{wrong:?}");
        }
    }
}
