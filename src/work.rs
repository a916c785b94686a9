//! The work of whoever may act: the watches, the loop and the sender of events. A follower has none of it.

use std::{sync::Arc, time::Duration};

use kube::Client;
use tokio::task::JoinSet;
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

use crate::{
    clock::Clock,
    cluster::{
        Claim, Stores,
        events::Events,
        list_trials::{try_credentials, try_secrets},
        lists::Lists,
        watches::{WatchContext, watch_credentials, watch_secrets},
    },
    controller::{
        Context, NoRandomNumbers, Parts, figures,
        run_loop::{Wakeups, run_loop},
    },
    health::{Readiness, ReadinessItem},
    http_server::Reported,
    oauth::{allowed_domains::AllowedDomains, endpoint::HttpTokenEndpoint},
    settings::Settings,
};

/// How long the last events may take. Whoever leads next waits for them, and is to have begun after two seconds.
const LAST_EVENTS: Duration = Duration::from_secs(1);

/// How long storing what was granted last may take at the end, beside the longest request.
const LAST_WRITES: Duration = Duration::from_secs(20);

/// A part of the operator has panicked, so that it does not do all of its work any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a part of the operator ended in a panic, which is a bug: please report it with the lines of the log before this one"
)]
pub struct Panicked;

/// The lists that the work depends on, and what is known of each: asked for once by a follower, then by the watches.
pub(crate) struct Lookouts {
    scopes: Vec<Scope>,
    selector: Option<String>,
}

/// A namespace, or all under `""`.
struct Scope {
    namespace: String,
    credentials: ReadinessItem,
    secrets: ReadinessItem,
}

impl Lookouts {
    pub(crate) fn new(settings: &Settings, readiness: &Readiness) -> Self {
        let all = [String::new()];
        let namespaces = if settings.namespaces.is_empty() {
            all.as_slice()
        } else {
            &settings.namespaces
        };
        let scopes = namespaces.iter().map(|namespace| {
            let place = if namespace.is_empty() {
                "all namespaces".to_owned()
            } else {
                format!("namespace {namespace}")
            };
            Scope {
                namespace: namespace.clone(),
                credentials: readiness.item(format!("credentials in {place}")),
                secrets: readiness.item(format!("Secrets in {place}")),
            }
        });
        Self {
            scopes: scopes.collect(),
            selector: settings.selector.clone(),
        }
    }

    /// Tries each list until it is let through once, so that a replica which could never do the work is not taken for
    /// one that can. Ends when dropped.
    pub(crate) fn tried(&self, client: &Client) -> JoinSet<()> {
        let mut trials = JoinSet::new();
        for scope in &self.scopes {
            let (namespace, selector) = (scope.namespace.clone(), self.selector.clone());
            let (credentials, secrets) = (scope.credentials.clone(), scope.secrets.clone());
            trials.spawn(try_credentials(
                client.clone(),
                namespace.clone(),
                selector,
                credentials,
            ));
            trials.spawn(try_secrets(client.clone(), namespace, secrets));
        }
        trials
    }
}

/// The watches, the loop and the sender of events. Dropped, all of it ends where it stands.
pub(crate) struct Work {
    tasks: JoinSet<()>,
    reconciling: AbortOnDropHandle<()>,
    watching: CancellationToken,
    stopping: CancellationToken,
}

impl Work {
    /// From the moment on that this claim is current. `client` asks it before each write.
    ///
    /// # Errors
    /// When the system gives no random numbers.
    pub(crate) fn start(
        settings: &Settings,
        (client, claim): (Client, Claim),
        (endpoint, allowed): (HttpTokenEndpoint, AllowedDomains),
        lookouts: Lookouts,
        reported: &Reported,
        stopping: CancellationToken,
    ) -> Result<Self, NoRandomNumbers> {
        let mut tasks = JoinSet::new();
        let (events, sending) = Events::new(client.clone());
        tasks.spawn(sending);
        let stores = Stores::default();
        let context = Arc::new(Context::new(Parts {
            client: client.clone(),
            claim: claim.clone(),
            stores: stores.clone(),
            endpoint: Arc::new(endpoint.asking({
                let claim = claim.clone();
                move || claim.is_current()
            })),
            allowed_domains: allowed,
            events,
            metrics: Arc::clone(&reported.metrics),
            clock: Clock::system(),
            stopping: stopping.clone(),
            limits: settings.login_limits,
            readiness: reported.readiness.clone(),
        })?);
        figures::report(&context);
        let wakeups = Wakeups::default();
        let watching = CancellationToken::new();
        let wake = wakeups.clone();
        let watch = WatchContext {
            stores,
            wake: Arc::new(move |key| wake.wake(key)),
            lists: Lists::default(),
            selector: lookouts.selector,
            shutdown: watching.clone(),
        };
        for scope in lookouts.scopes {
            watch.stores.expect_credentials(&scope.namespace);
            let namespace = scope.namespace.clone();
            tasks.spawn(watch_credentials(
                client.clone(),
                namespace,
                watch.clone(),
                scope.credentials,
            ));
            tasks.spawn(watch_secrets(
                client.clone(),
                scope.namespace,
                watch.clone(),
                scope.secrets,
            ));
        }
        let patience = settings.request_timeout + LAST_WRITES;
        let reconciling = tokio::spawn(run_loop(context, wakeups, reported.liveness.clone(), patience));
        Ok(Self {
            tasks,
            reconciling: AbortOnDropHandle::new(reconciling),
            watching,
            stopping,
        })
    }

    /// Until the loop has let what it had begun come to its end. The watches go on until then: a token that was granted
    /// is still to be stored.
    ///
    /// # Errors
    /// Something panicked. Where it was not the loop itself, that has come to its end in good order.
    pub(crate) async fn until_stopped(mut self) -> Result<(), Panicked> {
        let mut panicked = false;
        let looped = loop {
            tokio::select! {
                looped = &mut self.reconciling => break looped,
                Some(ended) = self.tasks.join_next() => if ended.is_err() {
                    // Without a watch the rest would go on and see nothing.
                    panicked = true;
                    self.stopping.cancel();
                },
            }
        };
        if looped.is_err() {
            return Err(Panicked);
        }
        self.watching.cancel();
        // The sender of events ends once the last reconcile has dropped its end of the queue.
        let rest = async {
            while let Some(ended) = self.tasks.join_next().await {
                panicked |= ended.is_err();
            }
        };
        if tokio::time::timeout(LAST_EVENTS, rest).await.is_err() {
            tracing::debug!("the last events were not recorded");
        }
        if panicked { Err(Panicked) } else { Ok(()) }
    }
}

#[cfg(test)]
impl Work {
    /// This in the place of the loop, and nothing beside it.
    pub(crate) fn of(looping: impl Future<Output = ()> + Send + 'static, stopping: &CancellationToken) -> Self {
        Self {
            tasks: JoinSet::new(),
            reconciling: AbortOnDropHandle::new(tokio::spawn(looping)),
            watching: CancellationToken::new(),
            stopping: stopping.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use http::{Request, Response};
    use kube::client::Body;
    use serde_json::json;

    use super::*;
    use crate::{
        clock,
        health::{Liveness, STUCK_AFTER},
        metrics::Metrics,
        oauth::endpoint::EndpointOptions,
        settings::{self, Request as Asked},
    };

    /// A loop that ends when it is asked to, and with it a task that does this.
    fn work(task: impl Future<Output = ()> + Send + 'static, stopping: &CancellationToken) -> Work {
        let mut work = Work::of(stopping.clone().cancelled_owned(), stopping);
        work.tasks.spawn(task);
        work
    }

    #[tokio::test]
    async fn a_watch_that_panics_has_the_loop_end_in_good_order_and_is_no_success() {
        let stopping = CancellationToken::new();
        let work = work(async { panic!("a bug") }, &stopping);
        assert_eq!(work.until_stopped().await, Err(Panicked));
        assert!(stopping.is_cancelled());
    }

    #[tokio::test]
    async fn a_loop_that_panics_is_no_success() {
        let stopping = CancellationToken::new();
        let mut work = Work::of(async { panic!("a bug") }, &stopping);
        work.tasks.spawn(std::future::pending());
        assert_eq!(work.until_stopped().await, Err(Panicked));
    }

    #[tokio::test]
    async fn a_task_that_has_ended_is_no_reason_to_end() {
        let stopping = CancellationToken::new();
        let work = work(async {}, &stopping);
        let ended = tokio::spawn(work.until_stopped());
        tokio::task::yield_now().await;
        assert!(!ended.is_finished() && !stopping.is_cancelled());
        stopping.cancel();
        assert_eq!(ended.await.ok(), Some(Ok(())));
    }

    /// Lists one credential and its source, and answers nothing else.
    fn silent_but_for_lists() -> Client {
        let service = tower::service_fn(async |request: Request<Body>| {
            let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
            let item = match path.rsplit('/').next() {
                Some("tracktikcredentials") => json!({
                    "metadata": { "name": "a", "namespace": "team", "uid": "1", "resourceVersion": "1", "generation": 1 },
                    "spec": { "domain": "acme.staffr.net", "credentials": { "secretRef": { "name": "account" } } },
                }),
                Some("secrets") => json!({
                    "metadata": { "name": "account", "namespace": "team", "uid": "2", "resourceVersion": "2" },
                }),
                _ => std::future::pending().await,
            };
            if query.contains("watch=true") {
                std::future::pending::<()>().await;
            }
            let list = json!({ "metadata": { "resourceVersion": "2" }, "items": [item] });
            Ok::<_, Infallible>(Response::new(Body::from(list.to_string().into_bytes())))
        });
        Client::new(service, "default")
    }

    /// A look whose calls are never answered lasts for two of their deadlines, half a minute.
    #[tokio::test(start_paused = true)]
    async fn what_has_begun_gets_the_longest_request_and_twenty_seconds_at_the_end() {
        let _ = rustls::crypto::ring::default_provider().install_default();
        for request in [1, 5] {
            let seconds = request.to_string();
            let flags = ["--connect-timeout-seconds", "1", "--request-timeout-seconds", &seconds];
            let Ok(Asked::Run(settings)) = settings::parse([["tracktik-operator", "run"].as_slice(), &flags].concat())
            else {
                panic!("the flags are wrong")
            };
            let reported = Reported {
                liveness: Liveness::new(STUCK_AFTER),
                readiness: Readiness::default(),
                metrics: Arc::new(Metrics::default()),
            };
            let endpoint = HttpTokenEndpoint::new(EndpointOptions::default()).unwrap();
            let stopping = CancellationToken::new();
            let work = Work::start(
                &settings,
                (silent_but_for_lists(), Claim::without_election()),
                (endpoint, AllowedDomains::default()),
                Lookouts::new(&settings, &reported.readiness),
                &reported,
                stopping.clone(),
            );
            tokio::time::sleep(Duration::from_secs(1)).await;
            stopping.cancel();
            let began = clock::monotonic();
            assert_eq!(work.unwrap().until_stopped().await, Ok(()));
            let took = began.elapsed().as_secs();
            assert!((request + 20..=request + 21).contains(&took), "{took} {request}");
        }
    }
}
