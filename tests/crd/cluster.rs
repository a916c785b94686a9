//! One control plane for all tests of this program, and a namespace for each.

use kube::{Api, Client, api::DynamicObject, core::Status, discovery::ApiResource};
use serde_json::{Value, json};
use testbed::{control_plane::ControlPlane, manifests};
use tokio::sync::OnceCell;
use tracktik_operator::api::TrackTikCredential;

/// Ends with this process, at which its supervisor reads the end of its input.
static CONTROL_PLANE: OnceCell<ControlPlane> = OnceCell::const_new();

/// The control plane, on which the CRD is served.
pub async fn control_plane() -> &'static ControlPlane {
    CONTROL_PLANE
        .get_or_init(|| async {
            let plane = ControlPlane::start().await.unwrap();
            manifests::apply_crd(&plane.client().await.unwrap()).await.unwrap();
            plane
        })
        .await
}

/// An administrator's client of this test, and a namespace that no other test looks at.
pub async fn client_and(namespace: &str) -> Client {
    let client = control_plane().await.client().await.unwrap();
    let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
    manifests::apply(&client, &object).await.unwrap();
    client
}

/// Credentials as JSON, so that nothing is lost or added on the way.
pub fn credentials(client: &Client, namespace: &str) -> Api<DynamicObject> {
    let resource = ApiResource::erase::<TrackTikCredential>(&());
    Api::namespaced_with(client.clone(), namespace, &resource)
}

/// A credential.
pub fn credential(name: &str, spec: &Value) -> DynamicObject {
    let object = json!({
        "apiVersion": "tracktik-operator.io/v1alpha1", "kind": "TrackTikCredential",
        "metadata": {"name": name}, "spec": spec,
    });
    serde_json::from_value(object).unwrap()
}

/// The API server's refusal.
#[track_caller]
pub fn refusal<T: std::fmt::Debug>(result: Result<T, kube::Error>) -> Box<Status> {
    match result {
        Err(kube::Error::Api(refusal)) => refusal,
        other => panic!("not refused: {other:?}"),
    }
}
