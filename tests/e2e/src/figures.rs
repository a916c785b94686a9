//! What is measured while the scenes are played: when Secrets were written, when readers saw the files, what the operator
//! takes of the processor and of memory.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use k8s_openapi::jiff::{SignedDuration, Timestamp};
use tokio::{sync::mpsc, task::JoinSet};

use crate::{
    node::kubectl,
    outcome::{Outcome, Problem},
    stage::USERS,
    watching,
};

/// The kernel counts the time of processes in hundredths of a second.
const TICKS_PER_SECOND: f64 = 100.0;
/// Of tokens that live shorter nothing is promised.
const PROMISED_FROM: SignedDuration = SignedDuration::from_secs(240);

/// What has been noted so far.
#[derive(Debug, Default)]
pub struct Noted {
    /// The tokens of each Secret, in their order: until when each is good, and when it was seen in its Secret.
    written: BTreeMap<String, Vec<(Timestamp, Timestamp)>>,
    /// When each token came into the file of a pod, by the pod's name and the token's expiry.
    seen: BTreeMap<(String, Timestamp), Timestamp>,
    /// What was left of each old token when the next was written, in seconds.
    left: Vec<f64>,
    /// There is no operator, on purpose: it promises nothing then.
    away: bool,
    /// What the workload has printed that is restarted at each renewal.
    pub restarted: Vec<String>,
    /// Processor time of each process of the operator, in hundredths of a second.
    pub ticks: BTreeMap<u32, u64>,
    /// The most memory that the cgroup of one ever had, in bytes.
    pub memory: u64,
    /// How often a limit of memory was met.
    pub at_the_limit: u64,
}

impl Noted {
    /// A token is in its Secret; whether that is new.
    pub fn token_is_written(&mut self, secret: &str, expiry: Timestamp, now: Timestamp) -> bool {
        let tokens = self.written.entry(secret.to_owned()).or_default();
        if tokens.iter().any(|(known, _)| *known == expiry) {
            return false;
        }
        if let Some((old, written)) = tokens.last()
            && !self.away
            && old.duration_since(*written) >= PROMISED_FROM
        {
            self.left.push(old.duration_since(now).as_secs_f64());
        }
        tokens.push((expiry, now));
        true
    }

    /// What one container has printed. What it finds at its start has not just come; what remained without an answer is given
    /// back.
    fn read(&mut self, pod: &str, log: &str) -> Outcome<Vec<String>> {
        let mut failed = Vec::new();
        let mut at_start = true;
        for line in log.lines() {
            match line.split_whitespace().collect::<Vec<_>>()[..] {
                ["BEGUN", _] => {}
                ["SEEN", _, _] if at_start => at_start = false,
                ["SEEN", expiry, at] => {
                    self.seen.insert((pod.to_owned(), expiry.parse()?), at.parse()?);
                }
                _ => failed.push(format!("{pod}: {line}")),
            }
        }
        Ok(failed)
    }
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
        let (tell, told) = mpsc::unbounded_channel();
        tasks.spawn(watching::secrets(Arc::clone(&noted), tell));
        tasks.spawn(watching::restart_on_change(told));
        tasks.spawn(watching::restarted_pods(Arc::clone(&noted)));
        tasks.spawn(watching::processes(Arc::clone(&noted)));
        Self {
            noted,
            begun: Instant::now(),
            _tasks: tasks,
        }
    }

    /// Whether there is no operator, on purpose, from now on.
    pub fn operator_is_away(&self, away: bool) {
        locked(&self.noted).away = away;
    }

    /// Reads the logs of readers, by pod, of their containers now or of those before; their failures to get an answer.
    ///
    /// # Errors
    /// When there are no logs.
    pub async fn read_logs(&self, pods: &[String], of: &str) -> Outcome<Vec<String>> {
        let mut failed = Vec::new();
        for pod in pods {
            let log = kubectl(&format!("-n {USERS} logs {of} {pod}")).await?;
            if !log.starts_with("BEGUN") {
                return Err(Problem(format!("{pod} has not told of its beginning: {log}")));
            }
            failed.extend(locked(&self.noted).read(pod, &log)?);
        }
        Ok(failed)
    }

    /// What the workload has printed that is restarted at each renewal: how often it has begun, and the rest.
    pub fn restarted(&self) -> (usize, Vec<String>) {
        let lines = locked(&self.noted).restarted.clone();
        let (begun, rest): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line.starts_with("BEGUN"));
        (begun.len(), rest)
    }

    /// Whether the token that is in this Secret now has come into the file of this pod, by the logs read so far.
    pub fn has_come(&self, secret: &str, pod: &str) -> bool {
        let noted = locked(&self.noted);
        let last = noted.written.get(secret).and_then(|tokens| tokens.last());
        last.is_some_and(|(expiry, _)| noted.seen.contains_key(&(pod.to_owned(), *expiry)))
    }

    /// How long each token took from its Secret into the pod of the reader of this name, sorted, in seconds. A token that
    /// another had replaced before the kubelet looked does not count.
    pub fn propagation(&self, readers: &BTreeMap<String, String>) -> Vec<f64> {
        let noted = locked(&self.noted);
        let late = |((pod, expiry), seen): (&(String, Timestamp), &Timestamp)| {
            let tokens = noted.written.get(readers.get(pod)?)?;
            let (_, written) = tokens.iter().find(|(known, _)| known == expiry)?;
            Some(seen.duration_since(*written).as_secs_f64())
        };
        sorted(noted.seen.iter().filter_map(late).collect())
    }

    /// What was left of each old token when the next was written, sorted, in seconds.
    pub fn left(&self) -> Vec<f64> {
        sorted(locked(&self.noted).left.clone())
    }

    /// How many tokens were written, and how many of them into these Secrets after their first.
    pub fn written(&self, mounted: &BTreeSet<String>) -> (usize, usize) {
        let noted = locked(&self.noted);
        let all = noted.written.values().map(Vec::len).sum();
        let of_mounted = noted.written.iter().filter(|(secret, _)| mounted.contains(*secret));
        (all, of_mounted.map(|(_, tokens)| tokens.len() - 1).sum())
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

fn sorted(mut seconds: Vec<f64>) -> Vec<f64> {
    seconds.sort_by(f64::total_cmp);
    seconds
}

/// The notes, whatever became of another who had them.
pub fn locked(noted: &Mutex<Noted>) -> MutexGuard<'_, Noted> {
    noted.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::{Noted, Timestamp};

    fn second(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn what_is_left_of_a_token_is_noted_once_and_only_while_there_is_an_operator() {
        let mut noted = Noted::default();
        assert!(noted.token_is_written("a", second(360), second(0)));
        assert!(noted.token_is_written("a", second(540), second(180)));
        assert!(!noted.token_is_written("a", second(540), second(181)), "told twice");
        noted.away = true;
        assert!(noted.token_is_written("a", second(860), second(500)));
        assert!(noted.token_is_written("short", second(60), second(0)));
        assert!(noted.token_is_written("short", second(90), second(30)));
        assert_eq!(noted.left, [180.0]);
    }

    #[test]
    fn what_a_container_finds_at_its_start_has_not_just_come() {
        let mut noted = Noted::default();
        let log = "BEGUN 1970-01-01T00:00:00Z\nSEEN 1970-01-01T00:06:00Z 1970-01-01T00:00:01Z\n\
                   SEEN 1970-01-01T00:09:00Z 1970-01-01T00:04:00Z\nFAILED 1970-01-01T00:04:01Z timed out\n";
        assert_eq!(
            noted.read("a", log).unwrap(),
            ["a: FAILED 1970-01-01T00:04:01Z timed out"]
        );
        assert_eq!(
            noted.seen.into_iter().collect::<Vec<_>>(),
            [(("a".to_owned(), second(540)), second(240))]
        );
    }
}
