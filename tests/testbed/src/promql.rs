//! As much of `PromQL` as it takes to tell which metrics an expression asks for, and what a Grafana dashboard asks.

use std::collections::BTreeSet;

use serde_json::Value;

/// Words that stand where a metric could, and are none.
const WORDS: [&str; 8] = ["and", "or", "unless", "bool", "offset", "inf", "nan", "atan2"];

/// Words before a list of labels in round brackets.
const BEFORE_LABELS: [&str; 6] = ["by", "without", "on", "ignoring", "group_left", "group_right"];

/// The names of the metrics that this expression asks for.
#[must_use]
pub fn metrics_in(expression: &str) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut rest = expression;
    while let Some(first) = rest.chars().next() {
        let word = rest
            .split(|c: char| !(c.is_alphanumeric() || c == '_' || c == ':'))
            .next();
        match (first, word) {
            ('{', _) => rest = after(rest, '}'),
            ('[', _) => rest = after(rest, ']'),
            ('"' | '\'', _) => rest = after(&rest[1..], first),
            (_, Some(word)) if first.is_alphabetic() || first == '_' => {
                rest = &rest[word.len()..];
                let next = rest.trim_start();
                if BEFORE_LABELS.contains(&word) {
                    rest = if next.starts_with('(') { after(next, ')') } else { rest };
                } else if !is_called(next) && !WORDS.contains(&word.to_lowercase().as_str()) {
                    names.insert(word.to_owned());
                }
            }
            // A number, with whatever belongs to it.
            (_, Some(word)) if !word.is_empty() => rest = &rest[word.len()..],
            _ => rest = &rest[first.len_utf8()..],
        }
    }
    names
}

/// Whether the word before this is a function: its arguments follow, or by which labels it is aggregated.
fn is_called(next: &str) -> bool {
    next.starts_with('(')
        || ["by", "without"]
            .iter()
            .any(|word| next.split([' ', '(']).next() == Some(word))
}

fn after(text: &str, end: char) -> &str {
    text.find(end).map_or("", |at| &text[at + end.len_utf8()..])
}

/// All expressions of a Grafana dashboard: those of its panels, those in rows included, and those of its variables.
#[must_use]
pub fn asked_by(dashboard: &Value) -> Vec<String> {
    let mut found = Vec::new();
    match dashboard {
        Value::Object(fields) => {
            for (name, value) in fields {
                match value.as_str() {
                    Some(expression) if name == "expr" => found.push(expression.to_owned()),
                    Some(query) if name == "query" || name == "definition" => found.extend(of_variable(query)),
                    _ => found.extend(asked_by(value)),
                }
            }
        }
        Value::Array(values) => found.extend(values.iter().flat_map(asked_by)),
        _ => {}
    }
    found
}

/// `label_values(metric, label)`.
fn of_variable(query: &str) -> Option<String> {
    let inside = query.strip_prefix("label_values(")?.strip_suffix(')')?;
    Some(inside.rsplit_once(',')?.0.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_names_of_metrics_are_told_from_everything_else() {
        for (expression, expected) in [
            ("up", vec!["up"]),
            (
                "sum by (a, b) (rate(x_total{code=~\"y|<error>\"}[5m])) / 2e3 > 0.5",
                vec!["x_total"],
            ),
            (
                "absent(a:b:c == 1) or on (job) group_left (v) d offset 5m",
                vec!["a:b:c", "d"],
            ),
            ("max(a) by (b) - time() > 0 < 600 unless c", vec!["a", "c"]),
            (
                "histogram_quantile(0.99, sum by (le) (rate(h_bucket{n=~\"$n\"}[$__rate_interval])))",
                vec!["h_bucket"],
            ),
            ("label_replace(a, \"x\", '$1 b', \"y\", \"(.*)\") + 1h", vec!["a"]),
        ] {
            let found: Vec<String> = metrics_in(expression).into_iter().collect();
            assert_eq!(found, expected, "{expression}");
        }
    }

    #[test]
    fn a_dashboard_asks_in_panels_in_rows_and_in_variables() {
        let dashboard = json!({
            "panels": [{ "targets": [{ "expr": "a" }] }, { "panels": [{ "targets": [{ "expr": "b" }] }] }],
            "templating": { "list": [{ "query": "prometheus" }, { "query": { "query": "label_values(c, namespace)" } }] },
        });
        assert_eq!(asked_by(&dashboard), ["a", "b", "c"]);
    }
}
