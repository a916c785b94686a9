//! Manifests in files: the credentials of a YAML or JSON file, as they stand in it.

use std::{
    io::{self, Read},
    path::Path,
};

use kube::Resource;
use serde_json::Value;
use tracktik_operator::api::{TrackTikCredential, TrackTikCredentialSpec, recheck};

use super::verdict::Failed;

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
    pub fn local_problem(&self) -> Option<String> {
        let decoded: Result<TrackTikCredentialSpec, _> = serde_json::from_value(self.object["spec"].clone());
        match decoded {
            // The decoder's own words may quote a value.
            Err(error) => Some(format!("spec cannot be decoded ({:?} error)", error.classify())),
            Ok(spec) => recheck::broken_rule(&spec),
        }
    }
}

/// The credentials of a file; `-` is stdin.
///
/// # Errors
/// It cannot be read, is no YAML, or holds no credential.
pub fn read(file: &Path) -> Result<Vec<Manifest>, Failed> {
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
    let found: Vec<Manifest> = objects.into_iter().filter(is_credential).map(manifest).collect();
    if found.is_empty() {
        return Err(Failed::NotWell(format!(
            "{named} holds no TrackTikCredential of {}",
            TrackTikCredential::api_version(&())
        )));
    }
    Ok(found)
}

fn text(file: &Path) -> io::Result<String> {
    let mut text = String::new();
    if file == Path::new("-") {
        io::stdin().lock().take(LARGEST).read_to_string(&mut text)?;
    } else {
        std::fs::File::open(file)?.take(LARGEST).read_to_string(&mut text)?;
    }
    Ok(text)
}

fn is_credential(object: &Value) -> bool {
    object["kind"] == *TrackTikCredential::kind(&()) && object["apiVersion"] == *TrackTikCredential::api_version(&())
}

fn manifest(object: Value) -> Manifest {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    Manifest {
        name: text(&object["metadata"]["name"]).unwrap_or_default(),
        namespace: text(&object["metadata"]["namespace"]),
        object,
    }
}
