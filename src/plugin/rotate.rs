//! `rotate`: asks the operator for new tokens now, and with `--wait` tells what came of it.

use std::{pin::pin, time::Duration};

use clap::{Args, builder::RangedU64ValueParser};
use futures::StreamExt;
use kube::{
    api::Patch,
    runtime::{WatchStreamExt, watcher},
};
use serde_json::json;
use tracktik_operator::{
    api::{Reason, annotations::ROTATE},
    clock,
    cluster::{CredentialView, deadline},
};

use super::{
    follow::hopeless,
    reach::{CREDENTIALS, Cluster, Reach, WRITER, patching},
    terminal::{Terminal, shown},
    verdict::{Failed, Verdict},
};

/// Which credentials, and whether to wait.
#[derive(Args, Debug)]
pub struct RotateFlags {
    /// Names of the credentials
    #[arg(value_name = "NAME", required = true)]
    pub names: Vec<String>,
    /// Wait for the new tokens, or for what keeps them from being issued
    #[arg(long)]
    pub wait: bool,
    /// How long to wait for all of them together; 1 to 3600
    #[arg(long, value_name = "SECONDS", default_value = "120", requires = "wait")]
    #[arg(value_parser = RangedU64ValueParser::<u64>::new().range(1..=3_600))]
    pub timeout: u64,
}

/// Asks for all of them first, so that they are waited for side by side.
pub async fn run(reach: &Reach, flags: &RotateFlags, terminal: &Terminal) -> Result<Verdict, Failed> {
    let cluster = reach.cluster().await?;
    let mut asked = Vec::new();
    for name in &flags.names {
        let before = cluster.credential(name).await?;
        if before.spec.as_ref().is_some_and(|spec| spec.suspend) {
            return Err(Failed::NotWell(format!(
                "{name:?} is suspended, so no token is requested: run `kubectl tracktik resume {name}` first"
            )));
        }
        asked.push(before);
    }
    // The operator acts once for each value, so it has to be one that never stood there.
    let value = format!("{WRITER}-{}", clock::now().as_millis());
    let patch = Patch::Merge(json!({ "metadata": { "annotations": { ROTATE: value } } }));
    for before in &asked {
        let name = &before.key.name;
        deadline(cluster.credentials().patch(name, &patching(), &patch))
            .await
            .map_err(|error| cluster.call("patch", CREDENTIALS, Some(name)).failed(&error))?;
        if !flags.wait {
            terminal.print(&format!("tracktikcredential/{name} rotation requested\n"))?;
        }
    }
    if !flags.wait {
        return Ok(Verdict::Well);
    }
    let limit = Duration::from_secs(flags.timeout);
    match tokio::time::timeout(limit, wait_for_all(&cluster, &asked, &value, terminal)).await {
        Ok(verdict) => verdict,
        Err(_) => Err(timed_out(&cluster, &asked, &value, flags.timeout).await),
    }
}

async fn wait_for_all(
    cluster: &Cluster,
    asked: &[CredentialView],
    value: &str,
    terminal: &Terminal,
) -> Result<Verdict, Failed> {
    let mut verdict = Verdict::Well;
    for before in asked {
        let name = &before.key.name;
        match wait_for(cluster, before, value).await? {
            Outcome::Rotated(now) => {
                let until = now.status.expiration_time.map(|at| format!(", valid until {at}"));
                terminal.print(&format!(
                    "tracktikcredential/{name} rotated{}\n",
                    until.unwrap_or_default()
                ))?;
            }
            Outcome::Failed(why) => {
                terminal.print(&format!("tracktikcredential/{name} not rotated: {}\n", shown(&why)))?;
                verdict = Verdict::NotWell;
            }
        }
    }
    Ok(verdict)
}

enum Outcome {
    Rotated(Box<CredentialView>),
    Failed(String),
}

/// Watches one credential until the request that this value asked for has ended.
async fn wait_for(cluster: &Cluster, before: &CredentialView, value: &str) -> Result<Outcome, Failed> {
    let name = &before.key.name;
    let stream = watcher::watch_object(cluster.credentials(), name).default_backoff();
    let mut changes = pin!(stream);
    while let Some(change) = changes.next().await {
        let object = match change {
            Ok(object) => object,
            Err(error) => match hopeless(&error) {
                Some(why) => return Err(cluster.call("watch", CREDENTIALS, None).failed(&why)),
                // It is tried again until the time is over.
                None => continue,
            },
        };
        let Some(object) = object else {
            return Ok(Outcome::Failed("it has been deleted".to_owned()));
        };
        if let Some(outcome) = outcome(before, &CredentialView::from(object), value) {
            return Ok(outcome);
        }
    }
    Ok(Outcome::Failed("the watch has ended".to_owned()))
}

/// What came of it, as far as status tells. The value is echoed before its request is sent, so the echo alone says little.
fn outcome(before: &CredentialView, now: &CredentialView, value: &str) -> Option<Outcome> {
    let handled = now.status.last_handled_rotate.as_deref() == Some(value);
    if !handled {
        return None;
    }
    let failure = now.status.failure.as_ref();
    if failure.is_some_and(|failure| failure.pending.is_some()) {
        return None;
    }
    // A success empties the record.
    if let Some(failure) = failure.filter(|failure| failure.reason.is_some()) {
        let tried = failure.tried.as_ref().and_then(|tried| tried.rotate.as_deref());
        let reason = failure.reason.map(Reason::as_str).unwrap_or_default();
        let message = failure.message.clone().unwrap_or_default();
        return (tried == Some(value)).then(|| Outcome::Failed(format!("{reason}: {message}")));
    }
    let written = now.status.token_secret.is_some() && now.status.token_secret != before.status.token_secret;
    written.then(|| Outcome::Rotated(Box::new(now.clone())))
}

async fn timed_out(cluster: &Cluster, asked: &[CredentialView], value: &str, seconds: u64) -> Failed {
    for before in asked {
        let name = &before.key.name;
        let Ok(now) = cluster.credential(name).await else {
            continue;
        };
        if now.status.last_handled_rotate.as_deref() == Some(value) && outcome(before, &now, value).is_some() {
            continue;
        }
        let condition = |of: &str| now.status.conditions.iter().find(|condition| condition.type_ == of);
        let stands = condition("Renewed")
            .filter(|renewed| renewed.status == "False")
            .or(condition("Ready"));
        let stands = stands.map_or_else(
            || {
                "its status says nothing yet: it is new and waits for its turn behind others, which is not told for up to two \
                 minutes and a half, or no operator looks at it: does one run?"
                    .to_owned()
            },
            |stands| {
                format!(
                    "{} is {} ({}): {}",
                    stands.type_, stands.status, stands.reason, stands.message
                )
            },
        );
        return Failed::TimedOut(format!("{name:?} has no new token after {seconds} s; {stands}"));
    }
    Failed::TimedOut(format!("not all tokens are new after {seconds} s"))
}
