//! The button by which Argo CD has a token renewed, with test data in the form in which Argo CD keeps and runs it.

use serde_json::{Value, json};
use testbed::gitops_tools::argo_action;
use tracktik_operator::api::annotations::ROTATE;

use super::{argo_settings::golden, customization, object};
use crate::{life::with_token, status_table::NOW};

fn yaml(value: &Value) -> String {
    serde_saphyr::to_string(value).unwrap()
}

/// One that may be renewed, the same after it was asked for, and one that is suspended.
fn examples() -> [(&'static str, Value); 3] {
    let live = object(&with_token(), NOW);
    let mut asked = live.clone();
    let version = live["metadata"]["resourceVersion"].as_str().unwrap();
    asked["metadata"]["annotations"] = json!({ ROTATE: format!("argocd-{version}") });
    let mut seen = with_token();
    seen.suspended = true;
    [("live", live), ("rotated", asked), ("suspended", object(&seen, NOW))]
}

#[test]
fn the_test_data_of_the_actions_is_what_the_operator_writes() {
    let folder = customization().join("actions");
    for (file, object) in examples() {
        golden(&folder.join(format!("testdata/{file}.yaml")), &yaml(&object));
    }
    let offered = |file: &str, disabled: bool| {
        let action = json!({ "name": "rotate", "disabled": disabled, "displayName": "Renew the token now" });
        json!({ "inputPath": format!("testdata/{file}.yaml"), "result": [action] })
    };
    let tests = json!({
        "actionTests": [{
            "action": "rotate",
            "inputPath": "testdata/live.yaml",
            "expectedOutputPath": "testdata/rotated.yaml",
        }],
        "discoveryTests": [offered("live", false), offered("suspended", true)],
    });
    golden(&folder.join("action_test.yaml"), &yaml(&tests));
}

#[tokio::test]
async fn a_rotation_is_offered_unless_suspended_and_changes_one_annotation() {
    let folder = customization().join("actions");
    let [(_, live), (_, rotated), (_, suspended)] = examples();
    let offered = argo_action(&folder.join("discovery.lua"), &[live.clone(), suspended]).await;
    let offered = offered.unwrap();
    assert_eq!(offered[0]["rotate"]["disabled"], false);
    assert_eq!(offered[1]["rotate"]["disabled"], true);
    assert!(offered.iter().all(|offered| offered.as_object().unwrap().len() == 1));

    let action = folder.join("rotate/action.lua");
    let mut annotated = live.clone();
    annotated["metadata"]["annotations"] = json!({ "argocd.argoproj.io/sync-wave": "0", ROTATE: "argocd-1" });
    let after = argo_action(&action, &[live, annotated.clone()]).await.unwrap();
    assert_eq!(after[0], rotated);
    annotated["metadata"]["annotations"][ROTATE] = json!("argocd-4712");
    assert_eq!(after[1], annotated, "what else stands there is kept");
}
