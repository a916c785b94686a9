//! The life of tokens over real TLS, and what the server around the state machine adds.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use reqwest::StatusCode;
use serde_json::json;
use testbed::simulator::{Clock, Fault, TOKEN_PATH, Target, TokenRequest};

use crate::client::{Bench, account};

#[tokio::test]
async fn a_login_looks_like_a_captured_one() {
    let bench = Bench::start().await;
    let login = bench.login().await.expect("an answer");
    assert_eq!(login.status, StatusCode::OK);
    assert_eq!(login.header("content-type"), "application/json; charset=UTF-8");
    assert_eq!(login.header("cache-control"), "no-store");
    assert_eq!(
        (login.text("token_type"), login.json("expires_in")),
        ("Bearer".to_owned(), json!(3600))
    );
    assert_eq!(
        (login.text("access_token").len(), login.text("refresh_token").len()),
        (1180, 924)
    );
    assert!(!login.text("id_token").is_empty());
    assert_eq!(login.json("scope"), json!(null));

    let token = login.text("access_token");
    let reader = bench.whoami(&token).await;
    assert_eq!(
        (reader.status, reader.text("username")),
        (StatusCode::OK, bench.account.username.clone())
    );
    assert_eq!(bench.simulator.owner_of(&token), Some(bench.account.username.clone()));
    assert!(bench.simulator.valid(&token));
}

#[tokio::test]
async fn a_refresh_replaces_a_session_and_a_replay_is_seen() {
    let bench = Bench::start().await;
    let old = bench.login().await.expect("an answer");
    let new = bench.refresh(&old.text("refresh_token")).await.expect("an answer");
    assert_eq!(new.status, StatusCode::OK);
    assert_eq!(
        bench.whoami(&old.text("access_token")).await.status,
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(bench.whoami(&new.text("access_token")).await.status, StatusCode::OK);

    let replay = bench.refresh(&old.text("refresh_token")).await.expect("an answer");
    assert_eq!(
        (replay.status, replay.text("error")),
        (StatusCode::UNAUTHORIZED, "invalid_request".to_owned())
    );
    assert_eq!(replay.text("error_description"), replay.text("message"));

    let counts = bench.simulator.counts();
    assert_eq!(
        (counts.logins, counts.refreshes, counts.replays, counts.refused),
        (1, 1, 1, 1)
    );
    assert_eq!((counts.reader_requests, counts.reader_failures), (2, 1));
    assert_eq!(counts.by_username[&bench.account.username].attempts, 3);
}

#[tokio::test]
async fn an_ended_session_refuses_its_tokens_and_leaves_those_of_others() {
    let bench = Bench::start().await;
    let other = account("other@example.com");
    bench.simulator.add_account(other.clone());
    let theirs = bench.send(&TokenRequest::login(&other)).await.expect("an answer");
    let session = bench.login().await.expect("an answer");
    bench.simulator.end_sessions(&bench.account.username);
    assert!(!bench.simulator.valid(&session.text("access_token")));
    assert!(bench.simulator.valid(&theirs.text("access_token")));
    let refused = bench.refresh(&session.text("refresh_token")).await.expect("an answer");
    assert_eq!(
        (refused.status, refused.text("error")),
        (StatusCode::UNAUTHORIZED, "invalid_request".to_owned())
    );
    let counts = bench.simulator.counts();
    assert_eq!(
        (counts.replays, counts.repeated_refresh_tokens),
        (0, 0),
        "it was sent once"
    );
    let again = bench.login().await.expect("an answer");
    assert!(bench.simulator.valid(&again.text("access_token")));
}

#[tokio::test]
async fn of_concurrent_refreshes_one_wins() {
    let bench = Bench::start().await;
    let token = bench.login().await.expect("an answer").text("refresh_token");
    let (one, two, three) = tokio::join!(bench.refresh(&token), bench.refresh(&token), bench.refresh(&token));
    let won = [one, two, three].map(|answer| answer.expect("an answer").status == StatusCode::OK);
    assert_eq!(won.into_iter().filter(|won| *won).count(), 1);
    assert_eq!(bench.simulator.counts().replays, 2);
}

#[tokio::test]
async fn refusals_have_the_words_of_the_library() {
    let bench = Bench::start().await;
    let login = TokenRequest::login(&bench.account);
    let client = bench.send(&login.clone().with("client_secret", "wrong")).await;
    let client = client.expect("an answer");
    assert_eq!(
        (client.status, client.text("error")),
        (StatusCode::UNAUTHORIZED, "invalid_client".to_owned())
    );
    assert_eq!(client.header("content-type"), "application/json");
    let user = bench.send(&login.with("password", "wrong")).await.expect("an answer");
    assert_eq!(
        (user.status, user.text("error")),
        (StatusCode::BAD_REQUEST, "invalid_grant".to_owned())
    );

    let url = format!("https://{}{TOKEN_PATH}", bench.simulator.domain());
    let json = bench.http.post(&url).json(TokenRequest::login(&bench.account).pairs());
    let json = json.send().await.expect("an answer");
    assert_eq!(json.status(), StatusCode::BAD_REQUEST, "a JSON body is no form");
    let get = bench.http.get(url).send().await.expect("an answer");
    assert_eq!(
        (get.status(), bench.simulator.counts().stray_requests),
        (StatusCode::NOT_FOUND, 1)
    );
}

#[tokio::test]
async fn time_is_the_tests_own() {
    let seconds = Arc::new(AtomicU64::new(0));
    let hand = Arc::clone(&seconds);
    let bench = Bench::with(|config| {
        config.rules.access_token_life = Duration::from_mins(1);
        config.clock = Clock::new(move || Duration::from_secs(hand.load(Ordering::Relaxed)));
    })
    .await;
    let token = bench.login().await.expect("an answer").text("access_token");
    seconds.store(59, Ordering::Relaxed);
    assert!(bench.simulator.valid(&token));
    seconds.store(60, Ordering::Relaxed);
    assert!(!bench.simulator.valid(&token));
    assert_eq!(bench.whoami(&token).await.status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn the_ban_answers_as_the_firewall_does() {
    let bench = Bench::start().await;
    let wrong = TokenRequest::login(&bench.account).with("password", "wrong");
    let token = bench.login().await.expect("an answer").text("access_token");
    for _ in 0..40 {
        bench.send(&wrong).await.expect("an answer");
    }
    let banned = bench.login().await.expect("an answer");
    assert_eq!(
        (banned.status, banned.header("server")),
        (StatusCode::FORBIDDEN, "awselb/2.0")
    );
    assert!(banned.body.contains("<h1>403 Forbidden</h1>"));
    assert_eq!(
        bench.whoami(&token).await.status,
        StatusCode::OK,
        "readers are not banned"
    );
    assert_eq!(bench.simulator.counts().banned_addresses, 1);
}

#[tokio::test]
async fn what_happens_at_once_is_measured() {
    let bench = Bench::start().await;
    let delay = Fault::Delay { milliseconds: 1000 };
    bench.simulator.set_fault(Target::Everywhere, delay, None);
    let (one, two, three) = tokio::join!(bench.login(), bench.login(), bench.login());
    for answer in [one, two, three] {
        assert_eq!(answer.expect("an answer").status, StatusCode::OK);
    }
    let counts = bench.simulator.counts();
    assert_eq!(
        (counts.in_flight_max, counts.connections, counts.without_user_agent),
        (3, 3, 0)
    );
}

#[tokio::test]
async fn a_dropped_simulator_leaves_no_connection() {
    let bench = Bench::start().await;
    let silence = Fault::Silence { after_effect: false };
    bench.simulator.set_fault(Target::Everywhere, silence, None);
    let Bench {
        simulator,
        http,
        account,
        ..
    } = bench;
    let url = format!("https://{}{TOKEN_PATH}", simulator.domain());
    let request = http.post(&url).form(TokenRequest::login(&account).pairs()).send();
    let pending = tokio::spawn(request);
    while simulator.counts().token_requests == 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    drop(simulator);
    let ended = tokio::time::timeout(Duration::from_secs(2), pending).await;
    let ended = ended.expect("the connection ends").expect("no panic");
    assert!(ended.is_err_and(|error| !error.is_timeout()));
    let refused = http.get(url).send().await;
    assert!(refused.is_err_and(|error| error.is_connect()));
}

#[tokio::test]
async fn a_stopped_simulator_leaves_its_port_to_another() {
    let first = Bench::start().await;
    let port = first.simulator.port();
    let token = first.login().await.expect("an answer").text("access_token");
    first.simulator.stop().await;
    let second = Bench::with(|config| config.port = port).await;
    assert_eq!(second.login().await.expect("an answer").status, StatusCode::OK);
    assert_eq!(second.whoami(&token).await.status, StatusCode::UNAUTHORIZED);
}
