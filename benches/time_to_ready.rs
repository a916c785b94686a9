//! How long a user waits: from applying a credential to Ready, and from a changed source Secret to the new token in
//! place. The operator as the process that ships, a real control plane, and a TrackTik that answers at once; what is
//! awaited is watched, so that no figure is rounded up to an interval of asking.
//!
//! `make bench` runs it. Figures of a busy machine are those of the machine.

#![expect(clippy::disallowed_methods, reason = "real time is what is measured here")]

use std::{
    collections::BTreeMap,
    error::Error,
    fmt::Debug,
    io::{self, Write},
    pin::Pin,
    time::{Duration, Instant},
};

use futures::{Stream, StreamExt};
use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client, Resource,
    api::{ApiResource, DynamicObject, Patch, PatchParams, PostParams},
    core::GroupVersionKind,
    runtime::{WatchStreamExt, watcher},
};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use testbed::{
    control_plane::ControlPlane,
    manifests::{apply, apply_crd, apply_operator_rbac},
    operator::Operator,
    simulator::{Account, Certificate, Simulator, SimulatorConfig},
};

/// Credentials, one after another; each is applied once and changed once.
const N: usize = 50;
const NAMESPACE: &str = "bench";
/// Far beyond what is promised: whatever takes so long will not come.
const LIMIT: Duration = Duration::from_secs(30);

type Outcome<T = ()> = Result<T, Box<dyn Error>>;

#[tokio::main]
async fn main() -> Outcome {
    let plane = ControlPlane::start().await?;
    let client = plane.client().await?;
    let folder = tempfile::tempdir()?;
    let ca_file = folder.path().join("ca.pem");
    let (certificate, ca_pem) = Certificate::self_made(&["127.0.0.1"])?;
    std::fs::write(&ca_file, ca_pem)?;
    let simulator = Simulator::start(SimulatorConfig::new(certificate)?).await?;
    apply_crd(&client).await?;
    apply_operator_rbac(&client, &[]).await?;
    let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": NAMESPACE } });
    apply(&client, &namespace).await?;
    let operator = Operator::builder(env!("CARGO_BIN_EXE_tracktik-operator"))
        .args(["--allowed-domain", &simulator.domain()])
        .arg("--ca-bundle")
        .arg(&ca_file)
        .start(&plane)
        .await?;
    operator.ready(LIMIT).await?;

    let to_ready = first_tokens(&client, &simulator).await?;
    let to_new_token = changed_sources(&client, &simulator).await?;
    // What was measured is worth nothing if the operator got there by asking more often than it may.
    let counts = simulator.counts();
    if (counts.logins, counts.refused) != (2 * N as u64, 0) {
        return Err(format!(
            "{} logins and {} refusals for {N} credentials",
            counts.logins, counts.refused
        )
        .into());
    }
    let head = ["min", "median", "p95", "max"].map(|column| format!("{column:>10}"));
    let mut stdout = io::stdout();
    writeln!(stdout, "{:<40}{:>5}{}", "", "N", head.concat())?;
    writeln!(stdout, "{}", row("from applying the resource to Ready", to_ready))?;
    writeln!(
        stdout,
        "{}",
        row("from a changed source to the new token", to_new_token)
    )?;
    operator.terminate().await?;
    plane.stop().await;
    Ok(())
}

/// From the request that creates a credential to the watched status that says Ready. Its source is there before.
async fn first_tokens(client: &Client, simulator: &Simulator) -> Outcome<Vec<Duration>> {
    let kind = GroupVersionKind::gvk("tracktik-operator.io", "v1alpha1", "TrackTikCredential");
    let resource = ApiResource::from_gvk_with_plural(&kind, "tracktikcredentials");
    let credentials: Api<DynamicObject> = Api::namespaced_with(client.clone(), NAMESPACE, &resource);
    let secrets: Api<Secret> = Api::namespaced(client.clone(), NAMESPACE);
    let mut seen = watch(&credentials).await?;
    // The API server delivers nothing of a kind that is seconds old to a new watch for another two seconds. A credential
    // that asks for no token shows that ours has begun, and warms up nothing that a token needs.
    let first = "suspended";
    let suspended = credential(first, simulator, true)?;
    credentials.create(&PostParams::default(), &suspended).await?;
    next(&mut seen, |found| found.metadata.name.as_deref() == Some(first)).await?;
    let mut times = Vec::new();
    for number in 0..N {
        let account = account(number);
        simulator.add_account(account.clone());
        let source = source(number, &account)?;
        secrets.create(&PostParams::default(), &source).await?;
        let name = name(number);
        let credential = credential(&name, simulator, false)?;
        let began = Instant::now();
        credentials.create(&PostParams::default(), &credential).await?;
        next(&mut seen, |found| {
            found.metadata.name.as_ref() == Some(&name) && is_ready(&found.data)
        })
        .await?;
        times.push(began.elapsed());
    }
    Ok(times)
}

/// From the request that changes the password in a source to the watched token Secret that holds another token.
async fn changed_sources(client: &Client, simulator: &Simulator) -> Outcome<Vec<Duration>> {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), NAMESPACE);
    let mut seen = watch(&secrets).await?;
    let mut times = Vec::new();
    for number in 0..N {
        let (target, password) = (format!("{}-token", name(number)), format!("another password {number}"));
        let before = access_token(&secrets.get(&target).await?);
        if !simulator.change_password(&account(number).username, &password) {
            return Err("the simulator does not know its own account".into());
        }
        let patch = Patch::Merge(json!({ "stringData": { "password": password } }));
        let began = Instant::now();
        secrets.patch(&name(number), &PatchParams::default(), &patch).await?;
        next(&mut seen, |found| {
            found.metadata.name.as_ref() == Some(&target) && access_token(found) != before
        })
        .await?;
        times.push(began.elapsed());
    }
    Ok(times)
}

type Seen<K> = Pin<Box<dyn Stream<Item = watcher::Result<K>> + Send>>;

/// A watch whose list is there: its own start is no part of what is measured.
async fn watch<K: Resource + Clone + DeserializeOwned + Debug + Send + 'static>(api: &Api<K>) -> Outcome<Seen<K>> {
    let mut changes = Box::pin(watcher(api.clone(), watcher::Config::default()).default_backoff());
    let begun = async {
        while let Some(change) = changes.next().await {
            if matches!(change, Ok(watcher::Event::InitDone)) {
                break;
            }
        }
    };
    tokio::time::timeout(LIMIT, begun).await?;
    Ok(Box::pin(changes.applied_objects()))
}

/// Waits for an object that is so; what comes before it is of no interest.
async fn next<K>(seen: &mut Seen<K>, holds: impl Fn(&K) -> bool) -> Outcome {
    let found = async {
        while let Some(object) = seen.next().await {
            if holds(&object?) {
                return Ok(());
            }
        }
        Err("the watch ended".into())
    };
    tokio::time::timeout(LIMIT, found).await?
}

fn credential(name: &str, simulator: &Simulator, suspend: bool) -> Outcome<DynamicObject> {
    Ok(serde_json::from_value(json!({
        "apiVersion": "tracktik-operator.io/v1alpha1", "kind": "TrackTikCredential", "metadata": { "name": name },
        "spec": {
            "domain": simulator.domain(), "credentials": { "secretRef": { "name": name } }, "suspend": suspend,
        },
    }))?)
}

fn name(number: usize) -> String {
    format!("credential-{number}")
}

fn account(number: usize) -> Account {
    Account {
        client_id: "client of the bench".to_owned(),
        client_secret: "secret of the bench".to_owned(),
        username: format!("user-{number}@example.com"),
        password: format!("password {number}"),
    }
}

fn source(number: usize, account: &Account) -> Outcome<Secret> {
    Ok(serde_json::from_value(json!({
        "metadata": { "name": name(number) },
        "stringData": {
            "client_id": account.client_id, "client_secret": account.client_secret,
            "username": account.username, "password": account.password,
        },
    }))?)
}

fn is_ready(object: &Value) -> bool {
    let conditions = object["status"]["conditions"].as_array();
    conditions.is_some_and(|all| all.iter().any(|one| one["type"] == "Ready" && one["status"] == "True"))
}

fn access_token(secret: &Secret) -> Option<Vec<u8>> {
    let data: Option<&BTreeMap<_, _>> = secret.data.as_ref();
    data?.get("access_token").map(|value| value.0.clone())
}

/// The p95 of 50 is the third longest: the smallest time that at least 95 in 100 do not exceed.
fn row(what: &str, mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() * percent).div_ceil(100).max(1) - 1];
    let columns = [at(0), at(50), at(95), at(100)].map(|time| format!("{:>7.1} ms", time.as_secs_f64() * 1_000.0));
    format!("{what:<40}{:>5}{}", times.len(), columns.concat())
}
