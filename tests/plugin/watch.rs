//! `status --watch`: a line for each change, and a clean end.

use std::{process::Stdio, time::Duration};

use kube::api::DeleteParams;
use serde_json::json;
use tokio::io::{AsyncBufReadExt, BufReader};

use crate::{
    scene::Scene,
    status::{condition, credential_with_status},
    user::User,
};

const PATIENCE: Duration = Duration::from_mins(1);

#[tokio::test]
async fn a_watch_tells_each_change_once_and_ends_when_it_is_asked_to() {
    let scene = Scene::new("watch").await;
    let viewer = User::with_role(&scene, "view").await;
    let ready = |status: &str, reason: &str| json!({ "conditions": [condition("Ready", status, reason, "m")] });
    credential_with_status(&scene, "acme", json!({}), ready("False", "Issuing")).await;
    let mut child = viewer.command(&["status", "--watch"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut next = async || {
        let line = tokio::time::timeout(PATIENCE, lines.next_line()).await;
        line.expect("a line in time").unwrap().unwrap_or_default()
    };
    assert!(next().await.starts_with("NAME "));
    let first = next().await;
    assert!(first.starts_with("acme ") && first.contains(" Issuing"), "{first}");
    credential_with_status(&scene, "acme", json!({}), ready("True", "TokenValid")).await;
    let second = next().await;
    assert!(
        second.starts_with("acme ") && second.contains(" TokenValid"),
        "{second}"
    );
    // A label is nothing that the table shows.
    scene
        .patch("acme", json!({ "metadata": { "labels": { "team": "a" } } }))
        .await;
    credential_with_status(&scene, "other", json!({}), ready("True", "TokenValid")).await;
    let created = next().await;
    assert!(
        created.starts_with("other ") && created.contains(" nothing said yet"),
        "nothing in between: {created}"
    );
    assert!(next().await.contains(" TokenValid"));
    scene
        .credentials()
        .delete("other", &DeleteParams::default())
        .await
        .unwrap();
    assert!(next().await.contains(" deleted"));

    let pid = child.id().unwrap().to_string();
    let kill = tokio::process::Command::new("sh")
        .args(["-c", "kill -s INT \"$0\"", &pid])
        .status()
        .await;
    assert!(kill.unwrap().success());
    assert_eq!(next().await, "", "nothing more is printed");
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    assert_eq!((output.status.code(), output.stderr), (Some(0), Vec::new()));
}

#[tokio::test]
async fn programs_get_a_json_object_a_line_and_a_reader_that_leaves_ends_it() {
    let scene = Scene::new("lines").await;
    let viewer = User::with_role(&scene, "view").await;
    let status = json!({ "conditions": [condition("Ready", "True", "TokenValid", "m")] });
    credential_with_status(&scene, "acme", json!({}), status.clone()).await;
    let mut child = viewer
        .command(&["status", "-w", "-o", "json"])
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let line = tokio::time::timeout(PATIENCE, lines.next_line())
        .await
        .unwrap()
        .unwrap()
        .unwrap();
    let row: serde_json::Value = serde_json::from_str(&line).unwrap();
    assert_eq!((&row["name"], &row["ready"]), (&json!("acme"), &json!("True")));
    drop(lines);
    credential_with_status(&scene, "second", json!({}), status).await;
    let output = tokio::time::timeout(PATIENCE, child.wait_with_output())
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (output.status.code(), output.stderr),
        (Some(0), Vec::new()),
        "as with `| head`"
    );
    let yaml = viewer.run(&["status", "-w", "-o", "yaml"]).await;
    assert_eq!(yaml.code, Some(2));
}
