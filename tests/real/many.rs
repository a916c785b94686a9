//! Two hundred credentials of the same names in ten namespaces, all at once: each gets its own token and nobody else's.

use std::time::{Duration, Instant};

use futures::{StreamExt, stream};
use serde_json::json;
use testbed::{
    manifests::{apply, apply_operator_rbac},
    simulator::{Account, Fault, Target},
};

use crate::{
    figures::{say, sum_of},
    scene::{Scene, eventually},
};

const NAMESPACES: usize = 10;
const IN_EACH: usize = 20;

/// Two hundred requests of 400 ms, of which a host gets eight at a time, take ten seconds; and what a busy machine adds.
const ALL: Duration = Duration::from_mins(2);

/// One username for each, so that the simulator can tell whose a token is.
fn username(namespace: &str, name: &str) -> String {
    format!("{name}@{namespace}.example")
}

fn namespaces(scene: &Scene) -> Vec<String> {
    let more = (1..NAMESPACES).map(|number| format!("{}-{number}", scene.namespace));
    std::iter::once(scene.namespace.clone()).chain(more).collect()
}

fn names() -> impl Iterator<Item = String> {
    (0..IN_EACH).map(|number| format!("tenant-{number}"))
}

/// The source Secret and the credential of one tenant.
async fn tenant(scene: &Scene, namespace: &str, name: &str) {
    let metadata = json!({ "name": name, "namespace": namespace });
    let account = Account {
        client_id: format!("client-{namespace}-{name}"),
        client_secret: format!("client-secret-{namespace}-{name}"),
        username: username(namespace, name),
        password: format!("password-{namespace}-{name}"),
    };
    scene.simulator.add_account(account.clone());
    let source = json!({ "apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": {
        "client_id": account.client_id, "client_secret": account.client_secret,
        "username": account.username, "password": account.password,
    } });
    let credential = json!({
        "apiVersion": "tracktik-operator.io/v1alpha1", "kind": "TrackTikCredential", "metadata": metadata,
        "spec": { "domain": scene.simulator.domain(), "credentials": { "secretRef": { "name": name } } },
    });
    for object in [source, credential] {
        apply(&scene.client, &object).await.unwrap();
    }
}

#[tokio::test]
async fn two_hundred_credentials_of_the_same_names_each_hold_their_own_token() {
    let mut scene = Scene::new("many").await;
    let namespaces = namespaces(&scene);
    let names: Vec<&str> = namespaces.iter().map(String::as_str).collect();
    for namespace in &names {
        let object = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } });
        apply(&scene.client, &object).await.unwrap();
    }
    apply_operator_rbac(&scene.client, &names).await.unwrap();
    // Before the operator, so that it meets them all in one list.
    let tenants = namespaces
        .iter()
        .flat_map(|namespace| self::names().map(move |name| (namespace, name)));
    stream::iter(tenants)
        .for_each_concurrent(16, async |(namespace, name)| tenant(&scene, namespace, &name).await)
        .await;

    // So slow that requests overlap wherever they may.
    let slow = Fault::Delay { milliseconds: 400 };
    scene.simulator.set_fault(Target::Everywhere, slow, None);

    let began = Instant::now();
    let operator = scene.operator().namespaces(names[1..].iter().copied());
    let operator = operator.start(scene.plane).await.unwrap();
    for namespace in &namespaces {
        scene.namespace.clone_from(namespace);
        for name in self::names() {
            eventually(ALL, || async {
                let status = scene.status(&name).await;
                let ready = status.ready() == "True";
                ready.then_some(()).ok_or_else(|| format!("{name} is {}", status.0))
            })
            .await;
        }
    }
    say(&format!(
        "200 ready {} ms after the operator's start",
        began.elapsed().as_millis()
    ));

    let mut seen = std::collections::BTreeSet::new();
    for namespace in &namespaces {
        scene.namespace.clone_from(namespace);
        for name in self::names() {
            let token = scene.token(&name).await;
            assert_eq!(scene.simulator.owner_of(&token), Some(username(namespace, &name)));
            assert!(
                scene.simulator.valid(&token) && seen.insert(token),
                "{namespace}/{name}"
            );
        }
    }
    let counts = scene.simulator.counts();
    assert_eq!((counts.logins, counts.token_requests), (200, 200));
    assert_eq!(counts.in_flight_max, 8, "to one host, and all of them are used");
    assert!(counts.by_username.values().all(|user| user.attempts == 1));
    let metrics = operator.metrics().await.unwrap();
    let granted = sum_of(
        &metrics,
        r#"tracktik_token_requests_total{grant="password",outcome="success"}"#,
    );
    assert!((granted - 200.0).abs() < f64::EPSILON, "{granted}");
}
