//! What is secret, who owns it, and how it is rendered.

pub mod sensitive;
