//! The states of a token: they have no column without one.

use tracktik_operator::{api::Span, rotation::observation::Content};

use super::{NOW, Row, WELL, failed};
use crate::life::{facts, ours, rejected, unavailable};

pub(super) const ROWS: &[Row] = &[
    Row {
        state: "the token has expired",
        make: |seen| facts(seen).expires_at = NOW,
        live: "False TokenExpired, Renewed True TokenValid, Reconciling",
        otherwise: "",
    },
    Row {
        state: "the token has expired during an outage",
        make: |seen| {
            facts(seen).expires_at = NOW;
            failed(seen, &unavailable());
        },
        live: "False EndpointUnavailable, Renewed False EndpointUnavailable, Reconciling",
        otherwise: "",
    },
    Row {
        state: "the token is short-lived",
        make: |seen| {
            let issue = facts(seen);
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
