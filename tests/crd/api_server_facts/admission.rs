//! Policies that refuse or change a Secret. Both kinds are served by default from Kubernetes 1.36 on.

use serde_json::{Value, json};
use testbed::manifests;
use tracktik_operator::cluster::{ClusterError, Refusal, error::Carried};

use super::{TOKEN, apply, meaning, refusals::until, secret};
use crate::cluster::{client_and, refusal};

/// Secrets written in one namespace, which the namespace's own label tells.
fn constraints(operations: &[&str]) -> Value {
    json!({ "resourceRules": [
        { "apiGroups": [""], "apiVersions": ["v1"], "resources": ["secrets"], "operations": operations }
    ] })
}

fn binding(kind: &str, namespace: &str, extra: &Value) -> Value {
    let mut spec = json!({
        "policyName": namespace,
        "matchResources": { "namespaceSelector": { "matchLabels": { "kubernetes.io/metadata.name": namespace } } },
    });
    for (field, value) in extra.as_object().unwrap() {
        spec[field] = value.clone();
    }
    json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": kind,
        "metadata": { "name": namespace }, "spec": spec,
    })
}

#[tokio::test]
async fn a_validating_policy_is_named_with_its_words_where_no_value_was_sent() {
    let client = client_and("denied").await;
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "ValidatingAdmissionPolicy",
        "metadata": { "name": "denied" },
        "spec": {
            "matchConstraints": constraints(&["CREATE", "UPDATE"]),
            // As careless as a policy can be: it repeats what it refuses.
            "validations": [{
                "expression": "!object.metadata.name.startsWith('refused')",
                "messageExpression": "'not this: ' + string(object.data['access_token'])",
            }],
        },
    });
    manifests::apply(&client, &policy).await.unwrap();
    let binding = binding(
        "ValidatingAdmissionPolicyBinding",
        "denied",
        &json!({ "validationActions": ["Deny"] }),
    );
    manifests::apply(&client, &binding).await.unwrap();

    let object = secret("refused", &json!({}), TOKEN);
    until("the policy is in force", async || {
        apply(&client, "denied", &object, true).await.is_err()
    })
    .await;
    let policy = "ValidatingAdmissionPolicy 'denied' with binding 'denied' denied request";
    let refused = refusal(apply(&client, "denied", &object, true).await);
    assert_eq!((refused.code, refused.reason.as_str()), (422, "Invalid"));
    assert_eq!(
        refused.message,
        format!("secrets \"refused\" is forbidden: {policy}: not this: dG9rZW4=")
    );
    for (carried, message) in [
        (
            Carried::NoValues,
            format!("secrets \"refused\" is forbidden: {policy}: not this: dG9rZW4="),
        ),
        (
            Carried::SecretValues,
            format!("secrets \"refused\" is forbidden: {policy}"),
        ),
    ] {
        let refused = apply(&client, "denied", &object, true).await;
        let expected = ClusterError::Forbidden {
            by: Refusal::Admission,
            message,
        };
        assert_eq!(meaning(refused, carried), expected);
    }
    apply(&client, "denied", &secret("accepted", &json!({}), TOKEN), false)
        .await
        .unwrap();
}

#[tokio::test]
async fn a_mutating_policy_shows_in_the_reply_to_a_dry_run() {
    let client = client_and("mutated").await;
    let policy = json!({
        "apiVersion": "admissionregistration.k8s.io/v1", "kind": "MutatingAdmissionPolicy",
        "metadata": { "name": "mutated" },
        "spec": {
            "matchConstraints": constraints(&["CREATE", "UPDATE"]),
            "matchConditions": [{
                "name": "annotated",
                "expression": "has(object.metadata.annotations) && 'tracktik-operator.io/issue' in object.metadata.annotations",
            }],
            "failurePolicy": "Fail",
            "reinvocationPolicy": "Never",
            "mutations": [{
                "patchType": "JSONPatch",
                "jsonPatch": { "expression": "[JSONPatch{op: 'remove', path: '/metadata/annotations/tracktik-operator.io~1issue'}]" },
            }],
        },
    });
    manifests::apply(&client, &policy).await.unwrap();
    manifests::apply(
        &client,
        &binding("MutatingAdmissionPolicyBinding", "mutated", &json!({})),
    )
    .await
    .unwrap();

    let metadata =
        json!({ "annotations": { "tracktik-operator.io/issue": "{}", "kept": "yes" }, "resourceVersion": "1" });
    let object = secret("s", &metadata, TOKEN);
    until("the policy is in force", async || {
        let reply = apply(&client, "mutated", &object, true).await.unwrap();
        !reply
            .metadata
            .annotations
            .unwrap_or_default()
            .contains_key("tracktik-operator.io/issue")
    })
    .await;
    let reply = apply(&client, "mutated", &object, true).await.unwrap();
    let left = reply.metadata.annotations.unwrap();
    assert_eq!(
        left.into_iter().collect::<Vec<_>>(),
        [("kept".to_owned(), "yes".to_owned())]
    );
}
