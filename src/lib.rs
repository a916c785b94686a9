//! tracktik-operator
pub mod api;
pub mod clock;
pub mod cluster;
pub mod command_line;
pub mod controller;
mod credential_figures;
pub mod health;
pub mod http_server;
pub mod metrics;
pub mod oauth;
pub mod rotation;
pub mod run;
pub mod secrets;
pub mod settings;
pub mod telemetry;
