//! What a uid does in a write of a credential's status.

use kube::api::{DeleteParams, Patch, PatchParams, PostParams};
use serde_json::json;
use tracktik_operator::{
    api::TrackTikCredentialStatus,
    cluster::{ClusterError, CredentialObject, CredentialView, error::Carried, write_status::write_status},
};

use super::meaning;
use crate::{
    cluster::{client_and, credential, credentials, refusal},
    table::everyday,
};

const WRONG: &str = "00000000-0000-0000-0000-000000000000";

#[tokio::test]
async fn only_a_json_patch_heeds_a_uid() {
    let client = client_and("status-uids").await;
    let api = credentials(&client, "status-uids");
    api.create(&PostParams::default(), &credential("acme", &everyday()))
        .await
        .unwrap();

    let tested = json!([
        { "op": "test", "path": "/metadata/uid", "value": WRONG },
        { "op": "add", "path": "/status", "value": { "observedGeneration": 5 } },
    ]);
    let tested = Patch::Json::<()>(serde_json::from_value(tested).unwrap());
    let params = PatchParams::default();
    let refused = refusal(api.patch_status("acme", &params, &tested).await);
    assert_eq!((refused.code, refused.reason.as_str()), (422, "Invalid"));
    assert_eq!(
        refused.message,
        "the server rejected our request due to an error in our request"
    );
    let refused = api.patch_status("acme", &params, &tested).await;
    assert_eq!(
        meaning(refused, Carried::NoValues),
        ClusterError::Invalid { fields: Vec::new() }
    );
    assert_eq!(api.get("acme").await.unwrap().data["status"]["observedGeneration"], -1);

    let merged = Patch::Merge(json!({ "metadata": { "uid": WRONG }, "status": { "observedGeneration": 6 } }));
    let merged = api.patch_status("acme", &params, &merged).await.unwrap();
    assert_eq!(merged.data["status"]["observedGeneration"], 6, "the uid is ignored");
    assert_ne!(merged.metadata.uid.as_deref(), Some(WRONG));

    let mut applied = serde_json::to_value(credential("acme", &everyday())).unwrap();
    applied["metadata"]["uid"] = json!(WRONG);
    applied["status"] = json!({ "observedGeneration": 7 });
    let applied = Patch::Apply(applied);
    let applied = api
        .patch_status("acme", &PatchParams::apply("test").force(), &applied)
        .await
        .unwrap();
    assert_eq!(applied.data["status"]["observedGeneration"], 7, "the uid is ignored");
}

#[tokio::test]
async fn the_outcome_of_a_deleted_credential_does_not_land_on_its_successor() {
    let client = client_and("successors").await;
    let api = credentials(&client, "successors");
    let first = api
        .create(&PostParams::default(), &credential("acme", &everyday()))
        .await
        .unwrap();
    let first: CredentialObject = serde_json::from_value(serde_json::to_value(first).unwrap()).unwrap();
    let first = CredentialView::from(first);
    let status = TrackTikCredentialStatus::default();

    api.delete("acme", &DeleteParams::default()).await.unwrap();
    assert_eq!(
        write_status(&client, &first, &status).await,
        Err(ClusterError::NotFound)
    );

    api.create(&PostParams::default(), &credential("acme", &everyday()))
        .await
        .unwrap();
    let refused = write_status(&client, &first, &status).await;
    assert_eq!(refused, Err(ClusterError::Invalid { fields: Vec::new() }));
    assert_eq!(
        api.get("acme").await.unwrap().data["status"],
        json!({ "observedGeneration": -1 })
    );
}

/// A status that the schema refuses is told from a wrong uid by its fields.
#[tokio::test]
async fn a_status_that_is_invalid_names_its_fields() {
    let client = client_and("invalid-status").await;
    let api = credentials(&client, "invalid-status");
    api.create(&PostParams::default(), &credential("acme", &everyday()))
        .await
        .unwrap();
    let patch =
        json!([{ "op": "add", "path": "/status", "value": { "observedGeneration": -2, "failure": { "count": -1 } } }]);
    let patch = Patch::Json::<()>(serde_json::from_value(patch).unwrap());
    let refused = api.patch_status("acme", &PatchParams::default(), &patch).await;
    let ClusterError::Invalid { mut fields } = meaning(refused, Carried::NoValues) else {
        panic!("not invalid");
    };
    fields.sort();
    assert_eq!(fields, ["status.failure.count", "status.observedGeneration"]);
}
