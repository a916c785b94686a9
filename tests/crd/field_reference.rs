//! `docs/reference/fields.md`, made from the definition: no field, bound or rule of it is missing, and none is described otherwise.

mod schema;

use std::{fmt::Write as _, fs, path::Path};

use serde_json::Value;
use tracktik_operator::api::{annotations, definition};

use schema::{below, columns, overview, rules, text};

const PAGE: &str = "docs/reference/fields.md";

const BEGINNING: &str = "\
# Fields

Every field of a `TrackTikCredential`, made from the definition that the API server holds them to;
`UPDATE_GOLDEN=1 cargo test --test crd field_reference` writes it anew. `kubectl explain ttc.spec --recursive` tells the same in a terminal,
and [`examples/every-field.yaml`](../../examples/every-field.yaml) has all that may be set, with their meaning.

A field of `spec` that is null counts as left out. What is refused, is refused by the API server at once, with the message that stands with
the rule here.

";

/// What a reader who opened the page for `spec` alone does not look for in the definition.
fn annotation_table() -> String {
    let rows = [
        (
            annotations::ROTATE,
            "credential",
            "you",
            "any new value asks for one new token now; echoed in `status.lastHandledRotate`",
        ),
        (
            annotations::REQUESTED_AT,
            "credential",
            "you, Flux",
            "any new value asks for a fresh look now, which ends no wait after a failure; echoed in `status.lastHandledReconcileAt`",
        ),
        (
            annotations::CREDENTIAL,
            "token Secret",
            "the operator",
            "the mark, `namespace/name@uid` of its credential: a Secret without it is not the operator's, and is left alone",
        ),
        (
            annotations::ISSUE,
            "token Secret",
            "the operator",
            "the facts of the tokens in it, as JSON: when they were requested, from which versions of the sources, and a hash of the data",
        ),
        (
            annotations::TRIED,
            "token Secret",
            "the operator",
            "with `renewal.grant: Refresh`: whose refresh token was sent, or may have been",
        ),
    ];
    let mut table = String::from(
        "## Annotations and labels\n\n| annotation | on the | set by | what it does |\n|---|---|---|---|\n",
    );
    for (name, on, by, what) in rows {
        writeln!(table, "| `{name}` | {on} | {by} | {what} |").unwrap();
    }
    writeln!(
        table,
        "\nValues of up to {} bytes are echoed as they are, longer ones by their digest. Leave those of the token Secret alone: what \
         becomes of a Secret without them, the [runbooks](../runbooks/README.md) and [troubleshooting](../troubleshooting.md#targetconflict) tell.\n\n\
         The token Secret has the label `{}: {}`, what `spec.tokenSecret.metadata` asks for, and none of the credential's own. The definition \
         has the label `servicebinding.io/provisioned-service: \"true\"`, by which [Service Binding](../service-binding.md) finds it.",
        annotations::LONGEST_ECHO,
        annotations::MANAGED_BY,
        annotations::OPERATOR_NAME
    )
    .unwrap();
    table
}

fn made() -> String {
    let definition = serde_json::to_value(definition::custom_resource_definition()).unwrap();
    let version = &definition["spec"]["versions"][0];
    let root = &version["schema"]["openAPIV3Schema"];
    let selectable: Vec<&str> = version["selectableFields"]
        .as_array()
        .unwrap()
        .iter()
        .map(|field| text(field, "jsonPath"))
        .collect();
    let mut page = BEGINNING.to_owned();
    writeln!(
        page,
        "`apiVersion: {}/{}`, `kind: {}`, in a namespace; short `ttc`, and in `kubectl get tracktik`. {}\n\nField selectors: `metadata.name`, `metadata.namespace`, `{}`.\n",
        text(&definition["spec"], "group"),
        text(version, "name"),
        text(&definition["spec"]["names"], "kind"),
        text(root, "description"),
        selectable.join("`, `").replace("`.", "`").trim_start_matches('.'),
    )
    .unwrap();
    page.push_str("| field | type | default |\n|---|---|---|\n");
    for part in ["spec", "status"] {
        overview(&mut page, part, &root["properties"][part]);
    }
    page.push_str("\n## The object as a whole\n\n");
    page.push_str(&rules(root));
    for (part, title) in [("spec", "Spec"), ("status", "Status")] {
        let schema = &root["properties"][part];
        write!(page, "## {title}\n\n{}\n\n", text(schema, "description")).unwrap();
        if let Some(default) = schema.get("default") {
            write!(
                page,
                "Until the operator has looked at the object, it is `{default}`.\n\n"
            )
            .unwrap();
        }
        page.push_str(&rules(schema));
        below(&mut page, part, schema);
    }
    page.push_str(&columns(version));
    page.push_str(&annotation_table());
    page
}

#[test]
fn each_field_is_in_the_reference() {
    let made = made();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(PAGE);
    #[expect(
        clippy::disallowed_methods,
        reason = "the switch with which golden files are rewritten"
    )]
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&path, &made).unwrap();
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == made,
        "{PAGE} is not what the definition says: UPDATE_GOLDEN=1 cargo test --test crd field_reference writes it anew"
    );
}

/// Whatever the definition says under one of these is on the page; a keyword that the page would leave out is named here first.
#[test]
fn no_keyword_of_the_definition_is_left_out() {
    const TOLD: &[&str] = &[
        "type",
        "format",
        "description",
        "default",
        "required",
        "enum",
        "pattern",
        "properties",
        "items",
        "additionalProperties",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
        "minimum",
        "maximum",
        // Rules; and, told once for all: null counts as left out.
        "x-kubernetes-validations",
        "nullable",
        // How applies of several are merged: a list by its keys. No concern of who writes a credential.
        "x-kubernetes-list-type",
    ];
    fn look(schema: &Value, unknown: &mut Vec<String>) {
        for (key, value) in schema.as_object().into_iter().flatten() {
            match key.as_str() {
                "properties" => value
                    .as_object()
                    .unwrap()
                    .values()
                    .for_each(|inner| look(inner, unknown)),
                "items" | "additionalProperties" => look(value, unknown),
                "x-kubernetes-list-map-keys" => {}
                key if TOLD.contains(&key) => {}
                key => unknown.push(key.to_owned()),
            }
        }
    }
    let definition = serde_json::to_value(definition::custom_resource_definition()).unwrap();
    let mut unknown = Vec::new();
    look(
        &definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"],
        &mut unknown,
    );
    assert!(unknown.is_empty(), "{unknown:?}");
}

/// Each annotation that the code knows by name has a row.
#[test]
fn each_annotation_is_in_the_reference() {
    let source = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src/api/annotations.rs")).unwrap();
    let table = annotation_table();
    let names = source
        .lines()
        .filter_map(|line| line.strip_prefix("pub const ")?.split('"').nth(1));
    let names: Vec<&str> = names.filter(|name| name.contains(".io/")).collect();
    assert!(names.len() >= 6, "{names:?}");
    for name in names {
        assert!(table.contains(name), "{name}");
    }
}
