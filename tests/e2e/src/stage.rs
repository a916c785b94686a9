//! What is there before the first scene: TrackTik as two servers behind TLS, found by their real names, and the chart.

use std::{
    env, fs,
    net::IpAddr,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use testbed::{account::Account, certificates::Authority, simulator::Counts};

use crate::{
    manifests::{self, TOKEN_SECONDS},
    node::{apply, get, kubectl, operators},
    outcome::{Outcome, hold, until},
    tour::Tour,
};

/// Where the operator lives.
pub const HOME: &str = "tracktik-system";
/// Where its users do.
pub const USERS: &str = "integrations";
/// The world outside, in pods for want of another machine.
pub const OUTSIDE: &str = "outside";
/// The time that anything on the node may take.
pub const PATIENCE: Duration = Duration::from_mins(1);
/// Life of a token of the real OAuth server.
pub const SHORT_SECONDS: u32 = 60;

/// The stage of all scenes.
pub struct Stage {
    /// What is told to readers of the documents.
    pub tour: Tour,
    /// The chart.
    pub chart: PathBuf,
    authority: Authority,
    files: tempfile::TempDir,
    http: reqwest::Client,
    simulator: String,
    server: String,
}

impl Stage {
    /// Nothing yet but a folder for files.
    ///
    /// # Errors
    /// When the machine gives none.
    pub fn new(repository: &Path) -> Outcome<Self> {
        testbed::install_tls_provider();
        Ok(Self {
            tour: Tour::default(),
            chart: repository.join("charts/tracktik-operator"),
            authority: Authority::new()?,
            files: tempfile::tempdir()?,
            http: reqwest::Client::builder().no_proxy().build()?,
            simulator: String::new(),
            server: String::new(),
        })
    }

    /// The two servers of tokens, at `acme.staffr.net` and `globex.staffr.net`.
    ///
    /// # Errors
    /// When they are not let in, or do not start.
    pub async fn servers_start(&mut self) -> Outcome {
        apply(&[USERS, OUTSIDE].map(manifests::namespace)).await?;
        let authority = json!({"ca.crt": self.authority.ca_pem()});
        let mut objects = vec![json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "authority", "namespace": USERS}, "data": authority})];
        for name in ["acme", "globex"] {
            objects.push(self.tls_secret(name)?);
        }
        objects.push(manifests::server(
            OUTSIDE,
            "acme",
            &["/simulator", "--control"],
            TOKEN_SECONDS,
        ));
        let node = ["/node", "/server.cjs"];
        objects.push(manifests::server(OUTSIDE, "globex", &node, SHORT_SECONDS));
        apply(&objects).await?;
        kubectl(&format!(
            "-n {OUTSIDE} wait --for=condition=Ready pod --all --timeout=60s"
        ))
        .await?;
        let (simulator, server) = (address("acme").await?, address("globex").await?);
        let names = format!("{simulator} acme.staffr.net\n{server} globex.staffr.net\n");
        fs::write(env::var("NODE_HOSTS")?, names)?;
        self.simulator = format!("http://{simulator}:8080");
        self.server = format!("http://{server}:8080");
        Ok(())
    }

    fn tls_secret(&self, name: &str) -> Outcome<Value> {
        let host = format!("{name}.staffr.net");
        let certificate = self.authority.issue(self.files.path(), &[&host])?;
        let pem = |path: PathBuf| fs::read_to_string(path);
        Ok(
            json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
            "metadata": {"name": name, "namespace": OUTSIDE},
            "stringData": {"tls.crt": pem(certificate.cert_path)?, "tls.key": pem(certificate.key_path)?}}),
        )
    }

    /// The chart by Helm, with its defaults, the authority of the servers, and a limit of memory that is a quarter of the
    /// chart's. Gives the seconds from the start of the operator's process to its pod's being ready.
    ///
    /// # Errors
    /// When Helm fails, or the pod is not ready in time.
    pub async fn chart_is_installed(&self) -> Outcome<f64> {
        let ca = self.files.path().join("ca.crt");
        self.authority.write_ca(&ca)?;
        apply(&[manifests::namespace(HOME)]).await?;
        let settings = "--set-file caBundle.pem=ca.crt --set resources.limits.memory=64Mi";
        let command =
            format!("install tracktik-operator charts/tracktik-operator --namespace {HOME} {settings} --wait");
        let folder = self.files.path();
        let (installed, seconds) = tokio::join!(self.tour.helm(&command, &self.chart, folder), seconds_to_ready());
        installed?;
        seconds
    }

    /// The chart again, with what was given before and this.
    ///
    /// # Errors
    /// When Helm fails, or the pods are not ready in time.
    pub async fn chart_is_upgraded(&self, settings: &str) -> Outcome {
        let command = format!(
            "upgrade tracktik-operator charts/tracktik-operator --namespace {HOME} --reuse-values {settings} --wait"
        );
        self.tour.helm(&command, &self.chart, self.files.path()).await
    }

    /// An account of this name, at the simulator or at the real server, with a password of its own.
    ///
    /// # Errors
    /// When the server does not answer as agreed.
    pub async fn account(&self, domain: &str, name: &str) -> Outcome<Account> {
        let account = Account {
            client_id: format!("client-{name}"),
            client_secret: format!("secret-{name}"),
            username: format!("api.{name}@example.com"),
            password: format!("password-{name}-1"),
        };
        let server = if domain == "acme.staffr.net" {
            &self.simulator
        } else {
            &self.server
        };
        let posted = self.http.post(format!("{server}/accounts")).json(&account).send();
        posted.await?.error_for_status()?;
        Ok(account)
    }

    /// Another password at the simulator.
    ///
    /// # Errors
    /// When it does not answer as agreed.
    pub async fn password_is_changed(&self, account: &Account) -> Outcome {
        let body = json!({"username": account.username, "password": account.password});
        let posted = self
            .http
            .post(format!("{}/accounts/password", self.simulator))
            .json(&body);
        posted.send().await?.error_for_status()?;
        Ok(())
    }

    /// What the simulator has counted.
    ///
    /// # Errors
    /// When it does not answer as agreed.
    pub async fn counts(&self) -> Outcome<Counts> {
        let answer = self.http.get(format!("{}/counts", self.simulator)).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Makes credentials with accounts and Secrets of their own.
    ///
    /// # Errors
    /// When a server or the API server refuses one.
    pub async fn credentials(&self, namespace: &str, names: &[String]) -> Outcome {
        let mut objects = Vec::new();
        for name in names {
            let account = self.account("acme.staffr.net", name).await?;
            let source = format!("{name}-account");
            objects.push(manifests::source(namespace, &source, &account));
            objects.push(manifests::credential(namespace, name, "acme.staffr.net", &source));
        }
        apply(&objects).await
    }
}

/// To a tenth of a second, while the chart is being installed.
async fn seconds_to_ready() -> Outcome<f64> {
    until("a process of the operator", PATIENCE, || async {
        hold(operators().len() == 1, || format!("{:?}", operators()))
    })
    .await?;
    let started = Instant::now();
    until("a pod that is ready", PATIENCE, || async {
        let ready = format!("-n {HOME} get pods -o jsonpath={{.items[*].status.containerStatuses[*].ready}}");
        let ready = kubectl(&ready).await?;
        hold(ready == "true", || ready)
    })
    .await?;
    Ok(started.elapsed().as_secs_f64())
}

async fn address(pod: &str) -> Outcome<IpAddr> {
    let pod = get(&format!("-n {OUTSIDE} pod {pod}")).await?;
    Ok(pod["status"]["podIP"].as_str().unwrap_or_default().parse()?)
}
