//! Values that several credentials send: what the record of one tells is carried over to the others, and whoever is held
//! back waits for as long as it is told to.

use proptest::{collection::vec, prelude::*, sample::Index};
use tracktik_operator::{
    api::{Failure, Moment, Reason, Span, Tried},
    rotation::{
        failure_record::{after_failure, announcing, refused_unsent},
        failure_wait::wait_until,
        gate::Refusal,
        standing::Standing,
    },
};

use crate::{
    arbitrary::{START, clock, failure, tried},
    life::{rejected, unavailable},
};

const DAY: Span = Span::hours(24);
const MESSAGE: &str = "another credential was refused";

/// How a login ends.
#[derive(Clone, Copy, Debug)]
enum End {
    /// With the process, before it is recorded.
    Dies,
    Rejected,
}

fn of_source(of: usize) -> Tried {
    Tried {
        identity: "acme".to_owned(),
        sources: vec![format!("account-{of}@1/7")],
        rotate: None,
    }
}

/// Credentials that send the same values, and a process that knows of earlier ones what their records tell.
struct Sharing {
    now: Moment,
    records: Vec<Failure>,
    sent: Vec<Span>,
}

impl Sharing {
    fn new(credentials: usize) -> Self {
        Self {
            now: START,
            records: vec![Failure::default(); credentials],
            sent: Vec::new(),
        }
    }

    fn waits(&self, of: usize) -> Option<Moment> {
        wait_until(&self.records[of], &of_source(of), None, self.now)
    }

    /// All that do not wait come to the gate, the one that is picked first.
    fn come(&mut self, first: usize, end: End) {
        let count = self.records.len();
        for of in (0..count).map(|number| (first + number) % count) {
            if self.waits(of).is_some() {
                continue;
            }
            let told = self
                .records
                .iter()
                .filter_map(|record| Standing::of(record, self.now))
                .reduce(Standing::further);
            let (record, stands) = (&self.records[of], of_source(of));
            let record = told.map_or(record.clone(), |told| told.carried_over(record, &stands, MESSAGE));
            let held_back = told.filter(|told| told.until > self.now);
            self.records[of] = match (held_back, end) {
                (Some(told), _) => {
                    let refusal = Refusal {
                        until: told.until,
                        reason: told.reason,
                    };
                    refused_unsent(&record, stands, MESSAGE, refusal, self.now)
                }
                (None, End::Dies) => {
                    self.sent.push(self.now - START);
                    announcing(&record, stands, "id", self.now)
                }
                (None, End::Rejected) => {
                    self.sent.push(self.now - START);
                    let announced = announcing(&record, stands.clone(), "id", self.now);
                    let resolved = Failure {
                        pending: None,
                        ..announced
                    };
                    after_failure(&resolved, "u", stands, &rejected(), self.now)
                }
            };
        }
    }

    /// To when the next one no longer waits.
    fn pass(&mut self) {
        let next = (0..self.records.len())
            .map(|of| self.waits(of).unwrap_or(self.now))
            .min();
        self.now = next.unwrap_or(self.now).max(self.now + Span::seconds(1));
    }
}

fn end() -> BoxedStrategy<(Index, End)> {
    (any::<Index>(), prop_oneof![Just(End::Dies), Just(End::Rejected)]).boxed()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Else it would ask again at once, be refused again, and so on.
    #[test]
    fn who_is_refused_waits_for_as_long_as_it_is_told(
        before in failure(), stands in tried(), now in clock(), seconds in 1_i64..86_400
    ) {
        let refusal = Refusal { until: now + Span::seconds(seconds), reason: Reason::CredentialsRejected };
        let record = refused_unsent(&before, stands.clone(), MESSAGE, refusal, now);
        let until = wait_until(&record, &stands, None, now);
        prop_assert!(until >= Some(refusal.until), "{:?} before {}: {:?}", until, refusal.until, record);
    }

    #[test]
    fn what_is_carried_over_is_told_by_the_record_that_takes_it_over(
        before in failure(), told in failure(), stands in tried(), now in clock()
    ) {
        let Some(told) = Standing::of(&told, now) else { return Ok(()) };
        let record = told.carried_over(&before, &stands, MESSAGE);
        let Some(again) = Standing::of(&record, now) else {
            prop_assert!(false, "nothing of {:?} in {:?}", told, record);
            return Ok(());
        };
        prop_assert!(again.step + Span::seconds(1) >= told.step, "{:?} of {:?}", again, told);
        let of_these = before.tried.as_ref().is_some_and(|tried| {
            (&tried.identity, &tried.sources) == (&stands.identity, &stands.sources)
        });
        // In the first day of all time a step may have begun before it.
        let failed = (before.reason.is_some() || before.pending.is_some()) && now > Moment::default() + DAY;
        let own = Standing::of(&before, now).filter(|_| of_these && failed);
        if let Some(own) = own {
            prop_assert!(again.step + Span::seconds(1) >= own.step && again.lost >= own.lost, "{:?} of its own {:?}", again, own);
        }
        prop_assert!(again.lost >= told.lost && again.until + Span::seconds(1) >= told.until.min(now + DAY));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn any_number_of_credentials_send_wrong_values_as_seldom_as_one_wherever_the_process_dies(
        credentials in 1_usize..30, ends in vec(end(), 30)
    ) {
        let mut sharing = Sharing::new(credentials);
        for (first, end) in ends {
            if sharing.now >= START + DAY {
                break;
            }
            sharing.come(first.index(credentials), end);
            sharing.pass();
        }
        let within_a_day = sharing.sent.iter().filter(|at| **at < DAY).count();
        prop_assert!(within_a_day <= 7, "{:?}", sharing.sent);
    }
}

#[test]
fn a_process_that_dies_at_each_login_sends_the_values_of_thirty_credentials_six_times_a_day() {
    let mut sharing = Sharing::new(30);
    while sharing.now < START + DAY {
        sharing.come(0, End::Dies);
        sharing.pass();
    }
    let minutes: Vec<i64> = sharing.sent.iter().map(|at| at.as_seconds() / 60).collect();
    assert_eq!(minutes, [0, 1, 6, 36, 156, 516]);
}

#[test]
fn an_outage_says_nothing_of_values() {
    let down = after_failure(&Failure::default(), "u", of_source(0), &unavailable(), START);
    assert_eq!(Standing::of(&down, START), None);
    assert_eq!(Standing::of(&Failure::default(), START), None);
}
