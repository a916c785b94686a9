//! A bug that panics in one reconcile: the others go on, and the one is tried again later.
//!
//! The controller runs within the test, since the program that ships has no way to be made to panic.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use kube::Client;
use serde_json::json;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracktik_operator::{
    api::Span,
    clock::Clock,
    cluster::{
        Claim, Stores,
        events::Events,
        lists::Lists,
        watches::{WatchContext, watch_credentials, watch_secrets},
    },
    controller::{
        Context, Parts,
        run_loop::{Wakeups, run_loop},
    },
    health::{Liveness, Readiness},
    metrics::Metrics,
    oauth::{GrantRequest, allowed_domains::AllowedDomains, endpoint::TokenEndpoint, failure::TokenRequestFailure},
    rotation::gate::Limits,
    secrets::sensitive::Tokens,
};

use crate::{
    figures::sum_of,
    scene::{PATIENCE, Scene, eventually},
};

/// An endpoint that panics for one username, and grants everybody else a token.
struct Fragile;

impl TokenEndpoint for Fragile {
    fn request_token<'a>(
        &'a self,
        _: &'a str,
        grant: GrantRequest<'a>,
    ) -> BoxFuture<'a, Result<Tokens, TokenRequestFailure>> {
        Box::pin(async move {
            let GrantRequest::Password(account) = grant else {
                panic!("only logins are expected");
            };
            let username = account.username.expose();
            assert!(!username.starts_with("api.unlucky@"), "a bug, on purpose");
            Ok(Tokens {
                access_token: format!("token-of-{username}").into(),
                refresh_token: None,
                token_type: "Bearer".to_owned(),
                expires_in: Span::hours(1),
            })
        })
    }
}

/// The controller as `run.rs` puts it together, with that endpoint.
struct Within {
    metrics: Arc<Metrics>,
    liveness: Liveness,
    stopping: CancellationToken,
    watching: CancellationToken,
    tasks: JoinSet<()>,
}

fn controller(client: &Client, namespace: &str, domain: &str) -> Within {
    let (stopping, watching) = (CancellationToken::new(), CancellationToken::new());
    let mut tasks = JoinSet::new();
    let (events, sending) = Events::new(client.clone());
    tasks.spawn(sending);
    let (stores, metrics) = (Stores::default(), Arc::new(Metrics::default()));
    let context = Context::new(Parts {
        client: client.clone(),
        claim: Claim::without_election(),
        stores: stores.clone(),
        endpoint: Arc::new(Fragile),
        allowed_domains: AllowedDomains::parse([domain]).unwrap(),
        events,
        metrics: Arc::clone(&metrics),
        clock: Clock::system(),
        stopping: stopping.clone(),
        limits: Limits::default(),
        readiness: Readiness::default(),
    })
    .unwrap();
    let wakeups = Wakeups::default();
    let wake = wakeups.clone();
    let watch = WatchContext {
        stores,
        wake: Arc::new(move |key| wake.wake(key)),
        lists: Lists::default(),
        selector: None,
        shutdown: watching.clone(),
    };
    let readiness = Readiness::default();
    let (credentials, secrets) = (readiness.item("credentials"), readiness.item("Secrets"));
    tasks.spawn(watch_credentials(
        client.clone(),
        namespace.to_owned(),
        watch.clone(),
        credentials,
    ));
    tasks.spawn(watch_secrets(client.clone(), namespace.to_owned(), watch, secrets));
    let liveness = Liveness::new(Duration::from_mins(1));
    tasks.spawn(run_loop(
        Arc::new(context),
        wakeups,
        liveness.clone(),
        Duration::from_secs(10),
    ));
    Within {
        metrics,
        liveness,
        stopping,
        watching,
        tasks,
    }
}

#[tokio::test]
async fn a_panic_in_one_reconcile_does_not_stop_the_others() {
    let scene = Scene::new("panic").await;
    for name in ["unlucky", "before"] {
        scene.everyday(name).await;
    }
    let mut within = controller(&scene.client, &scene.namespace, &scene.simulator.domain());
    scene.ready("before").await;
    let failed = r#"controller_runtime_reconcile_total{controller="tracktikcredential",result="error"}"#;
    eventually(PATIENCE, || async {
        match sum_of(&within.metrics.render(), failed) {
            ended if ended >= 1.0 => Ok(()),
            _ => Err("no reconcile has panicked".to_owned()),
        }
    })
    .await;
    scene.everyday("after").await;
    scene.ready("after").await;
    assert!(scene.token("after").await.starts_with("token-of-api.after@"));
    // Not dead either: it is looked at when it changes, and the request whose outcome is lost is not repeated at once.
    let status = scene.looked_at_again("unlucky").await;
    assert_eq!(
        (status.ready(), status.reason("Ready")),
        ("False", "Issuing"),
        "{}",
        status.0
    );
    assert!(status.message("Ready").contains("Next attempt at"), "{}", status.0);
    let panics = sum_of(&within.metrics.render(), failed);
    assert!((panics - 1.0).abs() < 0.5, "{panics}");
    assert_eq!(within.liveness.stuck_for(), None);

    // What it says when the cause is put right.
    scene
        .patch_secret("unlucky", json!({ "stringData": { "username": "api.lucky@example" } }))
        .await;
    scene.ready("unlucky").await;
    within.stopping.cancel();
    within.watching.cancel();
    while let Some(ended) = within.tasks.join_next().await {
        ended.unwrap();
    }
}
