//! The values of one test that must be found nowhere, gathered while it goes on.

use serde_json::{Value, json};
use testbed::{account::Account, operator::Operator, simulator::Simulator};

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

    /// The values of an account, at whatever server.
    pub fn account(&mut self, account: &Account) {
        for (of, value) in [
            ("client id", &account.client_id),
            ("client secret", &account.client_secret),
            ("user name", &account.username),
            ("password", &account.password),
        ] {
            self.add(of, value.as_str());
        }
    }

    /// What a simulated TrackTik knows, with every token that it has granted until now.
    pub fn simulator(&mut self, simulator: &Simulator) {
        for value in simulator.secrets() {
            self.add("a secret of the simulator", value);
        }
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

    /// What finds any of them.
    pub fn scanner(self) -> Scanner {
        Scanner::of(self.0)
    }

    /// Looks through all that there is to see, at the end of a test.
    pub async fn are_nowhere(mut self, scene: &Scene, operator: &Operator) {
        for token in own_tokens(operator) {
            self.add("the operator's own token", token);
        }
        self.simulator(&scene.simulator);
        let traces = traces(scene, operator).await;
        assert_complete(scene, &traces);
        // It takes a while, in which others that share the thread would not be answered in time.
        let search = move || assert_clean(&self.scanner(), &traces);
        tokio::task::spawn_blocking(search).await.unwrap();
    }
}

/// The tokens by which the API server knows the operator: of the kubeconfig that every one is started with, and of another
/// that a test may have put in its place.
fn own_tokens(operator: &Operator) -> Vec<String> {
    let of_process = |file: &str| {
        let text = std::fs::read(format!("/proc/{}/{file}", operator.pid())).unwrap();
        String::from_utf8(text).unwrap()
    };
    let (environment, arguments) = (of_process("environ"), of_process("cmdline"));
    let first = environment
        .split('\0')
        .find_map(|variable| variable.strip_prefix("KUBECONFIG="));
    let another = arguments.split('\0').skip_while(|argument| *argument != "--kubeconfig");
    [first.unwrap()]
        .into_iter()
        .chain(another.skip(1).take(1))
        .map(own_token)
        .collect()
}

fn own_token(kubeconfig: &str) -> String {
    let kubeconfig: Value = serde_json::from_str(&std::fs::read_to_string(kubeconfig).unwrap()).unwrap();
    let user = &kubeconfig["users"][0]["user"];
    match user["tokenFile"].as_str() {
        Some(file) => std::fs::read_to_string(file).unwrap(),
        None => user["token"].as_str().unwrap().to_owned(),
    }
}
