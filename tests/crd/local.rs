//! The rules alone, evaluated without an API server.

use kube::core::cel::{Validator, compile_schema};
use serde_json::{Value, json};
use tracktik_operator::api::definition::custom_resource_definition;

use crate::table;

/// The schema. This evaluation has no types, and so no `dyn()` to hide them.
fn schema() -> Value {
    let crd = custom_resource_definition();
    let schema = serde_json::to_string(&crd.spec.versions[0].schema).unwrap();
    serde_json::from_str::<Value>(&schema.replace("dyn(", "(")).unwrap()["openAPIV3Schema"].take()
}

#[test]
fn every_rule_compiles() {
    let compiled = compile_schema(&schema());
    assert!(!compiled.has_errors(), "{:?}", compiled.compilation_errors());
}

#[test]
fn the_rules_refuse_what_the_table_says() {
    let compiled = compile_schema(&schema());
    let validator = Validator::new();
    let mut wrong = Vec::new();
    for case in table::cases() {
        if case.not_locally.is_some() {
            continue;
        }
        let object = json!({ "metadata": { "name": case.name }, "spec": case.spec });
        let errors = match validator.validate_compiled(&compiled, &object, None) {
            Ok(()) => Vec::new(),
            Err(errors) => errors.into_vec(),
        };
        let right = errors.len() == case.refusals.len()
            && case.refusals.iter().all(|refusal| {
                errors.iter().any(|error| {
                    error.field_path.trim_start_matches('.') == refusal.field && refusal.text.ends_with(&error.message)
                })
            });
        if !right {
            let found: Vec<_> = errors.iter().map(ToString::to_string).collect();
            wrong.push(format!("{}: {found:?}", case.about));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}
