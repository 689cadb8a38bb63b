//! Integration tests: with a server, a database, a browser, or the sources.

#![expect(clippy::unwrap_used, reason = "a test whose ground gives way should stop there")]

mod admin;
mod api;
mod audit;
mod browser;
mod chaos;
mod cli;
mod docs;
mod examples;
mod fuzz;
mod gateway;
mod harness;
mod head;
mod layering;
mod members;
mod oauth;
mod organizations;
mod pages;
mod process;
mod proof;
mod redaction;
mod secrets;
mod store;
mod support;
