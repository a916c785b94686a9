//! `suspend` and `resume`: one field of the spec.

use clap::Args;
use kube::api::Patch;
use serde_json::json;
use tracktik_operator::cluster::deadline;

use super::{
    reach::{CREDENTIALS, Reach, patching},
    terminal::Terminal,
    verdict::{Failed, Verdict},
};

/// Which credentials.
#[derive(Args, Debug)]
pub struct NamedFlags {
    /// Names of the credentials
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
}

/// Sets `spec.suspend`, one credential after the other.
pub async fn run(reach: &Reach, flags: &NamedFlags, suspend: bool, terminal: &Terminal) -> Result<Verdict, Failed> {
    let cluster = reach.cluster().await?;
    let done = if suspend { "suspended" } else { "resumed" };
    for name in &flags.names {
        let before = cluster.credential(name).await?;
        if before.spec.as_ref().is_some_and(|spec| spec.suspend == suspend) {
            terminal.print(&format!("tracktikcredential/{name} {done} already\n"))?;
            continue;
        }
        let patch = Patch::Merge(json!({ "spec": { "suspend": suspend } }));
        deadline(cluster.credentials().patch(name, &patching(), &patch))
            .await
            .map_err(|error| cluster.call("patch", CREDENTIALS, Some(name)).failed(&error))?;
        terminal.print(&format!("tracktikcredential/{name} {done}\n"))?;
    }
    Ok(Verdict::Well)
}
