//! The way to the API server: as whom, into which namespace, and what to do where it says no.

use std::path::PathBuf;

use clap::Args;
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client,
    api::{PatchParams, PostParams},
};
use tracktik_operator::cluster::{
    ClusterError, CredentialObject, CredentialView, ObjectKey, Refusal, client, deadline,
    read_secret::{SecretReader, WholeSecret},
};

use super::verdict::Failed;

/// Where to look, as kubectl's own flags say it.
#[derive(Args, Debug)]
#[command(next_help_heading = "Cluster")]
pub struct ClusterFlags {
    /// Namespace to look at. Without it: that of the context
    #[arg(short, long, global = true, value_name = "NAME")]
    pub namespace: Option<String>,
    /// Context of the kubeconfig to use. Without it: the current one
    #[arg(long, global = true, value_name = "NAME")]
    pub context: Option<String>,
    /// Kubeconfig to use. Without it: the files that KUBECONFIG names, then ~/.kube/config
    #[arg(long, global = true, value_name = "FILE")]
    pub kubeconfig: Option<PathBuf>,
}

/// The way, before anybody has gone it: a command that needs no cluster must not ask for one.
pub struct Reach(ClusterFlags);

impl Reach {
    /// By these flags.
    pub fn new(flags: ClusterFlags) -> Self {
        Self(flags)
    }

    /// The API server, and the namespace that is meant.
    ///
    /// # Errors
    /// There is no configuration, or it is wrong. Nothing has been asked yet.
    pub async fn cluster(&self) -> Result<Cluster, Failed> {
        let flags = &self.0;
        let client = client::of_a_person(flags.kubeconfig.as_deref(), flags.context.as_deref())
            .await
            .map_err(|error| Failed::Undone(error.to_string()))?;
        let namespace = match &flags.namespace {
            Some(namespace) => namespace.clone(),
            None => client.default_namespace().to_owned(),
        };
        Ok(Cluster {
            reader: SecretReader::new(client.clone()),
            client,
            namespace,
        })
    }

    /// The namespace that was named.
    pub fn named_namespace(&self) -> Option<&str> {
        self.0.namespace.as_deref()
    }
}

/// The API server as this person sees it.
pub struct Cluster {
    /// Asks as the kubeconfig says.
    pub client: Client,
    /// The namespace that is meant.
    pub namespace: String,
    reader: SecretReader,
}

/// What is asked of the API server, in the words of RBAC.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// `get`, `list`, …
    pub verb: &'a str,
    /// In the plural, as a rule of RBAC has it.
    pub resource: &'a str,
    /// Everywhere, where there is none.
    pub namespace: Option<&'a str>,
    /// The object, where one is meant.
    pub name: Option<&'a str>,
}

/// Who writes, in the managed fields of an object.
pub const WRITER: &str = "kubectl-tracktik";

/// For a patch.
pub fn patching() -> PatchParams {
    PatchParams {
        field_manager: Some(WRITER.to_owned()),
        ..PatchParams::default()
    }
}

/// For a new object.
pub fn creating() -> PostParams {
    PostParams {
        field_manager: Some(WRITER.to_owned()),
        ..PostParams::default()
    }
}

/// The plural by which RBAC and URLs know credentials.
pub const CREDENTIALS: &str = "tracktikcredentials";

impl Cluster {
    /// Credentials of the namespace that is meant.
    pub fn credentials(&self) -> Api<CredentialObject> {
        Api::namespaced(self.client.clone(), &self.namespace)
    }

    /// A credential of that namespace.
    ///
    /// # Errors
    /// It does not exist, or may not be read.
    pub async fn credential(&self, name: &str) -> Result<CredentialView, Failed> {
        let found = deadline(self.credentials().get(name)).await;
        found
            .map(CredentialView::from)
            .map_err(|error| self.call("get", CREDENTIALS, Some(name)).failed(&error))
    }

    /// Whether that namespace exists; none where that cannot be told.
    pub async fn namespace_exists(&self) -> Option<bool> {
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        match deadline(namespaces.get_metadata(&self.namespace)).await {
            Ok(_) => Some(true),
            Err(ClusterError::NotFound) => Some(false),
            Err(_) => None,
        }
    }

    /// A Secret of that namespace, with its data.
    ///
    /// # Errors
    /// As the API server answers.
    pub async fn secret(&self, name: &str) -> Result<WholeSecret, ClusterError> {
        self.reader.read(&ObjectKey::new(&self.namespace, name)).await
    }

    /// A call in that namespace.
    pub fn call<'a>(&'a self, verb: &'a str, resource: &'a str, name: Option<&'a str>) -> Call<'a> {
        Call {
            verb,
            resource,
            namespace: Some(&self.namespace),
            name,
        }
    }
}

impl Call<'_> {
    /// As [`Self::refused`], as the end of a command.
    pub fn failed(self, error: &ClusterError) -> Failed {
        Failed::Undone(self.refused(error))
    }

    /// What is wrong, where, and what to do.
    pub fn refused(self, error: &ClusterError) -> String {
        let Self {
            verb, resource, name, ..
        } = self;
        let place = self.place();
        match (error, name) {
            (
                ClusterError::Forbidden {
                    by: Refusal::Access, ..
                },
                _,
            ) => self.missing_right(),
            (ClusterError::NotFound, Some(name)) => {
                format!("{resource} {name:?} does not exist {place}")
            }
            (ClusterError::NotServed, _) | (ClusterError::NotFound, None) if resource == CREDENTIALS => {
                "the API server does not know TrackTikCredentials: is the operator installed here (kubectl get crd)?"
                    .to_owned()
            }
            (ClusterError::Unauthenticated, _) => {
                "the API server does not accept the credentials of your kubeconfig: log in to the cluster again"
                    .to_owned()
            }
            (ClusterError::Forbidden { message, .. }, _) => format!("{verb} {resource} {place}: {message}"),
            (error, _) => format!("{verb} {resource} {place}: {error}"),
        }
    }

    /// Not the API server's own words, which name the user and not what to ask for.
    fn missing_right(self) -> String {
        let Self {
            verb,
            resource,
            namespace,
            name,
        } = self;
        let of = name.map(|name| format!(" ({name})")).unwrap_or_default();
        let flag = namespace.map_or("--all-namespaces".to_owned(), |namespace| format!("-n {namespace}"));
        let group = if resource == CREDENTIALS {
            ".tracktik-operator.io"
        } else {
            ""
        };
        let role = match (resource, verb) {
            (CREDENTIALS, "get" | "list" | "watch") => "the role view, or tracktik-operator-view",
            (CREDENTIALS, _) => "the role edit, or tracktik-operator-edit",
            ("secrets", _) => "the role edit, or one with this verb on this Secret alone",
            _ => "a role with this verb",
        };
        // A right may be for one name alone, but none to create is.
        let object = name
            .filter(|_| verb != "create")
            .map(|name| format!("/{name}"))
            .unwrap_or_default();
        format!(
            "you may not {verb} {resource}{group}{of} {}: ask for {role} there (`kubectl auth can-i {verb} \
             {resource}{group}{object} {flag}` tells when you have it)",
            self.place()
        )
    }

    fn place(self) -> String {
        match self.namespace {
            Some(namespace) => format!("in namespace {namespace:?}"),
            None => "in all namespaces".to_owned(),
        }
    }
}
