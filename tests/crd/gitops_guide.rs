//! The manifests in `docs/gitops.md`: YAML, whole objects, and those of ours as the API server takes them.

use std::{fs, path::Path};

use kube::api::{Patch, PatchParams, ValidationDirective};
use serde_json::Value;

use crate::cluster::{client_and, credentials};

/// The code blocks of this language.
pub fn blocks(document: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut block: Option<String> = None;
    for line in document.lines() {
        match &mut block {
            Some(text) if line.starts_with("```") => {
                blocks.push(std::mem::take(text));
                block = None;
            }
            Some(text) => {
                text.push_str(line);
                text.push('\n');
            }
            None if line.strip_prefix("```") == Some(language) => block = Some(String::new()),
            None => {}
        }
    }
    blocks
}

fn manifests() -> Vec<Value> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/gitops.md");
    let document = fs::read_to_string(path).unwrap();
    let fences = document.lines().filter(|line| line.starts_with("```")).count();
    let (yaml, shell) = (blocks(&document, "yaml"), blocks(&document, "sh"));
    assert_eq!(
        2 * (yaml.len() + shell.len()),
        fences,
        "a block in another language, or one that is not closed"
    );
    yaml.iter()
        .flat_map(|block| -> Vec<Value> {
            serde_saphyr::from_multiple(block).unwrap_or_else(|error| panic!("{error}: {block}"))
        })
        .collect()
}

pub fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

#[test]
fn each_manifest_is_a_whole_object_that_holds_no_secret() {
    let all = manifests();
    assert!(all.len() >= 10, "{}", all.len());
    for object in &all {
        for field in ["/apiVersion", "/kind"] {
            assert!(!text(object, field).is_empty(), "{field}: {object}");
        }
        // Kustomize's own kind is a file, not an object.
        let is_file = text(object, "/apiVersion").starts_with("kustomize.config.k8s.io/");
        assert!(is_file || !text(object, "/metadata/name").is_empty(), "{object}");
        assert_ne!(text(object, "/kind"), "Secret", "what the guide says not to commit");
    }
    for kind in [
        "Application",
        "Kustomization",
        "GitRepository",
        "ExternalSecret",
        "TrackTikCredential",
    ] {
        assert!(all.iter().any(|object| text(object, "/kind") == kind), "{kind}");
    }
}

/// What depends on another is in the guide, and reads the Secrets that another makes.
#[test]
fn the_manifests_fit_each_other() {
    let all = manifests();
    let of = |kind: &str| {
        all.iter()
            .filter(|object| text(object, "/kind") == kind)
            .collect::<Vec<_>>()
    };
    let names = |kind: &str| {
        of(kind)
            .iter()
            .map(|object| text(object, "/metadata/name"))
            .collect::<Vec<_>>()
    };
    for kustomization in of("Kustomization") {
        let needed = kustomization.pointer("/spec/dependsOn").and_then(Value::as_array);
        for needed in needed.into_iter().flatten() {
            assert!(names("Kustomization").contains(&text(needed, "/name")), "{needed}");
        }
    }
    for credential in of("TrackTikCredential") {
        let source = text(credential, "/spec/credentials/secretRef/name");
        assert!(names("ExternalSecret").contains(&source), "{source}");
    }
    for workload in of("Deployment") {
        let volumes = workload.pointer("/spec/template/spec/volumes").unwrap();
        let mounted = text(volumes, "/0/secret/secretName");
        let made = names("TrackTikCredential")
            .iter()
            .any(|name| format!("{name}-token") == mounted);
        assert!(made, "{mounted}");
    }
}

#[tokio::test]
async fn the_api_server_takes_each_credential_as_a_server_side_apply_does() {
    let client = client_and("integrations").await;
    let api = credentials(&client, "integrations");
    let mut taken = 0;
    for object in manifests() {
        if text(&object, "/kind") != "TrackTikCredential" {
            continue;
        }
        let mut apply = PatchParams::apply("gitops").dry_run();
        apply.field_validation = Some(ValidationDirective::Strict);
        let name = text(&object, "/metadata/name").to_owned();
        let applied = api.patch(&name, &apply, &Patch::Apply(&object)).await;
        applied.unwrap_or_else(|error| panic!("{error}: {object}"));
        taken += 1;
    }
    assert!(taken >= 2, "{taken}");
}
