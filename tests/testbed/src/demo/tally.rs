//! What the demo claims in its last line, and whether the records bear it out. Pure: no output, no clock.

use serde_json::Value;

use super::reader::ReaderCounts;
use crate::simulator::Counts;

/// Tokens that the story asks for beside the scheduled ones: the first, one for each of the two passwords that are put
/// in place, and one for the emptied Secret.
const UNSCHEDULED: u64 = 4;
/// Logins that the story has refused: the wrong password, once.
const REFUSED: u64 = 1;

/// The figures of one run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// Logins that the simulator answered with a token, for whatever cause: the simulator's count.
    pub issued: u64,
    /// Those of them that the operator made because they were due: lines `token granted` with the cause `Due` in its
    /// log. The simulator cannot know causes.
    pub renewed: u64,
    /// Lines `token granted` in the operator's log, of any cause.
    pub logged: u64,
    /// Logins that the simulator refused.
    pub refused: u64,
    /// Requests with the token, as the reader counted them.
    pub reader_requests: u64,
    /// Requests of the reader without the right answer, as it counted them.
    pub reader_failures: u64,
    /// The same two as the simulator counted them; it cannot see a request that never arrived.
    pub seen_requests: u64,
    /// See `seen_requests`.
    pub seen_failures: u64,
}

impl Tally {
    /// From the simulator's counts, the reader's, and the operator's log in JSON.
    #[must_use]
    pub fn new(simulator: &Counts, reader: &ReaderCounts, log: &[String]) -> Self {
        let lines = log.iter().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        let granted: Vec<Value> = lines.filter(|line| line["message"] == "token granted").collect();
        let due = granted.iter().filter(|line| line["cause"] == "Due");
        Self {
            issued: simulator.logins,
            renewed: due.count() as u64,
            logged: granted.len() as u64,
            refused: simulator.refused,
            reader_requests: reader.requests,
            reader_failures: reader.failures,
            seen_requests: simulator.reader_requests,
            seen_failures: simulator.reader_failures,
        }
    }

    /// The line that scripts check.
    #[must_use]
    pub fn summary(&self) -> String {
        format!(
            "demo: issued={} renewed={} reader_requests={} reader_failures={}",
            self.issued, self.renewed, self.reader_requests, self.reader_failures
        )
    }

    /// What is not as it should be at the end of the story; nothing if all is.
    #[must_use]
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        let mut check = |holds: bool, problem: String| {
            if !holds {
                problems.push(problem);
            }
        };
        check(self.renewed > 0, "no token was renewed on schedule".to_owned());
        check(
            self.issued == self.renewed + UNSCHEDULED,
            format!(
                "TrackTik granted {} logins, but the story asks for {UNSCHEDULED} and {} were due",
                self.issued, self.renewed
            ),
        );
        check(
            self.issued == self.logged,
            format!(
                "TrackTik granted {} logins, the operator's log has {}",
                self.issued, self.logged
            ),
        );
        check(
            self.refused == REFUSED,
            format!("TrackTik refused {} logins instead of {REFUSED}", self.refused),
        );
        check(self.reader_requests > 0, "the reader made no request".to_owned());
        check(
            self.reader_failures == 0 && self.seen_failures == 0,
            format!(
                "the token failed its reader: {} times as it says, {} times as TrackTik says",
                self.reader_failures, self.seen_failures
            ),
        );
        check(
            self.reader_requests == self.seen_requests,
            format!(
                "the reader made {} requests, TrackTik saw {}",
                self.reader_requests, self.seen_requests
            ),
        );
        problems
    }
}

#[cfg(test)]
mod tests {
    use super::{Counts, ReaderCounts, Tally};

    fn tally() -> Tally {
        let simulator = Counts {
            logins: 5,
            refused: 1,
            reader_requests: 90,
            ..Counts::default()
        };
        let reader = ReaderCounts {
            requests: 90,
            failures: 0,
        };
        let granted = |cause: &str| format!(r#"{{"level":"INFO","message":"token granted","cause":"{cause}"}}"#);
        let mut log = vec!["no JSON".to_owned(), r#"{"message":"listening"}"#.to_owned()];
        log.extend(["NoToken", "Due", "SourcesChanged", "Damaged", "SourcesChanged"].map(granted));
        Tally::new(&simulator, &reader, &log)
    }

    #[test]
    fn the_summary_counts_tokens_and_scheduled_renewals() {
        let expected = "demo: issued=5 renewed=1 reader_requests=90 reader_failures=0";
        assert_eq!(tally().summary(), expected);
        assert_eq!(tally().problems(), [""; 0]);
    }

    #[test]
    fn every_figure_that_is_off_is_a_problem() {
        let off: [fn(&mut Tally); 6] = [
            |tally| tally.issued += 1,
            |tally| tally.renewed = 0,
            |tally| tally.refused += 1,
            |tally| tally.reader_failures += 1,
            |tally| tally.seen_failures += 1,
            |tally| tally.seen_requests -= 1,
        ];
        for (number, change) in off.into_iter().enumerate() {
            let mut changed = tally();
            change(&mut changed);
            assert_ne!(changed.problems(), [""; 0], "{number}");
        }
    }
}
