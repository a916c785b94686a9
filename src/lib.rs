//! tracktik-operator
pub mod api;
pub mod rotation;
