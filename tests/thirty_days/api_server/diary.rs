//! What the operator wrote, and which of its Secrets went, in the order in which it was, for whoever looks at it in the end or now and then.

use tracktik_operator::clock::{Instant, monotonic};

use super::{ApiServer, State};

/// A write of the operator's, or the end of what it wrote.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When.
    pub at: Instant,
    /// For which credential, as `namespace/name`.
    pub credential: String,
    /// What.
    pub what: What,
}

/// What is written.
#[derive(Clone, Debug)]
pub enum What {
    /// A token Secret; with the tokens that are in it from then on.
    Stored {
        /// Its access token.
        access_token: String,
    },
    /// That a refresh token is tried.
    Marked,
    /// Status.
    Said,
    /// The token Secret is gone, whoever deleted it.
    Gone,
}

impl ApiServer {
    /// What was written since this was asked last.
    pub fn take_diary(&self) -> Vec<Entry> {
        std::mem::take(&mut self.state.lock().unwrap().diary)
    }

    /// What the operator must never do, and did.
    pub fn wrong(&self) -> Vec<String> {
        self.state.lock().unwrap().wrong.clone()
    }
}

impl State {
    pub(super) fn note(&mut self, credential: &str, what: What) {
        self.diary.push(Entry {
            at: monotonic(),
            credential: credential.to_owned(),
            what,
        });
    }
}
