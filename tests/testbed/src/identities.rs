//! Who one can be at a [`ControlPlane`]: the administrator, or a `ServiceAccount` with the rights that
//! RBAC gives it, authenticated by a token of the API server's own making.

use std::{fs, path::Path};

use k8s_openapi::api::{
    authentication::v1::{TokenRequest, TokenRequestSpec},
    core::v1::ServiceAccount,
};
use kube::{
    Api, Client, Config,
    api::PostParams,
    config::{KubeConfigOptions, Kubeconfig},
};
use serde_json::{Value, json};

use crate::control_plane::{ControlPlane, Error};

/// How long the token of a `ServiceAccount` is good for: longer than any test.
const TOKEN_SECONDS: i64 = 24 * 60 * 60;

impl ControlPlane {
    /// A client of the administrator, who may do everything. Make one in each test: its connections
    /// end with the runtime they were opened on.
    ///
    /// # Errors
    /// [`Error::Kubeconfig`] or [`Error::Api`] if no client can be made.
    pub async fn client(&self) -> Result<Client, Error> {
        client_of(Kubeconfig::read_from(self.kubeconfig_path())?).await
    }

    /// A client that is this `ServiceAccount` and nothing more.
    ///
    /// # Errors
    /// [`Error::Api`] if there is no such `ServiceAccount`.
    pub async fn client_for_service_account(&self, namespace: &str, name: &str) -> Result<Client, Error> {
        let config = self.service_account_config(namespace, name).await?;
        client_of(serde_json::from_value(config)?).await
    }

    /// Writes a kubeconfig of this `ServiceAccount`, for a program to run as it.
    ///
    /// # Errors
    /// [`Error::Api`] if there is no such `ServiceAccount`, [`Error::Io`] if the file cannot be written.
    pub async fn kubeconfig_for_service_account(&self, namespace: &str, name: &str, path: &Path) -> Result<(), Error> {
        let config = self.service_account_config(namespace, name).await?;
        fs::write(path, config.to_string()).map_err(|source| Error::Io(format!("writing {}", path.display()), source))
    }

    /// The administrator's kubeconfig with the identity replaced.
    async fn service_account_config(&self, namespace: &str, name: &str) -> Result<Value, Error> {
        let request = TokenRequest {
            spec: Some(TokenRequestSpec {
                expiration_seconds: Some(TOKEN_SECONDS),
                ..TokenRequestSpec::default()
            }),
            ..TokenRequest::default()
        };
        let accounts = Api::<ServiceAccount>::namespaced(self.client().await?, namespace);
        let answer = accounts
            .create_token_request(name, &PostParams::default(), &request)
            .await?;
        let token = answer.status.map(|status| status.token).unwrap_or_default();

        let text = fs::read_to_string(self.kubeconfig_path())
            .map_err(|source| Error::Io("reading the administrator's kubeconfig".into(), source))?;
        let mut config: Value = serde_json::from_str(&text)?;
        config["users"] = json!([{ "name": name, "user": { "token": token } }]);
        config["contexts"][0]["context"]["user"] = name.into();
        config["contexts"][0]["context"]["namespace"] = namespace.into();
        Ok(config)
    }
}

async fn client_of(kubeconfig: Kubeconfig) -> Result<Client, Error> {
    crate::install_tls_provider();
    let options = KubeConfigOptions::default();
    let config = Config::from_custom_kubeconfig(kubeconfig, &options).await?;
    Ok(Client::try_from(config)?)
}
