//! A leader that stands still between its last look at the claim and the first byte of a request.

use std::{sync::Arc, time::Duration};

use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional},
    net::{TcpListener, TcpStream},
    sync::Notify,
    task::AbortHandle,
};

use crate::{
    replicas::{Replicas, follows, leads},
    scene::eventually,
};

/// The pace after a request of which nobody knows what became, and what a busy machine adds.
const ASKS_BY_THEN: Duration = Duration::from_mins(2);

/// A way to a server on which the answer to the first greeting is held up.
struct Way {
    port: u16,
    greeted: Arc<Notify>,
    let_through: Arc<Notify>,
    accepting: AbortHandle,
}

impl Way {
    async fn to(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (greeted, let_through) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let (told, waits) = (Arc::clone(&greeted), Arc::clone(&let_through));
        let accepting = tokio::spawn(async move {
            let (client, _) = listener.accept().await.unwrap();
            let behind = TcpStream::connect(&server).await.unwrap();
            tokio::spawn(holding_up(client, behind, told, waits));
            while let Ok((mut client, _)) = listener.accept().await {
                let mut behind = TcpStream::connect(&server).await.unwrap();
                tokio::spawn(async move { copy_bidirectional(&mut client, &mut behind).await });
            }
        });
        Self {
            port,
            greeted,
            let_through,
            accepting: accepting.abort_handle(),
        }
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

/// Brings the greeting, has the answer at hand, and hands it over when it is told to.
async fn holding_up(mut client: TcpStream, mut behind: TcpStream, greeted: Arc<Notify>, let_through: Arc<Notify>) {
    let mut bytes = vec![0; 64 * 1_024];
    let length = client.read(&mut bytes).await.unwrap();
    behind.write_all(&bytes[..length]).await.unwrap();
    behind.readable().await.unwrap();
    greeted.notify_one();
    let_through.notified().await;
    // One end or the other goes away in the middle of it.
    let _ = copy_bidirectional(&mut client, &mut behind).await;
}

#[tokio::test]
async fn a_leader_that_stands_still_during_the_handshake_sends_no_request_afterwards() {
    let replicas = Replicas::new("during-a-handshake").await;
    let scene = &replicas.scene;
    let way = Way::to(scene.simulator.domain()).await;
    let domain = format!("localhost:{}", way.port);
    let builder = || {
        replicas
            .builder()
            .args(["--allowed-domain", &domain, "--connect-timeout-seconds", "30"])
    };
    let first = builder().start(scene.plane).await.unwrap();
    leads(&first, true).await;
    let second = builder().start(scene.plane).await.unwrap();
    follows(&second).await;
    scene.account("acme").await;
    scene.credential("acme", json!({ "domain": domain })).await;
    way.greeted.notified().await;

    first.signal("STOP").await.unwrap();
    way.let_through.notify_one();
    leads(&second, true).await;
    assert_eq!(scene.simulator.counts().token_requests, 0);
    first.signal("CONT").await.unwrap();
    assert_eq!(first.wait().await.code(), Some(1));
    assert_eq!(scene.simulator.counts().token_requests, 0);

    // The one that leads now finds the claim of a request of which nobody knows what became, and then asks once.
    eventually(ASKS_BY_THEN, || async {
        let status = scene.status("acme").await;
        match status.ready() {
            "True" => Ok(()),
            _ => Err(status.0.to_string()),
        }
    })
    .await;
    assert_eq!(scene.simulator.counts().token_requests, 1);
    replicas.leave_nothing(&first, &second).await;
}
