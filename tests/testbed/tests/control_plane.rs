//! The control plane starts, does what a cluster does, and leaves nothing behind: not when its handle
//! is dropped, nor when its supervisor is killed.

// It looks for processes where Linux lists them, and only Linux ends the children of what is killed.
#![cfg(target_os = "linux")]
#![expect(clippy::unwrap_used, clippy::panic, reason = "a failed test is a panic")]
#![expect(
    clippy::print_stderr,
    reason = "start-up times are what somebody looks for in the output"
)]

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Secret};
use kube::{Api, api::PostParams};
use serde_json::json;
use testbed::{control_plane::ControlPlane, manifests};

/// The processes that have this folder in their arguments: etcd and the API server keep data, keys or
/// logs in it.
fn processes_with(folder: &Path) -> Vec<String> {
    let folder = folder.to_str().unwrap();
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        // A process that ended since the listing has no file any more.
        let Ok(arguments) = fs::read(entry.path().join("cmdline")) else {
            continue;
        };
        let arguments = String::from_utf8_lossy(&arguments).replace('\0', " ");
        if arguments.contains(folder) {
            found.push(arguments);
        }
    }
    found
}

async fn assert_gone(folder: &Path, limit: Duration) {
    let begun = Instant::now();
    while !processes_with(folder).is_empty() {
        assert!(begun.elapsed() < limit, "still running: {:#?}", processes_with(folder));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    eprintln!("nothing left after {:?}", begun.elapsed());
}

async fn started() -> (ControlPlane, PathBuf) {
    let begun = Instant::now();
    let control_plane = ControlPlane::start().await.unwrap_or_else(|error| panic!("{error}"));
    eprintln!("started in {:?}", begun.elapsed());
    let data = control_plane.kubeconfig_path().parent().unwrap().to_owned();
    assert_eq!(processes_with(&data).len(), 4, "supervisor and three components");
    (control_plane, data)
}

#[tokio::test]
async fn dropping_the_handle_ends_every_process_and_removes_the_data() {
    let (control_plane, data) = started().await;
    let namespaces = Api::<Namespace>::all(control_plane.client().await.unwrap());
    let listed = namespaces.list(&kube::api::ListParams::default()).await.unwrap();
    assert!(
        listed
            .items
            .iter()
            .any(|one| one.metadata.name.as_deref() == Some("default"))
    );

    drop(control_plane);
    assert_gone(&data, Duration::from_secs(15)).await;
    assert!(!data.exists());
}

#[tokio::test]
async fn killing_the_supervisor_ends_every_process() {
    let (control_plane, data) = started().await;
    let pid = control_plane.supervisor().pid().to_string();
    let killed = std::process::Command::new("sh")
        .args(["-c", "kill -s KILL \"$0\"", &pid])
        .status();
    assert!(killed.unwrap().success());
    assert_gone(&data, Duration::from_secs(5)).await;
    fs::remove_dir_all(data).unwrap();
}

#[tokio::test]
async fn an_outage_ends_with_the_same_data_and_clients() {
    let (control_plane, _) = started().await;
    let client = control_plane.client().await.unwrap();
    let maps = Api::<ConfigMap>::default_namespaced(client.clone());
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "kept"}});
    manifests::apply(&client, &map).await.unwrap();

    control_plane.stop_api_server().await.unwrap();
    assert!(maps.get("kept").await.is_err());
    assert!(control_plane.stop_api_server().await.is_err(), "it is stopped already");
    control_plane.start_api_server().await.unwrap();
    maps.get("kept").await.unwrap();
    control_plane.stop().await;
}

#[tokio::test]
async fn a_service_account_has_the_rights_of_its_role_and_is_audited_by_its_name() {
    let (control_plane, _) = started().await;
    let admin = control_plane.client().await.unwrap();
    for namespace in [manifests::OPERATOR_NAMESPACE, "team-a"] {
        let object = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}});
        manifests::apply(&admin, &object).await.unwrap();
    }
    let account = json!({
        "apiVersion": "v1", "kind": "ServiceAccount",
        "metadata": {"name": "reader", "namespace": "team-a"},
    });
    manifests::apply(&admin, &account).await.unwrap();
    let binding = json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding",
        "metadata": {"name": "reader", "namespace": "team-a"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "edit"},
        "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": "team-a"}],
    });
    manifests::apply(&admin, &binding).await.unwrap();

    let client = control_plane
        .client_for_service_account("team-a", "reader")
        .await
        .unwrap();
    let own = Api::<Secret>::namespaced(client.clone(), "team-a");
    let secret: Secret = serde_json::from_value(json!({"metadata": {"name": "one"}})).unwrap();
    own.create(
        &PostParams {
            dry_run: true,
            ..PostParams::default()
        },
        &secret,
    )
    .await
    .unwrap();
    own.create(&PostParams::default(), &secret).await.unwrap();
    assert!(Api::<Secret>::namespaced(client, "default").get("one").await.is_err());

    let user = "system:serviceaccount:team-a:reader";
    let events = control_plane.audit_events().unwrap();
    let events: Vec<_> = events.into_iter().filter(|event| event.user == user).collect();
    let codes: Vec<_> = events.iter().map(|event| (event.verb.as_str(), event.code)).collect();
    assert_eq!(codes, [("create", 201), ("create", 201), ("get", 403)]);
    let writes: Vec<_> = events.iter().filter(|event| event.is_write()).collect();
    assert_eq!(writes.len(), 1, "a dry run is no write");
    assert_eq!(
        (writes[0].resource.as_str(), writes[0].namespace.as_str()),
        ("secrets", "team-a")
    );

    let output = control_plane.kubectl(&["auth", "whoami", "-o", "name"]).await.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    control_plane.stop().await;
}
