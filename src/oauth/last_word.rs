//! Whether a request may still be sent, asked once its connection stands: to look up a name, to connect and the TLS
//! handshake take seconds, and who was the leader before them may not be the leader after them.

use std::{
    fmt,
    sync::{Arc, OnceLock},
};

use futures::future::{Ready, ready};
use tower::BoxError;

/// Not a byte of the request was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the request may not be sent any more")]
pub(super) struct HeldBack;

type MaySend = Box<dyn Fn() -> bool + Send + Sync>;

/// Who is asked; until it is known, nobody objects. Clones share it.
#[derive(Clone, Default)]
pub(super) struct LastWord(Arc<OnceLock<MaySend>>);

impl fmt::Debug for LastWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LastWord(…)")
    }
}

impl LastWord {
    /// Whoever is named first has it.
    pub(super) fn belongs_to(&self, may_send: impl Fn() -> bool + Send + Sync + 'static) {
        let _ = self.0.set(Box::new(may_send));
    }

    /// Lets a connection through that stands, or closes it unused.
    pub(super) fn over<C>(self) -> impl Fn(C) -> Ready<Result<C, BoxError>> + Clone {
        move |connection| {
            let may_send = self.0.get().is_none_or(|may_send| may_send());
            ready(if may_send { Ok(connection) } else { Err(HeldBack.into()) })
        }
    }
}
