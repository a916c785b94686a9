//! What an administrator applies before the operator starts: the CRD, the namespace and the rights,
//! from the files that ship.

use std::{fs, io, path::PathBuf, time::Duration};

use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::{
    Api, Client,
    api::{DynamicObject, Patch, PatchParams},
    core::GroupVersionKind,
    discovery::{self, Scope},
    runtime::wait::{self, conditions::is_crd_established},
};
use serde_json::{Value, json};

/// The namespace that the operator's own objects live in.
pub const OPERATOR_NAMESPACE: &str = "tracktik-system";
/// The operator's `ServiceAccount`, and its `ClusterRole`.
pub const OPERATOR_NAME: &str = "tracktik-operator";

const CRD_NAME: &str = "tracktikcredentials.tracktik-operator.io";

/// How long a new CRD may take until it is served; usually milliseconds.
const ESTABLISH_LIMIT: Duration = Duration::from_secs(30);

/// Why a manifest was not applied.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file cannot be read.
    #[error("reading {}", .0.display())]
    Read(PathBuf, #[source] io::Error),
    /// The file is not YAML.
    #[error("parsing {}", .0.display())]
    Parse(PathBuf, #[source] Box<serde_saphyr::Error>),
    /// A document has no apiVersion, kind or name.
    #[error("no Kubernetes object: {0}")]
    NoObject(String),
    /// The API server refused.
    #[error("applying {0}")]
    Api(String, #[source] kube::Error),
    /// The API server does not serve the new kind.
    #[error("the CRD was not established within {ESTABLISH_LIMIT:?}")]
    NotEstablished,
}

/// Applies the CRD, and returns when its kind is served.
///
/// # Errors
/// If the file is not there, or the API server refuses it.
pub async fn apply_crd(client: &Client) -> Result<(), Error> {
    for document in documents(&format!("crds/{CRD_NAME}.yaml"))? {
        apply(client, &document).await?;
    }
    let definitions = Api::<CustomResourceDefinition>::all(client.clone());
    let established = wait::await_condition(definitions, CRD_NAME, is_crd_established());
    match tokio::time::timeout(ESTABLISH_LIMIT, established).await {
        Ok(Ok(_)) => Ok(()),
        _ => Err(Error::NotEstablished),
    }
}

/// Applies the operator's namespace, `ServiceAccount` and rights. With no namespace listed the rights
/// hold in the whole cluster, as shipped; else the same `ClusterRole` is bound in each of the listed
/// namespaces, which must exist, and nowhere else.
///
/// # Errors
/// If a file is not there, or the API server refuses an object.
pub async fn apply_operator_rbac(client: &Client, namespaces: &[&str]) -> Result<(), Error> {
    let mut objects = documents("deploy/namespace.yaml")?;
    objects.extend(documents("deploy/rbac.yaml")?);
    if !namespaces.is_empty() {
        objects.retain(|object| object["kind"] != "ClusterRoleBinding");
        objects.extend(namespaces.iter().map(|namespace| role_binding(namespace)));
    }
    for object in &objects {
        apply(client, object).await?;
    }
    Ok(())
}

fn role_binding(namespace: &str) -> Value {
    json!({
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": OPERATOR_NAME, "namespace": namespace},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": OPERATOR_NAME,
        },
        "subjects": [{
            "kind": "ServiceAccount",
            "name": OPERATOR_NAME,
            "namespace": OPERATOR_NAMESPACE,
        }],
    })
}

/// Applies one object of any kind that the API server serves, as `kubectl apply --server-side` does.
/// A namespaced object without a namespace goes to `default`.
///
/// # Errors
/// If it is no Kubernetes object, or the API server refuses it.
pub async fn apply(client: &Client, object: &Value) -> Result<DynamicObject, Error> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let (Some(version), Some(kind), Some(name)) = (
        text(&object["apiVersion"]),
        text(&object["kind"]),
        text(&object["metadata"]["name"]),
    ) else {
        return Err(Error::NoObject(object.to_string()));
    };
    let (group, version) = version.split_once('/').unwrap_or(("", &version));
    let what = format!("{kind} {name}");
    let gvk = GroupVersionKind::gvk(group, version, &kind);
    let api_error = |source| Error::Api(what.clone(), source);
    let (resource, capabilities) = discovery::pinned_kind(client, &gvk).await.map_err(api_error)?;
    let api: Api<DynamicObject> = match capabilities.scope {
        Scope::Cluster => Api::all_with(client.clone(), &resource),
        Scope::Namespaced => {
            let namespace = object["metadata"]["namespace"].as_str().unwrap_or("default");
            Api::namespaced_with(client.clone(), namespace, &resource)
        }
    };
    let parameters = PatchParams::apply("testbed").force();
    api.patch(&name, &parameters, &Patch::Apply(object))
        .await
        .map_err(api_error)
}

/// The objects of a file of this repository, in their order. Empty documents are skipped, as kubectl
/// does.
///
/// # Errors
/// If the file is not there, or is not YAML.
pub fn documents(file: &str) -> Result<Vec<Value>, Error> {
    let path = crate::repository().join(file);
    let text = fs::read_to_string(&path).map_err(|source| Error::Read(path.clone(), source))?;
    parse(&text).map_err(|source| Error::Parse(path, Box::new(source)))
}

fn parse(text: &str) -> Result<Vec<Value>, serde_saphyr::Error> {
    let objects: Vec<Value> = serde_saphyr::from_multiple(text)?;
    Ok(objects.into_iter().filter(|object| !object.is_null()).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::parse;

    #[test]
    fn empty_documents_are_skipped_and_words_that_yaml_could_read_as_other_types_kept() {
        let text = "# a comment\n---\nkind: A\nverbs: [get, \"*\"]\n---\n---\nkind: B\ngroups: [\"\"]\n";
        let expected = [
            json!({"kind": "A", "verbs": ["get", "*"]}),
            json!({"kind": "B", "groups": [""]}),
        ];
        assert_eq!(parse(text).ok(), Some(expected.to_vec()));
    }
}
