//! The fields of a spec, held against this version's own definition where no API server can be asked: what is misspelt,
//! missing or of another type. Fields are named, values never.

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::{JSONSchemaProps, JSONSchemaPropsOrBool};
use serde_json::{Map, Value};
use tracktik_operator::api::definition::custom_resource_definition;

/// What is wrong with the fields, in the order in which the definition has them.
pub fn mistakes(spec: &Value) -> Vec<String> {
    let mut found = Vec::new();
    for version in custom_resource_definition().spec.versions {
        let root = version.schema.and_then(|schema| schema.open_api_v3_schema);
        let schema = root.and_then(|mut root| root.properties.as_mut()?.remove("spec"));
        match schema {
            Some(_) if spec.is_null() => found.push("spec is missing".to_owned()),
            Some(schema) => look(&schema, spec, "spec", &mut found),
            None => {}
        }
    }
    found
}

fn look(schema: &JSONSchemaProps, value: &Value, path: &str, found: &mut Vec<String>) {
    if value.is_null() && (schema.nullable == Some(true) || schema.default.is_some()) {
        return;
    }
    let (fits, kind) = match schema.type_.as_deref() {
        Some("object") => (value.is_object(), "an object"),
        Some("string") => (value.is_string(), "a string"),
        Some("boolean") => (value.is_boolean(), "true or false"),
        Some("integer") => (value.is_i64(), "a whole number"),
        _ => (true, ""),
    };
    if !fits {
        found.push(format!("{path} must be {kind}"));
        return;
    }
    if let Some(allowed) = schema.enum_.as_ref().filter(|allowed| !allowed.is_empty()) {
        let words: Vec<&str> = allowed.iter().filter_map(|word| word.0.as_str()).collect();
        if value.as_str().is_some_and(|word| !words.contains(&word)) {
            found.push(format!("{path} must be one of {}", words.join(", ")));
        }
    }
    if let Value::Object(fields) = value {
        look_into(schema, fields, path, found);
    }
}

fn look_into(schema: &JSONSchemaProps, fields: &Map<String, Value>, path: &str, found: &mut Vec<String>) {
    // A map, whose keys are anybody's.
    if let Some(JSONSchemaPropsOrBool::Schema(of_each)) = &schema.additional_properties {
        for value in fields.values() {
            look(of_each, value, &format!("each value of {path}"), found);
        }
        found.dedup();
        return;
    }
    let Some(properties) = &schema.properties else {
        return;
    };
    for name in schema.required.iter().flatten() {
        if !fields.contains_key(name) {
            found.push(format!("{path}.{name} is missing"));
        }
    }
    for (name, value) in fields {
        match properties.get(name) {
            Some(property) => look(property, value, &format!("{path}.{name}"), found),
            None if is_like_a_field(name) => {
                let known: Vec<&str> = properties.keys().map(String::as_str).collect();
                found.push(format!(
                    "{path}.{name} is no field of this version, which has {} there",
                    known.join(", ")
                ));
            }
            None => found.push(format!("{path} holds something that is no field")),
        }
    }
}

/// What is no word may be anything, a line of a password file included.
fn is_like_a_field(name: &str) -> bool {
    !name.is_empty() && name.len() <= 40 && name.bytes().all(|b| b.is_ascii_alphabetic() || b == b'_' || b == b'-')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_mistake_is_named_by_its_field_and_without_its_value() {
        let well = json!({
            "domain": "acme.staffr.net", "credentials": { "secretRef": { "name": "acme" }, "clientId": null },
            "tokenSecret": { "data": { "token": "$(accessToken)" }, "metadata": { "labels": { "a": "b" } } },
            "renewal": { "grant": "Refresh", "renewBeforeSeconds": 600 }, "suspend": true,
        });
        assert_eq!(mistakes(&well), Vec::<String>::new());
        for (pointer, value, told) in [
            ("", Value::Null, "spec is missing"),
            ("", json!("hunter2"), "spec must be an object"),
            ("/suspend", json!("hunter2"), "spec.suspend must be true or false"),
            (
                "/renewal/grant",
                json!("hunter2"),
                "spec.renewal.grant must be one of Password, Refresh",
            ),
            (
                "/renewal/renewBeforeSeconds",
                json!("600"),
                "spec.renewal.renewBeforeSeconds must be a whole number",
            ),
            (
                "/tokenSecret/data",
                json!({ "hunter2": 5 }),
                "each value of spec.tokenSecret.data must be a string",
            ),
            (
                "/credentials/secretRef",
                json!({}),
                "spec.credentials.secretRef.name is missing",
            ),
            (
                "/credentials/secretRef",
                json!({ "name": "a", "nmae": "hunter2" }),
                "spec.credentials.secretRef.nmae is no field of this version, which has name there",
            ),
            (
                "/credentials/secretRef",
                json!({ "name": "a", "hunter2: x": 1 }),
                "spec.credentials.secretRef holds something that is no field",
            ),
        ] {
            let mut wrong = well.clone();
            *wrong.pointer_mut(pointer).unwrap() = value;
            assert_eq!(mistakes(&wrong), [told], "{pointer}");
        }
    }

    /// What ships as an example is well.
    #[test]
    fn no_example_has_a_mistake() {
        let mut checked = 0;
        for file in std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/examples")).unwrap() {
            let path = file.unwrap().path();
            if path.extension().is_none_or(|ending| ending != "yaml") {
                continue;
            }
            let Ok((manifests, _)) = crate::plugin::manifest::read(&path) else {
                continue;
            };
            for manifest in manifests {
                assert_eq!(manifest.local_problems(), Vec::<String>::new(), "{}", path.display());
                checked += 1;
            }
        }
        assert!(checked > 3, "{checked}");
    }
}
