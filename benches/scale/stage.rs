//! What a measurement runs on: the control plane, the token endpoint, and operators that are started on them.

use std::{
    path::PathBuf,
    time::{Duration, Instant},
};

use kube::Client;
use tempfile::TempDir;
use testbed::{
    control_plane::ControlPlane,
    manifests::{apply_crd, apply_operator_rbac},
    operator::Operator,
};

use crate::{
    Outcome,
    plan::Plan,
    process::Process,
    token_endpoint::{HOSTS, TokenEndpoint},
};

/// Far beyond what is expected: whatever takes so long will not come.
pub const PATIENCE: Duration = Duration::from_mins(20);

/// The control plane and the token endpoint.
pub struct Stage {
    /// How many credentials there are, or will be.
    pub credentials: usize,
    /// An administrator's.
    pub client: Client,
    /// TrackTik.
    pub endpoint: TokenEndpoint,
    plane: ControlPlane,
    operator: PathBuf,
    _folder: TempDir,
}

impl Stage {
    /// Starts all of it.
    pub async fn set(plan: &Plan, credentials: usize) -> Outcome<Self> {
        let plane = ControlPlane::start().await?;
        let client = plane.client().await?;
        let folder = tempfile::tempdir()?;
        let endpoint = TokenEndpoint::start(folder.path()).await?;
        apply_crd(&client).await?;
        apply_operator_rbac(&client, &[]).await?;
        let built = env!("CARGO_BIN_EXE_tracktik-operator");
        Ok(Self {
            credentials,
            client,
            endpoint,
            plane,
            operator: plan.operator.as_deref().unwrap_or(built).into(),
            _folder: folder,
        })
    }

    /// Starts an operator with the flags that it ships with, but for the hosts it may ask; in one namespace, or in all.
    pub async fn operator(&self, namespace: Option<&str>) -> Outcome<Running> {
        let mut builder = Operator::builder(&self.operator)
            .arg("--ca-bundle")
            .arg(self.endpoint.authority());
        for host in 0..HOSTS {
            builder = builder.args(["--allowed-domain", &self.endpoint.domain(host)]);
        }
        if let Some(namespace) = namespace {
            builder = builder.args(["--namespace", namespace]);
        }
        let operator = builder.start(&self.plane).await?;
        let process = Process(operator.pid());
        Ok(Running {
            began: process.began()?,
            process,
            operator,
        })
    }

    /// Ends all of it.
    pub async fn strike(self) {
        self.plane.stop().await;
    }
}

/// An operator that runs.
pub struct Running {
    /// As the bench handles it.
    pub operator: Operator,
    /// What it costs.
    pub process: Process,
    /// When the process was started.
    pub began: Instant,
}

impl Running {
    /// How long from its start until `/readyz` said yes.
    pub async fn ready(&self) -> Outcome<Duration> {
        self.operator.ready(Duration::from_mins(2)).await?;
        Ok(self.began.elapsed())
    }

    /// Waits until it leads: before, it is ready to and does nothing, which is not to be taken for quiet.
    pub async fn leads(&self) -> Outcome {
        self.operator.log_line("\"leading\"", Duration::from_mins(2)).await?;
        Ok(())
    }

    /// Ends it as a kubelet does.
    pub async fn end(self) -> Outcome {
        self.operator.terminate().await?;
        Ok(())
    }
}
