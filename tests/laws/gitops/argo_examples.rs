//! The test data of the health script: statuses as the operator writes them, one for each state, and what Argo CD makes of
//! each. In the form in which Argo CD keeps and runs it.

use std::{collections::BTreeMap, fs, sync::Arc};

use serde_json::{Value, json};
use testbed::gitops_tools::argo_health;
use tracktik_operator::rotation::{Observation, observation::Target};

use super::{GENERATION, argo_settings::golden, customization, object, words};
use crate::{
    life::{new_credential, with_token},
    status_table::{NOW, rows},
};

/// The states of the design's table by what they are called in the table of the tests, each with the name of its files: over
/// a live token, and without one.
const EXAMPLES: [(&str, &str, &str); 17] = [
    (
        "all well; without a token: it is being requested",
        "healthy_tokenValid",
        "progressing_issuing",
    ),
    (
        "the source is missing",
        "healthy_sourceNotFound",
        "degraded_sourceNotFound",
    ),
    (
        "the source is invalid",
        "healthy_sourceInvalid",
        "degraded_sourceInvalid",
    ),
    (
        "the domain is not allowed",
        "healthy_domainNotAllowed",
        "degraded_domainNotAllowed",
    ),
    (
        "the password is rejected",
        "healthy_credentialsRejected",
        "degraded_credentialsRejected",
    ),
    (
        "the client is rejected",
        "healthy_clientRejected",
        "degraded_clientRejected",
    ),
    (
        "the endpoint is unavailable",
        "healthy_endpointUnavailable",
        "progressing_endpointUnavailable",
    ),
    (
        "the endpoint misbehaves",
        "healthy_endpointMisbehaved",
        "progressing_endpointMisbehaved",
    ),
    ("all places are taken", "healthy_waiting", "progressing_waiting"),
    ("suspended", "healthy_suspended", "suspended_suspended"),
    ("the token has expired", "progressing_tokenExpired", ""),
    (
        "the token Secret is immutable",
        "healthy_targetImmutable",
        "degraded_targetImmutable",
    ),
    (
        "the token Secret cannot be written",
        "healthy_targetNotWritable",
        "progressing_targetNotWritable",
    ),
    ("access is denied", "healthy_accessDenied", "progressing_accessDenied"),
    (
        "source values changed and were rejected",
        "degraded_newValuesRejected",
        "",
    ),
    (
        "the target is somebody else's",
        "degraded_targetConflict",
        "degraded_firstTargetConflict",
    ),
    ("the spec cannot be decoded", "degraded_specInvalid", ""),
];

/// With names as they are in a cluster.
fn as_in_a_cluster(mut seen: Observation) -> Observation {
    let keys = "clientId=account[client_id] clientSecret=account[client_secret] username=account[username] \
                password=account[password]";
    seen.identity = format!("acme.staffr.net {keys}");
    if let Target::Ours(ours) = &mut seen.target
        && let Some(issue) = &mut ours.issue
    {
        Arc::make_mut(issue).identity.clone_from(&seen.identity);
    }
    seen
}

/// The files of the test data, by name.
fn examples() -> BTreeMap<String, Value> {
    let mut files = BTreeMap::<String, Value>::new();
    for (state, live, otherwise) in EXAMPLES {
        let row = rows()
            .find(|row| row.state == state)
            .unwrap_or_else(|| panic!("no row {state:?}"));
        for (seen, file, in_short) in [
            (with_token(), live, row.live),
            (new_credential(), otherwise, row.otherwise),
        ] {
            if file.is_empty() {
                continue;
            }
            let mut seen = as_in_a_cluster(seen);
            (row.make)(&mut seen);
            let (_, health) = words(in_short);
            assert_eq!(file.split('_').next(), Some(health.to_lowercase().as_str()), "{file}");
            let text = object(&seen, NOW).to_string();
            let text = text.replace("account@1/", "account@5f0c2a3e-9b1d-4c55-8a57-3d1f0e6b9a42/");
            files.insert(format!("{file}.yaml"), serde_json::from_str(&text).unwrap());
        }
    }
    let well = files["healthy_tokenValid.yaml"].clone();
    let mut new = well.clone();
    new["metadata"]["generation"] = json!(1);
    new["status"] = json!({ "observedGeneration": -1 });
    files.insert("progressing_notLookedAt.yaml".to_owned(), new);
    let mut edited = well;
    edited["metadata"]["generation"] = json!(GENERATION + 1);
    files.insert("progressing_olderGeneration.yaml".to_owned(), edited);
    files
}

/// What the health script is to say of it.
fn expected(file: &str, object: &Value) -> Value {
    let condition = |of: &str| {
        let conditions = object["status"]["conditions"].as_array()?;
        conditions.iter().find(|condition| condition["type"] == of)
    };
    let word = file.split('_').next().unwrap_or_default();
    let word = format!("{}{}", word[..1].to_uppercase(), &word[1..]);
    let current = object["status"]["observedGeneration"] == object["metadata"]["generation"];
    let message = match (condition("Ready"), condition("Renewed")) {
        (Some(ready), Some(renewed)) if current => {
            let ready = ready["message"].as_str().unwrap_or_default();
            let renews = word != "Healthy" || renewed["status"] != "False";
            let failure = renewed["message"].as_str().unwrap_or_default();
            if renews {
                ready.to_owned()
            } else {
                format!("{ready}. Not renewed: {failure}")
            }
        }
        _ => "Waiting for tracktik-operator to look at the credential".to_owned(),
    };
    json!({ "healthStatus": { "status": word, "message": message }, "inputPath": format!("testdata/{file}") })
}

#[test]
fn the_test_data_is_what_the_operator_writes() {
    let examples = examples();
    let folder = customization().join("testdata");
    for (file, object) in &examples {
        golden(&folder.join(file), &serde_saphyr::to_string(object).unwrap());
    }
    let tests: Vec<Value> = examples.iter().map(|(file, object)| expected(file, object)).collect();
    let tests = serde_saphyr::to_string(&json!({ "tests": tests })).unwrap();
    golden(&customization().join("health_test.yaml"), &tests);
    let found = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let others: Vec<_> = found
        .filter(|name| !examples.contains_key(name.to_str().unwrap()))
        .collect();
    assert!(others.is_empty(), "of no state: {others:?}");
}

/// As Argo CD's own test of its scripts reads and runs these files.
#[tokio::test]
async fn the_health_script_says_of_its_test_data_what_health_test_yaml_expects() {
    let folder = customization();
    let yaml =
        |path: &str| -> Value { serde_saphyr::from_str(&fs::read_to_string(folder.join(path)).unwrap()).unwrap() };
    let tests = yaml("health_test.yaml")["tests"].as_array().unwrap().clone();
    assert!(tests.len() > 30, "{}", tests.len());
    let inputs: Vec<Value> = tests
        .iter()
        .map(|test| yaml(test["inputPath"].as_str().unwrap()))
        .collect();
    let said = argo_health(&folder.join("health.lua"), &inputs).await.unwrap();
    for (test, said) in tests.iter().zip(said) {
        let said = json!({ "status": said.status, "message": said.message });
        assert_eq!(test["healthStatus"], said, "{}", test["inputPath"]);
    }
}
