//! The schema of the values is strict, and the values, their descriptions and the README are of one mind.

use std::{collections::BTreeSet, fs};

use serde_json::Value;

use crate::chart::{CHART, parse, path, read, value_sets};

fn schema() -> Value {
    serde_json::from_str(&read(&format!("{CHART}/values.schema.json"))).unwrap()
}

fn values() -> Value {
    parse(&read(&format!("{CHART}/values.yaml"))).remove(0)
}

/// Whatever is passed on to Kubernetes as it is: only the API server knows its fields.
const PASSED_ON: [&str; 17] = [
    "affinity",
    "extraEnv[]",
    "extraObjects[]",
    "extraVolumeMounts[]",
    "extraVolumes[]",
    "global",
    "networkPolicy.egress.extra[]",
    "networkPolicy.ingress.from[]",
    "podMonitor.metricRelabelings[]",
    "podMonitor.relabelings[]",
    "podSecurityContext",
    "securityContext",
    "serviceMonitor.metricRelabelings[]",
    "serviceMonitor.relabelings[]",
    "tolerations[]",
    "topologySpreadConstraints[]",
    "",
];

/// Each object of the schema that lets anything through, by its path.
fn open(schema: &Value, path: &str, found: &mut BTreeSet<String>) {
    let is_object = schema["type"] == "object"
        || schema["type"]
            .as_array()
            .is_some_and(|types| types.contains(&"object".into()));
    // A map has no names to close over, but its values have a type.
    let is_map = schema["additionalProperties"].is_object();
    if is_object && schema["additionalProperties"] != Value::Bool(false) && !is_map {
        found.insert(path.to_owned());
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        assert!(property["description"].is_string(), "{path} has no description");
        open(property, &path, found);
    }
    if schema["items"].is_object() {
        open(&schema["items"], &format!("{path}[]"), found);
    }
}

#[test]
fn nothing_unknown_is_let_through_and_everything_is_described() {
    let mut found = BTreeSet::new();
    open(&schema(), "", &mut found);
    let expected = PASSED_ON.into_iter().filter(|path| !path.is_empty()).map(str::to_owned);
    assert_eq!(found, expected.collect());
}

/// The names in the schema are those in the values, and each leaf has its comment in all three places.
fn same_names(schema: &Value, values: &Value, path: &str, readme: &str) {
    let Some(properties) = schema["properties"].as_object().filter(|_| values.is_object()) else {
        return;
    };
    let row = format!("| {path} |");
    if readme.contains(&row) {
        // A value whose fields are told as one.
        return;
    }
    let values = values.as_object().unwrap();
    let names = |of: &serde_json::Map<String, Value>| of.keys().cloned().collect::<BTreeSet<_>>();
    assert_eq!(names(properties), names(values), "{path}");
    for (name, property) in properties {
        let path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}.{name}")
        };
        same_names(property, &values[name], &path, readme);
        let row = format!("| {path} |");
        if let Some(row) = readme.lines().find(|line| line.starts_with(&row)) {
            let description = property["description"].as_str().unwrap();
            assert!(
                row.ends_with(&format!("| {description} |")),
                "{path}: {row}\n{description}"
            );
        } else {
            assert!(property["properties"].is_object(), "{path} has no row");
        }
    }
}

#[test]
fn values_schema_and_readme_tell_the_same() {
    let readme = read(&format!("{CHART}/README.md"));
    same_names(&schema(), &values(), "", &readme);
}

/// The paths of the values that have a row of their own.
fn rows() -> Vec<String> {
    let readme = read(&format!("{CHART}/README.md"));
    let table = readme.split_once("## Values").unwrap().1;
    let rows = table
        .lines()
        .filter_map(|line| line.strip_prefix("| ")?.split(" | ").next());
    let rows = rows.filter(|cell| cell.starts_with(|c: char| c.is_ascii_lowercase()) && !cell.contains(' '));
    rows.map(str::to_owned).collect()
}

/// What Helm itself looks at, in a chart that has this one as a part.
const HELMS_OWN: [&str; 2] = ["enabled", "global"];

#[test]
fn each_value_is_used_by_a_template_and_set_by_a_set_of_values() {
    let templates = fs::read_dir(path(CHART).join("templates")).unwrap();
    let templates = templates.chain(fs::read_dir(path(CHART).join("templates/tests")).unwrap());
    let files = templates.map(|file| file.unwrap().path()).filter(|path| path.is_file());
    let templates: String = files.map(|file| fs::read_to_string(file).unwrap()).collect();
    let sets: Vec<Value> = value_sets()
        .into_values()
        .map(|file| parse(&fs::read_to_string(file).unwrap()).remove(0))
        .collect();

    let rows: Vec<String> = rows()
        .into_iter()
        .filter(|row| !HELMS_OWN.contains(&row.as_str()))
        .collect();
    assert!(rows.len() > 80, "{}", rows.len());
    for value in rows {
        let whole = format!(".Values.{value}");
        // Handed on as one to what renders it.
        let parent = value
            .rsplit_once('.')
            .map(|(parent, name)| (format!(".Values.{parent}"), format!(".{name}")));
        let handed_on = parent.is_some_and(|(parent, name)| {
            (templates.contains(&format!("{parent})")) || templates.contains(&format!("{parent} |")))
                && templates.contains(&name)
        });
        assert!(
            templates.contains(&whole) || handed_on,
            "{value} is used by no template"
        );
        let pointer = format!("/{}", value.replace('.', "/"));
        assert!(
            sets.iter().any(|set| set.pointer(&pointer).is_some()),
            "{value} is set in no file of ci/"
        );
    }
}
