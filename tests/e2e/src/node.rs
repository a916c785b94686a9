//! The node's programs: kubectl as its administrator, helm, and the processes of its pods, which are in the namespace of this
//! one (`tools/node/run.sh`).

use std::{collections::BTreeMap, fs, path::PathBuf, process::Stdio};

use serde_json::Value;
use tokio::{io::AsyncWriteExt, process::Command};

use crate::outcome::{Outcome, Problem};

/// Runs a program, and gives what it printed.
pub async fn run(program: &str, arguments: &[&str], input: Option<&str>) -> Outcome<String> {
    let mut command = Command::new(program);
    command.args(arguments).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.stdin(if input.is_some() { Stdio::piped() } else { Stdio::null() });
    command.kill_on_drop(true);
    let mut child = command.spawn().map_err(|problem| format!("{program}: {problem}"))?;
    if let (Some(input), Some(mut stdin)) = (input, child.stdin.take()) {
        stdin.write_all(input.as_bytes()).await?;
    }
    let output = child.wait_with_output().await?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        let said = format!("{}{}", text(&output.stdout), text(&output.stderr));
        Err(Problem(format!("{program} {}: {}", arguments.join(" "), said.trim())))
    }
}

/// kubectl with these arguments, which hold no blank but where they are told apart.
pub async fn kubectl(arguments: &str) -> Outcome<String> {
    run("kubectl", &arguments.split_whitespace().collect::<Vec<_>>(), None).await
}

/// Applies objects as a user does.
pub async fn apply(objects: &[Value]) -> Outcome {
    let list = serde_json::json!({"apiVersion": "v1", "kind": "List", "items": objects});
    run("kubectl", &["apply", "-f", "-"], Some(&list.to_string())).await?;
    Ok(())
}

/// An object, or a list of them.
pub async fn get(what: &str) -> Outcome<Value> {
    Ok(serde_json::from_str(&kubectl(&format!("get -o json {what}")).await?)?)
}

/// A merge patch.
pub async fn patch(what: &str, patch: &Value) -> Outcome {
    let mut arguments: Vec<&str> = vec!["patch", "--type=merge"];
    arguments.extend(what.split_whitespace());
    let text = patch.to_string();
    arguments.extend(["-p", &text]);
    run("kubectl", &arguments, None).await?;
    Ok(())
}

/// How often the container of each pod has been started again, by the pod's name and uid.
pub async fn restarts(namespace: &str) -> Outcome<BTreeMap<(String, String), u64>> {
    let pods = get(&format!("-n {namespace} pods")).await?;
    let pods = pods["items"].as_array().into_iter().flatten();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    Ok(pods
        .map(|pod| {
            let count = pod["status"]["containerStatuses"][0]["restartCount"].as_u64();
            let metadata = &pod["metadata"];
            ((text(&metadata["name"]), text(&metadata["uid"])), count.unwrap_or(0))
        })
        .collect())
}

/// A process of the operator's in some pod.
#[derive(Debug, Clone)]
pub struct Process {
    /// As this program sees it.
    pub id: u32,
    /// Its line for each hierarchy of cgroups.
    pub cgroups: String,
}

/// Those of the operator, in whatever pod.
pub fn operators() -> Vec<Process> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    processes
        .filter_map(|process| {
            let id: u32 = process.file_name().to_str()?.parse().ok()?;
            let command = fs::read(process.path().join("cmdline")).ok()?;
            let cgroups = fs::read_to_string(process.path().join("cgroup")).ok()?;
            (command.starts_with(b"/tracktik-operator\0run") && cgroups.contains("/kubepods"))
                .then_some(Process { id, cgroups })
        })
        .collect()
}

/// All processes of a pod, the one that holds its namespaces included.
pub fn processes_of(pod_uid: &str) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let of_pod = |folder: PathBuf| fs::read_to_string(folder.join("cgroup")).is_ok_and(|text| text.contains(pod_uid));
    processes
        .filter_map(|process| process.file_name().to_str()?.parse::<u32>().ok())
        .filter(|id| of_pod(PathBuf::from(format!("/proc/{id}"))))
        .collect()
}

/// The processes of a program of the node's, by its name.
pub fn processes_named(name: &str) -> Vec<u32> {
    let processes = fs::read_dir("/proc").into_iter().flatten().flatten();
    let is_named = |id: &u32| fs::read_to_string(format!("/proc/{id}/comm")).is_ok_and(|comm| comm.trim() == name);
    processes
        .filter_map(|process| process.file_name().to_str()?.parse::<u32>().ok())
        .filter(is_named)
        .collect()
}

/// Sends a signal.
pub async fn signal(name: &str, ids: &[u32]) -> Outcome {
    for id in ids {
        // The shell's own: slim machines have no other.
        run("sh", &["-c", "kill \"-$0\" \"$1\"", name, &id.to_string()], None).await?;
    }
    Ok(())
}
