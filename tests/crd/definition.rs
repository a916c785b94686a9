//! What the API server makes of the definition itself, and what its rules cost.

use serde_json::{Value, json};
use tracktik_operator::api::definition;

use crate::cluster::client_and;

/// The API server estimates what each rule may cost at most, from the bounds on strings, lists and maps. That it still
/// accepts the definition with every bound doubled shows that no rule is near what is allowed.
#[tokio::test]
async fn the_rules_cost_less_than_half_of_what_they_may() {
    fn double(schema: &mut Value) {
        match schema {
            Value::Object(entries) => {
                for (key, value) in entries {
                    match (key.as_str(), value.as_i64()) {
                        ("maxLength" | "maxItems" | "maxProperties", Some(bound)) => *value = json!(bound * 2),
                        _ => double(value),
                    }
                }
            }
            Value::Array(items) => items.iter_mut().for_each(double),
            _ => {}
        }
    }
    let client = client_and("costs").await;
    let mut crd = serde_json::to_value(definition::custom_resource_definition()).unwrap();
    double(&mut crd["spec"]["versions"]);
    crd["metadata"]["name"] = json!("tracktikcredentials.doubled.example");
    crd["spec"]["group"] = json!("doubled.example");
    let request = http::Request::post("/apis/apiextensions.k8s.io/v1/customresourcedefinitions?dryRun=All")
        .header("content-type", "application/json");
    let request = request.body(crd.to_string().into_bytes()).unwrap();
    client.request::<Value>(request).await.unwrap();
}

#[tokio::test]
async fn the_definition_is_accepted_without_reservations() {
    let client = client_and("definition").await;
    let path = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/tracktikcredentials.tracktik-operator.io";
    let request = http::Request::get(path).body(Vec::new()).unwrap();
    let crd: Value = client.request(request).await.unwrap();
    let conditions: Vec<_> = crd["status"]["conditions"].as_array().unwrap().iter().collect();
    let truths: Vec<_> = conditions
        .iter()
        .map(|condition| (&condition["type"], &condition["status"]))
        .collect();
    // No NonStructuralSchema, no KubernetesAPIApprovalPolicyConformant.
    assert_eq!(
        truths,
        [
            (&json!("NamesAccepted"), &json!("True")),
            (&json!("Established"), &json!("True"))
        ]
    );
    // What is served is what was applied: nothing that a GitOps tool would see as drift for ever.
    let ours = serde_json::to_value(definition::custom_resource_definition()).unwrap();
    assert_eq!(
        as_integers(&crd["spec"]["versions"]),
        as_integers(&ours["spec"]["versions"])
    );
}

/// 300 and 300.0 are one number in JSON, and two in `serde_json`.
fn as_integers(value: &Value) -> Value {
    match value {
        Value::Object(entries) => entries
            .iter()
            .map(|(key, value)| (key.clone(), as_integers(value)))
            .collect(),
        Value::Array(items) => items.iter().map(as_integers).collect(),
        Value::Number(number) => json!(number.as_f64()),
        other => other.clone(),
    }
}
