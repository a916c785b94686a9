//! Who refuses a Secret, and how it is told: immutability, quota, a namespace on its way out, RBAC.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Namespace, ResourceQuota, Secret};
use kube::{
    Api, Client,
    api::{DeleteParams, Patch, PatchParams},
};
use serde_json::json;
use testbed::manifests;
use tracktik_operator::cluster::{ClusterError, Refusal, error::Carried};

use super::{OTHER, TOKEN, apply, meaning, secret};
use crate::cluster::{client_and, control_plane, refusal};

#[tokio::test]
async fn an_immutable_secret_keeps_its_data_and_not_its_metadata() {
    let client = client_and("immutable").await;
    let mut object = secret("s", &json!({}), TOKEN);
    apply(&client, "immutable", &object, false).await.unwrap();
    // By somebody else: it is not among our fields.
    let api = Api::<Secret>::namespaced(client.clone(), "immutable");
    let patch = Patch::Merge(json!({ "immutable": true }));
    api.patch("s", &PatchParams::default(), &patch).await.unwrap();

    object["data"]["access_token"] = json!(OTHER);
    for dry_run in [true, false] {
        let refused = refusal(apply(&client, "immutable", &object, dry_run).await);
        assert_eq!(refused.code, 422);
        assert_eq!(
            refused.message,
            "Secret \"s\" is invalid: data: Forbidden: field is immutable when `immutable` is set"
        );
        assert_eq!(
            refused.details.as_ref().unwrap().causes[0].reason,
            "FieldValueForbidden"
        );
        let refused = apply(&client, "immutable", &object, dry_run).await;
        assert_eq!(meaning(refused, Carried::SecretValues), ClusterError::Immutable);
    }

    let metadata = secret(
        "s",
        &json!({ "labels": { "a": "b" }, "annotations": { "a": "b" } }),
        TOKEN,
    );
    let changed = apply(&client, "immutable", &metadata, false).await.unwrap();
    assert_eq!(changed.metadata.labels.unwrap()["a"], "b");
    assert_eq!(
        api.get("s").await.unwrap().immutable,
        Some(true),
        "an apply leaves the fields of others"
    );

    object["immutable"] = json!(false);
    let refused = apply(&client, "immutable", &object, false).await;
    assert_eq!(meaning(refused, Carried::NoValues), ClusterError::Immutable);
    api.delete("s", &DeleteParams::default()).await.unwrap();
}

#[tokio::test]
async fn the_type_of_a_secret_stays() {
    let client = client_and("types").await;
    let mut object = secret("s", &json!({}), TOKEN);
    object["type"] = json!("example.com/other");
    manifests::apply(&client, &in_namespace(object, "types")).await.unwrap();
    let refused = apply(&client, "types", &secret("s", &json!({}), OTHER), false).await;
    let fields = vec!["type".to_owned()];
    assert_eq!(
        meaning(refused, Carried::SecretValues),
        ClusterError::Invalid { fields }
    );
}

fn in_namespace(mut object: serde_json::Value, namespace: &str) -> serde_json::Value {
    object["metadata"]["namespace"] = json!(namespace);
    object
}

#[tokio::test]
async fn a_used_up_quota() {
    let client = client_and("quota").await;
    let quota = json!({
        "apiVersion": "v1", "kind": "ResourceQuota",
        "metadata": { "name": "few", "namespace": "quota" },
        "spec": { "hard": { "secrets": "1" } },
    });
    manifests::apply(&client, &quota).await.unwrap();
    let quotas = Api::<ResourceQuota>::namespaced(client.clone(), "quota");
    until("the quota is counted", async || {
        let used = quotas.get("few").await.unwrap().status.and_then(|status| status.used);
        used.is_some_and(|used| used.contains_key("secrets"))
    })
    .await;
    apply(&client, "quota", &secret("first", &json!({}), TOKEN), false)
        .await
        .unwrap();
    // Counted anew beside the first, the quota may not know of it for a moment.
    until("the first is counted", async || {
        let used = quotas.get("few").await.unwrap().status.and_then(|status| status.used);
        used.is_some_and(|used| used["secrets"].0 == "1")
    })
    .await;
    for dry_run in [true, false] {
        let second = secret("second", &json!({ "resourceVersion": "1" }), TOKEN);
        let refused = apply(&client, "quota", &second, dry_run).await;
        let message = "secrets \"second\" is forbidden: exceeded quota: few, requested: secrets=1, used: secrets=1, limited: secrets=1";
        let expected = ClusterError::Forbidden {
            by: Refusal::Quota,
            message: message.to_owned(),
        };
        assert_eq!(meaning(refused, Carried::SecretValues), expected);
    }
    apply(&client, "quota", &secret("first", &json!({}), OTHER), false)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_namespace_that_is_being_deleted() {
    let client = client_and("leaving").await;
    apply(
        &client,
        "leaving",
        &secret("s", &json!({ "finalizers": ["example.com/hold"] }), TOKEN),
        false,
    )
    .await
    .unwrap();
    let namespaces = Api::<Namespace>::all(client.clone());
    namespaces.delete("leaving", &DeleteParams::default()).await.unwrap();
    until("the namespace is terminating", async || {
        let phase = namespaces
            .get("leaving")
            .await
            .unwrap()
            .status
            .and_then(|status| status.phase);
        phase.as_deref() == Some("Terminating")
    })
    .await;
    for dry_run in [true, false] {
        let new = secret("new", &json!({ "resourceVersion": "1" }), TOKEN);
        let refused = apply(&client, "leaving", &new, dry_run).await;
        let message = "secrets \"new\" is forbidden: unable to create new content in namespace leaving because it is being terminated";
        let expected = ClusterError::Forbidden {
            by: Refusal::NamespaceTerminating,
            message: message.to_owned(),
        };
        assert_eq!(meaning(refused, Carried::SecretValues), expected);
    }
    release(&client).await;
}

async fn release(client: &Client) {
    let api = Api::<Secret>::namespaced(client.clone(), "leaving");
    let patch = Patch::Merge(json!({ "metadata": { "finalizers": null } }));
    api.patch("s", &PatchParams::default(), &patch).await.unwrap();
}

#[tokio::test]
async fn missing_rights() {
    let client = client_and("rights").await;
    let account =
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "nobody", "namespace": "rights"}});
    manifests::apply(&client, &account).await.unwrap();
    let nobody = control_plane()
        .await
        .client_for_service_account("rights", "nobody")
        .await
        .unwrap();
    let refused = apply(&nobody, "rights", &secret("s", &json!({}), TOKEN), true).await;
    let message = "secrets \"s\" is forbidden: User \"system:serviceaccount:rights:nobody\" cannot patch resource \"secrets\" in API group \"\" in the namespace \"rights\"";
    let expected = ClusterError::Forbidden {
        by: Refusal::Access,
        message: message.to_owned(),
    };
    assert_eq!(meaning(refused, Carried::SecretValues), expected);
}

#[tokio::test]
async fn a_secret_that_is_too_large() {
    let client = client_and("large").await;
    let value = "AAAA".repeat(350_000);
    for dry_run in [true, false] {
        // The same field as of an immutable Secret: only the cause tells them apart.
        let refused = refusal(apply(&client, "large", &secret("s", &json!({}), &value), dry_run).await);
        let causes = &refused.details.as_ref().unwrap().causes;
        assert_eq!(causes[0].reason, "FieldValueTooLong");
        assert_eq!(causes[0].message, "Too long: may not be more than 1048576 bytes");
        let refused = apply(&client, "large", &secret("s", &json!({}), &value), dry_run).await;
        let fields = vec!["data".to_owned()];
        assert_eq!(
            meaning(refused, Carried::SecretValues),
            ClusterError::Invalid { fields }
        );
    }
}

/// Waits for a controller of the cluster to have done its work.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    for _ in 0..600 {
        if holds().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("not within 30 s: {what}");
}
