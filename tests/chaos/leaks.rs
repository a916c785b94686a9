//! Whether a value of a round is found where somebody without access to Secrets might read it.

use testbed::operator::Operator;

use crate::{
    leak_scan::Scanner,
    scene::Scene,
    servers::Endpoints,
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

/// The values of the accounts, and every token that any server has granted for them.
pub async fn values(at: &Endpoints<'_>, subjects: &[Subject]) -> Vec<(String, String)> {
    let mut values: Vec<_> = at
        .scene
        .simulator
        .secrets()
        .into_iter()
        .map(|value| ("a secret of the simulator".to_owned(), value))
        .collect();
    for subject in subjects {
        let data = subject.login.data();
        values.extend(data.map(|(key, value)| (format!("{key} of {}", subject.name), value.to_owned())));
        let tokens = at.tokens_of(subject.backend, &subject.login.username).await;
        values.extend(
            tokens
                .into_iter()
                .map(|token| (format!("a token of {}", subject.name), token)),
        );
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
