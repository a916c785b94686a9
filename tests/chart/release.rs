//! A release of the chart on a real API server, what Helm does to it, and the credential of a user beside it.

use k8s_openapi::api::{apps::v1::Deployment, core::v1::Secret};
use kube::{
    Api,
    api::{Patch, PatchParams},
};
use serde_json::{Value, json};
use testbed::{control_plane::ControlPlane, operator::Operator};

use crate::{
    bench::{Bench, PATIENCE, eventually},
    chart::{CHART, helm, objects, path, said},
};

pub const RELEASE: &str = "tracktik-operator";
pub const HOME: &str = "tracktik-system";
pub const USERS: &str = "integrations";
pub const DEFINITION: &str = "tracktikcredentials.tracktik-operator.io";

pub struct Release<'a> {
    pub bench: Bench<'a>,
    /// What every version is installed with.
    values: String,
}

impl<'a> Release<'a> {
    pub async fn new(plane: &'a ControlPlane) -> Self {
        let bench = Bench::on(plane).await;
        bench.namespace(USERS).await;
        let values = format!("namespaces={{{USERS}}},allowedDomains={{{}}}", bench.simulator.domain());
        Self { bench, values }
    }

    pub async fn helm(&self, arguments: &[&str]) -> Result<String, String> {
        let mut helm = tokio::process::Command::from(helm());
        helm.env("KUBECONFIG", self.bench.plane.kubeconfig_path())
            .args(["--namespace", HOME])
            .args(arguments);
        said(&helm.output().await.unwrap())
    }

    /// `helm install` or `helm upgrade`, of this repository's chart.
    pub async fn with_the_chart(&self, command: &[&str]) {
        let chart = path(CHART);
        let arguments = [command, &[RELEASE, chart.to_str().unwrap(), "--set", &self.values]].concat();
        self.helm(&arguments).await.unwrap();
    }

    pub async fn get(&self, what: &[&str]) -> Result<Value, String> {
        let json = self
            .bench
            .kubectl(&[&["-n", HOME, "get", "-o", "json"], what].concat())
            .await?;
        Ok(serde_json::from_str(&json).unwrap())
    }

    /// The fields that the older definition had no rows for.
    pub async fn columns(&self) -> usize {
        let definition = self.get(&["crd", DEFINITION]).await.unwrap();
        definition["spec"]["versions"][0]["additionalPrinterColumns"]
            .as_array()
            .map_or(0, Vec::len)
    }

    pub async fn operator(&self) -> Operator {
        let rendered = objects(RELEASE, &["--set", &self.values]);
        let operator = self.bench.operator(&rendered).await;
        operator.ready(PATIENCE).await.unwrap();
        operator.log_line("leading", PATIENCE).await.unwrap();
        operator
    }

    pub async fn token(&self) -> Option<String> {
        let secrets: Api<Secret> = Api::namespaced(self.bench.client.clone(), USERS);
        let token = secrets
            .get_opt("acme-token")
            .await
            .unwrap()?
            .data?
            .remove("access_token")?;
        Some(String::from_utf8(token.0).unwrap())
    }

    pub async fn deployment_is_ready(&self, replicas: i32) -> Result<(), kube::Error> {
        let deployments: Api<Deployment> = Api::namespaced(self.bench.client.clone(), HOME);
        let generation = deployments.get(RELEASE).await?.metadata.generation;
        let condition = |kind: &str, reason: &str| json!({ "type": kind, "status": "True", "reason": reason });
        let status = json!({ "status": {
            "observedGeneration": generation, "replicas": replicas, "updatedReplicas": replicas,
            "readyReplicas": replicas, "availableReplicas": replicas,
            "conditions": [condition("Available", "MinimumReplicasAvailable"), condition("Progressing", "NewReplicaSetAvailable")],
        } });
        let patched = deployments
            .patch_status(RELEASE, &PatchParams::default(), &Patch::Merge(status))
            .await;
        patched.map(drop)
    }

    /// It looks for new kinds every half minute, and what an unknown kind owns it leaves alone.
    pub async fn the_garbage_collector_knows_the_kind(&self) {
        eventually(|| async {
            let watches = self.bench.plane.audit_events().unwrap().into_iter().any(|event| {
                event.user == "system:kube-controller-manager"
                    && event.verb == "watch"
                    && event.resource == "tracktikcredentials"
            });
            if watches {
                Ok(())
            } else {
                Err("it does not watch credentials".to_owned())
            }
        })
        .await;
    }
}
