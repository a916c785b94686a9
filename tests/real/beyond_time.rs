//! Who may write one object may have its managed fields say any time that the API server takes: that hides no object.

use std::time::Duration;

use serde_json::json;

use crate::scene::{PATIENCE, Scene, eventually, own_plane};

/// Taken by the API server, and beyond our times and jiff's.
const BEYOND: &str = "9999-12-31T23:59:59Z";

/// Has an object say that somebody set a field of it then. As text, since the types of kube could not hold the answer.
async fn set_beyond(scene: &Scene, api_version: &str, path: &str) {
    let field = json!({ "annotations": { "a": "b" } });
    let since = json!({ "managedFields": [{
        "manager": "somebody", "operation": "Update", "apiVersion": api_version, "time": BEYOND,
        "fieldsType": "FieldsV1", "fieldsV1": { "f:metadata": { "f:annotations": { "f:a": {} } } },
    }] });
    // One after the other: who changes a field is who has set it.
    for metadata in [field, since] {
        let body = serde_json::to_vec(&json!({ "metadata": metadata })).unwrap();
        let request = http::Request::patch(path).header("content-type", "application/merge-patch+json");
        let answer = scene.client.request_text(request.body(body).unwrap()).await;
        answer.unwrap();
    }
    let kept = text(scene, path).await;
    assert!(kept.contains(BEYOND), "{kept}");
}

async fn text(scene: &Scene, path: &str) -> String {
    let request = http::Request::get(path).body(Vec::new()).unwrap();
    scene.client.request_text(request).await.unwrap()
}

#[tokio::test]
async fn a_time_of_managed_fields_that_is_beyond_ours_hides_no_object() {
    // Of its own, since other tests list what is in all namespaces, by types that cannot hold such a time.
    let plane = own_plane().await;
    let scene = Scene::on(plane, "beyond", Duration::from_hours(1)).await;
    for name in ["acme", "other"] {
        scene.everyday(name).await;
    }
    let (namespace, group) = (&scene.namespace, "tracktik-operator.io/v1alpha1");
    let source = format!("/api/v1/namespaces/{namespace}/secrets/acme");
    set_beyond(&scene, "v1", &source).await;
    let credential = format!("/apis/{group}/namespaces/{namespace}/tracktikcredentials/acme");
    set_beyond(&scene, group, &credential).await;
    let _operator = scene.start().await;
    scene.ready("other").await;
    eventually(PATIENCE, || async {
        let text = text(&scene, &credential).await;
        if text.contains(r#""binding":{"name":"acme-token"}"#) {
            Ok(())
        } else {
            Err(text)
        }
    })
    .await;
}
