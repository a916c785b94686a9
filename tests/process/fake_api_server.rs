//! As much of an API server as the start asks for.

use std::{
    path::PathBuf,
    sync::{Arc, Mutex},
};

use axum::{
    Router,
    http::{HeaderMap, StatusCode},
};
use tokio::net::TcpListener;

pub struct FakeApiServer {
    pub kubeconfig: PathBuf,
    pub user_agents: Arc<Mutex<Vec<String>>>,
}

/// A server that answers everything with these.
pub async fn answering(name: &str, code: u16, body: &'static str) -> FakeApiServer {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let user_agents: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = Arc::clone(&user_agents);
    let router = Router::new().fallback(async move |headers: HeaderMap| {
        seen.lock()
            .unwrap()
            .push(headers["user-agent"].to_str().unwrap().to_owned());
        (StatusCode::from_u16(code).unwrap(), body)
    });
    tokio::spawn(async { axum::serve(listener, router).await });
    FakeApiServer {
        kubeconfig: kubeconfig(name, &url),
        user_agents,
    }
}

/// A server that accepts and never says a word.
pub async fn silent(name: &str) -> (PathBuf, TcpListener) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    (kubeconfig(name, &url), listener)
}

pub fn kubeconfig(name: &str, url: &str) -> PathBuf {
    let yaml = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: t\n\
         contexts: [{{name: t, context: {{cluster: t, user: t}}}}]\n\
         clusters: [{{name: t, cluster: {{server: '{url}'}}}}]\n\
         users: [{{name: t, user: {{token: abcdefgh}}}}]\n"
    );
    crate::temporary(&format!("{name}.kubeconfig"), &yaml)
}
