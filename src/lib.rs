//! tracktik-operator
pub mod api;
pub mod rotation;
pub mod secrets;
