//! Thirty days of rotation on a paused clock: the real loop, decisions and writes, against a small API server and a
//! token endpoint that live in this process.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "clippy allows these in tests, but takes the helpers of a test for something else"
)]

mod api_server;

use std::{
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use api_server::ApiServer;
use futures::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use tracktik_operator::{
    api::{Moment, Span},
    clock::Clock,
    cluster::events::Events,
    controller::{
        Context, Parts,
        run_loop::{Wakeups, run_loop},
    },
    health::Liveness,
    metrics::Metrics,
    oauth::{AllowedDomains, ConnectFault, GrantRequest, TokenEndpoint, TokenRequestFailure},
    secrets::sensitive::{Sensitive, Tokens},
};

const START: Moment = Moment::from_seconds(1_795_000_000);

/// Grants hourly tokens, and notes when; while `down`, refuses connections.
struct TrackTik {
    clock: Clock,
    granted: Mutex<Vec<(String, Moment)>>,
    attempts: Mutex<u32>,
    down: AtomicBool,
}

impl TokenEndpoint for TrackTik {
    fn request_token<'a>(
        &'a self,
        _: &'a str,
        grant: GrantRequest<'a>,
    ) -> BoxFuture<'a, Result<Tokens, TokenRequestFailure>> {
        *self.attempts.lock().unwrap() += 1;
        let GrantRequest::Password(account) = grant else {
            panic!("only logins are asked for")
        };
        let username = account.username.expose().to_owned();
        Box::pin(async move {
            // A network takes its time.
            tokio::time::sleep(Duration::from_millis(200)).await;
            if self.down.load(Ordering::Relaxed) {
                return Err(TokenRequestFailure::NotConnected(ConnectFault::Refused));
            }
            let mut granted = self.granted.lock().unwrap();
            granted.push((username.clone(), self.clock.now()));
            let serial = granted.len();
            Ok(Tokens {
                access_token: Sensitive::from(format!("access-{username}-{serial}")),
                refresh_token: Some(Sensitive::from(format!("refresh-{username}-{serial}"))),
                token_type: "Bearer".to_owned(),
                expires_in: Span::hours(1),
            })
        })
    }
}

struct World {
    api: ApiServer,
    tracktik: Arc<TrackTik>,
    stop: CancellationToken,
    reconciling: tokio::task::JoinHandle<()>,
}

fn world(credentials: &[&str]) -> World {
    let clock = Clock::following_tokio(START);
    let wakeups = Wakeups::default();
    let wake = wakeups.clone();
    let api = ApiServer::new(clock, Arc::new(move |key| wake.wake(key)));
    let tracktik = Arc::new(TrackTik {
        clock,
        granted: Mutex::default(),
        attempts: Mutex::default(),
        down: AtomicBool::new(false),
    });
    let (events, sending) = Events::new(api.client());
    tokio::spawn(sending);
    let stop = CancellationToken::new();
    let context = Context::new(Parts {
        client: api.client(),
        stores: api.stores.clone(),
        endpoint: Arc::<TrackTik>::clone(&tracktik),
        allowed_domains: AllowedDomains::default(),
        events,
        metrics: Arc::new(Metrics::default()),
        clock,
        stopping: stop.clone(),
    })
    .unwrap();
    let liveness = Liveness::new(Duration::from_mins(1));
    let reconciling = tokio::spawn(run_loop(Arc::new(context), wakeups, liveness, Duration::from_mins(1)));
    for name in credentials {
        api.add_credential(name);
    }
    World {
        api,
        tracktik,
        stop,
        reconciling,
    }
}

impl World {
    async fn end(self) {
        self.stop.cancel();
        self.reconciling.await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn thirty_days_of_hourly_tokens_never_fall_below_two_minutes() {
    let names = ["a", "b", "c"];
    let world = world(&names);
    tokio::time::sleep(Duration::from_hours(30 * 24)).await;

    for name in names {
        let username = format!("user-{name}");
        let granted = world.tracktik.granted.lock().unwrap();
        let times: Vec<Moment> = granted
            .iter()
            .filter(|(of, _)| *of == username)
            .map(|(_, at)| *at)
            .collect();
        // An hour less the margin of twenty minutes, and at most a tenth of that earlier.
        let shortest = times.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap();
        let longest = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        assert!(shortest >= Span::seconds(2_400 - 120 - 2), "{shortest}");
        assert!(longest <= Span::seconds(2_400 + 2), "{longest}");
        assert!((1_080..=1_137).contains(&times.len()), "{}", times.len());
    }
    let least = world.api.least_remaining_life().unwrap();
    assert!(least >= Span::seconds(1_190), "{least}");
    let logins = world.tracktik.granted.lock().unwrap().len();
    let (secret_writes, status_writes, events) = world.api.writes();
    println!(
        "thirty days: {logins} logins, {secret_writes} Secret writes, {status_writes} status writes, {events} events"
    );
    assert_eq!(secret_writes, logins);
    // One more for each first token, whose announcement is a status too; and for renewals soon after the start.
    assert!(status_writes <= logins + 2 * names.len(), "{status_writes}");
    assert_eq!(events, names.len(), "one event for a first token, none for a renewal");
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_a_day_costs_a_bounded_number_of_attempts_and_heals_by_itself() {
    let world = world(&["a"]);
    tokio::time::sleep(Duration::from_hours(1)).await;
    world.tracktik.down.store(true, Ordering::Relaxed);
    let before = *world.tracktik.attempts.lock().unwrap();
    tokio::time::sleep(Duration::from_hours(24)).await;
    let attempts = *world.tracktik.attempts.lock().unwrap() - before;
    // Five seconds doubling to ten minutes less a fifth: 144 to 190 a day.
    assert!((130..=195).contains(&attempts), "{attempts}");
    let (_, _, events) = world.api.writes();
    assert!(
        events <= 4,
        "an outage is told when it begins and when it costs the token, not at each attempt: {events}"
    );
    assert_eq!(
        world.api.condition("a", "Ready"),
        ("False".to_owned(), "EndpointUnavailable".to_owned())
    );
    world.tracktik.down.store(false, Ordering::Relaxed);
    tokio::time::sleep(Duration::from_mins(11)).await;
    assert_eq!(
        world.api.condition("a", "Ready"),
        ("True".to_owned(), "TokenValid".to_owned())
    );
    assert_eq!(
        world.api.condition("a", "Renewed"),
        ("True".to_owned(), "TokenValid".to_owned())
    );
    world.end().await;
}
