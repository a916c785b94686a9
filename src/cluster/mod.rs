//! The API server: the client, what its refusals mean, and how long a call may take.

pub mod client;
mod deadline;
pub mod error;
pub mod no_connection;
mod request_counts;

pub use deadline::{DEADLINE, deadline, deadline_with_values};
pub use error::{ClusterError, Refusal};
pub use no_connection::NoConnection;
