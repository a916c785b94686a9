//! What the mark of a tried refresh token relies on: a merge patch of one annotation, under a field manager of its own,
//! on exactly one version of one Secret.

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, Client, api::DeleteParams};
use serde_json::{Value, json};
use tracktik_operator::{
    api::annotations,
    cluster::{ClusterError, mark_tried::mark_tried},
    secrets::metadata::SecretMeta,
};

use super::{OTHER, TOKEN, apply, secret};
use crate::cluster::client_and;

/// As the operator applies one, as far as it matters here: it is the operator's own by this annotation.
fn ours(namespace: &str, value: &str) -> Value {
    let metadata = json!({
        "annotations": { annotations::CREDENTIAL: format!("{namespace}/mine@u") },
        "labels": { annotations::MANAGED_BY: annotations::OPERATOR_NAME },
    });
    secret("s", &metadata, value)
}

async fn applied(client: &Client, namespace: &str, value: &str) -> SecretMeta {
    let answer = apply(client, namespace, &ours(namespace, value), false).await.unwrap();
    SecretMeta::from_object_meta(answer.metadata)
}

#[tokio::test]
async fn a_mark_is_refused_on_another_version_and_on_another_secret_of_the_name() {
    let client = client_and("marks").await;
    let first = applied(&client, "marks", TOKEN).await;
    let marked = mark_tried(&client, &first, "issue-1").await.unwrap();
    assert_eq!(marked.annotations.get(annotations::TRIED), Some("issue-1"));
    assert_eq!(marked.uid, first.uid);
    assert_ne!(marked.resource_version, first.resource_version);
    // What was there stays there.
    assert_eq!(marked.annotations.get(annotations::CREDENTIAL), Some("marks/mine@u"));
    assert_eq!(
        marked.labels.get(annotations::MANAGED_BY),
        Some(annotations::OPERATOR_NAME)
    );
    let api = Api::<Secret>::namespaced(client.clone(), "marks");
    let kept = api.get("s").await.unwrap();
    assert_eq!(
        serde_json::to_value(&kept.data.unwrap()["access_token"]).unwrap(),
        TOKEN
    );

    let late = mark_tried(&client, &first, "issue-2").await;
    assert_eq!(late.unwrap_err(), ClusterError::Conflict, "another version");
    let of_another = SecretMeta {
        uid: "00000000-0000-0000-0000-000000000000".to_owned(),
        ..marked.clone()
    };
    let refused = mark_tried(&client, &of_another, "issue-2").await;
    let fields = vec!["metadata.uid".to_owned(); 2];
    assert_eq!(refused.unwrap_err(), ClusterError::Invalid { fields }, "another uid");

    api.delete("s", &DeleteParams::default()).await.unwrap();
    let gone = mark_tried(&client, &marked, "issue-2").await;
    assert_eq!(gone.unwrap_err(), ClusterError::NotFound);
    assert!(api.get_opt("s").await.unwrap().is_none(), "it brings nothing back");

    let again = applied(&client, "marks", TOKEN).await;
    let refused = mark_tried(&client, &marked, "issue-2").await;
    assert_eq!(
        refused.unwrap_err(),
        ClusterError::Conflict,
        "both, as on one made anew"
    );
    let now = api.get("s").await.unwrap().metadata;
    assert_eq!(now.resource_version, Some(again.resource_version));
}

#[tokio::test]
async fn a_mark_survives_every_later_apply_of_the_secret() {
    let client = client_and("marked").await;
    let first = applied(&client, "marked", TOKEN).await;
    let marked = mark_tried(&client, &first, "issue-1").await.unwrap();
    for value in [OTHER, TOKEN] {
        let after = applied(&client, "marked", value).await;
        assert_eq!(after.annotations.get(annotations::TRIED), Some("issue-1"));
        assert_ne!(after.resource_version, marked.resource_version);
    }
    // The same mark once more changes nothing.
    let before = applied(&client, "marked", TOKEN).await;
    let again = mark_tried(&client, &before, "issue-1").await.unwrap();
    assert_eq!(again.resource_version, before.resource_version);
    let api = Api::<Secret>::namespaced(client.clone(), "marked");
    let managers = api.get("s").await.unwrap().metadata.managed_fields.unwrap();
    let mut names: Vec<_> = managers.into_iter().filter_map(|entry| entry.manager).collect();
    names.sort();
    assert_eq!(names, ["tracktik-operator", "tracktik-operator-intent"]);
}

#[tokio::test]
async fn the_reply_to_a_mark_holds_no_data() {
    let client = client_and("mark-reply").await;
    applied(&client, "mark-reply", TOKEN).await;
    let patch = json!({ "metadata": { "annotations": { annotations::TRIED: "issue-1" } } });
    let request = http::Request::patch("/api/v1/namespaces/mark-reply/secrets/s?fieldManager=tracktik-operator-intent")
        .header("content-type", "application/merge-patch+json")
        .header("accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
    let request = request.body(serde_json::to_vec(&patch).unwrap()).unwrap();
    let answer = client.request_text(request).await.unwrap();
    assert!(
        answer.contains("\"kind\":\"PartialObjectMetadata\"") && answer.contains("issue-1"),
        "{answer}"
    );
    assert!(!answer.contains(TOKEN) && !answer.contains("\"data\""), "{answer}");
}
