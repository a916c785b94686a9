//! Every write around a grant, lost or refused on its way in every way: no token is lost, and none is asked for twice.

use std::{
    collections::BTreeMap,
    time::{Duration, Instant},
};

use futures::{StreamExt, future::join_all, stream};
use serde_json::json;
use testbed::operator::Operator;

use crate::{
    api_proxy::ApiProxy,
    api_trouble::{Call, Later, Trouble},
    figures::say,
    left_behind::leaves_nothing,
    scene::{Scene, Status, eventually},
};

/// A call of 15 s that is lost, the pace of the refusal after it, and the same once more.
const IN_THE_END: Duration = Duration::from_mins(2);

/// A write of a grant, and what becomes of it, once.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    pub grant: &'static str,
    pub call: Call,
    pub trouble: Trouble,
}

impl Case {
    /// As a name in Kubernetes.
    pub fn name(self) -> String {
        let Self { grant, call, trouble } = self;
        let words = format!("{grant}-{call:?}-{trouble:?}").to_lowercase();
        let words = words.split(|c: char| !c.is_ascii_alphanumeric());
        words.filter(|word| !word.is_empty()).collect::<Vec<_>>().join("-")
    }

    /// A mark that may be in place is of a token that must not be sent; a login takes the place of the refresh.
    fn refreshes(self) -> u64 {
        let marked = self.call == Call::Mark && self.trouble.passes_on();
        u64::from(self.grant == "Refresh" && !marked)
    }
}

fn cases() -> Vec<Case> {
    let later = |code, seconds| Trouble::Answer {
        code,
        retry_after: Some(Later::Seconds(seconds)),
    };
    let troubles = [
        Trouble::CutAnswer,
        Trouble::LostAnswer,
        Trouble::ResetAfter,
        Trouble::Reset,
        Trouble::Silence,
        Trouble::answer(409),
        Trouble::answer(500),
        later(429, 1),
        later(503, 2),
    ];
    // The client waits for as long as it is told, within the time that a call has.
    let mut cases = vec![Case {
        grant: "Password",
        call: Call::Store,
        trouble: later(503, 3_600),
    }];
    for trouble in troubles {
        let case = |grant, call| Case { grant, call, trouble };
        let common = [Call::DryRun, Call::Announcement, Call::Store, Call::Status];
        cases.extend(common.map(|call| case("Password", call)));
        cases.extend(common.map(|call| case("Refresh", call)));
        cases.push(case("Refresh", Call::Mark));
    }
    // A rehearsal has no effect: whether it arrived makes no difference.
    cases.retain(|case| case.call != Call::DryRun || case.trouble != Trouble::LostAnswer);
    cases
}

/// A call that hangs holds a place at its host, of which there are eight: two hosts take half the time.
fn host_of(scene: &Scene, grant: &str) -> String {
    match grant {
        "Refresh" => format!("localhost:{}", scene.simulator.port()),
        _ => scene.simulator.domain(),
    }
}

async fn first_token(scene: &Scene, case: Case) {
    let name = &case.name();
    scene.account(name).await;
    scene
        .credential(
            name,
            json!({ "domain": host_of(scene, case.grant), "renewal": { "grant": case.grant } }),
        )
        .await;
    scene.ready(name).await;
}

/// A rotation in the midst of which one write goes wrong, and how long it takes.
async fn rotated_all_the_same(scene: &Scene, proxy: &ApiProxy, case: Case) -> Duration {
    let name = &case.name();
    let before = scene.token(name).await;
    let began = Instant::now();
    proxy.once(case.call, name, case.trouble);
    scene.annotate(name, "tracktik-operator.io/rotate", "1").await;
    let well = |status: &Status| {
        let nothing_left = status.0["failure"]["pending"].is_null() && status.is("Renewed") == "True";
        nothing_left && status.ready() == "True" && status.0["lastHandledRotate"] == "1"
    };
    let token = eventually(IN_THE_END, || async {
        let (token, status) = (scene.token(name).await, scene.status(name).await);
        if token != before && well(&status) {
            Ok(token)
        } else {
            Err(format!("{case:?}: {}", status.0))
        }
    })
    .await;
    let took = began.elapsed();
    assert!(scene.simulator.valid(&token), "{case:?}");
    scene.looked_at_again(name).await.assert_well();
    assert_eq!(scene.token(name).await, token, "{case:?}");
    assert_eq!(scene.attempts(name), 2, "{case:?}");
    let username = format!("api.{name}@{}.example", scene.namespace);
    let refreshes = scene.simulator.counts().by_username[&username].refreshes;
    assert_eq!(refreshes, case.refreshes(), "{case:?}");
    took
}

/// How often each token Secret was written, the marks aside.
async fn stores(scene: &Scene) -> BTreeMap<String, usize> {
    let mut stores = BTreeMap::new();
    for event in scene.written_until_now().await {
        let mark = event.request_uri.contains("fieldManager=tracktik-operator-intent");
        if event.resource == "secrets" && !mark {
            *stores.entry(event.name).or_default() += 1;
        }
    }
    stores
}

/// All of them side by side, by one operator: each costs one request for the first token and one for the next.
pub async fn cost_nothing(scene: &Scene, proxy: &ApiProxy, cases: &[Case]) -> Operator {
    let other = host_of(scene, "Refresh");
    let operator = scene.operator().args(["--allowed-domain", &other]);
    let operator = proxy.start(scene, operator).await;
    stream::iter(cases)
        .for_each_concurrent(8, async |case| first_token(scene, *case).await)
        .await;
    let all = cases.iter().map(|case| rotated_all_the_same(scene, proxy, *case));
    for (case, took) in cases.iter().zip(join_all(all).await) {
        say(&format!("{}: all well after {} ms", case.name(), took.as_millis()));
    }
    let counts = scene.simulator.counts();
    assert_eq!((counts.repeated_refresh_tokens, counts.refused), (0, 0));
    assert_eq!(counts.token_requests, 2 * u64::try_from(cases.len()).unwrap());
    for call in [Call::DryRun, Call::Announcement, Call::Mark, Call::Store, Call::Status] {
        let of = cases.iter().filter(|case| case.call == call).count();
        assert_eq!(proxy.met(call), of, "{call:?}");
    }
    let stores = stores(scene).await;
    let once_each = cases.iter().map(|case| (format!("{}-token", case.name()), 2));
    assert_eq!(stores, once_each.collect(), "each token is stored once");
    leaves_nothing(scene, &operator).await;
    operator
}

#[tokio::test]
async fn a_write_that_is_lost_or_refused_once_costs_neither_the_token_nor_another_grant() {
    let scene = Scene::new("lost-writes").await;
    let proxy = ApiProxy::of(&scene).await;
    let operator = cost_nothing(&scene, &proxy, &cases()).await;
    assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
}
