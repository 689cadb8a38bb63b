//! Keystile: sign-in for command-line tools.
//!
//! The server is built in floors. A floor may name the floors below it, never one beside it or above it.
//!
//! | floor | module | what it holds |
//! | --- | --- | --- |
//! | 0 | [`domain`] | values, rules and state machines; no input or output |
//! | 0 | `config` | the configuration: load, validate, explain |
//! | 0 | `supervise` | background threads and tasks, started again when they panic |
//! | 1 | `keys` | signing keys, master key, token formats, password hashing |
//! | 1 | `store` | every line of SQL |
//! | 2 | `grants` | one file per OAuth grant |
//! | 2 | `services` | one file per use case |
//! | 3 | `web` | what the JSON face and the HTML face share |
//! | 4 | `http` | the JSON face: OAuth endpoints and the management API |
//! | 4 | `pages` | the HTML face: the pages a person sees |
//! | 5 | `routes`, `serve`, `admin` | every URL, the running server, the administration commands |
//! | side | `core_dumps` | what the server does before anything else |

pub mod admin;
pub mod config;
pub mod core_dumps;
pub mod domain;
pub mod grants;
pub mod http;
pub mod keys;
pub mod pages;
pub mod routes;
pub mod serve;
pub mod services;
pub mod store;
pub mod supervise;
pub mod web;
