//! The tasks that fill the figures while scenes are played.

use std::{
    collections::BTreeSet,
    fs,
    process::Stdio,
    sync::{Arc, Mutex},
    time::Duration,
};

use k8s_openapi::jiff::Timestamp;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
    sync::mpsc::{UnboundedReceiver, UnboundedSender},
    task::JoinSet,
};

use crate::{
    figures::{Noted, locked},
    node::{kubectl, operators, patch},
    outcome::{Outcome, Problem},
    stage::USERS,
};

/// The workload that has the token in its environment.
pub const RESTARTED: &str = "environment";
/// Its pods live for minutes.
const BETWEEN_LOOKS: Duration = Duration::from_secs(2);

/// Notes each token that is written, at the time at which the API server tells of it, and hands on those of the workload that
/// has to be restarted: nothing else is done here, or the next would be noted late.
pub async fn secrets(noted: Arc<Mutex<Noted>>, changed: UnboundedSender<Timestamp>) {
    loop {
        // Ended by an API server that ends watches, as it may at any time.
        let _ = follow_secrets(&noted, &changed).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn follow_secrets(noted: &Mutex<Noted>, changed: &UnboundedSender<Timestamp>) -> Outcome {
    let template = "go-template={{.metadata.name}} {{with .data.expires_at}}{{base64decode .}}{{end}}{{\"\\n\"}}";
    let watch = ["-n", USERS, "get", "secrets", "--watch", "-o", template];
    let (_child, mut lines) = lines_of(&watch)?;
    while let Some(line) = lines.next_line().await? {
        let now = Timestamp::now();
        let Some((name, Ok(expiry))) = line.split_once(' ').map(|(name, expiry)| (name, expiry.parse())) else {
            continue;
        };
        let new = locked(noted).token_is_written(name, expiry, now);
        if new && name.strip_suffix("-token") == Some(RESTARTED) {
            let _ = changed.send(expiry);
        }
    }
    Ok(())
}

/// Restarts the workload that has the token in its environment, as Reloader does.
pub async fn restart_on_change(mut changed: UnboundedReceiver<Timestamp>) {
    while let Some(expiry) = changed.recv().await {
        let stamp =
            json!({"spec": {"template": {"metadata": {"annotations": {"token-expires-at": expiry.to_string()}}}}});
        // Refused only before there is such a workload, which then starts with this token.
        let _ = patch(&format!("-n {USERS} deployment {RESTARTED}"), &stamp).await;
    }
}

/// Keeps what each pod of that workload prints: they come and go, and their logs with them.
pub async fn restarted_pods(noted: Arc<Mutex<Noted>>) {
    let mut followed = BTreeSet::new();
    let mut follows = JoinSet::new();
    loop {
        let columns = "custom-columns=N:.metadata.name,C:.status.containerStatuses[0].containerID";
        let pods = kubectl(&format!(
            "-n {USERS} get pods -l app={RESTARTED} --no-headers -o {columns}"
        ))
        .await;
        // The API server may be busy; the pods are looked at again.
        for pod in pods.unwrap_or_default().lines() {
            if pod.contains("containerd://") && followed.insert(pod.to_owned()) {
                let name = pod.split_whitespace().next().unwrap_or_default().to_owned();
                follows.spawn(follow_pod(Arc::clone(&noted), name));
            }
        }
        tokio::time::sleep(BETWEEN_LOOKS).await;
    }
}

/// Until its container ends.
async fn follow_pod(noted: Arc<Mutex<Noted>>, pod: String) -> Outcome {
    let (_child, mut lines) = lines_of(&["-n", USERS, "logs", "--follow", &pod])?;
    while let Some(line) = lines.next_line().await? {
        locked(&noted).restarted.push(line);
    }
    Ok(())
}

fn lines_of(arguments: &[&str]) -> Outcome<(Child, Lines<BufReader<ChildStdout>>)> {
    let mut command = Command::new("kubectl");
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.kill_on_drop(true).spawn()?;
    let out = child.stdout.take().ok_or_else(|| Problem("no output".to_owned()))?;
    Ok((child, BufReader::new(out).lines()))
}

/// What the processes of the operator take.
pub async fn processes(noted: Arc<Mutex<Noted>>) {
    loop {
        for operator in operators() {
            let Some(ticks) = ticks(operator.id) else { continue };
            // Of one that has ended meanwhile there is nothing to read.
            let Some((peak, at_the_limit)) = memory(&operator.cgroups) else {
                continue;
            };
            let mut noted = locked(&noted);
            noted.ticks.insert(operator.id, ticks);
            noted.memory = noted.memory.max(peak);
            noted.at_the_limit = noted.at_the_limit.max(at_the_limit);
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// Processor time of a process, of the user and of the system.
fn ticks(id: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
    let fields: Vec<&str> = stat.rsplit_once(") ")?.1.split(' ').collect();
    Some(fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?)
}

/// The peak of a cgroup's memory, and how often it met its limit, in either version of cgroups.
fn memory(cgroups: &str) -> Option<(u64, u64)> {
    let number = |text: String| text.trim().parse::<u64>().ok();
    if let Some(path) = cgroups
        .lines()
        .find_map(|line| line.split_once(":memory:").map(|(_, path)| path))
    {
        let read = |file: &str| fs::read_to_string(format!("/sys/fs/cgroup/memory{path}/{file}")).ok();
        return Some((
            number(read("memory.max_usage_in_bytes")?)?,
            number(read("memory.failcnt")?)?,
        ));
    }
    let path = cgroups.lines().find_map(|line| line.strip_prefix("0::"))?;
    let read = |file: &str| fs::read_to_string(format!("/sys/fs/cgroup{path}/{file}")).ok();
    let events = read("memory.events")?;
    let met = events.lines().find_map(|line| line.strip_prefix("max "))?.to_owned();
    Some((number(read("memory.peak")?)?, number(met)?))
}
