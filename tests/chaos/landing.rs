//! Where a kill fell in the course of one request.

use crate::sight::Sight;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Landing {
    /// Nothing of the request was written.
    Before,
    /// Announced in status, and not sent.
    Announced,
    /// The refresh token was marked as tried, and no server has granted anything for it.
    Marked,
    /// The server granted tokens that are in no Secret.
    Granted,
    /// The tokens are in the Secret, and status does not tell of them.
    Stored,
    /// All of it was written.
    After,
}

impl Landing {
    pub const ALL: [Self; 6] = [
        Self::Before,
        Self::Announced,
        Self::Marked,
        Self::Granted,
        Self::Stored,
        Self::After,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Before => "before the announcement",
            Self::Announced => "announced, not granted",
            Self::Marked => "marked, not granted",
            Self::Granted => "granted, not stored",
            Self::Stored => "stored, not told",
            Self::After => "after it all",
        }
    }

    /// Whether tokens may have been lost.
    pub fn is_in_flight(self) -> bool {
        matches!(self, Self::Announced | Self::Marked | Self::Granted)
    }

    /// Whether a login may have to take the place of a refresh: tokens may be lost, or nothing in status says that the
    /// refresh token beside the new ones is as the operator left it.
    pub fn is_in_doubt(self) -> bool {
        self.is_in_flight() || self == Self::Stored
    }

    /// By what stood before, and what the kill left: nothing there tells whether a server has granted anything.
    pub fn seen(before: Option<&Sight>, found: &Sight) -> Self {
        let renewed = found.issue_id() != before.and_then(Sight::issue_id);
        match () {
            () if renewed && found.is_told() => Self::After,
            () if renewed => Self::Stored,
            () if found.is_spent() => Self::Marked,
            () if found.unresolved().is_some() => Self::Announced,
            () => Self::Before,
        }
    }
}
