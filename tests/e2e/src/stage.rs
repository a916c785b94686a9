//! What is there before the first scene: TrackTik as two servers behind TLS, found by their real names, and the chart.

use std::{
    collections::BTreeMap,
    env, fs,
    net::IpAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::{Value, json};
use testbed::{account::Account, certificates::Authority, simulator::Counts};

use crate::{
    manifests::{self, TOKEN_SECONDS},
    node::{apply, get, kubectl},
    outcome::{Outcome, hold},
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
/// Where most users log in: the simulator.
pub const ACME: &str = "acme.staffr.net";
/// A real OAuth server, with short tokens.
pub const GLOBEX: &str = "globex.staffr.net";
/// A simulator with short tokens.
pub const INITECH: &str = "initech.staffr.net";
/// Life of a short token: renewed after half of it, which is as soon as the operator renews any.
pub const SHORT_SECONDS: u32 = 60;

/// The stage of all scenes.
pub struct Stage {
    /// What is told to readers of the documents.
    pub tour: Tour,
    repository: PathBuf,
    authority: Authority,
    files: tempfile::TempDir,
    http: reqwest::Client,
    /// Where each server takes orders, by its domain.
    controls: BTreeMap<&'static str, String>,
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
            repository: repository.to_owned(),
            authority: Authority::new()?,
            files: tempfile::tempdir()?,
            http: reqwest::Client::builder().no_proxy().build()?,
            controls: BTreeMap::new(),
        })
    }

    /// The servers of tokens.
    ///
    /// # Errors
    /// When they are not let in, or do not start.
    pub async fn servers_start(&mut self) -> Outcome {
        apply(&[USERS, OUTSIDE].map(manifests::namespace)).await?;
        let authority = json!({"ca.crt": self.authority.ca_pem()});
        let mut objects = vec![json!({"apiVersion": "v1", "kind": "ConfigMap",
            "metadata": {"name": "authority", "namespace": USERS}, "data": authority})];
        let (simulator, node) = (["/simulator", "--control"], ["/node", "/server.cjs"]);
        let servers = [
            (ACME, &simulator, TOKEN_SECONDS),
            (GLOBEX, &node, SHORT_SECONDS),
            (INITECH, &simulator, SHORT_SECONDS),
        ];
        for (domain, command, token_seconds) in servers {
            objects.push(self.tls_secret(domain)?);
            objects.push(manifests::server(OUTSIDE, pod_of(domain), command, token_seconds));
        }
        apply(&objects).await?;
        kubectl(&format!(
            "-n {OUTSIDE} wait --for=condition=Ready pod --all --timeout=60s"
        ))
        .await?;
        let mut names = Vec::new();
        for (domain, ..) in servers {
            let address = address(pod_of(domain)).await?;
            names.push(format!("{address} {domain}\n"));
            self.controls.insert(domain, format!("http://{address}:8080"));
        }
        Ok(fs::write(env::var("NODE_HOSTS")?, names.concat())?)
    }

    fn control(&self, domain: &str, path: &str) -> String {
        format!("{}{path}", self.controls.get(domain).map_or("", String::as_str))
    }

    fn tls_secret(&self, domain: &str) -> Outcome<Value> {
        let certificate = self.authority.issue(self.files.path(), &[domain])?;
        let pem = |path: PathBuf| fs::read_to_string(path);
        Ok(
            json!({"apiVersion": "v1", "kind": "Secret", "type": "kubernetes.io/tls",
            "metadata": {"name": pod_of(domain), "namespace": OUTSIDE},
            "stringData": {"tls.crt": pem(certificate.cert_path)?, "tls.key": pem(certificate.key_path)?}}),
        )
    }

    /// The chart by Helm, with its defaults, the authority of the servers, and a limit of memory that is a quarter of the
    /// chart's.
    ///
    /// # Errors
    /// When Helm fails, or the pod is not ready in time.
    pub async fn chart_is_installed(&self) -> Outcome {
        let ca = self.files.path().join("ca.crt");
        self.authority.write_ca(&ca)?;
        apply(&[manifests::namespace(HOME)]).await?;
        let settings = "--set-file caBundle.pem=ca.crt --set resources.limits.memory=64Mi";
        let command =
            format!("install tracktik-operator charts/tracktik-operator --namespace {HOME} {settings} --wait");
        self.tour.helm(&command, &self.chart(), self.files.path()).await
    }

    /// The chart again, with what was given before and this.
    ///
    /// # Errors
    /// When Helm fails, or the pods are not ready in time.
    pub async fn chart_is_upgraded(&self, settings: &str) -> Outcome {
        let command = format!(
            "upgrade tracktik-operator charts/tracktik-operator --namespace {HOME} --reuse-values {settings} --wait"
        );
        self.tour.helm(&command, &self.chart(), self.files.path()).await
    }

    fn chart(&self) -> PathBuf {
        self.repository.join("charts/tracktik-operator")
    }

    /// An account of this name at the server of a domain, with a password of its own.
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
        let posted = self.http.post(self.control(domain, "/accounts")).json(&account);
        posted.send().await?.error_for_status()?;
        Ok(account)
    }

    /// The example that most people need, with the values of an account in the place of those that are to be replaced.
    ///
    /// # Errors
    /// When the example has other such places, or is refused.
    pub async fn everyday_example_is_applied(&self, account: &Account) -> Outcome {
        let example = self.repository.join("examples/everyday.yaml");
        let mut text = fs::read_to_string(&example)?;
        let values = [
            ("client_id", &account.client_id),
            ("client_secret", &account.client_secret),
            ("username", &account.username),
            ("password", &account.password),
        ];
        for (key, value) in values {
            text = text.replace(&format!("{key}: replace-me"), &format!("{key}: {value}"));
        }
        hold(!text.contains("replace-me"), || format!("what to put here? {text}"))?;
        let filled = self.files.path().join("everyday.yaml");
        fs::write(&filled, text)?;
        self.tour.applies(&filled, "everyday.yaml").await
    }

    /// An example as it is.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn example_is_applied(&self, example: &str) -> Outcome {
        self.tour.applies(&self.repository.join(example), example).await
    }

    /// Another password at the simulator.
    ///
    /// # Errors
    /// When it does not answer as agreed.
    pub async fn password_is_changed(&self, account: &Account) -> Outcome {
        let body = json!({"username": account.username, "password": account.password});
        let posted = self.http.post(self.control(ACME, "/accounts/password")).json(&body);
        posted.send().await?.error_for_status()?;
        Ok(())
    }

    /// What the simulator has counted.
    ///
    /// # Errors
    /// When it does not answer as agreed.
    pub async fn counts(&self) -> Outcome<Counts> {
        self.counts_of(ACME).await
    }

    /// What the simulator of a domain has counted.
    ///
    /// # Errors
    /// When it does not answer as agreed.
    pub async fn counts_of(&self, domain: &str) -> Outcome<Counts> {
        let answer = self.http.get(self.control(domain, "/counts")).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Makes credentials with accounts and Secrets of their own.
    ///
    /// # Errors
    /// When a server or the API server refuses one.
    pub async fn credentials(&self, namespace: &str, domain: &str, names: &[String]) -> Outcome {
        let mut objects = Vec::new();
        for name in names {
            let account = self.account(domain, name).await?;
            let source = format!("{name}-account");
            objects.push(manifests::source(namespace, &source, &account));
            objects.push(manifests::credential(namespace, name, domain, &source));
        }
        apply(&objects).await
    }
}

/// What a server's pod is called.
fn pod_of(domain: &str) -> &str {
    domain.split('.').next().unwrap_or(domain)
}

async fn address(pod: &str) -> Outcome<IpAddr> {
    let pod = get(&format!("-n {OUTSIDE} pod {pod}")).await?;
    Ok(pod["status"]["podIP"].as_str().unwrap_or_default().parse()?)
}
