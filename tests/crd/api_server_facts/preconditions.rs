//! What uid and resourceVersion do in an apply of a Secret.

use k8s_openapi::api::core::v1::Secret;
use kube::{Api, api::DeleteParams};
use serde_json::json;
use tracktik_operator::cluster::{ClusterError, error::Carried};

use super::{OTHER, TOKEN, apply, meaning, secret, uid_and_version};
use crate::cluster::{client_and, refusal};

#[tokio::test]
async fn resource_version_1_creates_and_never_overwrites() {
    let client = client_and("version-1").await;
    let object = secret("s", &json!({ "resourceVersion": "1" }), TOKEN);
    let rehearsed = apply(&client, "version-1", &object, true).await.unwrap();
    assert!(
        rehearsed.metadata.uid.is_some(),
        "a dry run answers as if it had created"
    );
    apply(&client, "version-1", &object, false).await.unwrap();
    for dry_run in [true, false] {
        let refused = apply(&client, "version-1", &object, dry_run).await;
        assert_eq!(meaning(refused, Carried::NoValues), ClusterError::Conflict);
    }
    let refused = refusal(apply(&client, "version-1", &object, false).await);
    assert_eq!((refused.code, refused.reason.as_str()), (409, "Conflict"));
}

#[tokio::test]
async fn resource_version_0_and_none_at_all_overwrite() {
    let client = client_and("version-0").await;
    apply(&client, "version-0", &secret("s", &json!({}), TOKEN), false)
        .await
        .unwrap();
    for metadata in [json!({ "resourceVersion": "0" }), json!({})] {
        for value in [OTHER, TOKEN] {
            apply(&client, "version-0", &secret("s", &metadata, value), false)
                .await
                .unwrap();
            let now = Api::<Secret>::namespaced(client.clone(), "version-0")
                .get("s")
                .await
                .unwrap();
            let kept = serde_json::to_value(&now.data.unwrap()["access_token"]).unwrap();
            assert_eq!(kept, value, "{metadata}");
        }
    }
    apply(
        &client,
        "version-0",
        &secret("absent", &json!({ "resourceVersion": "0" }), TOKEN),
        false,
    )
    .await
    .unwrap();
}

#[tokio::test]
async fn a_resource_version_alone_brings_a_deleted_secret_back_and_a_uid_does_not() {
    let client = client_and("deleted").await;
    let api = Api::<Secret>::namespaced(client.clone(), "deleted");
    let made = apply(&client, "deleted", &secret("s", &json!({}), TOKEN), false)
        .await
        .unwrap();
    let (uid, version) = uid_and_version(&made);
    api.delete("s", &DeleteParams::default()).await.unwrap();

    let exactly = secret("s", &json!({ "uid": uid, "resourceVersion": version }), TOKEN);
    for dry_run in [true, false] {
        let refused = apply(&client, "deleted", &exactly, dry_run).await;
        assert_eq!(meaning(refused, Carried::NoValues), ClusterError::Conflict);
    }
    assert!(api.get_opt("s").await.unwrap().is_none());

    let version_only = secret("s", &json!({ "resourceVersion": version }), TOKEN);
    let back = apply(&client, "deleted", &version_only, false).await.unwrap();
    assert_ne!(uid_and_version(&back).0, uid, "it is created anew");
}

#[tokio::test]
async fn uid_and_resource_version_must_both_hold() {
    let client = client_and("exactly").await;
    let made = apply(&client, "exactly", &secret("s", &json!({}), TOKEN), false)
        .await
        .unwrap();
    let (uid, version) = uid_and_version(&made);
    let wrong = "00000000-0000-0000-0000-000000000000";
    // A Secret that was deleted and made anew has another uid and another version.
    for metadata in [
        json!({ "uid": wrong, "resourceVersion": "1" }),
        json!({ "uid": uid, "resourceVersion": "1" }),
    ] {
        for dry_run in [true, false] {
            let refused = apply(&client, "exactly", &secret("s", &metadata, OTHER), dry_run).await;
            assert_eq!(
                meaning(refused, Carried::SecretValues),
                ClusterError::Conflict,
                "{metadata}"
            );
        }
    }
    // With the uid alone the refusal has another form.
    for metadata in [
        json!({ "uid": wrong, "resourceVersion": version }),
        json!({ "uid": wrong }),
    ] {
        let refused = apply(&client, "exactly", &secret("s", &metadata, OTHER), false).await;
        let fields = vec!["metadata.uid".to_owned(); 2];
        assert_eq!(
            meaning(refused, Carried::SecretValues),
            ClusterError::Invalid { fields },
            "{metadata}"
        );
    }
    let exactly = json!({ "uid": uid, "resourceVersion": version });
    let changed = apply(&client, "exactly", &secret("s", &exactly, OTHER), false)
        .await
        .unwrap();
    assert_eq!(uid_and_version(&changed).0, uid);
    assert_ne!(uid_and_version(&changed).1, version);
}

#[tokio::test]
async fn a_reply_of_metadata_holds_no_data() {
    let client = client_and("replies").await;
    let body = serde_json::to_vec(&secret("s", &json!({}), TOKEN)).unwrap();
    let path = "/api/v1/namespaces/replies/secrets/s?fieldManager=tracktik-operator&force=true";
    let request = http::Request::patch(path)
        .header("content-type", "application/apply-patch+yaml")
        .header("accept", "application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1");
    let answer = client.request_text(request.body(body).unwrap()).await.unwrap();
    assert!(answer.contains("\"kind\":\"PartialObjectMetadata\""), "{answer}");
    assert!(!answer.contains(TOKEN) && !answer.contains("\"data\""), "{answer}");
}
