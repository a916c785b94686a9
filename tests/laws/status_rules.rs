//! Status keeps the rules that kstatus, Flux's checker, Argo CD and Helm 4 read it by, whatever is observed.

use proptest::prelude::*;
use tracktik_operator::{
    api::{
        Condition, ConditionType, Moment, Reason, Span,
        conditions::{Statement, Truth, merge},
        status::LONGEST_MESSAGE,
    },
    rotation::{
        Because, Decision, Observation, Step, decide,
        decide::{now_stands, times},
        failure_record::announcing,
        gate::WaitsFor,
        observation::Content,
        readiness::readiness,
    },
};

use crate::{
    arbitrary::{clock, observation},
    life::{Endpoint, Life, waiting, with_token},
};

fn statements(seen: &Observation, now: Moment) -> Vec<Statement> {
    readiness(seen, &decide(seen, now), now).statements
}

fn find(says: &[Statement], of: ConditionType) -> Option<&Statement> {
    says.iter().find(|said| said.of == of)
}

fn of(says: &[Statement], of: ConditionType) -> (Truth, Reason) {
    let said = find(says, of).unwrap();
    (said.truth, said.reason)
}

/// What kstatus makes of an object of this generation.
fn kstatus(conditions: &[Condition], observed: i64, generation: i64) -> &'static str {
    let is = |of: &str, status: &str| conditions.iter().any(|c| c.type_ == of && c.status == status);
    if observed != generation || is("Reconciling", "True") {
        return "InProgress";
    }
    if is("Stalled", "True") {
        return "Failed";
    }
    if is("Ready", "False") || is("Ready", "Unknown") {
        return "InProgress";
    }
    "Current"
}

fn earlier() -> impl Strategy<Value = Vec<Condition>> {
    let one = (
        proptest::sample::select(vec!["Ready", "Renewed", "Stalled", "Reconciling"]),
        proptest::sample::select(vec!["True", "False", "Unknown"]),
        0_i64..1_000_000,
    );
    let one = one.prop_map(|(of, status, at)| Condition {
        type_: of.into(),
        status: status.into(),
        last_transition_time: Moment::from_seconds(at),
        reason: "Earlier".into(),
        message: "earlier".into(),
        observed_generation: None,
    });
    proptest::collection::vec(one, 0..4).prop_map(|mut all| {
        all.sort_by(|a, b| a.type_.cmp(&b.type_));
        all.dedup_by(|a, b| a.type_ == b.type_);
        all
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn ready_and_renewed_always_stalled_or_reconciling_only_while_true(seen in observation(), now in clock()) {
        let says = statements(&seen, now);
        let kinds: Vec<ConditionType> = says.iter().map(|said| said.of).collect();
        prop_assert_eq!(&kinds[..2], [ConditionType::Ready, ConditionType::Renewed]);
        let (ready, _) = (&says[0], &says[1]);
        match ready.truth {
            Truth::True => {
                prop_assert_eq!(says.len(), 2, "nothing negative beside Ready=True");
                prop_assert_eq!(ready.reason, Reason::TokenValid);
            }
            Truth::False => {
                prop_assert_eq!(says.len(), 3);
                let worst = &says[2];
                prop_assert!(matches!(worst.of, ConditionType::Stalled | ConditionType::Reconciling));
                prop_assert_eq!(worst.truth, Truth::True);
                prop_assert_eq!((worst.reason, &worst.message), (ready.reason, &ready.message));
            }
            Truth::Unknown => prop_assert!(false, "Ready is known"),
        }
    }

    #[test]
    fn renewed_says_what_is_known(seen in observation(), now in clock()) {
        let (truth, reason) = of(&statements(&seen, now), ConditionType::Renewed);
        let passing = [Reason::TokenValid, Reason::Issuing, Reason::Waiting, Reason::Suspended, Reason::TokenExpired];
        match truth {
            Truth::True => prop_assert_eq!(reason, Reason::TokenValid),
            Truth::Unknown => prop_assert_eq!((reason, seen.issue()), (Reason::Issuing, None)),
            Truth::False => prop_assert!(!passing.contains(&reason), "{}", reason),
        }
    }

    #[test]
    fn conditions_are_of_one_generation_and_their_times_move_only_with_their_truth(
        seen in observation(), now in clock(), earlier in earlier(), generation in 1_i64..1_000
    ) {
        let conditions = merge(&statements(&seen, now), &earlier, generation, now);
        for condition in &conditions {
            prop_assert_eq!(condition.observed_generation, Some(generation));
            prop_assert!(!condition.message.is_empty() && condition.message.chars().count() <= LONGEST_MESSAGE);
            let before = earlier.iter().find(|before| before.type_ == condition.type_);
            let moved = before.is_none_or(|before| before.last_transition_time != condition.last_transition_time);
            let turned = before.is_none_or(|before| before.status != condition.status);
            prop_assert!(moved == turned || now.whole_second() == condition.last_transition_time);
            if turned {
                prop_assert_eq!(condition.last_transition_time, now.whole_second());
            }
        }
        let ready = conditions[0].status == "True";
        let stalled = conditions.iter().any(|condition| condition.type_ == "Stalled");
        let expected = if ready { "Current" } else if stalled { "Failed" } else { "InProgress" };
        prop_assert_eq!(kstatus(&conditions, generation, generation), expected);
        prop_assert_eq!(kstatus(&conditions, generation - 1, generation), "InProgress");
    }

    #[test]
    fn ready_is_true_only_over_a_live_token_for_what_is_asked(seen in observation(), now in clock()) {
        if of(&statements(&seen, now), ConditionType::Ready).0 == Truth::True {
            let issue = seen.issue().unwrap();
            prop_assert_eq!((&issue.identity, &issue.layout), (&seen.identity, &seen.layout));
            prop_assert!(matches!(seen.content(), Some(Content::Good | Content::Unverified)));
            prop_assert!(times(&seen, now).unwrap().expires > now);
            prop_assert_eq!(&seen.spec_problem, &None);
        }
    }

    #[test]
    fn ready_is_false_from_the_expiry_on_whatever_the_state(seen in observation(), later in 0_i64..1_000_000) {
        if let Some(issue) = seen.issue() {
            let now = issue.expires_at.max(issue.issued_at) + Span::millis(later);
            prop_assert_eq!(of(&statements(&seen, now), ConditionType::Ready).0, Truth::False);
        }
    }

    #[test]
    fn waiting_and_suspension_do_not_change_renewed(mut seen in observation(), now in clock()) {
        // A refusal whose time has come is over where nothing is done.
        seen.trouble = None;
        let renewed = |seen: &Observation| of(&statements(seen, now), ConditionType::Renewed);
        seen.suspended = false;
        seen.waiting = None;
        let plain = renewed(&seen);
        seen.waiting = Some(waiting(Moment::default(), WaitsFor::Budget, None));
        prop_assert_eq!(renewed(&seen), plain);
        seen.suspended = true;
        prop_assert_eq!(renewed(&seen), plain);
    }

    #[test]
    fn an_announcement_moves_nothing_while_a_live_token_is_in_place(seen in observation(), now in clock(), crashes in 1..4) {
        let mut seen = seen;
        // As a record of ours is: what failed is told.
        seen.failure.message = seen.failure.reason.map(|_| "it failed".to_owned());
        let login = Decision { step: Step::Login, until: now + Span::seconds(1), because: Because::RotateAsked };
        let told = |seen: &Observation, decision: &Decision| {
            let says = readiness(seen, decision, now).statements;
            let expired = matches!(says[0].reason, Reason::Issuing | Reason::TokenExpired | Reason::Waiting);
            (!expired).then(|| (of(&says, ConditionType::Ready), of(&says, ConditionType::Renewed)))
        };
        let live = times(&seen, now).is_some_and(|times| times.expires > now)
            && matches!(seen.content(), Some(Content::Good | Content::Unverified))
            && seen.issue().is_some_and(|issue| issue.identity == seen.identity && issue.layout == seen.layout);
        if !live {
            return Ok(());
        }
        let before = told(&seen, &login);
        for _ in 0..crashes {
            seen.failure = announcing(&seen.failure, now_stands(&seen), "id", now);
            prop_assert_eq!(told(&seen, &login), before, "announced");
            // The process dies; another one looks.
            let decision = Decision { step: Step::Wait, because: Because::BackingOff, ..login };
            let after = told(&seen, &decision);
            if seen.trouble.is_none() {
                prop_assert_eq!(after, before, "lost");
            }
        }
    }
}

#[test]
fn a_hundred_renewals_move_neither_ready_nor_renewed() {
    let mut life = Life::new(Endpoint::Grants);
    life.settle();
    life.pass(Span::seconds(1));
    let first = merge(&statements(&life.seen, life.clock), &[], 1, life.clock);
    let mut conditions = first.clone();
    while life.posts.len() < 101 {
        // As it stands before a renewal, in the midst of it, and after it.
        for _ in 0..4 {
            let says = statements(&life.seen, life.clock);
            conditions = merge(&says, &conditions, 1, life.clock);
            for (now, then) in conditions.iter().zip(&first) {
                assert_eq!(
                    (&now.type_, &now.status, &now.reason),
                    (&then.type_, &then.status, &then.reason)
                );
                assert_eq!(now.last_transition_time, then.last_transition_time);
            }
            assert_eq!(conditions.len(), 2);
            life.step();
        }
        let until = life.settle().until;
        life.pass(until - life.clock);
    }
}

#[test]
fn a_busy_place_writes_nothing_of_its_own() {
    let mut life = Life::new(Endpoint::Grants);
    life.seen = with_token();
    let fresh = life.look();
    let before = readiness(&life.seen, &fresh, life.clock);
    life.pass(fresh.until - life.clock);
    let due = life.look();
    assert_eq!(due.step, Step::Login);
    life.seen.waiting = Some(waiting(life.clock, WaitsFor::Budget, None));
    assert_eq!(readiness(&life.seen, &due, life.clock), before);
    life.pass(Span::minutes(30));
    let expired = statements(&life.seen, life.clock);
    assert_eq!(
        of(&expired, ConditionType::Ready),
        (Truth::False, Reason::Waiting),
        "but Ready falls as ever"
    );
}
