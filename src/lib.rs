//! Keeps TrackTik API tokens fresh in Secrets.
//!
//! A platform team applies a `TrackTikCredential` that points at Secrets with a service account; the operator logs in,
//! writes the tokens into a Secret of its own, and renews them before they expire.
//!
//! ```text
//!   API server ──watches──► stores ──wake──► queue ──due──► reconcile
//!       ▲                                                      │
//!       │                    ┌─────────────────────────────────┘
//!       │                    ▼
//!       │     observe ──► decide (pure) ──► act ──► look again, until there is nothing to do now
//!       │                    │               │
//!       │                    ▼               ├── read the sources, dry-run the write, announce (status)
//!       └── status ◄── readiness (pure)      ├── POST /rest/oauth2/access_token  ──► TrackTik
//!       └── token Secret ◄───────────────────┴── hold the tokens, then store them with their facts
//! ```
//!
//! | room | what it knows |
//! | --- | --- |
//! | [`api`] | what users write and read: the resource, its status, the one list of reasons |
//! | [`rotation`] | when and how to renew; pure |
//! | [`secrets`] | contents and ownership of source and token Secrets |
//! | [`oauth`] | the token endpoint: where it may be, what is sent, what answers mean |
//! | [`cluster`] | the API server: watches, reads, writes, refusals |
//! | [`controller`] | observe → decide → act → record, and the loop |
//! | [`run`] | builds all of this, starts it and orders the shutdown |
//!
//! A second program of this package, `kubectl tracktik`, has its modules in `src/plugin`, outside this library.
//!
//! Imports go one way: `controller` → `cluster`, `oauth`, `secrets` → `rotation` → `api`. The promises that every room
//! keeps, in order of weight, are in `docs/design.md`.

pub mod api;
pub mod clock;
pub mod cluster;
pub mod command_line;
pub mod controller;
mod credential_figures;
pub mod exposition;
mod gate_figures;
pub mod health;
mod hex;
mod http_connections;
pub mod http_server;
mod label_selector;
mod leader_figure;
mod leading;
mod metric_labels;
pub mod metrics;
pub mod oauth;
pub mod object_key;
mod object_meta;
mod process_figures;
mod random_id;
pub mod rotation;
pub mod run;
pub mod secrets;
pub mod settings;
mod signals;
pub mod telemetry;
mod work;
