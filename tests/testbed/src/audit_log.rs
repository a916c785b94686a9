//! The API server's audit log: every request that it answered, by whom and with what result. It is
//! how a test knows that nothing was written.

use std::{
    collections::HashSet,
    ffi::OsStr,
    fs, io,
    path::{Path, PathBuf},
};

use k8s_openapi::jiff::Timestamp;
use serde::Deserialize;

/// One answered request. A watch counts when it begins, so that a running one is seen too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditEvent {
    /// Who asked, for instance `system:serviceaccount:tracktik-system:tracktik-operator`.
    pub user: String,
    /// The API verb: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, …
    pub verb: String,
    /// The resource in plural; empty for paths such as `/readyz`.
    pub resource: String,
    /// For instance `status`; empty for the object itself.
    pub subresource: String,
    /// Empty for what has none, and for a request over all namespaces.
    pub namespace: String,
    /// Empty for a list or watch, and for a create that leaves the name to the server.
    pub name: String,
    /// The HTTP status of the answer.
    pub code: u16,
    /// The path and query of the request.
    pub request_uri: String,
    /// When it arrived.
    pub received: Timestamp,
    /// When it was answered; of a watch, when its answer began. What it changed has been seen by then.
    pub answered: Timestamp,
}

impl AuditEvent {
    /// Whether it asked for a rehearsal, which changes nothing.
    #[must_use]
    pub fn is_dry_run(&self) -> bool {
        self.parameters().any(|parameter| parameter == "dryRun=All")
    }

    /// Under which name it wrote, where it gave one.
    #[must_use]
    pub fn field_manager(&self) -> Option<&str> {
        self.parameters()
            .find_map(|parameter| parameter.strip_prefix("fieldManager="))
    }

    /// Whether it asked to change something and was allowed to.
    #[must_use]
    pub fn is_write(&self) -> bool {
        self.asks_for_a_change() && !self.is_dry_run() && self.code < 300
    }

    /// Whether it changed something, or may have: who is cut off in the middle is answered by an error, of which nobody knows.
    #[must_use]
    pub fn may_have_written(&self) -> bool {
        self.asks_for_a_change() && !self.is_dry_run() && !(300..500).contains(&self.code)
    }

    /// Whether it asked to change something, or rehearsed it, whatever the answer.
    #[must_use]
    pub fn asks_for_a_change(&self) -> bool {
        let writes = ["create", "update", "patch", "delete", "deletecollection"];
        writes.contains(&self.verb.as_str())
    }

    fn parameters(&self) -> impl Iterator<Item = &str> {
        let query = self.request_uri.split_once('?').map_or("", |(_, query)| query);
        query.split('&')
    }
}

/// Reads the log at `path` and the older file that the API server may have moved aside: of all requests those whose line has
/// this text. A long log is searched in a hundredth of the time that it takes to parse.
pub(crate) fn read(path: &Path, text: &str) -> io::Result<Vec<AuditEvent>> {
    let mut events = Vec::new();
    let mut seen = HashSet::new();
    for file in files(path)? {
        let all = fs::read_to_string(file)?;
        for line in all.lines().filter(|line| line.contains(text)) {
            // The last line may be half written; every other one is the API server's own JSON.
            let Ok(record) = serde_json::from_str::<Record>(line) else {
                continue;
            };
            // A watch is logged at its start and its end.
            if seen.insert(record.audit_id.clone()) {
                events.push(record.into());
            }
        }
    }
    Ok(events)
}

/// Oldest first: the name of a file moved aside is the log's name and a time stamp.
fn files(path: &Path) -> io::Result<Vec<PathBuf>> {
    let stem = format!("{}-", path.file_stem().unwrap_or_default().to_string_lossy());
    let mut files = Vec::new();
    for entry in fs::read_dir(path.parent().unwrap_or(Path::new(".")))? {
        let file = entry?.path();
        let name = file.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
        if name.starts_with(&stem) && file.extension() == path.extension() {
            files.push(file);
        }
    }
    files.sort();
    if path.exists() {
        files.push(path.to_owned());
    }
    Ok(files)
}

/// The parts of `audit.k8s.io/v1` Event that are asked for.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    #[serde(rename = "auditID")]
    audit_id: String,
    verb: String,
    #[serde(rename = "requestURI")]
    request_uri: String,
    user: User,
    #[serde(default)]
    object_ref: ObjectRef,
    #[serde(default)]
    response_status: ResponseStatus,
    request_received_timestamp: Timestamp,
    stage_timestamp: Timestamp,
}

#[derive(Deserialize)]
struct User {
    username: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ObjectRef {
    resource: String,
    subresource: String,
    namespace: String,
    name: String,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct ResponseStatus {
    code: u16,
}

impl From<Record> for AuditEvent {
    fn from(record: Record) -> Self {
        Self {
            user: record.user.username,
            verb: record.verb,
            resource: record.object_ref.resource,
            subresource: record.object_ref.subresource,
            namespace: record.object_ref.namespace,
            name: record.object_ref.name,
            code: record.response_status.code,
            request_uri: record.request_uri,
            received: record.request_received_timestamp,
            answered: record.stage_timestamp,
        }
    }
}
