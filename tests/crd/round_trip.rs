//! What the API server gives back is what the operator's types hold: nothing added, nothing lost.

use kube::{
    Api,
    api::{Patch, PatchParams, PostParams},
};
use proptest::prelude::*;
use serde_json::{Value, json};
use tracktik_operator::{
    api::{
        Binding, Failure, Moment, Pending, Reason, Span, TokenSecretStatus, TrackTikCredentialSpec,
        TrackTikCredentialStatus, Tried,
        conditions::{ConditionType, Statement, Truth, merge},
        status::LONGEST_MESSAGE,
    },
    cluster::{CredentialObject, CredentialView, write_status::write_status},
    secrets::source::SourcePlan,
};

use crate::{
    cluster::{client_and, credential, credentials},
    table::{self, everyday},
};

#[tokio::test]
async fn a_spec_survives_decoding() {
    let client = client_and("specs").await;
    let api = credentials(&client, "specs");
    let dry_run = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    for case in table::cases() {
        if !case.refusals.is_empty() {
            continue;
        }
        let served = api.create(&dry_run, &credential(&case.name, &case.spec)).await.unwrap();
        let spec = &served.data["spec"];
        let decoded: TrackTikCredentialSpec = serde_json::from_value(spec.clone()).unwrap();
        let encoded = serde_json::to_value(decoded).unwrap();
        assert_eq!(encoded, without_nothing(spec), "{}", case.about);
    }
}

/// Nulls, and empty labels and annotations, are not told from absent ones. The operator never writes a spec.
fn without_nothing(value: &Value) -> Value {
    let Value::Object(entries) = value else {
        return value.clone();
    };
    let empty = |key: &str, value: &Value| {
        value.is_null()
            || (["labels", "annotations"].contains(&key) && value.as_object().is_some_and(serde_json::Map::is_empty))
    };
    entries
        .iter()
        .filter(|(key, value)| !empty(key, value))
        .map(|(key, value)| (key.clone(), without_nothing(value)))
        .collect()
}

/// Every field set, each text as long as it may be.
fn full_status() -> TrackTikCredentialStatus {
    let now = Moment::from_seconds(1_795_467_600);
    let statement = |of| Statement {
        of,
        truth: Truth::Unknown,
        reason: Reason::EndpointMisbehaved,
        message: "\u{10ffff}".repeat(LONGEST_MESSAGE),
    };
    let statements = [
        ConditionType::Ready,
        ConditionType::Renewed,
        ConditionType::Stalled,
        ConditionType::Reconciling,
    ]
    .map(statement);
    let mut spec: TrackTikCredentialSpec = serde_json::from_value(longest_identity()).unwrap();
    spec.suspend = true;
    TrackTikCredentialStatus {
        observed_generation: Some(i64::MAX),
        conditions: merge(&statements, &[], 7, now),
        token_secret: Some(TokenSecretStatus {
            name: "a".repeat(253),
            resource_version: Some(u64::MAX.to_string()),
        }),
        binding: Some(Binding { name: "a".repeat(253) }),
        issued_time: Some(Moment::default()),
        expiration_time: Some(Moment::MAX),
        renewal_time: Some(now),
        failure: Some(Box::new(Failure {
            reason: Some(Reason::ClientRejected),
            message: Some("\u{10ffff}".repeat(LONGEST_MESSAGE)),
            count: i32::MAX,
            first_time: Some(now),
            last_time: Some(now + Span::hours(1)),
            next_attempt_time: Some(Moment::MAX),
            recent_times: (0..16).map(|n| now + Span::minutes(n)).collect(),
            tried: Some(Tried {
                identity: SourcePlan::of(&spec).identity(),
                sources: vec![format!("{}@{}/{}", "a".repeat(253), "u".repeat(36), u64::MAX); 4],
                rotate: Some("r".repeat(256)),
            }),
            pending: Some(Pending {
                issue_id: "f".repeat(64),
                time: now,
            }),
        })),
        last_handled_rotate: Some("r".repeat(256)),
        last_handled_reconcile_at: Some("r".repeat(256)),
    }
}

/// The spec whose identity is the longest: clear values are quoted, and these letters become ten each.
fn longest_identity() -> Value {
    let clear = json!({ "value": "\u{10ffff}".repeat(256) });
    let key = json!({ "secretRef": { "name": "a".repeat(253) }, "key": "k".repeat(253) });
    json!({
        "domain": format!("{}:65535", [["a"; 126].join(".").as_str(), "a"].join(".")),
        "credentials": { "clientId": clear, "clientSecret": key, "username": clear, "password": key },
    })
}

async fn created(api: &Api<kube::api::DynamicObject>, name: &str) -> CredentialView {
    let object = api
        .create(&PostParams::default(), &credential(name, &everyday()))
        .await
        .unwrap();
    let object: CredentialObject = serde_json::from_value(serde_json::to_value(object).unwrap()).unwrap();
    CredentialView::from(object)
}

#[tokio::test]
async fn a_status_is_read_back_as_it_was_written() {
    let client = client_and("statuses").await;
    let api = credentials(&client, "statuses");
    let view = created(&api, "acme").await;
    let empty = TrackTikCredentialStatus {
        observed_generation: Some(1),
        failure: Some(Box::default()),
        ..TrackTikCredentialStatus::default()
    };
    let full = full_status();
    for status in [&full, &empty, &full, &TrackTikCredentialStatus::default()] {
        let written = write_status(&client, &view, status).await.unwrap();
        let read = api.get_status("acme").await.unwrap();
        assert_eq!(read.metadata.generation, Some(1));
        assert_eq!(Some(written), read.metadata.resource_version);
        // With the default of status only where there is none at all.
        let expected = serde_json::to_value(status).unwrap();
        assert_eq!(read.data["status"], expected);
        let decoded: TrackTikCredentialStatus = serde_json::from_value(expected).unwrap();
        assert_eq!(&decoded, status);
        // The same again changes nothing.
        let again = write_status(&client, &view, status).await.unwrap();
        assert_eq!(Some(again), read.metadata.resource_version);
    }
}

#[tokio::test]
async fn a_status_that_nobody_may_write_is_refused() {
    let client = client_and("bad-statuses").await;
    let api = credentials(&client, "bad-statuses");
    created(&api, "acme").await;
    let time = "2026-11-23T20:00:00Z";
    let condition = |status: &str, reason: &str| json!({ "conditions": [{ "type": "Ready", "status": status, "reason": reason, "message": "", "lastTransitionTime": time }] });
    for bad in [
        condition("true", "TokenValid"),
        condition("True", ""),
        condition("True", "two words"),
        json!({ "observedGeneration": -2 }),
        json!({ "expirationTime": "tomorrow" }),
        json!({ "failure": { "reason": "Bored" } }),
        json!({ "failure": { "count": -1 } }),
        json!({ "failure": { "recentTimes": vec![time; 17] } }),
        json!({ "failure": { "tried": { "identity": "a".repeat(8193) } } }),
    ] {
        let patch = Patch::Merge(json!({ "status": bad }));
        let refused = api.patch_status("acme", &PatchParams::default(), &patch).await;
        assert!(
            matches!(&refused, Err(kube::Error::Api(status)) if status.code == 422),
            "{bad}: {refused:?}"
        );
    }
}

proptest! {
    /// Whatever the record of failures holds, it is read as it was written.
    #[test]
    fn a_failure_record_survives_json(
        count in 0..i32::MAX,
        message in proptest::option::of(".{0,40}"),
        times in proptest::collection::vec(0_i64..253_402_207_200, 0..16),
        identity in ".{0,40}",
        rotate in proptest::option::of(".{1,40}"),
        pending in proptest::option::of(("[0-9a-f]{32}", 0_i64..253_402_207_200)),
        reason in proptest::option::of(0..Reason::ALL.len()),
    ) {
        let moments: Vec<_> = times.iter().map(|seconds| Moment::from_seconds(*seconds)).collect();
        let failure = Failure {
            reason: reason.map(|index| Reason::ALL[index]),
            message,
            count,
            first_time: moments.first().copied(),
            last_time: moments.last().copied(),
            next_attempt_time: moments.get(1).copied(),
            recent_times: moments,
            tried: Some(Tried { identity, sources: Vec::new(), rotate }),
            pending: pending.map(|(issue_id, time)| Pending { issue_id, time: Moment::from_seconds(time) }),
        };
        let json = serde_json::to_value(&failure).unwrap();
        prop_assert!(!json.to_string().contains("null") || failure.message.as_ref().is_some_and(|m| m.contains("null")));
        prop_assert_eq!(serde_json::from_value::<Failure>(json).unwrap(), failure);
    }
}
