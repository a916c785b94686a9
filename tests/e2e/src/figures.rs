//! What is measured while the scenes are played: when Secrets were written, when readers saw the files, what the operator
//! takes of the processor and of memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use k8s_openapi::jiff::Timestamp;
use serde_json::json;
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::Command,
    task::JoinSet,
};

use crate::{
    node::{kubectl, operators, patch},
    outcome::{Outcome, Problem},
    stage::USERS,
};

/// The kernel counts the time of processes in hundredths of a second.
const TICKS_PER_SECOND: f64 = 100.0;

#[derive(Debug, Default)]
struct Noted {
    /// When each token was seen in its Secret, by the Secret's name and the token's expiry.
    written: BTreeMap<(String, String), Timestamp>,
    /// The same of the files in pods, by the pod's name.
    seen: BTreeMap<(String, String), Timestamp>,
    /// Processor time of each process of the operator, in hundredths of a second.
    ticks: BTreeMap<u32, u64>,
    /// The most memory that the cgroup of one ever had, in bytes.
    memory: u64,
    /// How often a limit of memory was met.
    at_the_limit: u64,
}

/// The figures, which fill themselves until they are dropped.
#[derive(Debug)]
pub struct Figures {
    noted: Arc<Mutex<Noted>>,
    begun: Instant,
    _tasks: JoinSet<()>,
}

impl Figures {
    /// Begins to look.
    pub fn start() -> Self {
        let noted = Arc::new(Mutex::new(Noted::default()));
        let mut tasks = JoinSet::new();
        tasks.spawn(watch_secrets(Arc::clone(&noted)));
        tasks.spawn(watch_operators(Arc::clone(&noted)));
        Self {
            noted,
            begun: Instant::now(),
            _tasks: tasks,
        }
    }

    /// Reads the logs of readers, by pod, before they are lost; their failures to get an answer.
    ///
    /// # Errors
    /// When there are no logs.
    pub async fn read_logs(&self, pods: &[String]) -> Outcome<Vec<String>> {
        let mut failed = Vec::new();
        for pod in pods {
            for line in kubectl(&format!("-n {USERS} logs {pod}")).await?.lines() {
                match line.split_whitespace().collect::<Vec<_>>()[..] {
                    ["SEEN", expiry, at] => {
                        let key = (pod.clone(), expiry.to_owned());
                        // A container that is started again says again what it finds.
                        locked(&self.noted).seen.entry(key).or_insert(at.parse()?);
                    }
                    _ => failed.push(format!("{pod}: {line}")),
                }
            }
        }
        Ok(failed)
    }

    /// How long each token took from its Secret into the pod of the reader of this name, sorted, in seconds. A token that was
    /// there before the pod, and one that another had replaced before the kubelet looked, do not count.
    pub fn propagation(&self, readers: &BTreeMap<String, String>) -> Vec<f64> {
        let noted = locked(&self.noted);
        let mut first = BTreeSet::new();
        let mut found: Vec<f64> = Vec::new();
        for ((pod, expiry), seen) in &noted.seen {
            let Some(secret) = readers.get(pod) else { continue };
            if first.insert(pod) {
                continue;
            }
            if let Some(written) = noted.written.get(&(secret.clone(), expiry.clone())) {
                found.push(seen.duration_since(*written).as_secs_f64());
            }
        }
        found.sort_by(f64::total_cmp);
        found
    }

    /// How many tokens were written.
    pub fn written(&self) -> usize {
        locked(&self.noted).written.len()
    }

    /// Processor time of the operator in thousandths of one processor, over so long.
    pub fn millicores(&self) -> (f64, Duration) {
        let over = self.begun.elapsed();
        let ticks: u64 = locked(&self.noted).ticks.values().sum();
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let seconds = ticks as f64 / TICKS_PER_SECOND;
        (seconds / over.as_secs_f64() * 1000.0, over)
    }

    /// The most memory of one operator in bytes, and how often it met its limit.
    pub fn memory(&self) -> (u64, u64) {
        let noted = locked(&self.noted);
        (noted.memory, noted.at_the_limit)
    }
}

/// Notes each token that is written, and restarts the workload that has it in its environment, as Reloader does.
async fn watch_secrets(noted: Arc<Mutex<Noted>>) {
    loop {
        // Ended by an API server that ends watches, as it may at any time.
        let _ = follow(&noted).await;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

async fn follow(noted: &Mutex<Noted>) -> Outcome {
    let columns = "custom-columns=N:.metadata.name,E:.data.expires_at";
    let mut watch = Command::new("kubectl");
    watch.args(["-n", USERS, "get", "secrets", "--watch", "--no-headers", "-o", columns]);
    watch.stdout(std::process::Stdio::piped()).kill_on_drop(true);
    let mut child = watch.spawn()?;
    let out = child.stdout.take().ok_or_else(|| Problem("no output".to_owned()))?;
    let mut lines = BufReader::new(out).lines();
    while let Some(line) = lines.next_line().await? {
        let now = Timestamp::now();
        let [name, expiry] = line.split_whitespace().collect::<Vec<_>>()[..] else {
            continue;
        };
        let Some(expiry) = decoded(expiry).await else { continue };
        let new = {
            let mut noted = locked(noted);
            let key = (name.to_owned(), expiry.clone());
            let new = !noted.written.contains_key(&key);
            noted.written.entry(key).or_insert(now);
            new
        };
        if new && name == "environment-token" {
            let stamp = json!({"spec": {"template": {"metadata": {"annotations": {"token-expires-at": expiry}}}}});
            // Refused only before there is such a workload, which then starts with this token.
            let _ = patch(&format!("-n {USERS} deployment environment"), &stamp).await;
        }
    }
    Ok(())
}

async fn decoded(text: &str) -> Option<String> {
    let decoded = crate::node::run("base64", &["--decode"], Some(text)).await.ok()?;
    decoded.parse::<Timestamp>().is_ok().then_some(decoded)
}

async fn watch_operators(noted: Arc<Mutex<Noted>>) {
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

fn locked(noted: &Mutex<Noted>) -> MutexGuard<'_, Noted> {
    noted.lock().unwrap_or_else(PoisonError::into_inner)
}
