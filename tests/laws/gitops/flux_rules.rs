//! The rules by which Flux checks the status that its own controllers leave (`runtime/conditions/check` of `fluxcd/pkg`), over
//! whatever ours can leave. Those that Flux warns of hold as well.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::{GENERATION, object};
use crate::{
    arbitrary::{clock, observation},
    life::{new_credential, with_token},
    status_table::NOW,
};

/// Conditions that are True while something is wrong.
const NEGATIVE: [&str; 2] = ["Stalled", "Reconciling"];

fn condition<'a>(object: &'a Value, of: &str) -> Option<&'a Value> {
    let conditions = object["status"]["conditions"].as_array()?;
    conditions.iter().find(|condition| condition["type"] == of)
}

/// The rules that an object breaks, by Flux's numbers.
fn broken(object: &Value) -> Vec<&'static str> {
    let is = |of: &str, truth: &str| condition(object, of).is_some_and(|condition| condition["status"] == truth);
    let says = |of: &str| condition(object, of).map(|condition| (&condition["reason"], &condition["message"]));
    let root = object["status"]["observedGeneration"].as_i64().unwrap_or_default();
    let generation = object["metadata"]["generation"].as_i64().unwrap_or_default();
    let conditions = object["status"]["conditions"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default();
    let of_generation = |condition: &Value| condition["observedGeneration"].as_i64();
    let older = conditions
        .iter()
        .any(|condition| of_generation(condition).is_some_and(|of| of < generation));
    let worst = NEGATIVE.into_iter().find(|of| is(of, "True"));
    let rules = [
        (
            "FAIL0001: negative beside Ready=True",
            worst.is_some() && is("Ready", "True"),
        ),
        ("FAIL0002: no Ready", condition(object, "Ready").is_none()),
        (
            "FAIL0003: Reconciling, and Ready not False",
            is("Reconciling", "True") && !is("Ready", "False"),
        ),
        (
            "FAIL0004: Stalled, and Ready not False",
            is("Stalled", "True") && !is("Ready", "False"),
        ),
        (
            "FAIL0005: Reconciling and Stalled",
            NEGATIVE.iter().all(|of| condition(object, of).is_some()),
        ),
        ("FAIL0006: observed before it was", root > generation),
        (
            "FAIL0007: of an older generation, and Ready not False",
            root < generation && !is("Ready", "False"),
        ),
        (
            "FAIL0008: a condition of an older generation, and Ready not False",
            older && !is("Ready", "False"),
        ),
        (
            "FAIL0009: conditions of another generation than the root's",
            conditions
                .iter()
                .any(|condition| of_generation(condition) != Some(root)),
        ),
        (
            "FAIL0011: Unknown, and not Reconciling",
            is("Ready", "Unknown") && !is("Reconciling", "True"),
        ),
        (
            "WARN0001: Ready does not say the worst",
            worst.is_some_and(|worst| says(worst) != says("Ready")),
        ),
        ("WARN0003: Reconciling=False", is("Reconciling", "False")),
        ("WARN0004: Stalled=False", is("Stalled", "False")),
    ];
    rules
        .into_iter()
        .filter(|(_, broken)| *broken)
        .map(|(rule, _)| rule)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_status_breaks_a_rule_of_fluxs_checker(seen in observation(), now in clock()) {
        let object = object(&seen, now);
        prop_assert!(broken(&object).is_empty(), "{:?} in {}", broken(&object), object);
    }
}

/// So that a rule which nothing could break does not pass for one that is kept.
#[test]
fn each_rule_is_seen_to_be_broken() {
    let (live, new) = (object(&with_token(), NOW), object(&new_credential(), NOW));
    let with = |object: &Value, pointer: &str, value: Value| {
        let mut object = object.clone();
        *object.pointer_mut(pointer).unwrap() = value;
        object
    };
    let another = |object: &Value, of: &str, truth: &str| {
        let mut object = object.clone();
        let mut condition = object["status"]["conditions"][0].clone();
        (condition["type"], condition["status"]) = (json!(of), json!(truth));
        object["status"]["conditions"].as_array_mut().unwrap().push(condition);
        object
    };
    for (object, rules) in [
        (another(&live, "Reconciling", "True"), &["FAIL0001", "FAIL0003"][..]),
        (another(&live, "Stalled", "True"), &["FAIL0001", "FAIL0004"]),
        (another(&live, "Reconciling", "False"), &["WARN0003"]),
        (another(&live, "Stalled", "False"), &["WARN0004"]),
        (another(&new, "Stalled", "True"), &["FAIL0005"]),
        (with(&new, "/status/conditions", json!([])), &["FAIL0002"]),
        (
            with(&live, "/status/observedGeneration", json!(GENERATION + 1)),
            &["FAIL0006", "FAIL0009"],
        ),
        (
            with(&live, "/metadata/generation", json!(GENERATION + 1)),
            &["FAIL0007", "FAIL0008"],
        ),
        (
            with(&live, "/status/conditions/0/status", json!("Unknown")),
            &["FAIL0011"],
        ),
        (
            with(&new, "/status/conditions/0/reason", json!("Waiting")),
            &["WARN0001"],
        ),
    ] {
        let found: Vec<&str> = broken(&object).into_iter().map(|rule| &rule[..8]).collect();
        assert_eq!(found, rules, "{object}");
    }
}
