//! Keystile: an OAuth 2.0 and OpenID Connect authorization server for command-line tools.
//!
//! The server is layered. A module may use only modules of lower floors.
//!
//! | floor | module | what it holds |
//! | --- | --- | --- |
//! | 0 | [`domain`] | values, rules and state machines; no I/O |
//! | 0 | `config` | loads, validates and explains the configuration |
//! | 0 | `supervise` | background threads and tasks, restarted when they panic |
//! | 1 | `keys` | signing keys, master key, token formats, password hashing |
//! | 1 | `store` | all SQL |
//! | 2 | `grants` | one file per OAuth grant |
//! | 2 | `services` | one file per use case |
//! | 3 | `web` | shared by `http` and `pages` |
//! | 4 | `http` | JSON: OAuth endpoints and the management API |
//! | 4 | `pages` | HTML: the pages that people see |
//! | 5 | `routes`, `serve`, `admin` | all URLs, the running server, the administration commands |
//! | - | `core_dumps` | runs before everything else |

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
