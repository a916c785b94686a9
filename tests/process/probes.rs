//! `/livez`, `/readyz` and `/metrics`, over loopback.

use std::{sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;
use tracktik_operator::{
    health::{Liveness, Readiness},
    http_server::{HttpServer, Reported},
    metrics::Metrics,
};

use crate::operator_process::{http_get, http_get_with};

struct Served {
    reported: Reported,
    address: String,
    stop: CancellationToken,
    serving: tokio::task::JoinHandle<()>,
}

async fn served() -> Served {
    let reported = Reported {
        liveness: Liveness::new(Duration::from_secs(1)),
        readiness: Readiness::default(),
        metrics: Arc::new(Metrics::default()),
    };
    let server = HttpServer::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let address = server.address().to_string();
    let stop = CancellationToken::new();
    let serving = tokio::spawn(server.serve(reported.clone(), stop.clone()));
    Served {
        reported,
        address,
        stop,
        serving,
    }
}

impl Served {
    async fn get(&self, path: &str) -> (String, String) {
        let answer = http_get(&self.address, path).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        (
            head.lines().next().unwrap().split(' ').nth(1).unwrap().to_owned(),
            body.to_owned(),
        )
    }
}

#[tokio::test]
async fn readyz_names_what_is_missing_and_why() {
    let served = served().await;
    let unready = |body: &str| ("503".to_owned(), body.to_owned());
    assert_eq!(
        served.get("/readyz").await,
        unready("start: nothing has been started yet\n")
    );

    let secrets = served.reported.readiness.item("secrets in namespace x");
    let api_server = served.reported.readiness.item("API server");
    assert_eq!(
        served.get("/readyz").await,
        unready("API server: not looked at yet\nsecrets in namespace x: not looked at yet\n")
    );
    api_server.ready();
    secrets.missing("list refused (403):\ngrant the operator list on secrets");
    assert_eq!(
        served.get("/readyz").await,
        unready("secrets in namespace x: list refused (403): grant the operator list on secrets\n")
    );
    secrets.ready();
    assert_eq!(served.get("/readyz").await, ("200".to_owned(), "ok\n".to_owned()));
    api_server.missing("gone");
    assert_eq!(served.get("/readyz").await.0, "503", "what was there may go missing");
}

#[tokio::test(start_paused = true)]
async fn livez_fails_when_the_loop_is_stuck_and_recovers() {
    let served = served().await;
    let liveness = served.reported.liveness.clone();
    assert_eq!(
        served.get("/livez").await.0,
        "200",
        "nothing can be stuck before it has begun"
    );
    liveness.beat();
    assert_eq!(served.get("/livez").await.0, "200");
    tokio::time::advance(Duration::from_secs(2)).await;
    let (status, why) = served.get("/livez").await;
    assert_eq!(status, "503");
    assert_eq!(why, "the reconcile loop has not turned for 2 s\n");
    liveness.beat();
    assert_eq!(served.get("/livez").await.0, "200");
}

#[tokio::test(start_paused = true)]
async fn the_pulse_is_lost_after_its_limit_not_before() {
    let liveness = Liveness::new(Duration::from_mins(1));
    liveness.beat();
    tokio::time::advance(Duration::from_mins(1)).await;
    assert_eq!(liveness.stuck_for(), None);
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(liveness.stuck_for(), Some(Duration::from_secs(61)));
}

#[tokio::test]
async fn metrics_come_in_the_format_that_is_asked_for_and_other_paths_are_not_found() {
    let served = served().await;
    let answer = http_get(&served.address, "/metrics").await;
    let head = answer.split_once("\r\n\r\n").unwrap().0;
    assert!(
        head.contains("content-type: text/plain; version=0.0.4; charset=utf-8"),
        "{head}"
    );
    assert!(answer.contains("\n# TYPE tracktik_build_info gauge\n"), "{answer}");
    let prometheus = "Accept: application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1\r\n";
    let answer = http_get_with(&served.address, "/metrics", prometheus).await;
    let head = answer.split_once("\r\n\r\n").unwrap().0;
    assert!(
        head.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8"),
        "{head}"
    );
    assert!(answer.ends_with("# EOF\n"));
    assert_eq!(served.get("/").await.0, "404");
    assert_eq!(served.get("/metrics/").await.0, "404");
}

#[tokio::test]
async fn a_stop_ends_the_server_and_frees_its_port() {
    let served = served().await;
    assert_eq!(served.get("/livez").await.0, "200");
    served.stop.cancel();
    tokio::time::timeout(Duration::from_secs(5), served.serving)
        .await
        .unwrap()
        .unwrap();
    let address = served.address.parse().unwrap();
    let again = HttpServer::bind(address).await.unwrap();
    let taken = HttpServer::bind(again.address()).await.unwrap_err().to_string();
    assert!(taken.starts_with(&format!("cannot listen on {address}: ")), "{taken}");
}

#[tokio::test]
async fn probes_are_answered_beside_hundreds_who_never_finish_asking_and_those_are_closed() {
    let served = served().await;
    let mut unfinished = Vec::new();
    for _ in 0..300 {
        let mut stream = TcpStream::connect(&served.address).await.unwrap();
        // One that was closed already to make room may refuse it.
        let _ = stream.write_all(b"GET /livez HTTP/1.1\r\nHost: te").await;
        unfinished.push(stream);
        let soon = tokio::time::timeout(Duration::from_secs(1), served.get("/livez")).await;
        assert_eq!(soon.expect("an answer within a second").0, "200");
    }
    let closed = async {
        for stream in &mut unfinished {
            // Closed in order, or reset: both are an end.
            let _ = stream.read_to_end(&mut Vec::new()).await;
        }
    };
    let closed = tokio::time::timeout(Duration::from_secs(10), closed).await;
    assert!(closed.is_ok(), "some are still open after ten seconds");
}

#[tokio::test]
async fn a_request_without_end_is_refused_before_it_fills_the_memory() {
    let served = served().await;
    let mut stream = TcpStream::connect(&served.address).await.unwrap();
    let endless = format!("GET /livez HTTP/1.1\r\nX: {}", "x".repeat(64 * 1_024));
    let _ = stream.write_all(endless.as_bytes()).await;
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(2), stream.read_to_end(&mut answer)).await;
    assert!(ended.is_ok(), "it is still waited for");
    assert_eq!(served.get("/livez").await.0, "200");
}
