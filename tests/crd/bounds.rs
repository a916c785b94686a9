//! What holds for the whole schema.

use serde_json::Value;
use tracktik_operator::api::definition;

/// Calls `check` with the path and the schema of everything below the root.
fn each_schema(path: &str, schema: &Value, check: &mut impl FnMut(&str, &Value)) {
    check(path, schema);
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        // The API server's own.
        if !["apiVersion", "kind", "metadata"].contains(&name.as_str()) || !path.is_empty() {
            each_schema(&format!("{path}.{name}"), property, check);
        }
    }
    if schema["items"].is_object() {
        each_schema(&format!("{path}[]"), &schema["items"], check);
    }
    if schema["additionalProperties"].is_object() {
        each_schema(&format!("{path}{{}}"), &schema["additionalProperties"], check);
    }
}

fn schema() -> Value {
    let yaml = definition::as_yaml().unwrap();
    let crd: Value = serde_saphyr::from_str(&yaml).unwrap();
    crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"].clone()
}

#[test]
fn everything_has_a_bound() {
    each_schema("", &schema(), &mut |path, schema| {
        let has = |bound: &str| !schema[bound].is_null();
        match schema["type"].as_str().unwrap() {
            "string" => assert!(
                has("maxLength") || has("enum") || schema["format"] == "date-time",
                "{path}"
            ),
            "integer" => {
                // A generation has no other bound than its type.
                assert!(
                    has("minimum") && (has("maximum") || path.ends_with("observedGeneration")),
                    "{path}"
                );
                assert!(
                    ["int32", "int64"].contains(&schema["format"].as_str().unwrap()),
                    "{path}"
                );
            }
            "array" => assert!(has("maxItems") && has("items"), "{path}"),
            "object" => assert!(
                has("properties") != (has("additionalProperties") && has("maxProperties")),
                "{path}"
            ),
            "boolean" => {}
            other => panic!("{path} is {other}"),
        }
    });
}

#[test]
fn everything_is_described_in_sentences() {
    each_schema("", &schema(), &mut |path, schema| {
        if path.ends_with(['}', ']']) && schema["type"] == "string" {
            return;
        }
        let description = schema["description"].as_str().unwrap_or_default();
        assert!(
            description.ends_with('.') && !description.contains('\n'),
            "{path}: {description:?}"
        );
        assert!(
            !description.contains("::") && !description.contains("[`"),
            "{path}: {description:?}"
        );
    });
}

#[test]
fn what_may_be_left_out_may_be_null_and_what_has_a_default_is_never_null() {
    let schema = schema();
    each_schema("", &schema["properties"]["spec"], &mut |path, schema| {
        let required: Vec<_> = schema["required"].as_array().into_iter().flatten().collect();
        for (name, property) in schema["properties"].as_object().into_iter().flatten() {
            let needed = required.iter().any(|required| *required == name) || !property["default"].is_null();
            assert_eq!(property["nullable"] == true, !needed, "spec{path}.{name}");
        }
    });
    each_schema("", &schema["properties"]["status"], &mut |path, schema| {
        assert!(schema["nullable"].is_null(), "status{path}");
    });
}

#[test]
fn the_yaml_says_what_the_type_says() {
    let yaml: Value = serde_saphyr::from_str(&definition::as_yaml().unwrap()).unwrap();
    let rules = |value: &Value| {
        let mut rules = Vec::new();
        each_schema("", value, &mut |path, schema| {
            rules.push(format!("{path} {}", schema["x-kubernetes-validations"]));
        });
        rules
    };
    let typed = serde_json::to_value(definition::custom_resource_definition()).unwrap();
    let of = |crd: &Value| rules(&crd["spec"]["versions"][0]["schema"]["openAPIV3Schema"]);
    assert_eq!(of(&yaml), of(&typed));
    assert_eq!(yaml["metadata"], typed["metadata"]);
}
