//! Conditions as kstatus, Argo CD, Flux and `kubectl wait` read them.

use super::{condition::Condition, moment::Moment, reason::Reason};

/// The condition types that the operator writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ConditionType {
    /// A live token for the current identity is in the token Secret, intact.
    Ready,
    /// The latest attempt to renew succeeded and nothing forbids the next.
    Renewed,
    /// Only while True: a person must act, waiting is no use (kstatus: Failed).
    Stalled,
    /// Only while True: there is no usable token yet and the operator is at it (kstatus: `InProgress`).
    Reconciling,
}

impl ConditionType {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Ready, Self::Renewed, Self::Stalled, Self::Reconciling];

    /// The word in `type`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Ready => "Ready",
            Self::Renewed => "Renewed",
            Self::Stalled => "Stalled",
            Self::Reconciling => "Reconciling",
        }
    }
}

/// The `status` of a condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It holds.
    True,
    /// It does not hold.
    False,
    /// Not known yet.
    Unknown,
}

impl Truth {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::True, Self::False, Self::Unknown];

    /// The word in `status`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }
}

/// A condition before it meets the one that stands in the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Statement {
    /// Which condition.
    pub of: ConditionType,
    /// Whether it holds.
    pub truth: Truth,
    /// Why, in one word.
    pub reason: Reason,
    /// Why, for a person.
    pub message: String,
}

/// The statements as conditions; `lastTransitionTime` moves only where the truth differs from `earlier`.
#[must_use]
pub fn merge(statements: &[Statement], earlier: &[Condition], generation: i64, now: Moment) -> Vec<Condition> {
    statements
        .iter()
        .map(|statement| {
            let same = earlier
                .iter()
                .find(|c| c.type_ == statement.of.as_str() && c.status == statement.truth.as_str());
            Condition {
                type_: statement.of.as_str().into(),
                status: statement.truth.as_str().into(),
                reason: statement.reason.as_str().into(),
                message: shortened(&statement.message).into(),
                last_transition_time: same.map_or_else(|| now.whole_second(), |c| c.last_transition_time),
                observed_generation: Some(generation),
            }
        })
        .collect()
}

/// The message, cut at [`super::status::LONGEST_MESSAGE`] characters.
#[must_use]
pub fn shortened(message: &str) -> String {
    message.chars().take(super::status::LONGEST_MESSAGE).collect()
}
