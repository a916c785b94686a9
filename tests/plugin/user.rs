//! People of a namespace, each with the rights that RBAC gives, and the plugin as they run it.

use std::{
    path::{Path, PathBuf},
    process::Stdio,
    time::Duration,
};

use serde_json::{Value, json};
use testbed::manifests::{apply, documents};
use tokio::{io::AsyncWriteExt, process::Command};

use crate::scene::{Scene, eventually};

/// What a run of the plugin left behind.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

impl Ended {
    /// What it printed, which must have ended well.
    #[track_caller]
    pub fn well(self) -> String {
        assert_eq!((self.code, self.stderr.as_str()), (Some(0), ""), "{}", self.stdout);
        self.stdout
    }

    /// All of it.
    pub fn all(&self) -> String {
        format!("{}{}", self.stdout, self.stderr)
    }
}

/// A person with a kubeconfig.
pub struct User {
    kubeconfig: PathBuf,
    _folder: tempfile::TempDir,
}

impl User {
    /// A `ServiceAccount` of the scene's namespace that holds these rules there and nothing else.
    pub async fn with_rules(scene: &Scene, name: &str, rules: Value) -> Self {
        scene
            .apply(json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": { "name": name }, "rules": rules,
            }))
            .await;
        Self::bound(scene, name, json!({ "kind": "Role", "name": name })).await
    }

    /// One that holds this of the cluster's own roles in the scene's namespace.
    pub async fn with_role(scene: &Scene, role: &str) -> Self {
        for object in documents("deploy/user-roles.yaml").unwrap() {
            apply(&scene.client, &object).await.unwrap();
        }
        let user = Self::bound(scene, role, json!({ "kind": "ClusterRole", "name": role })).await;
        // Roles are aggregated by a controller, in its own time.
        eventually(Duration::from_mins(1), || async {
            let ended = user.run(&["status"]).await;
            if ended.code == Some(1) {
                Err(ended.stderr)
            } else {
                Ok(())
            }
        })
        .await;
        user
    }

    async fn bound(scene: &Scene, name: &str, role: Value) -> Self {
        let mut role = role;
        role["apiGroup"] = json!("rbac.authorization.k8s.io");
        let subject = json!({ "kind": "ServiceAccount", "name": name, "namespace": scene.namespace });
        scene
            .apply(json!({ "apiVersion": "v1", "kind": "ServiceAccount", "metadata": { "name": name } }))
            .await;
        scene
            .apply(json!({
                "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": { "name": name },
                "roleRef": role, "subjects": [subject],
            }))
            .await;
        // Among the control plane's data, which is removed even if this process is killed: the file holds a token.
        let among = scene.plane.kubeconfig_path().parent().unwrap();
        let folder = tempfile::Builder::new().prefix("user-").tempdir_in(among).unwrap();
        let kubeconfig = folder.path().join("kubeconfig");
        scene
            .plane
            .kubeconfig_for_service_account(&scene.namespace, name, &kubeconfig)
            .await
            .unwrap();
        Self {
            kubeconfig,
            _folder: folder,
        }
    }

    /// The administrator of the cluster.
    pub fn administrator(scene: &Scene) -> Self {
        Self {
            kubeconfig: scene.plane.kubeconfig_path().to_owned(),
            _folder: tempfile::tempdir().unwrap(),
        }
    }

    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = plugin(arguments);
        command.env("KUBECONFIG", &self.kubeconfig);
        command
    }

    pub async fn run(&self, arguments: &[&str]) -> Ended {
        ended(self.command(arguments)).await
    }

    /// With this on stdin.
    pub async fn run_with(&self, arguments: &[&str], stdin: &str) -> Ended {
        let mut command = self.command(arguments);
        command.stdin(Stdio::piped());
        let mut child = command.spawn().expect("the plugin starts");
        let mut pipe = child.stdin.take().unwrap();
        pipe.write_all(stdin.as_bytes()).await.unwrap();
        drop(pipe);
        output(child.wait_with_output()).await
    }
}

/// The plugin, in an environment that holds nothing but what a test puts into it.
pub fn plugin(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kubectl-tracktik"));
    command
        .env_clear()
        .env("HOME", Path::new(env!("CARGO_TARGET_TMPDIR")).join("no-home"))
        .args(arguments)
        .kill_on_drop(true)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command
}

/// Runs to the end, which must come by itself.
pub async fn ended(mut command: Command) -> Ended {
    output(command.output()).await
}

async fn output(running: impl Future<Output = std::io::Result<std::process::Output>>) -> Ended {
    let output = tokio::time::timeout(Duration::from_mins(4), running).await;
    let output = output.expect("the plugin ends by itself").expect("the plugin runs");
    Ended {
        code: output.status.code(),
        stdout: String::from_utf8(output.stdout).unwrap(),
        stderr: String::from_utf8(output.stderr).unwrap(),
    }
}
