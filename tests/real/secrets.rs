//! The values of one test that must be found nowhere, gathered while it goes on.

use serde_json::json;
use testbed::operator::Operator;

use crate::{
    canaries::Login,
    leak_scan::Scanner,
    scene::Scene,
    traces::{assert_clean, assert_complete, traces},
};

/// The values that must be found nowhere.
#[derive(Default)]
pub struct Secrets(Vec<(String, Vec<u8>)>);

impl Secrets {
    pub fn add(&mut self, name: impl Into<String>, value: impl Into<Vec<u8>>) {
        self.0.push((name.into(), value.into()));
    }

    /// A source Secret of canaries, and a credential for it at this domain.
    pub async fn credential(&mut self, scene: &Scene, name: &str, login: &Login, domain: &str) {
        self.source(scene, name, login).await;
        scene.credential(name, json!({ "domain": domain })).await;
    }

    pub async fn source(&mut self, scene: &Scene, name: &str, login: &Login) {
        for (key, value) in login.data() {
            // Client ids that choose an answer are no secret.
            if !value.starts_with("echo-") {
                self.add(format!("{key} of {name}"), value);
            }
        }
        scene.secret(name, &login.data()).await;
    }

    /// The tokens of a credential, as they are now.
    pub async fn tokens(&mut self, scene: &Scene, name: &str) -> String {
        let access_token = scene.token(name).await;
        self.add(format!("access token of {name}"), access_token.clone());
        if let Some(refresh_token) = scene.value(&format!("{name}-token"), "refresh_token").await {
            self.add(format!("refresh token of {name}"), refresh_token);
        }
        access_token
    }

    /// Looks through all that there is to see, at the end of a test.
    pub async fn are_nowhere(mut self, scene: &Scene, operator: &Operator) {
        self.add("the operator's own token", own_token(operator));
        self.0.extend(
            scene
                .simulator
                .secrets()
                .into_iter()
                .map(|value| ("a secret of the simulator".to_owned(), value.into())),
        );
        let traces = traces(scene, operator).await;
        assert_complete(scene, &traces);
        // It takes a while, in which others that share the thread would not be answered in time.
        let search = move || assert_clean(&Scanner::of(self.0), &traces);
        tokio::task::spawn_blocking(search).await.unwrap();
    }
}

/// The token by which the API server knows the operator.
fn own_token(operator: &Operator) -> String {
    let environment = std::fs::read(format!("/proc/{}/environ", operator.pid())).unwrap();
    let environment = String::from_utf8(environment).unwrap();
    let path = environment
        .split('\0')
        .find_map(|variable| variable.strip_prefix("KUBECONFIG="))
        .unwrap();
    let kubeconfig: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    kubeconfig["users"][0]["user"]["token"].as_str().unwrap().to_owned()
}
