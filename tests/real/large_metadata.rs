//! Whoever may write Secrets in one namespace decides how large their metadata is: that must not end the operator of all.

use futures::{StreamExt, stream};
use k8s_openapi::api::core::v1::Secret;
use kube::api::{DeleteParams, ListParams, PostParams};
use serde_json::json;
use testbed::operator::Operator;

use crate::{figures::say, scene::Scene};

/// Beyond kube's usual page.
const SECRETS: usize = 500;

/// The API server takes 256 KiB of annotations, keys included.
const ANNOTATION: usize = 255 * 1_024;

/// Half of what the Deployment allows.
const MOST: u64 = 128 * 1_024;

/// The most memory that the operator has held so far, in KiB.
fn peak(operator: &Operator) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", operator.pid())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    line.trim_end_matches("kB").trim().parse().unwrap()
}

#[tokio::test]
async fn five_hundred_secrets_with_all_the_annotations_that_they_may_have_fit_into_memory() {
    let scene = Scene::new("large-metadata").await;
    let large = "x".repeat(ANNOTATION);
    // Which anybody can put on a Secret of theirs.
    let mark = format!("{}/nobody@uid", scene.namespace);
    let secrets = scene.secrets();
    stream::iter(0..SECRETS)
        .for_each_concurrent(8, async |number| {
            let secret: Secret = serde_json::from_value(json!({ "metadata": {
                "name": format!("large-{number}"), "labels": { "large": "yes" },
                "annotations": { "example.com/large": large, "tracktik-operator.io/credential": mark },
            } }))
            .unwrap();
            secrets.create(&PostParams::default(), &secret).await.unwrap();
        })
        .await;
    scene.everyday("acme").await;

    let operator = scene.start().await;
    scene.ready("acme").await;
    let peak = peak(&operator);
    say(&format!("the operator held {peak} KiB at most"));
    assert!(peak < MOST, "{peak} KiB");

    // Other tests list the Secrets of all namespaces.
    let large = ListParams::default().labels("large=yes");
    secrets
        .delete_collection(&DeleteParams::default(), &large)
        .await
        .unwrap();
}
