//! The table of states, row by row: what status says over a live token, and without one.

use std::fmt::Write as _;

use tracktik_operator::{
    api::{ConditionType, Failure, Moment, Reason, Span},
    rotation::{
        Observation,
        backoff::Pace,
        decide,
        decide::now_stands,
        failure_record::{Setback, after_failure, announcing},
        observation::{Content, Held, Problem, Target, Trouble},
        readiness::{Readiness, readiness},
    },
};

use crate::{
    arbitrary::START,
    life::{new_credential, ours, rejected, unavailable, with_token},
};

/// Ten minutes after the token was issued.
const NOW: Moment = Moment::from_seconds(START.as_seconds() + 600);

struct Row {
    state: &'static str,
    make: fn(&mut Observation),
    live: &'static str,
    otherwise: &'static str,
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

const ROWS: &[Row] = &[
    Row {
        state: "all well; without a token: it is being requested",
        make: |_| {},
        live: WELL,
        otherwise: "False Issuing, Renewed Unknown Issuing, Reconciling",
    },
    Row {
        state: "the source is missing",
        make: |seen| {
            seen.sources.versions.clear();
            seen.sources.problem = Some(problem(
                Reason::SourceNotFound,
                "Secret \"account\" (spec.credentials.secretRef) does not exist",
            ));
        },
        live: "True TokenValid, Renewed False SourceNotFound",
        otherwise: "False SourceNotFound, Renewed False SourceNotFound, Stalled",
    },
    Row {
        state: "the source is invalid",
        make: |seen| {
            seen.sources.problem = Some(problem(
                Reason::SourceInvalid,
                "Secret \"account\" has no key \"password\"",
            ));
        },
        live: "True TokenValid, Renewed False SourceInvalid",
        otherwise: "False SourceInvalid, Renewed False SourceInvalid, Stalled",
    },
    Row {
        state: "the domain is not allowed",
        make: |seen| seen.domain_problem = Some("spec.domain \"acme.example\" is not allowed".to_owned()),
        live: "True TokenValid, Renewed False DomainNotAllowed",
        otherwise: "False DomainNotAllowed, Renewed False DomainNotAllowed, Stalled",
    },
    Row {
        state: "the password is rejected",
        make: |seen| failed(seen, &rejected()),
        live: "True TokenValid, Renewed False CredentialsRejected",
        otherwise: "False CredentialsRejected, Renewed False CredentialsRejected, Stalled",
    },
    Row {
        state: "the client is rejected",
        make: |seen| {
            let refused = setback(
                Reason::ClientRejected,
                "acme refused the client id or client secret",
                Pace::Rejection,
            );
            failed(seen, &refused);
        },
        live: "True TokenValid, Renewed False ClientRejected",
        otherwise: "False ClientRejected, Renewed False ClientRejected, Stalled",
    },
    Row {
        state: "the endpoint is unavailable",
        make: |seen| failed(seen, &unavailable()),
        live: "True TokenValid, Renewed False EndpointUnavailable",
        otherwise: "False EndpointUnavailable, Renewed False EndpointUnavailable, Reconciling",
    },
    Row {
        state: "the endpoint asks for a pause",
        make: |seen| {
            let pace = Pace::Throttled { retry_after: None };
            failed(
                seen,
                &setback(Reason::EndpointThrottled, "acme asked to slow down (status 429)", pace),
            );
        },
        live: "True TokenValid, Renewed False EndpointThrottled",
        otherwise: "False EndpointThrottled, Renewed False EndpointThrottled, Reconciling",
    },
    Row {
        state: "the endpoint misbehaves",
        make: |seen| {
            let html = setback(
                Reason::EndpointMisbehaved,
                "acme answered with HTML (status 200)",
                Pace::Misbehaviour,
            );
            failed(seen, &html);
        },
        live: "True TokenValid, Renewed False EndpointMisbehaved",
        otherwise: "False EndpointMisbehaved, Renewed False EndpointMisbehaved, Reconciling",
    },
    Row {
        state: "waits for a place, for longer than 10 s",
        make: |seen| {
            seen.waiting_since = Some(NOW - Span::seconds(11));
            seen.rotate = Some("now".to_owned());
        },
        live: WELL,
        otherwise: "False Waiting, Renewed Unknown Issuing, Reconciling",
    },
    Row {
        state: "waits because of too many requests",
        make: |seen| {
            seen.recent_grants = vec![NOW - Span::minutes(1); 6];
            seen.rotate = Some("now".to_owned());
        },
        live: WELL,
        otherwise: "False Waiting, Renewed Unknown Issuing, Reconciling",
    },
    Row {
        state: "suspended",
        make: |seen| seen.suspended = true,
        live: WELL,
        otherwise: "False Suspended, Renewed Unknown Issuing, Stalled",
    },
    Row {
        state: "suspended, and the source is missing",
        make: |seen| {
            seen.suspended = true;
            seen.sources.problem = Some(problem(Reason::SourceNotFound, "Secret \"account\" does not exist"));
        },
        live: "True TokenValid, Renewed False SourceNotFound",
        otherwise: "False Suspended, Renewed False SourceNotFound, Stalled",
    },
    Row {
        state: "the token Secret is immutable",
        make: |seen| {
            let message = "Secret \"acme-token\" is immutable: delete it, and it is made anew";
            seen.trouble = Some(trouble(true, Reason::TargetNotWritable, message));
        },
        live: "True TokenValid, Renewed False TargetNotWritable",
        otherwise: "False TargetNotWritable, Renewed False TargetNotWritable, Stalled",
    },
    Row {
        state: "the token Secret cannot be written",
        make: |seen| {
            let message = "Secret \"acme-token\" cannot be written: exceeded quota";
            seen.trouble = Some(trouble(false, Reason::TargetNotWritable, message));
        },
        live: "True TokenValid, Renewed False TargetNotWritable",
        otherwise: "False TargetNotWritable, Renewed False TargetNotWritable, Reconciling",
    },
    Row {
        state: "access is denied",
        make: |seen| {
            let message = "the operator may not do what Secret \"acme-token\" needs: patch is forbidden";
            seen.trouble = Some(trouble(false, Reason::AccessDenied, message));
        },
        live: "True TokenValid, Renewed False AccessDenied",
        otherwise: "False AccessDenied, Renewed False AccessDenied, Reconciling",
    },
    Row {
        state: "source values changed and were rejected",
        make: |seen| {
            seen.sources.versions = vec!["account@1/8".to_owned()];
            failed(seen, &rejected());
        },
        live: "False CredentialsRejected, Renewed False CredentialsRejected, Stalled",
        otherwise: "False CredentialsRejected, Renewed False CredentialsRejected, Stalled",
    },
    Row {
        state: "the identity changed and was rejected",
        make: |seen| {
            seen.identity = "acme.staffr.ca".into();
            failed(seen, &rejected());
        },
        live: "False CredentialsRejected, Renewed False CredentialsRejected, Stalled",
        otherwise: "False CredentialsRejected, Renewed False CredentialsRejected, Stalled",
    },
    Row {
        state: "the identity changed after a rejection, and the process died during its first request",
        make: |seen| {
            failed(seen, &rejected());
            seen.identity = "acme.staffr.ca".into();
            seen.failure = announcing(&seen.failure, now_stands(seen), "id", NOW);
        },
        live: "False Issuing, Renewed True TokenValid, Reconciling",
        otherwise: "False Issuing, Renewed Unknown Issuing, Reconciling",
    },
    Row {
        state: "the target is somebody else's",
        make: |seen| seen.target = Target::Taken("Secret \"acme-token\" is not this operator's".to_owned()),
        live: "False TargetConflict, Renewed False TargetConflict, Stalled",
        otherwise: "False TargetConflict, Renewed False TargetConflict, Stalled",
    },
    Row {
        state: "the namespace's Secrets may not be watched",
        make: |seen| {
            let message = "the operator may not watch Secrets in namespace \"team\": refused".to_owned();
            seen.view_problem = Some(Problem {
                reason: Reason::AccessDenied,
                message,
            });
        },
        live: "True TokenValid, Renewed False AccessDenied",
        otherwise: "False AccessDenied, Renewed False AccessDenied, Reconciling",
    },
    Row {
        state: "the spec cannot be decoded",
        make: |seen| {
            *seen = Observation {
                spec_problem: Some("the spec cannot be decoded by this version of the operator".to_owned()),
                ..Observation::default()
            };
        },
        live: "False SpecInvalid, Renewed False SpecInvalid, Stalled",
        otherwise: "False SpecInvalid, Renewed False SpecInvalid, Stalled",
    },
    Row {
        state: "the process died during a request",
        make: |seen| {
            seen.failure = announcing(&Failure::default(), now_stands(seen), "id", NOW - Span::seconds(20));
        },
        live: WELL,
        otherwise: "False Issuing, Renewed Unknown Issuing, Reconciling",
    },
    Row {
        state: "a token is held and waits for its write",
        make: |seen| {
            let issue = with_token().issue().unwrap().clone();
            let not_before = NOW + Span::seconds(20);
            seen.held = Some(Held { issue, not_before });
        },
        live: WELL,
        otherwise: "False Issuing, Renewed Unknown Issuing, Reconciling",
    },
];

/// Rows that have no column without a token, since what is told is of a token.
const OF_A_TOKEN: &[Row] = &[
    Row {
        state: "the token has expired",
        make: |seen| ours(seen).issue.as_mut().unwrap().expires_at = NOW,
        live: "False TokenExpired, Renewed True TokenValid, Reconciling",
        otherwise: "",
    },
    Row {
        state: "the token has expired during an outage",
        make: |seen| {
            ours(seen).issue.as_mut().unwrap().expires_at = NOW;
            failed(seen, &unavailable());
        },
        live: "False EndpointUnavailable, Renewed False EndpointUnavailable, Reconciling",
        otherwise: "",
    },
    Row {
        state: "the token is short-lived",
        make: |seen| {
            let issue = ours(seen).issue.as_mut().unwrap();
            issue.issued_at = NOW - Span::seconds(10);
            issue.expires_at = NOW + Span::seconds(110);
        },
        live: WELL,
        otherwise: "",
    },
    Row {
        state: "the data was changed by somebody",
        make: |seen| ours(seen).content = Content::Damaged,
        live: "False Issuing, Renewed True TokenValid, Reconciling",
        otherwise: "",
    },
    Row {
        state: "another layout is asked for, and writing it was refused a moment ago",
        make: |seen| {
            seen.layout = "own".into();
            seen.repair_not_before = Some(NOW + Span::seconds(10));
        },
        live: "False Issuing, Renewed True TokenValid, Reconciling",
        otherwise: "",
    },
    Row {
        state: "a requested rotation failed",
        make: |seen| {
            seen.rotate = Some("now".to_owned());
            seen.handled_rotate = Some("now".to_owned());
            failed(seen, &rejected());
        },
        live: "True TokenValid, Renewed False CredentialsRejected",
        otherwise: "",
    },
];

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
    for row in ROWS.iter().chain(OF_A_TOKEN) {
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
