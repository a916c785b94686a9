//! Observations, failure records, policies and clocks of any kind, the absurd ones included.

use std::sync::Arc;

use proptest::{collection::vec, option::weighted, prelude::*};
use tracktik_operator::{
    api::{Failure, Grant, Moment, Pending, Reason, Renewal, Span, Tried},
    rotation::{
        Observation,
        backoff::Pace,
        gate::{Wait, Waiting, WaitsFor},
        observation::{Anchors, Content, Held, Issue, OldTarget, OurTarget, Problem, Sources, Target, Trouble},
        session::RefreshToken,
    },
};

/// A Sunday in November; most times lie within hours of it.
pub const START: Moment = Moment::from_seconds(1_793_500_000);

/// A time: near the start as a rule, sometimes anywhere between 1970 and 9999.
pub fn moment() -> BoxedStrategy<Moment> {
    prop_oneof![
        8 => (-8_000_i64..8_000).prop_map(|seconds| START + Span::seconds(seconds)),
        4 => (-8_000_000_i64..8_000_000).prop_map(|millis| START + Span::millis(millis)),
        2 => (-100_i64..100).prop_map(|days| START + Span::hours(24).times(days)),
        1 => any::<i64>().prop_map(Moment::from_millis),
        1 => Just(Moment::default()),
        1 => Just(Moment::MAX),
    ]
    .boxed()
}

/// What a clock may show: anything but the very last instant, after which there is no later one.
pub fn clock() -> BoxedStrategy<Moment> {
    moment().prop_map(|at| at.min(Moment::MAX - Span::seconds(2))).boxed()
}

/// A lifetime as a server may give it, and as a foreign hand may write it.
pub fn lifetime() -> BoxedStrategy<Span> {
    prop_oneof![
        6 => (1_i64..7_200).prop_map(Span::seconds),
        2 => Just(Span::hours(1)),
        2 => (1_i64..100_000).prop_map(Span::hours),
        1 => (1_i64..10_000_000).prop_map(Span::millis),
        1 => (-10_000_i64..1).prop_map(Span::seconds),
        1 => any::<i64>().prop_map(Span::millis),
    ]
    .boxed()
}

fn word(words: &'static [&'static str]) -> BoxedStrategy<String> {
    proptest::sample::select(words).prop_map(str::to_owned).boxed()
}

fn versions() -> BoxedStrategy<Vec<String>> {
    prop_oneof![
        6 => Just(vec!["account@1/7".to_owned()]),
        2 => Just(vec!["account@1/8".to_owned()]),
        1 => Just(Vec::new()),
    ]
    .boxed()
}

fn identity() -> BoxedStrategy<String> {
    word(&["acme", "acme", "acme", "other"]).boxed()
}

fn rotate() -> BoxedStrategy<Option<String>> {
    weighted(0.3, word(&["one", "two"])).boxed()
}

pub fn issue() -> BoxedStrategy<Issue> {
    let layout = word(&["plain", "plain", "plain", "own"]);
    (
        word(&["i1", "i2", "i3"]),
        moment(),
        lifetime(),
        identity(),
        versions(),
        layout,
    )
        .prop_map(|(issue_id, issued_at, lifetime, identity, sources, layout)| Issue {
            issue_id,
            issued_at,
            expires_at: issued_at + lifetime,
            identity,
            sources,
            layout,
            ..Issue::default()
        })
        .boxed()
}

/// Why a token request may have failed.
fn failed() -> BoxedStrategy<Reason> {
    proptest::sample::select(vec![
        Reason::CredentialsRejected,
        Reason::ClientRejected,
        Reason::EndpointUnavailable,
        Reason::EndpointThrottled,
        Reason::EndpointMisbehaved,
        Reason::DomainNotAllowed,
        Reason::Issuing,
    ])
    .boxed()
}

pub fn reason() -> BoxedStrategy<Reason> {
    proptest::sample::select(Reason::ALL.to_vec()).boxed()
}

fn message() -> BoxedStrategy<String> {
    prop_oneof![8 => word(&["something is wrong", "x"]), 1 => Just("é".repeat(3_000))].boxed()
}

fn problem() -> BoxedStrategy<Problem> {
    let of_sources = proptest::sample::select(vec![Reason::SourceNotFound, Reason::SourceInvalid]);
    (of_sources, message())
        .prop_map(|(reason, message)| Problem { reason, message })
        .boxed()
}

fn trouble() -> BoxedStrategy<Trouble> {
    let reason = proptest::sample::select(vec![Reason::TargetNotWritable, Reason::AccessDenied]);
    (any::<bool>(), reason, message(), moment())
        .prop_map(|(permanent, reason, message, next)| Trouble {
            permanent,
            problem: Problem { reason, message },
            next,
        })
        .boxed()
}

pub fn count() -> BoxedStrategy<i32> {
    prop_oneof![8 => 0..9_i32, 1 => Just(i32::MAX), 1 => any::<i32>()].boxed()
}

pub fn tried() -> BoxedStrategy<Tried> {
    (identity(), versions(), rotate())
        .prop_map(|(identity, sources, rotate)| Tried {
            identity,
            sources,
            rotate,
        })
        .boxed()
}

/// Any record, also ones that no sequence of failures makes.
pub fn failure() -> BoxedStrategy<Failure> {
    let pending = (word(&["i1", "i4"]), moment()).prop_map(|(issue_id, time)| Pending { issue_id, time });
    let times = (
        weighted(0.7, moment()),
        weighted(0.8, moment()),
        weighted(0.8, moment()),
    );
    let said = (
        weighted(0.8, failed()),
        weighted(0.8, prop_oneof![message(), Just(String::new())]),
        count(),
    );
    (
        said,
        times,
        vec(moment(), 0..20),
        weighted(0.8, tried()),
        weighted(0.2, pending),
    )
        .prop_map(
            |((reason, message, count), (first_time, last_time, next_attempt_time), recent_times, tried, pending)| {
                Failure {
                    reason,
                    message,
                    count,
                    first_time,
                    last_time,
                    next_attempt_time,
                    recent_times,
                    tried,
                    pending,
                }
            },
        )
        .boxed()
}

pub fn pace() -> BoxedStrategy<Pace> {
    prop_oneof![
        Just(Pace::Rejection),
        Just(Pace::Misbehaviour),
        any::<bool>().prop_map(|bytes_sent| Pace::Unavailable { bytes_sent }),
        weighted(0.5, (0_i64..100_000).prop_map(Span::seconds)).prop_map(|retry_after| Pace::Throttled { retry_after }),
        Just(Pace::Firewall),
        Just(Pace::Unresolved),
    ]
    .boxed()
}

pub fn renewal() -> BoxedStrategy<Renewal> {
    prop_oneof![
        3 => Just(Renewal::default()),
        3 => Just(Renewal { grant: Grant::Refresh, ..Renewal::default() }),
        2 => (300..=86_400).prop_map(|seconds| Renewal { renew_before_seconds: Some(seconds), ..Renewal::default() }),
        2 => (10..=50).prop_map(|part| Renewal { renew_before_percentage: Some(part), ..Renewal::default() }),
        1 => (weighted(0.5, any::<i32>()), weighted(0.5, any::<i32>())).prop_map(|(seconds, percentage)| Renewal {
            grant: Grant::Refresh,
            renew_before_seconds: seconds,
            renew_before_percentage: percentage,
        }),
    ]
    .boxed()
}

fn target() -> BoxedStrategy<Target> {
    let content = proptest::sample::select(vec![
        Content::Good,
        Content::Good,
        Content::Good,
        Content::Unverified,
        Content::Damaged,
        Content::TooLittle,
    ]);
    let refresh_token = proptest::sample::select(vec![
        RefreshToken::Absent,
        RefreshToken::Unused,
        RefreshToken::Tried,
        RefreshToken::Doubtful,
    ]);
    let ours = (
        weighted(0.9, issue()),
        content,
        weighted(0.2, word(&["a label is missing"])),
        refresh_token,
    );
    prop_oneof![
        8 => ours.prop_map(|(issue, content, drift, refresh_token)| {
            let issue = issue.map(Arc::new);
            Target::Ours(Box::new(OurTarget { issue, content, drift, refresh_token }))
        }),
        2 => Just(Target::Absent),
        1 => Just(Target::Taken("Secret \"acme-token\" is somebody else's".to_owned())),
    ]
    .boxed()
}

fn waiting() -> BoxedStrategy<Waiting> {
    let what = proptest::sample::select(vec![
        WaitsFor::Budget,
        WaitsFor::UnprovenBudget,
        WaitsFor::HostBusy,
        WaitsFor::HostUntried,
        WaitsFor::HostSilent,
        WaitsFor::HostThrottled,
        WaitsFor::HostFirewall,
        WaitsFor::Account,
    ]);
    (moment(), what, weighted(0.5, moment()))
        .prop_map(|(since, what, until)| Waiting {
            since,
            wait: Wait { what, until },
        })
        .boxed()
}

fn old_target() -> BoxedStrategy<OldTarget> {
    (
        word(&["old", "older"]),
        weighted(0.8, moment()),
        weighted(0.3, moment()),
    )
        .prop_map(|(name, expires_at, not_before)| OldTarget {
            name,
            expires_at,
            not_before,
        })
        .boxed()
}

prop_compose! {
    /// What a gatherer may show, and what it may not.
    pub fn observation()(
        (deleting, suspended, spec_problem, domain_problem) in
            (any::<[bool; 4]>(), any::<[bool; 4]>(), weighted(0.05, message()), weighted(0.1, message()))
                .prop_map(|(a, b, spec, domain)| (a == [true; 4], b[0] && b[1] && b[2], spec, domain)),
        (rotate, handled_rotate, identity, layout) in
            (rotate(), rotate(), identity(), word(&["plain", "plain", "plain", "own"])),
        renewal in renewal(),
        (versions, problem, view_problem) in (versions(), weighted(0.15, problem()), weighted(0.05, problem())),
        target in target(),
        old_targets in prop_oneof![4 => Just(Vec::new()), 1 => vec(old_target(), 1..3)],
        held in weighted(0.15, (issue(), moment()).prop_map(|(issue, not_before)| Held { issue, not_before })),
        failure in prop_oneof![2 => Just(Failure::default()), 1 => failure()],
        anchors in (weighted(0.2, moment()), weighted(0.2, moment())),
        (recent_grants, latest_issued) in
            (prop_oneof![3 => vec(moment(), 0..4), 1 => vec(moment(), 5..12)], weighted(0.2, moment())),
        trouble in weighted(0.15, trouble()),
        (repair_not_before, waiting) in (weighted(0.2, moment()), weighted(0.2, waiting())),
    ) -> Observation {
        Observation {
            uid: "6f3c".to_owned(),
            deleting,
            spec_problem,
            view_problem,
            suspended,
            rotate,
            handled_rotate,
            identity,
            layout,
            renewal,
            domain_problem,
            sources: Sources { versions, problem },
            target,
            old_targets,
            held,
            failure,
            anchors: Anchors { issue: anchors.0, failure: anchors.1 },
            recent_grants,
            latest_issued,
            trouble,
            repair_not_before,
            waiting,
        }
    }
}
