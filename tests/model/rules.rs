//! What a run of the model is bounded by, and which safeguard the operator is run without.

use tracktik_operator::{
    api::{Grant, Moment, Span},
    rotation::gate::Limits,
};

use crate::{api_server::CREDENTIALS, tracktik::Mood};

/// 2026-01-01T00:00:00Z.
pub const START: Moment = Moment::from_seconds(1_767_225_600);

/// The fewest places there can be: then the arithmetic of the budget is felt by two credentials.
pub const ONE_PLACE: Limits = Limits { budget: 1, per_host: 1 };

/// What somebody may do to token Secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hands {
    Off,
    /// Put back an earlier one that status knows of, or put a Secret of their own in its place.
    Restore,
    /// And take off the mark of a refresh token that was tried.
    Meddle,
}

/// A run.
#[derive(Clone, Copy, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a question of its own, with yes or no for an answer"
)]
pub struct Rules {
    /// The grant that each credential asks for.
    pub grants: [Grant; CREDENTIALS],
    pub limits: Limits,
    pub mood: Mood,
    /// How much goes wrong at most.
    pub faults: u8,
    /// What somebody may do to token Secrets.
    pub hands: Hands,
    /// Nobody is quicker than this: what is due between two such instants happens at the second.
    pub grain: Span,
    /// So long after the start of the search nothing goes wrong any more.
    pub horizon: Span,
    /// And so long after that at most, the world is at rest.
    pub rests_within: Span,
    /// There is one credential alone, that asks for refresh grants.
    pub alone: bool,
    /// A second operator was started by mistake, without an election.
    pub overlap: bool,
    /// Watches of credentials and of Secrets fall behind apart from each other.
    pub lags_apart: bool,
    /// A leader may be cut off from its Lease, and renew it again before anybody takes it.
    pub cut_off: bool,
    /// A process may be asked to end.
    pub stops: bool,
    pub without: Option<Safeguard>,
}

impl Rules {
    /// Both credentials are new.
    pub fn new(faults: u8) -> Self {
        Self {
            grants: [Grant::Password, Grant::Refresh],
            limits: Limits { budget: 2, per_host: 2 },
            mood: Mood::Grants,
            faults,
            hands: Hands::Off,
            grain: Span::minutes(1),
            horizon: Span::minutes(10),
            rests_within: Span::minutes(15),
            alone: false,
            overlap: false,
            lags_apart: false,
            cut_off: false,
            stops: false,
            without: None,
        }
    }

    /// Where processes are asked to end, and watches fall behind apart from each other.
    pub fn upgraded(self) -> Self {
        Self {
            lags_apart: true,
            stops: true,
            ..self
        }
    }

    /// Where a leader loses its claim for a while.
    pub fn cut_off(self) -> Self {
        Self { cut_off: true, ..self }
    }

    /// With one credential alone.
    pub fn alone(self) -> Self {
        Self { alone: true, ..self }
    }

    /// Where token Secrets are put back from a backup, or replaced.
    pub fn restored(self) -> Self {
        let hands = Hands::Restore;
        Self { hands, ..self }
    }

    /// Where the mark is taken off as well. Whoever takes it off before anybody has seen it takes away what tells that
    /// the access token may be revoked: then it is found out when it is renewed.
    pub fn meddled_with(self) -> Self {
        Self {
            hands: Hands::Meddle,
            rests_within: Span::minutes(60),
            ..self
        }
    }

    /// Of two operators without an election, that look after one credential.
    pub fn overlapping(self) -> Self {
        Self {
            alone: true,
            overlap: true,
            ..self
        }
    }

    /// Where nothing is granted, which is looked at every ten seconds.
    pub fn failing(self, mood: Mood) -> Self {
        Self {
            mood,
            limits: ONE_PLACE,
            grain: Span::seconds(10),
            horizon: Span::minutes(4),
            ..self
        }
    }

    pub fn lacks(&self, safeguard: Safeguard) -> bool {
        self.without == Some(safeguard)
    }

    /// Whether this credential is there at all.
    pub fn has(&self, of: usize) -> bool {
        !self.alone || of == CREDENTIALS - 1
    }

    /// Logins that may fail in two minutes: as many as there are places are on record, and a process that ends may lose
    /// track of as many.
    pub fn most_failed_logins(&self) -> usize {
        2 * self.limits.budget
    }
}

/// Something that keeps a promise, and that the operator of the model can be run without.
///
/// Not among them is that a request is not sent more than ten seconds after its announcement. A call of the API server ends
/// after 15 s, so that without this a login is sent by then, answered a minute later at most, and counted by TrackTik for two
/// minutes more: 195 s, for which whoever reads the announcement holds its place in any case. It is margin, for clocks that
/// differ, and for refreshes, of which this TrackTik counts none as a failed login.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Safeguard {
    /// `failure.pending` in status before a request.
    Announcement,
    /// The same for credentials that work, by a process that has just begun to lead, or has had no status accepted yet.
    NewLeadersAnnounce,
    /// The annotation that a refresh token is about to be sent.
    Mark,
    /// Heeding that annotation when it is found.
    HeedingTheMark,
    /// The resourceVersion in the write of that annotation.
    PreconditionOfTheMark,
    /// The uid and resourceVersion in the write of the tokens.
    PreconditionOfTheStore,
    /// Asking for the claim before each call.
    Claim,
    /// The dry run before a request.
    Rehearsal,
    /// Keeping tokens that could not be stored yet.
    Holding,
    /// Counting failure records at the start.
    Recall,
    /// Keeping the place for a while after a failure.
    HeldPlaces,
    /// Asking whether the values were refused a short while ago.
    AccountGuard,
    /// Learning from the records of other credentials that the values were refused in an earlier process.
    LearningOfOthers,
    /// `status.issuedTime`, by which a token that was put back is told.
    IssuedTime,
    /// That a foreign write makes the refresh token doubtful.
    Doubt,
    /// Waiting for the pace of a failure that status tells of.
    FailureRecord,
    /// Heeding what another operator has written into status.
    HeedingOthers,
    /// Remembering what a read of the token Secret has shown.
    Verification,
    /// Storing tokens that were granted before the process ends.
    Draining,
    /// Waiting for the answer to a request that is under way before the process ends.
    Patience,
    /// Giving the place back where nothing was sent.
    PlaceGivenBack,
    /// Taking the announcement back of a request that was held back without the claim.
    TakenBack,
    /// Remembering the status that was written until the watch tells of it.
    OwnStatus,
}
