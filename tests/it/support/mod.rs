//! What the tests stand on.

pub(crate) mod app;
pub(crate) mod browser;
mod chromium;
pub(crate) mod database;
pub(crate) mod html;
pub(crate) mod http;

use std::path::{Path, PathBuf};

/// Makes two tests of one, each on an engine of its own, in the modules `sqlite` and `postgres`.
macro_rules! both_engines {
    ($(async fn $name:ident($app:ident) $body:block)*) => {
        mod sqlite {
            use super::*;
            $(
                #[tokio::test]
                async fn $name() {
                    let $app = crate::support::app::TestApp::on(crate::support::database::Database::sqlite());
                    $body
                }
            )*
        }
        mod postgres {
            use super::*;
            $(
                #[tokio::test]
                async fn $name() {
                    let $app = crate::support::app::TestApp::on(crate::support::database::Database::postgres());
                    $body
                }
            )*
        }
    };
}
pub(crate) use both_engines;

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
