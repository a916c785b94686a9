//! The life of a release on a real API server, by Helm: from an earlier chart, back to it and forth, gone and there again, and
//! what users have made stays as it is.

use k8s_openapi::api::core::v1::Secret;
use kube::Api;
use serde_json::{Value, json};
use testbed::{control_plane::ControlPlane, manifests::apply};

use crate::{
    bench::{eventually, is_ready, plane},
    chart::{CHART, path},
    release::{DEFINITION, HOME, RELEASE, Release, USERS},
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn credentials_and_tokens_outlive_upgrade_rollback_and_uninstall() {
    let plane = ControlPlane::start().await.unwrap();
    let release = Release::new(&plane).await;
    release.is_upgraded_from_an_earlier_chart().await;
    let token = release.works(1).await;
    release.goes_back_and_forth().await;
    assert_eq!(release.works(1).await, token, "no login for it");
    release.is_uninstalled_and_leaves_what_users_made(&token).await;
    release.is_installed_again_and_waited_for().await;
    assert_eq!(release.works(1).await, token, "no login for it");
    release.is_tested().await;
    release.takes_all_along_where_it_is_told_to().await;
    plane.stop().await;
}

/// Once by force, and no more: what is left out of a manifest, and added by the API server, would be a conflict each time.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_kubectl_has_installed_is_taken_over() {
    let release = &Release::new(plane().await).await;
    let deploy = path("deploy");
    let applied = release.bench.kubectl(&["apply", "-k", deploy.to_str().unwrap()]).await;
    applied.unwrap();
    let chart = path(CHART);
    let install = ["install", RELEASE, chart.to_str().unwrap()];
    let refused = release.helm(&install).await.unwrap_err();
    assert!(refused.contains("invalid ownership metadata"), "{refused}");
    // As users do, with an image of theirs: kubectl is still named as the owner of that field, and of the version's labels.
    let taken = |command: &str, image: &str, more: &[&str]| {
        let set = format!("image.repository={image}");
        let words = [command, RELEASE, chart.to_str().unwrap(), "--set", &set];
        words.iter().chain(more).map(ToString::to_string).collect::<Vec<_>>()
    };
    let helm = |words: Vec<String>| async move {
        release
            .helm(&words.iter().map(String::as_str).collect::<Vec<_>>())
            .await
    };
    let install = taken(
        "install",
        "registry.example.com/first",
        &["--take-ownership", "--force-conflicts"],
    );
    helm(install).await.unwrap();
    let deployment = release.get(&["deployment", RELEASE]).await.unwrap();
    let annotations = &deployment["metadata"]["annotations"];
    assert_eq!(annotations["meta.helm.sh/release-name"], RELEASE, "{deployment}");
    // The field is Helm's alone from then on.
    helm(taken("upgrade", "registry.example.com/second", &[]))
        .await
        .unwrap();
    let image =
        &release.get(&["deployment", RELEASE]).await.unwrap()["spec"]["template"]["spec"]["containers"][0]["image"];
    assert!(
        image.as_str().unwrap().starts_with("registry.example.com/second:"),
        "{image}"
    );
    release.helm(&["uninstall", RELEASE]).await.unwrap();
}

impl Release<'_> {
    async fn is_upgraded_from_an_earlier_chart(&self) {
        let earlier = path("tests/chart/earlier");
        let install = ["install", RELEASE, earlier.to_str().unwrap(), "--create-namespace"];
        self.helm(&install).await.unwrap();
        let established = [
            "wait",
            "--for=condition=Established",
            "crd",
            DEFINITION,
            "--timeout=30s",
        ];
        self.bench.kubectl(&established).await.unwrap();
        self.bench.source(USERS, "acme").await;
        let credential = self.bench.credential(USERS, &json!({}));
        let before = apply(&self.bench.client, &credential).await.unwrap().metadata.uid;

        assert_eq!(self.columns().await, 0, "none of the operator's");
        self.with_the_chart(&["upgrade"]).await;
        assert!(self.columns().await > 3);
        // The definition's own rules are in force for what is there already.
        eventually(|| async {
            let spoil = [
                "-n",
                USERS,
                "patch",
                "ttc",
                "acme",
                "--type=merge",
                "-p",
                r#"{"spec":{"domain":"A b"}}"#,
                "--dry-run=server",
            ];
            self.bench
                .kubectl(&spoil)
                .await
                .err()
                .map(drop)
                .ok_or_else(|| "the rules are not in force".to_owned())
        })
        .await;
        let after = self.bench.credentials(USERS).get("acme").await.unwrap().metadata.uid;
        assert_eq!(before, after);
        // The right to every ConfigMap is gone, and with it the roles that are not rendered for single namespaces.
        self.get(&["clusterrole", RELEASE]).await.unwrap_err();
        self.get(&["clusterrolebinding", RELEASE]).await.unwrap_err();
    }

    /// The operator makes the credential ready, with so many logins since the beginning; its token.
    async fn works(&self, logins: u64) -> String {
        let operator = self.operator().await;
        let stamp = format!("{:?}", std::time::Instant::now());
        let look = json!({ "metadata": { "annotations": { "reconcile.fluxcd.io/requestedAt": stamp } } });
        self.bench.patch(USERS, look).await;
        let seen = |status: &Value| is_ready(status) && status["lastHandledReconcileAt"] == stamp.as_str();
        self.bench.status_that(USERS, seen).await;
        assert_eq!(self.bench.simulator.counts().logins, logins);
        assert_eq!(operator.terminate().await.unwrap().code(), Some(0));
        self.token().await.unwrap()
    }

    async fn goes_back_and_forth(&self) {
        let columns = self.columns().await;
        self.helm(&["rollback", RELEASE, "1"]).await.unwrap();
        assert_eq!(self.columns().await, 0, "the older definition");
        self.bench.credentials(USERS).get("acme").await.unwrap();
        self.helm(&["rollback", RELEASE, "2"]).await.unwrap();
        assert_eq!(self.columns().await, columns);
        let history = self.helm(&["history", RELEASE, "-o", "json"]).await.unwrap();
        let history: Value = serde_json::from_str(&history).unwrap();
        assert_eq!(history.as_array().unwrap().len(), 4, "{history}");
    }

    async fn is_uninstalled_and_leaves_what_users_made(&self, token: &str) {
        let before = self.bench.credentials(USERS).get("acme").await.unwrap().metadata;
        let said = self.helm(&["uninstall", RELEASE]).await.unwrap();
        assert!(said.contains(DEFINITION), "it tells what it keeps: {said}");
        for gone in [
            ["deployment", RELEASE],
            ["serviceaccount", RELEASE],
            ["role", RELEASE],
            ["validatingadmissionpolicy", "tracktik-operator-own-secrets"],
            ["clusterrole", "tracktik-operator-edit"],
        ] {
            eventually(|| async {
                self.get(&gone)
                    .await
                    .err()
                    .map(drop)
                    .ok_or_else(|| format!("{gone:?} is there"))
            })
            .await;
        }
        assert_eq!(
            self.bench.credentials(USERS).get("acme").await.unwrap().metadata,
            before
        );
        assert_eq!(self.token().await.as_deref(), Some(token));
    }

    /// Helm waits until everything is as kstatus wants it, the Deployment included, which only a kubelet could make ready: its
    /// status is written here.
    async fn is_installed_again_and_waited_for(&self) {
        let waiting = async {
            self.with_the_chart(&["install", "--wait", "--timeout=2m"]).await;
        };
        let made_ready = async {
            eventually(|| async { self.deployment_is_ready(1).await.map_err(|problem| problem.to_string()) }).await;
            std::future::pending::<()>().await;
        };
        tokio::select! { () = waiting => {}, () = made_ready => {} }
        let listed = self.helm(&["status", RELEASE, "-o", "json"]).await.unwrap();
        assert!(listed.contains(r#""status":"deployed""#), "{listed}");
    }

    /// `helm test` makes its pod, which the API server lets into a namespace that is restricted; that it ran is said here, for
    /// want of a kubelet.
    async fn is_tested(&self) {
        let restrict = [
            "label",
            "namespace",
            HOME,
            "pod-security.kubernetes.io/enforce=restricted",
        ];
        self.bench.kubectl(&restrict).await.unwrap();
        let tested = async { self.helm(&["test", RELEASE, "--timeout=2m"]).await };
        let run = async {
            let done = r#"{"status":{"phase":"Succeeded"}}"#;
            let patch = [
                "-n",
                HOME,
                "patch",
                "pod",
                "tracktik-operator-starts",
                "--subresource=status",
                "-p",
                done,
            ];
            eventually(|| async { self.bench.kubectl(&patch).await }).await;
            std::future::pending::<()>().await;
        };
        let said = tokio::select! { said = tested => said, () = run => unreachable!() };
        assert!(said.as_ref().is_ok_and(|said| said.contains("Succeeded")), "{said:?}");
    }

    async fn takes_all_along_where_it_is_told_to(&self) {
        self.the_garbage_collector_knows_the_kind().await;
        self.with_the_chart(&["upgrade", "--set", "crds.keep=false"]).await;
        self.helm(&["uninstall", RELEASE]).await.unwrap();
        eventually(|| async {
            self.get(&["crd", DEFINITION])
                .await
                .err()
                .map(drop)
                .ok_or("the definition is there".to_owned())
        })
        .await;
        // By the garbage collector, as the credential's.
        eventually(|| async {
            if self.token().await.is_none() {
                Ok(())
            } else {
                Err("the token is there".to_owned())
            }
        })
        .await;
        let secrets: Api<Secret> = Api::namespaced(self.bench.client.clone(), USERS);
        assert!(
            secrets.get_opt("acme").await.unwrap().is_some(),
            "the source is the user's own"
        );
    }
}
