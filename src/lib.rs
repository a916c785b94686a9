//! tracktik-operator
pub mod api;
pub mod oauth;
pub mod rotation;
pub mod secrets;
