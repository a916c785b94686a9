//! The YAML on all pages of the book: each object of a kind that the API server knows is one that it takes, without a field that it
//! does not know.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use kube::{
    Api,
    api::{DynamicObject, GroupVersionKind, Patch, PatchParams, ValidationDirective},
    discovery,
};
use serde_json::{Value, json};
use testbed::manifests;

use crate::{
    cluster::client_and,
    gitops_guide::{blocks, text},
};

/// Kinds of these are the API server's own, or ours.
const SERVED: [&str; 3] = ["v1", "apps/v1", "tracktik-operator.io/v1alpha1"];

/// Where YAML is no object, and what it is instead.
const NO_OBJECTS: [(&str, &str); 3] = [
    (
        "docs/installation.md",
        "values of the chart, which tests/chart has Helm take",
    ),
    (
        "docs/security.md",
        "values of the chart, which tests/chart has Helm take",
    ),
    ("docs/runbooks/README.md", "a part of Alertmanager's configuration"),
];

fn pages(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(pages(&path));
        } else if path.extension().is_some_and(|end| end == "md") {
            found.push(path);
        }
    }
    found
}

/// Each document in YAML, with its page.
fn documents() -> Vec<(String, Value)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut documents = Vec::new();
    for path in pages(&root.join("docs")) {
        let page = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
        let blocks = blocks(&fs::read_to_string(&path).unwrap(), "yaml").into_iter();
        // Files of examples/, which tests/deploy applies.
        for block in blocks.filter(|block| !block.starts_with("{{#include ../examples/")) {
            let parsed: Vec<Value> =
                serde_saphyr::from_multiple(&block).unwrap_or_else(|error| panic!("{page}: {error}: {block}"));
            documents.extend(parsed.into_iter().map(|document| (page.clone(), document)));
        }
    }
    documents
}

#[test]
fn what_is_no_object_is_known() {
    let without: BTreeSet<String> = documents()
        .into_iter()
        .filter(|(_, document)| text(document, "/apiVersion").is_empty())
        .map(|(page, _)| page)
        .collect();
    let known: BTreeSet<String> = NO_OBJECTS.iter().map(|(page, _)| (*page).to_owned()).collect();
    assert_eq!(without, known);
}

#[tokio::test]
async fn the_api_server_takes_each_object_without_an_unknown_field() {
    let client = client_and("integrations").await;
    // Of a namespace that is new, a pod would be refused until a controller has made it.
    let account = json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "integrations"}});
    manifests::apply(&client, &account).await.unwrap();
    let mut apply = PatchParams::apply("documents").dry_run().force();
    apply.field_validation = Some(ValidationDirective::Strict);
    let mut taken = BTreeSet::new();
    for (page, object) in documents() {
        let (version, kind) = (text(&object, "/apiVersion"), text(&object, "/kind"));
        if !SERVED.contains(&version) {
            continue;
        }
        let (group, version) = version.split_once('/').unwrap_or(("", version));
        let known = discovery::pinned_kind(&client, &GroupVersionKind::gvk(group, version, kind)).await;
        let (resource, _) = known.unwrap_or_else(|error| panic!("{page}: {error}"));
        let namespace = text(&object, "/metadata/namespace");
        assert_eq!(namespace, "integrations", "{page}: {object}");
        let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), namespace, &resource);
        let applied = api
            .patch(text(&object, "/metadata/name"), &apply, &Patch::Apply(&object))
            .await;
        applied.unwrap_or_else(|error| panic!("{page}: {error}: {object}"));
        taken.insert((page, kind.to_owned()));
    }
    for (page, kind) in [
        ("docs/consuming-tokens.md", "Pod"),
        ("docs/consuming-tokens.md", "Deployment"),
        ("docs/service-binding.md", "TrackTikCredential"),
        ("docs/gitops.md", "Deployment"),
    ] {
        assert!(
            taken.contains(&(page.to_owned(), kind.to_owned())),
            "{page} {kind}: {taken:?}"
        );
    }
}
