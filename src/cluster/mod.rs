//! The API server: watching, reading and writing, and what its refusals mean. Nothing is decided here.

pub mod claim;
mod cleaned;
pub mod client;
mod configuration;
mod credential_view;
mod deadline;
pub mod error;
pub mod events;
mod fence;
mod gone;
mod key_set;
pub mod leader_election;
pub mod leadership;
pub mod lease;
mod lease_calls;
pub mod lease_object;
pub mod list_trials;
pub mod lists;
pub mod mark_tried;
pub mod no_connection;
pub mod read_secret;
mod request_counts;
mod secret_index;
mod secret_object;
mod stores;
pub mod sync;
mod watch_course;
mod watch_deadline;
mod watched;
pub mod watches;
pub mod write_status;
pub mod write_token_secret;

pub use claim::{Claim, NotLeader};
pub use cleaned::LONGEST_MESSAGE;
pub use credential_view::{CredentialObject, CredentialView};
pub use deadline::{DEADLINE, deadline, deadline_of, deadline_with_values};
pub use error::{ClusterError, Refusal};
pub use fence::fenced;
pub use no_connection::NoConnection;
pub use stores::Stores;
pub use sync::Sync;

pub use crate::object_key::ObjectKey;
