//! Connections to the HTTP server: how many there may be, how long each may take, and how much of a request is kept.
//!
//! Whoever reaches the port may open as many as they like and say nothing. None of them must cost memory for long, or
//! keep a probe from being answered: a kubelet that gets no answer ends the operator.

use std::{collections::VecDeque, pin::pin, time::Duration};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    task::{AbortHandle, JoinSet},
};
use tokio_util::sync::CancellationToken;

/// Connections at a time. Beyond that the oldest is closed, not the newest: a request that is meant is answered within
/// milliseconds, one that waits for a place might be a probe.
const MOST: usize = 32;

/// How long a request may take to come, without its body.
const HEAD: Duration = Duration::from_secs(5);

/// How long a connection may take from its beginning to its end.
const WHOLE: Duration = Duration::from_secs(8);

/// The most bytes that are kept of a request.
const BUFFER: usize = 16 * 1_024;

/// Where no connection can be accepted (too many open files, for one), the next try.
const PAUSE: Duration = Duration::from_secs(1);

/// Answers until `stop`, and then what is still being answered.
pub async fn answer(listener: TcpListener, router: Router, stop: CancellationToken) {
    let mut connections = JoinSet::new();
    let mut by_age: VecDeque<AbortHandle> = VecDeque::new();
    loop {
        let accepted = tokio::select! {
            () = stop.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        while connections.try_join_next().is_some() {}
        by_age.retain(|connection| !connection.is_finished());
        let Ok((stream, _)) = accepted else {
            tokio::select! {
                () = stop.cancelled() => break,
                () = tokio::time::sleep(PAUSE) => continue,
            }
        };
        if by_age.len() >= MOST
            && let Some(oldest) = by_age.pop_front()
        {
            oldest.abort();
        }
        by_age.push_back(connections.spawn(one(stream, router.clone(), stop.clone())));
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

/// One request and its answer: who asks again connects again, so that no connection is kept open for nothing.
async fn one(stream: TcpStream, router: Router, stop: CancellationToken) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(BUFFER)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = pin!(connection);
    let to_its_end = async {
        tokio::select! {
            _ = connection.as_mut() => return,
            () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
        }
        // Whoever does not take the answer is not there to be told why.
        let _ = connection.await;
    };
    let _ = tokio::time::timeout(WHOLE, to_its_end).await;
}
