//! The objects of users and of the world outside, as Pod Security "restricted" lets them in.

use serde_json::{Value, json};
use testbed::simulator::WHOAMI_PATH;

/// The image with the programs of this test.
const IMAGE: &str = "localhost/e2e:1";
/// Where pods find the authority of TrackTik's certificate.
const AUTHORITY: &str = "/authority/ca.crt";
/// Life of an access token, short enough for many renewals, long enough for the kubelet's way into a pod.
pub const TOKEN_SECONDS: u32 = 360;

/// A namespace that lets in only what is restricted.
pub fn namespace(name: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": {
        "pod-security.kubernetes.io/enforce": "restricted"}}})
}

/// A pod of one container.
pub fn pod(namespace: &str, name: &str, container: Value, volumes: &Value) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": {"app": name}},
        "spec": pod_spec(container, volumes)})
}

fn pod_spec(mut container: Value, volumes: &Value) -> Value {
    container["name"] = json!("main");
    container["securityContext"] = json!({"allowPrivilegeEscalation": false, "readOnlyRootFilesystem": true,
        "capabilities": {"drop": ["ALL"]}});
    json!({"automountServiceAccountToken": false, "enableServiceLinks": false, "terminationGracePeriodSeconds": 5,
        "securityContext": {"runAsNonRoot": true, "runAsUser": 65532, "fsGroup": 65532,
            "seccompProfile": {"type": "RuntimeDefault"}},
        "containers": [container], "volumes": volumes})
}

/// A server of tokens on port 443, with its control on 8080; both end with their standard input, which is therefore kept open.
pub fn server(namespace: &str, name: &str, command: &[&str], token_seconds: u32) -> Value {
    let listen = ["--address", "0.0.0.0", "--port", "443", "--control-port", "8080"];
    let certificate = ["--cert", "/tls/tls.crt", "--key", "/tls/tls.key"];
    let seconds = token_seconds.to_string();
    let command = [command, &listen, &certificate, &["--access-token-seconds", &seconds]].concat();
    let image = if name == "globex" {
        "localhost/oauth-server:1"
    } else {
        IMAGE
    };
    let container = json!({"image": image, "command": command, "stdin": true,
        "readinessProbe": {"tcpSocket": {"port": 443}, "periodSeconds": 1},
        "volumeMounts": [{"name": "tls", "mountPath": "/tls", "readOnly": true}]});
    pod(
        namespace,
        name,
        container,
        &json!([{"name": "tls", "secret": {"secretName": name, "defaultMode": 0o440}}]),
    )
}

/// The Secret of a service account, as TrackTik gives it to an integrator.
pub fn source(namespace: &str, name: &str, account: &testbed::account::Account) -> Value {
    json!({"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name, "namespace": namespace}, "stringData": {
        "client_id": account.client_id, "client_secret": account.client_secret,
        "username": account.username, "password": account.password}})
}

/// A credential whose token comes into the Secret `<name>-token`.
pub fn credential(namespace: &str, name: &str, domain: &str, source: &str) -> Value {
    json!({"apiVersion": "tracktik-operator.io/v1alpha1", "kind": "TrackTikCredential",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"domain": domain, "credentials": {"secretRef": {"name": source}}}})
}

/// The ways in which workloads come by the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// The folder is mounted, and the file read at each request.
    Mounted,
    /// As before, but what was read is kept until a 401.
    Cached,
    /// A projected volume with the access token alone, read at each request.
    Projected,
    /// The file alone is mounted, by `subPath`: it stays as it was.
    SubPath,
    /// A variable of the environment, and a restart whenever the Secret changes.
    Environment,
}

/// A reader of the token of `credential`, counted at the domain by its own name.
pub fn reader(namespace: &str, name: &str, credential: &str, domain: &str, kind: Kind) -> Value {
    let url = format!("https://{domain}{WHOAMI_PATH}");
    let secret = format!("{credential}-token");
    let mut command = vec!["/reader", "--name", name, "--authority", AUTHORITY];
    command.extend(["--url", &url]);
    let authority = json!({"name": "authority", "configMap": {"name": "authority"}});
    let mut mounts = vec![json!({"name": "authority", "mountPath": "/authority", "readOnly": true})];
    let mut volumes = vec![authority];
    let mut environment = json!([]);
    match kind {
        Kind::Environment => {
            environment = json!([{"name": "TRACKTIK_TOKEN", "valueFrom":
                {"secretKeyRef": {"name": secret, "key": "access_token"}}}]);
        }
        Kind::SubPath => {
            command.extend(["--file", "/token/access_token"]);
            mounts.push(json!({"name": "token", "mountPath": "/token/access_token", "subPath": "access_token"}));
            volumes.push(json!({"name": "token", "secret": {"secretName": secret}}));
        }
        Kind::Projected => {
            command.extend(["--file", "/token/access_token"]);
            mounts.push(json!({"name": "token", "mountPath": "/token", "readOnly": true}));
            volumes.push(json!({"name": "token", "projected": {"sources": [
                {"secret": {"name": secret, "items": [{"key": "access_token", "path": "access_token"}]}}]}}));
        }
        Kind::Mounted | Kind::Cached => {
            command.extend(["--file", "/token/access_token", "--expiry", "/token/expires_at"]);
            command.extend((kind == Kind::Cached).then_some("--cached"));
            mounts.push(json!({"name": "token", "mountPath": "/token", "readOnly": true}));
            volumes.push(json!({"name": "token", "secret": {"secretName": secret}}));
        }
    }
    let container = json!({"image": IMAGE, "command": command, "env": environment, "volumeMounts": mounts});
    if kind != Kind::Environment {
        return pod(namespace, name, container, &json!(volumes));
    }
    json!({"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"matchLabels": {"app": name}},
            "strategy": {"rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}},
            "template": {"metadata": {"labels": {"app": name}}, "spec": pod_spec(container, &json!(volumes))}}})
}
