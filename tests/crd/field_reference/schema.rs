//! A schema of the definition in Markdown.

use std::fmt::Write as _;

use serde_json::Value;

pub fn text<'v>(schema: &'v Value, key: &str) -> &'v str {
    schema[key].as_str().unwrap_or_default()
}

/// The type, in words.
fn kind(schema: &Value) -> String {
    match text(schema, "type") {
        "array" => format!("list of {}", kind(&schema["items"])),
        "object" if schema.get("additionalProperties").is_some() => {
            format!("map of {}", kind(&schema["additionalProperties"]))
        }
        kind => match text(schema, "format") {
            "" => kind.to_owned(),
            format => format!("{kind} ({format})"),
        },
    }
}

/// Bounds and permitted values, each a line of a list.
fn bounds(schema: &Value, of: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let words = [
        ("minLength", "at least", "characters"),
        ("maxLength", "at most", "characters"),
        ("minItems", "at least", "entries"),
        ("maxItems", "at most", "entries"),
        ("minProperties", "at least", "entries"),
        ("maxProperties", "at most", "entries"),
        ("minimum", "at least", ""),
        ("maximum", "at most", ""),
    ];
    for (key, how, what) in words {
        if let Some(bound) = schema[key].as_f64() {
            lines.push(format!("{of}{how} {bound} {what}").trim_end().to_owned());
        }
    }
    if let Some(values) = schema["enum"].as_array() {
        let values: Vec<String> = values
            .iter()
            .map(|value| format!("`{}`", value.as_str().unwrap()))
            .collect();
        lines.push(format!("{of}one of {}", values.join(", ")));
    }
    if let Some(pattern) = schema["pattern"].as_str() {
        lines.push(format!("{of}matches `{pattern}`"));
    }
    for (key, of) in [("additionalProperties", "each value: "), ("items", "each entry: ")] {
        if let Some(inner) = schema.get(key)
            && inner.get("properties").is_none()
        {
            lines.extend(bounds(inner, of));
        }
    }
    lines
}

/// Each rule with the message that a user sees.
pub fn rules(schema: &Value) -> String {
    let mut page = String::new();
    for rule in schema["x-kubernetes-validations"].as_array().into_iter().flatten() {
        let at = match text(rule, "fieldPath") {
            "" => String::new(),
            path => format!(" (said of `{path}`)"),
        };
        write!(
            page,
            "Refused: *{}*{at}, unless\n\n```cel\n{}\n```\n\n",
            text(rule, "message"),
            text(rule, "rule")
        )
        .unwrap();
    }
    page
}

/// A field and all below it.
fn field(page: &mut String, path: &str, schema: &Value, required: bool) {
    writeln!(page, "### `{path}`\n").unwrap();
    let default = schema.get("default").map(|value| format!(", default `{value}`"));
    let presence = match (required, &default) {
        (true, _) => ", required",
        (false, Some(_)) => "",
        (false, None) => ", optional",
    };
    writeln!(page, "{}{presence}{}\n", kind(schema), default.unwrap_or_default()).unwrap();
    let description = text(schema, "description");
    assert!(!description.is_empty(), "{path} has no description");
    writeln!(page, "{description}\n").unwrap();
    let bounds = bounds(schema, "");
    for bound in &bounds {
        writeln!(page, "- {bound}").unwrap();
    }
    if !bounds.is_empty() {
        page.push('\n');
    }
    page.push_str(&rules(schema));
    below(page, path, schema);
}

/// The fields below one.
pub fn below(page: &mut String, path: &str, schema: &Value) {
    let (schema, path) = match schema.get("items") {
        Some(items) => (items, format!("{path}[]")),
        None => (schema, path.to_owned()),
    };
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        field(page, &format!("{path}.{name}"), inner, is_required(schema, name));
    }
}

/// Each field below one, with a link to its part of the page.
pub fn overview(table: &mut String, path: &str, schema: &Value) {
    let (schema, path) = match schema.get("items") {
        Some(items) => (items, format!("{path}[]")),
        None => (schema, path.to_owned()),
    };
    for (name, inner) in schema["properties"].as_object().into_iter().flatten() {
        let path = format!("{path}.{name}");
        let anchor: String = path.chars().filter(char::is_ascii_alphanumeric).collect();
        let default = inner.get("default").filter(|value| !value.is_object());
        let default = match default {
            Some(value) => format!("`{value}`"),
            // Of status, nobody has to set anything.
            None if path.starts_with("spec.") && is_required(schema, name) => "required".to_owned(),
            None => String::new(),
        };
        let kind = kind(inner);
        writeln!(table, "| [`{path}`](#{}) | {kind} | {default} |", anchor.to_lowercase()).unwrap();
        overview(table, &path, inner);
    }
}

fn is_required(schema: &Value, name: &str) -> bool {
    let names = schema["required"].as_array().into_iter().flatten();
    names.filter_map(Value::as_str).any(|required| required == name)
}

/// What `kubectl get` shows.
pub fn columns(version: &Value) -> String {
    let mut table = String::from("## Columns of `kubectl get ttc`\n\n| column | what |\n|---|---|\n");
    for column in version["additionalPrinterColumns"].as_array().unwrap() {
        let wide = if column["priority"] == 1 {
            ", with `-o wide`"
        } else {
            ""
        };
        writeln!(
            table,
            "| {} | `{}`{wide} |",
            text(column, "name"),
            text(column, "jsonPath")
        )
        .unwrap();
    }
    table.push('\n');
    table
}
