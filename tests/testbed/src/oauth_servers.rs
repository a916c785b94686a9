//! Real OAuth 2 servers that none of us wrote, on a TLS port of this machine, at the operator's path.
//! What they answer is their libraries' business (`tests/servers/`); this starts them, makes
//! accounts in them and asks what they saw.

use std::{
    collections::BTreeMap,
    io,
    path::{Path, PathBuf},
    process::{Command, ExitStatus, Stdio},
    time::Duration,
};

use reqwest::{Certificate, Client, Response, StatusCode};
use serde::{Deserialize, Serialize};
use serde_json::json;
use tempfile::TempDir;

use crate::{
    account::Account,
    certificates::{self, Authority},
    supervised::{self, Supervised},
};

/// Generous: the machine may be compiling at the same time.
const START_LIMIT: Duration = Duration::from_mins(1);

/// Which server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// django-oauth-toolkit: opaque tokens, hashed client secrets, a `scope` in the answer.
    Django,
    /// @jmondi/oauth2-server, a port of the design of league/oauth2-server: tokens are JWTs.
    Node,
}

impl Kind {
    /// Every kind, for a test that must hold for each.
    pub const ALL: [Self; 2] = [Self::Django, Self::Node];

    fn command(self, installed: &Path) -> Command {
        let servers = crate::repository().join("tests/servers");
        match self {
            Self::Django => {
                let mut command = Command::new(installed.join("venv/bin/python"));
                command.arg(servers.join("django/server.py"));
                command
            }
            Self::Node => {
                let mut command = Command::new("node");
                command.env("NODE_PATH", installed.join("node/node_modules"));
                command.arg(servers.join("node/server.cjs"));
                command
            }
        }
    }
}

/// What the token endpoint answered since the server started. Each POST is counted once.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Password grants answered with tokens.
    pub logins: u64,
    /// Requests of any grant answered with anything but tokens.
    pub refused: u64,
    /// Refresh grants answered with tokens.
    pub refreshes: u64,
    /// Refresh tokens that had arrived before, whatever became of them then.
    pub repeated_refresh_tokens: u64,
    /// By the user name in the request, or of the refresh token in it; without refused ones of which neither is known.
    pub by_username: BTreeMap<String, UserCounts>,
}

/// The part of [`Counts`] that one user name took.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct UserCounts {
    /// As [`Counts::logins`].
    pub logins: u64,
    /// As [`Counts::refused`].
    pub refused: u64,
    /// As [`Counts::refreshes`].
    pub refreshes: u64,
    /// When each of the logins was answered, in milliseconds from any instant.
    pub login_times: Vec<u64>,
}

/// Why a server did not start or did not answer a test.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Something is missing on this machine, or a package did not install.
    #[error("tests/servers/install.sh failed:\n{0}")]
    Install(String),
    /// A program could not be run, or a temporary folder not made.
    #[error("cannot start the server")]
    Start(#[from] io::Error),
    /// The server ended or fell silent before it was ready.
    #[error(transparent)]
    Server(#[from] supervised::Error),
    /// Its certificate could not be made.
    #[error(transparent)]
    Certificate(#[from] certificates::Error),
    /// It did not answer, or not in the agreed form.
    #[error("no usable answer from the server")]
    Answer(#[from] reqwest::Error),
}

/// One running server, with no accounts at first. It ends when this is dropped.
pub struct OAuthServer {
    ready: Ready,
    client: Client,
    process: Supervised,
    /// Its certificate; removed with the server.
    _files: TempDir,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ready {
    port: u16,
    control_port: u16,
}

impl OAuthServer {
    /// Starts a server whose certificate `authority` signs and whose access tokens live
    /// `access_token_seconds`. The first start on a machine installs the server.
    ///
    /// # Errors
    /// When it cannot be installed or does not come up.
    pub async fn start(kind: Kind, authority: &Authority, access_token_seconds: u32) -> Result<Self, Error> {
        let files = tempfile::tempdir()?;
        let certificate = authority.issue(files.path(), &["127.0.0.1", "localhost", "::1"])?;
        let mut command = kind.command(&installed().await?);
        command.arg("--cert").arg(certificate.cert_path);
        command.arg("--key").arg(certificate.key_path);
        command.args(["--access-token-seconds", &access_token_seconds.to_string()]);
        let process = Supervised::spawn(&format!("{kind:?}"), command, None)?;
        let ready = process.answer(START_LIMIT).await?;
        Ok(Self {
            ready,
            client: trusting(authority)?,
            process,
            _files: files,
        })
    }

    /// Ends the server and waits until it has; its exit code is 0 unless something went wrong.
    pub async fn stop(self) -> ExitStatus {
        self.process.stop().await
    }

    /// `127.0.0.1:PORT`, as the `domain` of a credential names a server.
    #[must_use]
    pub fn domain(&self) -> String {
        format!("127.0.0.1:{}", self.ready.port)
    }

    /// The address of the token endpoint, at the path that the operator asks.
    #[must_use]
    pub fn token_url(&self) -> String {
        format!("https://{}/rest/oauth2/access_token", self.domain())
    }

    /// Creates the client and the user, or gives existing ones this secret and this password.
    /// Tokens issued before stay good.
    ///
    /// # Errors
    /// When the server does not answer as agreed.
    pub async fn add_account(&self, account: &Account) -> Result<(), Error> {
        self.control("accounts", account).await.map(drop)
    }

    /// Changes a user's password. Tokens issued before stay good.
    ///
    /// # Errors
    /// When there is no such user, or the server does not answer as agreed.
    pub async fn change_password(&self, username: &str, password: &str) -> Result<(), Error> {
        let wanted = json!({"username": username, "password": password});
        self.control("accounts/password", &wanted).await.map(drop)
    }

    /// What the token endpoint answered so far.
    ///
    /// # Errors
    /// When the server does not answer as agreed.
    pub async fn counts(&self) -> Result<Counts, Error> {
        let answer = self.client.get(self.control_url("counts")).send().await?;
        Ok(answer.error_for_status()?.json().await?)
    }

    /// Every token that this user was granted, also where the answer did not arrive: the access token and the refresh token
    /// of each grant, oldest first.
    ///
    /// # Errors
    /// When the server does not answer as agreed.
    pub async fn granted(&self, username: &str) -> Result<Vec<String>, Error> {
        let asked = json!({"username": username});
        Ok(self.control("granted", &asked).await?.json().await?)
    }

    /// Whose access token this is, by the server's own check; `None` when the server refuses it as
    /// unknown, expired or revoked.
    ///
    /// # Errors
    /// When the server does not answer as agreed.
    pub async fn whoami(&self, access_token: &str) -> Result<Option<String>, Error> {
        #[derive(Deserialize)]
        struct Whoami {
            username: String,
        }

        let url = format!("https://{}/whoami", self.domain());
        let answer = self.client.get(url).bearer_auth(access_token).send().await?;
        if answer.status() == StatusCode::UNAUTHORIZED {
            return Ok(None);
        }
        let Whoami { username } = answer.error_for_status()?.json().await?;
        Ok(Some(username))
    }

    async fn control(&self, path: &str, body: &impl Serialize) -> Result<Response, Error> {
        let answer = self.client.post(self.control_url(path)).json(body).send().await?;
        Ok(answer.error_for_status()?)
    }

    fn control_url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}/{path}", self.ready.control_port)
    }
}

/// The folder with the installed servers, which the script fills when it has to.
async fn installed() -> Result<PathBuf, Error> {
    let mut script = tokio::process::Command::new("bash");
    script
        .arg(crate::repository().join("tests/servers/install.sh"))
        .stdin(Stdio::null());
    let output = script.output().await?;
    if !output.status.success() {
        return Err(Error::Install(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let folder = String::from_utf8_lossy(&output.stdout);
    Ok(PathBuf::from(folder.trim_end()))
}

/// A client for these servers alone: it trusts no other authority and asks no proxy.
fn trusting(authority: &Authority) -> Result<Client, Error> {
    crate::install_tls_provider();
    let ca = Certificate::from_pem(authority.ca_pem().as_bytes())?;
    // A connection belongs to the runtime of the test that opened it, and must not be left to the
    // next test of the same binary.
    let client = Client::builder().pool_max_idle_per_host(0);
    Ok(client.tls_certs_only([ca]).no_proxy().build()?)
}
