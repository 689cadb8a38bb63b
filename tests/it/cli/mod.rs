//! The companion CLI: the built binary against a running server.

mod access;
mod accounts;
mod api;
mod commands;
mod copied_codes;
mod credentials;
mod doctor;
mod files;
mod help;
mod helpers;
mod hostile_server;
mod keys;
mod manage;
mod network;
mod project;
mod reference;
mod refresh;
mod screens;
mod secret_service;
mod server_crash;
mod server_texts;
mod sign_in;
mod sign_in_methods;
mod switch;
mod weather;
mod without_home;
