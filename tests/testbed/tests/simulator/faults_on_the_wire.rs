//! Faults that leave the client without a complete answer.

use std::time::Duration;

use reqwest::StatusCode;
use testbed::simulator::{Fault, Target, TokenRequest};

use crate::client::Bench;

const SOON: Duration = Duration::from_millis(700);

#[tokio::test]
async fn a_closed_connection_may_hide_that_a_token_was_consumed() {
    let bench = Bench::start().await;
    let table = [(false, StatusCode::OK), (true, StatusCode::UNAUTHORIZED)];
    for (after_effect, second_try) in table {
        let session = bench.login().await.expect("an answer").text("refresh_token");
        let close = Fault::Close { after_effect };
        bench.simulator.set_fault(Target::Everywhere, close, Some(1));
        let lost = bench.refresh(&session).await;
        assert!(lost.is_err_and(|error| !error.is_timeout()));
        let again = bench.refresh(&session).await.expect("an answer");
        assert_eq!(again.status, second_try);
    }
    let counts = bench.simulator.counts();
    assert_eq!((counts.refreshes, counts.replays), (2, 1));
    // Also the one that had no effect the first time came twice.
    assert_eq!((counts.refresh_requests, counts.repeated_refresh_tokens), (4, 2));
}

#[tokio::test]
async fn silence_lasts_as_long_as_the_client_listens() {
    let bench = Bench::start().await;
    for (after_effect, logins) in [(false, 0), (true, 1)] {
        let silence = Fault::Silence { after_effect };
        bench.simulator.set_fault(Target::Everywhere, silence, Some(1));
        let login = TokenRequest::login(&bench.account);
        let lost = bench.send_within(&login, SOON).await;
        assert!(lost.is_err_and(|error| error.is_timeout()));
        assert_eq!(bench.simulator.counts().logins, logins);
    }
    // A client that hung up is no longer in flight.
    while bench.simulator.counts().in_flight > 0 {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_delayed_answer_has_had_its_effect_already() {
    let bench = Bench::start().await;
    let delay = Fault::Delay { milliseconds: 1500 };
    bench.simulator.set_fault(Target::Everywhere, delay, None);
    let login = TokenRequest::login(&bench.account);
    assert!(bench.send_within(&login, SOON).await.is_err());
    assert_eq!(bench.simulator.counts().logins, 1);
    let late = bench.login().await.expect("an answer");
    assert!(bench.simulator.valid(&late.text("access_token")));
}

#[tokio::test]
async fn a_body_may_end_in_the_middle() {
    let bench = Bench::start().await;
    let lost = bench.login_meeting(Fault::CutBody).await;
    assert!(lost.is_err_and(|error| error.is_body() || error.is_decode()));
    assert_eq!(bench.simulator.counts().logins, 1);
}
