//! The network between an operator and its API server, to be cut.

use std::{
    net::SocketAddr,
    sync::{Arc, Mutex},
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

use testbed::{operator::Operator, operator_start::OperatorBuilder};

use crate::scene::Scene;

/// Passes bytes on to the API server. Dropping it ends all connections.
pub struct Network {
    address: SocketAddr,
    up: watch::Sender<bool>,
    connections: Arc<Mutex<JoinSet<()>>>,
    _listening: JoinSet<()>,
    /// Holds the kubeconfig by which an operator knows it.
    folder: tempfile::TempDir,
}

impl Network {
    /// To the API server at `https://host:port`.
    pub async fn to(server: &str) -> Self {
        let server = server.trim_start_matches("https://").trim_end_matches('/').to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (up, _) = watch::channel(true);
        let connections = Arc::new(Mutex::new(JoinSet::new()));
        let mut listening = JoinSet::new();
        let (opened, is_up) = (Arc::clone(&connections), up.subscribe());
        listening.spawn(async move {
            while let Ok((mut from, _)) = listener.accept().await {
                if !*is_up.borrow() {
                    continue;
                }
                let server = server.clone();
                opened.lock().unwrap().spawn(async move {
                    if let Ok(mut to) = TcpStream::connect(server).await {
                        let _ = copy_bidirectional(&mut from, &mut to).await;
                    }
                });
            }
        });
        Self {
            address,
            up,
            connections,
            _listening: listening,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    /// Ends every connection, and those to come at once.
    pub fn cut(&self) {
        self.up.send_replace(false);
        self.connections.lock().unwrap().abort_all();
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.up.send_replace(true);
    }
}

impl Scene {
    /// An operator that knows its API server over this network only.
    pub async fn start_over(&self, network: &Network, builder: OperatorBuilder) -> Operator {
        self.start_over_as(network, builder, "tracktik-system", "tracktik-operator")
            .await
    }

    /// As [`Self::start_over`], as another `ServiceAccount`.
    pub async fn start_over_as(
        &self,
        network: &Network,
        builder: OperatorBuilder,
        namespace: &str,
        account: &str,
    ) -> Operator {
        let file = network.folder.path().join("kubeconfig");
        let plane = self.plane;
        plane
            .kubeconfig_for_service_account(namespace, account, &file)
            .await
            .unwrap();
        let config = std::fs::read_to_string(&file).unwrap();
        let through = format!("https://{}", network.address);
        let server = plane.server().trim_end_matches('/');
        assert!(config.contains(server), "{server}");
        std::fs::write(&file, config.replace(server, &through)).unwrap();
        builder.arg("--kubeconfig").arg(&file).start(plane).await.unwrap()
    }
}
