//! Manifests in files: the credentials of a YAML or JSON file, and the Secrets beside them, as they stand in it.

use std::{
    collections::BTreeMap,
    io::{self, Read},
    path::Path,
};

use k8s_openapi::ByteString;
use kube::Resource;
use serde_json::Value;
use tracktik_operator::{
    api::{TrackTikCredential, TrackTikCredentialSpec, recheck},
    secrets::content::SecretContent,
};
use zeroize::Zeroizing;

use super::{schema_check, verdict::Failed};

/// The largest file that is read: a manifest has kilobytes, and the API server takes no more than this.
const LARGEST: u64 = 3 * 1_024 * 1_024;

/// One credential of a file.
pub struct Manifest {
    /// The whole object.
    pub object: Value,
    /// Its name.
    pub name: String,
    /// Its namespace, where it names one.
    pub namespace: Option<String>,
}

impl Manifest {
    /// Its spec; nothing where it cannot be decoded.
    pub fn spec(&self) -> Option<TrackTikCredentialSpec> {
        serde_json::from_value(self.object["spec"].clone()).ok()
    }

    /// What can be told to be wrong without an API server, which is not all.
    pub fn local_problems(&self) -> Vec<String> {
        let mistakes = schema_check::mistakes(&self.object["spec"]);
        if !mistakes.is_empty() {
            return mistakes;
        }
        let problem = match self.spec() {
            // The decoder's own words may quote a value.
            None => Some(
                "spec cannot be decoded: look for misspelt or missing fields; a cluster would name the field"
                    .to_owned(),
            ),
            Some(spec) => recheck::broken_rule(&spec),
        };
        problem.into_iter().collect()
    }
}

/// A Secret of a file.
pub struct FileSecret {
    /// Its name.
    pub name: String,
    /// Its namespace, where it names one.
    pub namespace: Option<String>,
    /// What it holds.
    pub content: SecretContent,
}

/// The credentials and Secrets of a file; `-` is stdin.
///
/// # Errors
/// It cannot be read, is no YAML, or holds no credential.
pub fn read(file: &Path) -> Result<(Vec<Manifest>, Vec<FileSecret>), Failed> {
    let named = if file == Path::new("-") {
        "stdin".to_owned()
    } else {
        file.display().to_string()
    };
    let text = text(file).map_err(|error| Failed::Undone(format!("{named} cannot be read: {error}")))?;
    let objects: Vec<Value> = serde_saphyr::from_multiple(&text).map_err(|error| {
        let line = error
            .location()
            .map(|at| format!(" (line {})", at.line()))
            .unwrap_or_default();
        Failed::NotWell(format!("{named} is not YAML{line}"))
    })?;
    let (mut credentials, mut secrets) = (Vec::new(), Vec::new());
    for object in objects {
        if is(
            &object,
            &TrackTikCredential::kind(&()),
            &TrackTikCredential::api_version(&()),
        ) {
            credentials.push(manifest(object));
        } else if is(&object, "Secret", "v1") {
            secrets.extend(secret(object));
        }
    }
    if credentials.is_empty() {
        return Err(Failed::NotWell(format!(
            "{named} holds no TrackTikCredential of {}",
            TrackTikCredential::api_version(&())
        )));
    }
    Ok((credentials, secrets))
}

fn text(file: &Path) -> io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::new());
    if file == Path::new("-") {
        io::stdin().lock().take(LARGEST).read_to_string(&mut text)?;
    } else {
        std::fs::File::open(file)?.take(LARGEST).read_to_string(&mut text)?;
    }
    Ok(text)
}

fn is(object: &Value, kind: &str, version: &str) -> bool {
    object["kind"] == *kind && object["apiVersion"] == *version
}

fn named(object: &Value) -> (String, Option<String>) {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let metadata = &object["metadata"];
    (
        text(&metadata["name"]).unwrap_or_default(),
        text(&metadata["namespace"]),
    )
}

fn manifest(object: Value) -> Manifest {
    let (name, namespace) = named(&object);
    Manifest {
        object,
        name,
        namespace,
    }
}

/// As the API server would keep it: `stringData` wins over `data`. Nothing where it is no Secret that could be applied.
fn secret(mut object: Value) -> Option<FileSecret> {
    let (name, namespace) = named(&object);
    let plain: BTreeMap<String, String> = match object["stringData"].take() {
        Value::Null => BTreeMap::new(),
        plain => serde_json::from_value(plain).ok()?,
    };
    for (key, value) in plain {
        object["data"][key] = serde_json::to_value(ByteString(value.into_bytes())).ok()?;
    }
    let content = serde_json::from_value(object).ok()?;
    Some(FileSecret {
        name,
        namespace,
        content,
    })
}
