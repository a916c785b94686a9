//! However often the process dies, the number of token requests stays small.

use proptest::prelude::*;
use tracktik_operator::{
    api::{Failure, Reason, Span},
    rotation::{
        decide::now_stands,
        failure_record::{announcing, refused_unsent},
        gate::Refusal,
    },
};

use crate::{
    arbitrary::START,
    life::{Endpoint, Life, new_credential, rejected, unavailable},
};

const DAY: Span = Span::hours(24);

fn minutes(life: &Life) -> Vec<i64> {
    life.posts.iter().map(|post| post.at.as_seconds() / 60).collect()
}

#[test]
fn a_process_that_dies_after_each_announcement_sends_six_requests_in_a_day() {
    let mut life = Life::new(Endpoint::Kills);
    life.run(DAY);
    // 0, + 1 min, + 5 min, + 30 min, + 2 h, + 6 h; then one a day.
    assert_eq!(minutes(&life), [0, 1, 6, 36, 156, 516]);
    life.run(DAY.times(6));
    assert_eq!(life.posts.len(), 12);
}

#[test]
fn a_process_that_dies_at_every_second_request_is_no_new_start_for_a_wrong_password() {
    for first in [true, false] {
        let mut life = Life::new(Endpoint::Kills);
        let mut dies = first;
        while life.stopwatch < DAY {
            life.endpoint = if dies {
                Endpoint::Kills
            } else {
                Endpoint::Fails(rejected())
            };
            let before = life.posts.len();
            while life.posts.len() == before && life.stopwatch < DAY {
                life.run(Span::minutes(1));
            }
            dies = !dies;
        }
        assert!(life.posts.len() <= 6, "{:?}", minutes(&life));
    }
}

#[test]
fn a_credential_that_works_is_renewed_on_time_through_twenty_restarts() {
    let mut life = Life::new(Endpoint::Grants);
    life.run(Span::minutes(1));
    for _ in 0..20 {
        life.restart();
        life.run(Span::seconds(90));
    }
    assert_eq!(life.posts.len(), 1, "a restart asks for nothing");
}

#[derive(Clone, Copy, Debug)]
enum End {
    Dies,
    Rejected,
    Unavailable,
}

fn attempts(ends: &[End]) -> Life {
    let mut life = Life::new(Endpoint::Kills);
    while life.stopwatch < DAY {
        let number = life.posts.len();
        life.endpoint = match ends[number % ends.len()] {
            End::Dies => Endpoint::Kills,
            End::Rejected => Endpoint::Fails(rejected()),
            End::Unavailable => Endpoint::Fails(unavailable()),
        };
        let decision = life.look();
        if decision.step == tracktik_operator::rotation::Step::Wait {
            life.pass(decision.until - life.clock);
        }
        // One act at a time, so that the next request may end otherwise.
        life.step();
    }
    life
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn a_wrong_password_is_sent_a_handful_of_times_a_day_whatever_restarts(
        restarts in proptest::collection::vec(0_i64..86_400, 0..30)
    ) {
        let mut restarts = restarts;
        restarts.sort_unstable();
        let mut life = Life::new(Endpoint::Fails(rejected()));
        for at in restarts {
            let rest = Span::seconds(at) - life.stopwatch;
            life.run(rest.max(Span::ZERO));
            life.restart();
        }
        life.run((DAY - life.stopwatch).max(Span::ZERO));
        prop_assert!(life.posts.len() <= 4, "{:?}", minutes(&life));
    }

    #[test]
    fn a_wrong_password_is_sent_a_handful_of_times_a_day_wherever_the_process_dies(
        dies in proptest::collection::vec(any::<bool>(), 16)
    ) {
        let ends: Vec<End> = dies.iter().map(|dies| if *dies { End::Dies } else { End::Rejected }).collect();
        let life = attempts(&ends);
        let within_a_day = life.posts.iter().filter(|post| post.at < DAY).count();
        prop_assert!(within_a_day <= 7, "{:?}", minutes(&life));
    }

    #[test]
    fn a_crash_does_not_turn_an_outage_into_a_day_of_silence(deaths in 1_usize..3, failures in 1_usize..30) {
        let mut ends = vec![End::Unavailable; failures];
        ends.extend(vec![End::Dies; deaths]);
        let life = attempts(&ends);
        let longest = life.gaps().into_iter().max().unwrap();
        prop_assert!(longest <= Span::minutes(11), "{longest}");
    }
}

/// Its account was refused for another credential meanwhile, so nothing is sent; what was lost before counts all the same.
#[test]
fn a_login_that_is_held_back_after_a_crash_leaves_the_lost_one_counted() {
    let announced = announcing(&Failure::default(), now_stands(&new_credential()), "id", START);
    let refusal = Refusal {
        until: START + Span::minutes(30),
        reason: Reason::ClientRejected,
    };
    let tried = now_stands(&new_credential());
    let record = refused_unsent(&announced, tried, "refused", refusal, START + Span::minutes(1));
    assert_eq!(
        record.recent_times,
        [START + Span::seconds(40)],
        "as late as it may have ended"
    );
    assert_eq!(record.reason, Some(Reason::ClientRejected));
    assert_eq!(record.next_attempt_time, Some(refusal.until));
}
