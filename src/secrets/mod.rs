//! The two kinds of Secrets: sources, which are read, and token Secrets, which are written.
//!
//! Contents and ownership only; reading and writing them is the `cluster` room's.

pub mod content;
pub mod issue_record;
pub mod layout;
pub mod metadata;
pub mod ownership;
pub mod sensitive;
pub mod source;
pub mod source_value;
pub mod texts;
pub mod token_secret;
