//! Whether a value of a round is found where somebody without access to Secrets might read it.

use testbed::operator::Operator;

use crate::{
    leak_scan::Scanner,
    scene::Scene,
    sight::Sights,
    subject::Subject,
    traces::{Trace, leaks, objects, trace},
};

/// What the operators wrote, what the last of them showed, and every object of the namespace.
pub async fn traces(scene: &Scene, operators: [&Operator; 2], metrics: String) -> Vec<Trace> {
    let [killed, last] = operators.map(|operator| trace("log", operator.logs().join("\n")));
    // Shows that it is the log of this round, and that what stands in it is found.
    let namespace = Scanner::of([("namespace", &scene.namespace)]);
    assert!(!namespace.find(&last.text).is_empty());
    let mut all = vec![killed, last];
    all.push(trace("/metrics", metrics));
    all.extend(objects(scene).await);
    all
}

/// The values of the accounts, every token of the simulator, and those of the real servers that were seen in a Secret.
pub fn values<'a>(
    scene: &Scene,
    subjects: &[Subject],
    seen: impl Iterator<Item = &'a Sights>,
) -> Vec<(String, String)> {
    let mut values: Vec<_> = scene
        .simulator
        .secrets()
        .into_iter()
        .map(|value| ("a secret of the simulator".to_owned(), value))
        .collect();
    for subject in subjects {
        let data = subject.login.data();
        values.extend(data.map(|(key, value)| (format!("{key} of {}", subject.name), value.to_owned())));
    }
    for (name, sight) in seen.flatten() {
        let tokens = [&sight.token, &sight.refresh_token].into_iter().flatten();
        values.extend(tokens.map(|token| (format!("a token of {name}"), token.clone())));
    }
    values.sort_by(|one, other| one.1.cmp(&other.1));
    values.dedup_by(|one, other| one.1 == other.1);
    values
}

/// Where any of the values stands in the traces, and how. It takes a while, in which the servers must answer.
pub async fn find(values: Vec<(String, String)>, traces: Vec<Trace>) -> Vec<String> {
    tokio::task::spawn_blocking(move || leaks(&Scanner::of(values), &traces))
        .await
        .unwrap()
}
