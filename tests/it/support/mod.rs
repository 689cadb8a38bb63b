//! Test support.

pub(crate) mod api;
pub(crate) mod app;
pub(crate) mod at_once;
pub(crate) mod browser;
mod chromium;
pub(crate) mod cli;
pub(crate) mod contract;
pub(crate) mod daemon;
pub(crate) mod database;
pub(crate) mod device;
pub(crate) mod elsewhere;
pub(crate) mod failover;
pub(crate) mod html;
pub(crate) mod http;
pub(crate) mod imports;
mod inside;
pub(crate) mod oauth;
pub(crate) mod operator;
pub(crate) mod people;
pub(crate) mod ports;
pub(crate) mod postgres;
pub(crate) mod reading;
pub(crate) mod ready_made;
pub(crate) mod relay;
pub(crate) mod scripted;
pub(crate) mod tls;
pub(crate) mod wire;

use std::path::{Path, PathBuf};

/// Expands a test into two, in the modules `sqlite` and `postgres`. A test gets the running server; an
/// optional expression after a comma configures it: `|app| app.manual_clock()`.
macro_rules! both_engines {
    (@setup) => { |app| app };
    (@setup $setup:expr) => { $setup };
    ($(async fn $name:ident($app:ident $(, $setup:expr)?) $body:block)*) => {
        $(async fn $name($app: &crate::support::app::TestApp) $body)*
        mod sqlite {
            use crate::support::{app::Builder, both_engines, database::Database};
            $(
                #[tokio::test]
                async fn $name() {
                    let setup: fn(Builder) -> Builder = both_engines!(@setup $($setup)?);
                    let app = setup(Builder::on(Database::sqlite())).start().await;
                    super::$name(&app).await;
                    app.stop().await;
                }
            )*
        }
        mod postgres {
            use crate::support::{app::Builder, both_engines, database::Database};
            $(
                #[tokio::test]
                async fn $name() {
                    let setup: fn(Builder) -> Builder = both_engines!(@setup $($setup)?);
                    let app = setup(Builder::on(Database::postgres())).start().await;
                    super::$name(&app).await;
                    app.stop().await;
                }
            )*
        }
    };
}
pub(crate) use both_engines;

/// [`both_engines`] for tests that start their servers themselves: they get the database.
macro_rules! both_databases {
    ($(async fn $name:ident($database:ident) $body:block)*) => {
        $(async fn $name($database: crate::support::database::Database) $body)*
        mod sqlite {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(crate::support::database::Database::sqlite()).await;
                }
            )*
        }
        mod postgres {
            $(
                #[tokio::test]
                async fn $name() {
                    super::$name(crate::support::database::Database::postgres()).await;
                }
            )*
        }
    };
}
pub(crate) use both_databases;

/// All files with this extension below a folder of the package, by paths relative to it.
pub(crate) fn files(folder: impl AsRef<Path>, extension: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path, extension));
        } else if path.extension().is_some_and(|known| known == extension) {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// All Rust files below a folder of the package.
pub(crate) fn sources(folder: &str) -> Vec<PathBuf> {
    files(folder, "rs")
}
