//! `[log]`

use crate::config::document::Value;
use crate::config::error::ValueError;
use crate::config::section::section;
use crate::config::values::{Parsed, text};

section! {
    /// The log, written to standard error.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Log = [log] {
        /// `"text"` or `"json"`.
        format: LogFormat = "text", log_format;

        /// `error`, `warn`, `info`, `debug` or `trace`, or a filter such as `"info,keystiled::store=debug"`.
        level: String = "info", log_level;
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Text,
    Json,
}

fn log_format(value: &Value) -> Parsed<LogFormat> {
    match text(value)? {
        "text" => Ok(LogFormat::Text),
        "json" => Ok(LogFormat::Json),
        _ => Err(ValueError::new("is not a log format", "Write \"text\" or \"json\".")),
    }
}

fn log_level(value: &Value) -> Parsed<String> {
    let text = text(value)?;
    match tracing_subscriber::EnvFilter::builder().parse(text) {
        Ok(_) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(ValueError::new(
            "is not a log level",
            "Write error, warn, info, debug or trace, or a filter such as \"info,keystiled::store=debug\".",
        )),
    }
}
