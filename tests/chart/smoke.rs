//! A short run in which an operator does all that it ever does to the cluster.

use std::fs;

use k8s_openapi::api::{coordination::v1::Lease, core::v1::Secret, events::v1::Event};
use kube::{Api, api::ListParams};
use serde_json::{Value, json};
use testbed::{manifests::apply, operator::Operator};

use crate::{
    bench::{Bench, eventually, is_ready},
    chart::the,
};

/// The run, with the credential `acme` of this namespace. It ends where the API server refuses the operator something, with
/// what that was, or when all is done.
pub async fn run(bench: &Bench<'_>, rendered: &[Value], namespace: &str, labels: Value) -> Result<(), String> {
    let operator = bench.operator(rendered).await;
    let deployment = the(rendered, "Deployment");
    let of = (
        deployment["metadata"]["namespace"].as_str().unwrap(),
        deployment["spec"]["template"]["spec"]["serviceAccountName"]
            .as_str()
            .unwrap(),
    );
    let user = format!("system:serviceaccount:{}:{}", of.0, of.1);
    tokio::select! {
        biased;
        refusal = refused(bench, &user) => Err(refusal),
        outcome = everything(bench, operator, namespace, of.0, labels) => refusal(bench, &user).map_or(outcome, Err),
    }
}

async fn everything(
    bench: &Bench<'_>,
    operator: Operator,
    namespace: &str,
    home: &str,
    labels: Value,
) -> Result<(), String> {
    bench.source(namespace, "acme").await;
    let mut credential = bench.credential(namespace, &json!({ "suspend": true }));
    credential["metadata"]["labels"] = labels;
    let made = apply(&bench.client, &credential).await.unwrap();
    former_target(bench, namespace, &made.metadata.uid.unwrap()).await;

    // The first token, its event, and the end of what is no longer the target.
    bench.patch(namespace, json!({ "spec": { "suspend": false } })).await;
    bench.status_that(namespace, is_ready).await;
    let events: Api<Event> = Api::namespaced(bench.client.clone(), namespace);
    eventually(|| async {
        let events = events.list(&ListParams::default()).await.unwrap().items;
        let told = events.iter().any(|event| event.reason.as_deref() == Some("TokenValid"));
        if told {
            Ok(())
        } else {
            Err("no event TokenValid".to_owned())
        }
    })
    .await;
    let secrets: Api<Secret> = Api::namespaced(bench.client.clone(), namespace);
    eventually(|| async {
        match secrets.get_opt("acme-before").await.unwrap() {
            Some(_) => Err("the former target is still there".to_owned()),
            None => Ok(()),
        }
    })
    .await;

    // A token in the place of another.
    let ask = json!({ "metadata": { "annotations": { "tracktik-operator.io/rotate": "now" } } });
    bench.patch(namespace, ask).await;
    bench
        .status_that(namespace, |status| {
            status["lastHandledRotate"] == "now" && is_ready(status)
        })
        .await;

    // The lease is given up.
    assert!(is_held(bench, home).await);
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
    if is_held(bench, home).await {
        return Err("the lease was not given up".to_owned());
    }
    Ok(())
}

async fn is_held(bench: &Bench<'_>, home: &str) -> bool {
    let leases: Api<Lease> = Api::namespaced(bench.client.clone(), home);
    let holder = |lease: &Lease| {
        lease
            .spec
            .as_ref()?
            .holder_identity
            .clone()
            .filter(|holder| !holder.is_empty())
    };
    let leases = leases.list(&ListParams::default()).await.unwrap();
    leases.iter().any(|lease| holder(lease).is_some())
}

/// A Secret that this credential had as its target, with a token that has long expired: the operator deletes it.
async fn former_target(bench: &Bench<'_>, namespace: &str, uid: &str) {
    let issue = json!({
        "version": 1, "secret": "acme-before", "issueId": "before", "issuedAt": "2020-01-01T00:00:00Z",
        "expiresAt": "2020-01-01T01:00:00Z", "identity": "before", "layout": "{}", "dataHash": "00",
    });
    let secret = json!({
        "apiVersion": "v1", "kind": "Secret",
        "metadata": { "name": "acme-before", "namespace": namespace, "annotations": {
            "tracktik-operator.io/credential": format!("{namespace}/acme@{uid}"),
            "tracktik-operator.io/issue": issue.to_string(),
        } },
    });
    apply(&bench.client, &secret).await.unwrap();
}

/// Waits until the API server has refused this user something.
async fn refused(bench: &Bench<'_>, user: &str) -> String {
    let mut ticks = tokio::time::interval(std::time::Duration::from_millis(250));
    loop {
        ticks.tick().await;
        if let Some(refusal) = refusal(bench, user) {
            return refusal;
        }
    }
}

/// What it refused this user, as `VERB RESOURCE`. Read as text: the log has thousands of lines, and this few of them.
fn refusal(bench: &Bench<'_>, user: &str) -> Option<String> {
    let log = fs::read_to_string(bench.plane.audit_log_path()).unwrap();
    let user = format!("\"username\":\"{user}\"");
    let line = log
        .lines()
        .find(|line| line.contains("\"code\":403") && line.contains(&user))?;
    let record: Value = serde_json::from_str(line).ok()?;
    let of = &record["objectRef"];
    let subresource = of["subresource"]
        .as_str()
        .map(|name| format!("/{name}"))
        .unwrap_or_default();
    let resource = of["resource"].as_str().unwrap_or_default();
    Some(format!(
        "{} {resource}{subresource}",
        record["verb"].as_str().unwrap_or_default()
    ))
}
