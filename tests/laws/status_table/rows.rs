//! The states that a credential can be in with a live token as well as without one.

use tracktik_operator::{
    api::{Failure, Moment, Reason, Span},
    rotation::{
        Observation,
        backoff::Pace,
        decide::now_stands,
        failure_record::announcing,
        gate::WaitsFor,
        observation::{Held, Problem, Target},
    },
};

use super::{NOW, Row, WELL, failed, problem, setback, trouble};
use crate::life::{rejected, unavailable, waiting, with_token};

const LATER: Moment = Moment::from_seconds(NOW.as_seconds() + 600);

fn wait_for(seen: &mut Observation, what: WaitsFor, until: Option<Moment>) {
    seen.waiting = Some(waiting(NOW - Span::seconds(11), what, until));
    seen.rotate = Some("now".to_owned());
}

pub(super) const ROWS: &[Row] = &[
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
        make: |seen| wait_for(seen, WaitsFor::HostBusy, None),
        live: WELL,
        otherwise: "False Waiting, Renewed Unknown Issuing, Reconciling",
    },
    Row {
        state: "nothing is known of the host, and another finds out",
        make: |seen| wait_for(seen, WaitsFor::HostUntried, None),
        live: WELL,
        otherwise: "False Waiting, Renewed Unknown Issuing, Reconciling",
    },
    Row {
        state: "all places are taken",
        make: |seen| wait_for(seen, WaitsFor::Budget, Some(LATER)),
        live: WELL,
        otherwise: "False Waiting, Renewed Unknown Issuing, Reconciling",
    },
    Row {
        state: "half of the places are taken by credentials that are not known to work",
        make: |seen| wait_for(seen, WaitsFor::UnprovenBudget, None),
        live: WELL,
        otherwise: "False Waiting, Renewed Unknown Issuing, Reconciling",
    },
    Row {
        state: "the host does not answer others",
        make: |seen| wait_for(seen, WaitsFor::HostSilent, Some(LATER)),
        live: WELL,
        otherwise: "False Waiting, Renewed Unknown Issuing, Reconciling",
    },
    Row {
        state: "the host does not answer others, and is being tried",
        make: |seen| wait_for(seen, WaitsFor::HostSilent, None),
        live: WELL,
        otherwise: "False Waiting, Renewed Unknown Issuing, Reconciling",
    },
    Row {
        state: "the host asked for a pause",
        make: |seen| wait_for(seen, WaitsFor::HostThrottled, Some(LATER)),
        live: WELL,
        otherwise: "False Waiting, Renewed Unknown Issuing, Reconciling",
    },
    Row {
        state: "the firewall refused",
        make: |seen| wait_for(seen, WaitsFor::HostFirewall, Some(LATER)),
        live: WELL,
        otherwise: "False Waiting, Renewed Unknown Issuing, Reconciling",
    },
    Row {
        state: "another request of the account is under way",
        make: |seen| wait_for(seen, WaitsFor::Account, None),
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
