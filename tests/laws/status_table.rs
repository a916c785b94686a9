//! The table of states, row by row: what status says over a live token, and without one.

use std::fmt::Write as _;

use tracktik_operator::{
    api::{ConditionType, Moment, Reason, Span},
    rotation::{
        Observation,
        backoff::Pace,
        decide,
        decide::now_stands,
        failure_record::{Setback, after_failure},
        observation::{Problem, Trouble},
        readiness::{Readiness, readiness},
    },
};

use crate::{
    arbitrary::START,
    life::{new_credential, with_token},
};

mod rows;
mod rows_of_a_token;

/// Ten minutes after the token was issued.
pub const NOW: Moment = Moment::from_seconds(START.as_seconds() + 600);

/// A state, how an observation comes into it, and what status says in short: over a live token, and without one.
pub struct Row {
    pub state: &'static str,
    pub make: fn(&mut Observation),
    pub live: &'static str,
    pub otherwise: &'static str,
}

pub fn rows() -> impl Iterator<Item = &'static Row> {
    rows::ROWS.iter().chain(rows_of_a_token::ROWS)
}

fn problem(reason: Reason, message: &str) -> Problem {
    Problem {
        reason,
        message: message.to_owned(),
    }
}

fn trouble(permanent: bool, reason: Reason, message: &str) -> Trouble {
    Trouble {
        permanent,
        problem: problem(reason, message),
        next: NOW + Span::minutes(5),
    }
}

fn failed(seen: &mut Observation, setback: &Setback) {
    let tried = now_stands(seen);
    seen.failure = after_failure(&seen.failure, &seen.uid, tried, setback, NOW - Span::seconds(2));
}

fn setback(reason: Reason, message: &str, pace: Pace) -> Setback {
    Setback {
        reason,
        message: message.to_owned(),
        pace,
        may_have_sent: true,
        retry_after: None,
    }
}

const WELL: &str = "True TokenValid, Renewed True TokenValid";

fn told(seen: &Observation) -> Readiness {
    readiness(seen, &decide(seen, NOW), NOW)
}

fn in_short(says: &Readiness) -> String {
    let parts = says.statements.iter().map(|said| match said.of {
        ConditionType::Ready => format!("{} {}", said.truth.as_str(), said.reason),
        ConditionType::Renewed => format!("Renewed {} {}", said.truth.as_str(), said.reason),
        other => other.as_str().to_owned(),
    });
    parts.collect::<Vec<_>>().join(", ")
}

fn in_full(says: &Readiness) -> String {
    let mut text = String::new();
    for said in says.statements.iter().take(2) {
        let of = said.of.as_str();
        writeln!(text, "  {of}={} {}: {}", said.truth.as_str(), said.reason, said.message).unwrap();
    }
    let time = |at: Option<Moment>| at.map_or("-".to_owned(), |at| at.to_string());
    writeln!(text, "  expires {}, renews {}", time(says.expires), time(says.renews)).unwrap();
    text
}

#[test]
fn the_table_of_states() {
    let mut book = String::new();
    for row in rows() {
        let columns = [
            ("live", with_token(), row.live),
            ("otherwise", new_credential(), row.otherwise),
        ];
        writeln!(book, "{}", row.state).unwrap();
        for (column, mut seen, expected) in columns {
            if expected.is_empty() {
                continue;
            }
            (row.make)(&mut seen);
            let says = told(&seen);
            assert_eq!(in_short(&says), expected, "{} ({column})", row.state);
            write!(book, " {column}:\n{}", in_full(&says)).unwrap();
        }
    }
    insta::assert_snapshot!("every_message_a_user_can_see", book);
}
