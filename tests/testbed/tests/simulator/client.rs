//! What the tests have in common: an account, a running simulator, and a client that trusts it.

use std::{collections::BTreeMap, time::Duration};

use reqwest::{Response, StatusCode, redirect};
use serde_json::Value;
use testbed::simulator::{
    Account, Certificate, Fault, Simulator, SimulatorConfig, TOKEN_PATH, Target, TokenRequest, WHOAMI_PATH,
};

/// An employee of this name; all share one client.
pub fn account(username: &str) -> Account {
    Account {
        client_id: "5f1e0c9a7b3d2e4f6a8b0c1d".to_owned(),
        client_secret: "s3cret&+%".repeat(7),
        username: username.to_owned(),
        password: format!("pass word+&%ü of {username}"),
    }
}

/// A simulator with the account of `guard@example.com`, and a client that trusts it.
pub struct Bench {
    pub simulator: Simulator,
    pub account: Account,
    pub http: reqwest::Client,
    url: String,
}

impl Bench {
    pub async fn start() -> Self {
        Self::with(|_config| {}).await
    }

    /// The same with another configuration.
    pub async fn with(change: impl FnOnce(&mut SimulatorConfig)) -> Self {
        // Refused if another test of this process was faster, which is as good.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let names = ["127.0.0.1", "localhost"];
        let (certificate, authority) = Certificate::self_made(&names).expect("a certificate");
        let authority = reqwest::Certificate::from_pem(authority.as_bytes()).expect("a CA");
        let mut config = SimulatorConfig::new(certificate).expect("randomness");
        change(&mut config);
        let simulator = Simulator::start(config).await.expect("a free port");
        let account = account("guard@example.com");
        simulator.add_account(account.clone());
        let http = reqwest::Client::builder()
            .tls_certs_only([authority])
            .no_proxy()
            .redirect(redirect::Policy::none())
            .timeout(Duration::from_secs(5))
            .user_agent("simulator-test")
            .build()
            .expect("a client");
        let url = format!("https://{}", simulator.domain());
        Self {
            simulator,
            account,
            http,
            url,
        }
    }

    /// Sends a token request; an error is a broken connection or a time-out.
    pub async fn send(&self, asked: &TokenRequest) -> reqwest::Result<Answer> {
        self.send_within(asked, Duration::from_secs(5)).await
    }

    /// The same with a time-out of its own.
    pub async fn send_within(&self, asked: &TokenRequest, limit: Duration) -> reqwest::Result<Answer> {
        let url = format!("{}{TOKEN_PATH}", self.url);
        let request = self.http.post(url).timeout(limit).form(asked.pairs());
        Answer::read(request.send().await?).await
    }

    /// A password grant of the account.
    pub async fn login(&self) -> reqwest::Result<Answer> {
        self.send(&TokenRequest::login(&self.account)).await
    }

    /// A refresh with this token.
    pub async fn refresh(&self, token: &str) -> reqwest::Result<Answer> {
        self.send(&TokenRequest::refresh(&self.account, token)).await
    }

    /// A password grant that meets this fault, for this once.
    pub async fn login_meeting(&self, fault: Fault) -> reqwest::Result<Answer> {
        let target = Target::Username(self.account.username.clone());
        self.simulator.set_fault(target, fault, Some(1));
        self.login().await
    }

    /// What a workload does with a token.
    pub async fn whoami(&self, token: &str) -> Answer {
        let url = format!("{}{WHOAMI_PATH}", self.url);
        let answer = self.http.get(url).bearer_auth(token).send().await;
        Answer::read(answer.expect("an answer")).await.expect("a body")
    }
}

/// An answer, read to its end.
pub struct Answer {
    pub status: StatusCode,
    pub headers: BTreeMap<String, String>,
    pub body: String,
}

impl Answer {
    async fn read(response: Response) -> reqwest::Result<Self> {
        let status = response.status();
        let headers = response.headers().iter();
        let headers = headers
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let body = response.text().await?;
        Ok(Self { status, headers, body })
    }

    /// One key of the JSON body, null if absent or if the body is no JSON.
    pub fn json(&self, key: &str) -> Value {
        let body: Value = serde_json::from_str(&self.body).unwrap_or_default();
        body[key].clone()
    }

    /// One key of the JSON body that holds a text; empty if it doesn't.
    pub fn text(&self, key: &str) -> String {
        self.json(key).as_str().unwrap_or_default().to_owned()
    }

    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }
}
