//! `create`: a credential and the Secret with its service account, or the credential as YAML for Git.

use std::path::{Path, PathBuf};

use clap::Args;
use k8s_openapi::{ByteString, api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::{Api, Resource};
use serde_json::{Value, json};
use tracktik_operator::{
    api::{TrackTikCredential, recheck},
    cluster::{ClusterError, CredentialObject, deadline, deadline_with_values},
    oauth::host::Host,
    secrets::sensitive::ServiceAccount,
};
use zeroize::Zeroize;

use super::{
    ask, environment,
    reach::{CREDENTIALS, Cluster, Reach, creating},
    rules_check::{self, Answer},
    structured::{self, Format},
    terminal::Terminal,
    verdict::{Failed, Verdict},
};

/// What to create. Not `Debug`: somebody may have given a password where none belongs.
#[derive(Args)]
pub struct CreateFlags {
    /// Name of the credential
    #[arg(value_name = "NAME")]
    name: String,
    /// Host of the TrackTik instance, such as acme.staffr.net. Without it: asked for
    #[arg(long, value_name = "HOST", conflicts_with = "from_env")]
    domain: Option<String>,
    /// Name of the Secret with the service account. Without it: the credential's with -service-account behind it
    #[arg(long, value_name = "NAME")]
    secret: Option<String>,
    /// The Secret exists already, with the keys client_id, client_secret, username and password: only the credential is
    /// created
    #[arg(long)]
    #[expect(clippy::doc_markdown, reason = "clap prints this as it stands")]
    existing_secret: bool,
    /// OAuth 2 client id. Without it: asked for
    #[arg(long, value_name = "ID", conflicts_with = "from_env")]
    client_id: Option<String>,
    /// File with the client secret; - is stdin. Without it: asked for, without showing it
    #[arg(long, value_name = "FILE", conflicts_with = "from_env")]
    client_secret_file: Option<PathBuf>,
    /// User name of the employee login. Without it: asked for
    #[arg(long, value_name = "NAME", conflicts_with = "from_env")]
    username: Option<String>,
    /// File with the password; - is stdin. Without it: asked for, without showing it
    #[arg(long, value_name = "FILE", conflicts_with = "from_env")]
    password_file: Option<PathBuf>,
    /// Domain and account from TRACKTIK_DOMAIN, TRACKTIK_CLIENT_ID, TRACKTIK_CLIENT_SECRET, TRACKTIK_USERNAME and
    /// TRACKTIK_PASSWORD
    #[arg(long)]
    #[expect(clippy::doc_markdown, reason = "clap prints this as it stands")]
    from_env: bool,
    /// Print the credential instead, without a Secret, and ask no cluster
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    output: Option<Format>,
    /// Refused: see [`refuse_arguments`].
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "")]
    password: Option<String>,
    /// Refused: see [`refuse_arguments`].
    #[arg(long, hide = true, num_args = 0..=1, default_missing_value = "")]
    client_secret: Option<String>,
}

impl CreateFlags {
    fn secret_name(&self) -> String {
        let default = || format!("{}-service-account", self.name);
        self.secret.clone().unwrap_or_else(default)
    }
}

/// Creates both, or prints the one that holds no secret.
pub async fn run(reach: &Reach, flags: &CreateFlags, terminal: &Terminal) -> Result<Verdict, Failed> {
    refuse_arguments(flags)?;
    refuse_names(flags)?;
    let domain = match &flags.domain {
        Some(domain) => domain.clone(),
        None if flags.from_env => environment::domain()?,
        None => ask::for_text("domain", "--domain")?,
    };
    // Here already: what is no host may hold a password, and would be printed with -o.
    Host::parse(&domain).map_err(|why| Failed::Usage(format!("the domain is no host: {why}")))?;
    let object = credential(flags, &domain, reach.named_namespace());
    if let Some(format) = flags.output {
        structured::print(&object, format, terminal)?;
        return Ok(Verdict::Well);
    }
    let cluster = reach.cluster().await?;
    // Before anybody types a password, and before the Secret is there.
    match rules_check::ask(&cluster.client, &cluster.namespace, &object).await {
        Answer::Accepted => {}
        Answer::Exists => return Err(exists(&flags.name, &cluster)),
        Answer::Refused(reasons) => return Err(Failed::NotWell(reasons.join("; "))),
        Answer::Untold(why) => return Err(Failed::Undone(why)),
    }
    if !flags.existing_secret {
        let account = account(flags)?;
        create_secret(&cluster, &flags.secret_name(), &account).await?;
        terminal.print(&format!("secret/{} created\n", flags.secret_name()))?;
    }
    create_credential(&cluster, &object, &flags.name)
        .await
        .map_err(|failed| match failed {
            Failed::Undone(why) if !flags.existing_secret => Failed::Undone(format!(
                "{why}; Secret {:?} was created and stays: the next time, use it with --existing-secret",
                flags.secret_name()
            )),
            failed => failed,
        })?;
    terminal.print(&format!("tracktikcredential/{} created\n", flags.name))?;
    terminal.remark(&format!(
        "`kubectl tracktik status {} -n {} --watch` shows how it gets on",
        flags.name, cluster.namespace
    ));
    Ok(Verdict::Well)
}

/// Arguments are seen by everybody on the machine, and stay in the shell's history.
fn refuse_arguments(flags: &CreateFlags) -> Result<(), Failed> {
    let given = [
        ("--password", &flags.password),
        ("--client-secret", &flags.client_secret),
    ];
    let Some((flag, _)) = given.into_iter().find(|(_, value)| value.is_some()) else {
        return Ok(());
    };
    Err(Failed::Usage(format!(
        "{flag}: a secret on the command line can be read in the list of processes and stays in the shell's history; if \
         it was a real one, change it. Leave the flag out to be asked, or give {flag}-file FILE (- is stdin)"
    )))
}

/// With -o no API server says so. What was given is not repeated: it may have been meant for another place.
fn refuse_names(flags: &CreateFlags) -> Result<(), Failed> {
    let rule =
        "lower-case letters, digits, '-' and '.', with a letter or digit at both ends and beside each '.', at most";
    if !recheck::is_name(&flags.name) || !recheck::is_name(&format!("{}-token", flags.name)) {
        return Err(Failed::Usage(format!("NAME must be a name in Kubernetes: {rule} 247")));
    }
    if !recheck::is_name(&flags.secret_name()) {
        return Err(Failed::Usage(format!(
            "--secret, or NAME with -service-account behind it, must be the name of a Secret: {rule} 253"
        )));
    }
    Ok(())
}

fn credential(flags: &CreateFlags, domain: &str, namespace: Option<&str>) -> Value {
    let mut metadata = json!({ "name": flags.name });
    if let Some(namespace) = namespace {
        metadata["namespace"] = Value::from(namespace);
    }
    json!({
        "apiVersion": TrackTikCredential::api_version(&()),
        "kind": TrackTikCredential::kind(&()),
        "metadata": metadata,
        "spec": { "domain": domain, "credentials": { "secretRef": { "name": flags.secret_name() } } },
    })
}

fn account(flags: &CreateFlags) -> Result<ServiceAccount, Failed> {
    if flags.from_env {
        let (problems, account) = environment::account();
        let why = problems
            .into_iter()
            .find_map(|(_, problem)| problem)
            .unwrap_or_default();
        return account.ok_or(Failed::Usage(why));
    }
    let stdin = |file: &Option<PathBuf>| file.as_deref() == Some(Path::new("-"));
    if stdin(&flags.client_secret_file) && stdin(&flags.password_file) {
        return Err(Failed::Usage(
            "only one of --client-secret-file and --password-file can be stdin".to_owned(),
        ));
    }
    let text = |given: &Option<String>, what: &str, flag: &str| match given {
        Some(given) => ask::fit(what, given.as_bytes()),
        None => ask::for_text(what, flag).map(Into::into),
    };
    let secret = |file: &Option<PathBuf>, what: &str, flag: &str| match file {
        Some(file) => ask::from_file(what, file),
        None => ask::for_secret(what, flag),
    };
    Ok(ServiceAccount {
        client_id: text(&flags.client_id, "client id", "--client-id")?,
        client_secret: secret(&flags.client_secret_file, "client secret", "--client-secret-file")?,
        username: text(&flags.username, "user name", "--username")?,
        password: secret(&flags.password_file, "password", "--password-file")?,
    })
}

async fn create_secret(cluster: &Cluster, name: &str, account: &ServiceAccount) -> Result<(), Failed> {
    let values = [
        ("client_id", &account.client_id),
        ("client_secret", &account.client_secret),
        ("username", &account.username),
        ("password", &account.password),
    ];
    let bytes = |(key, value): (&str, &tracktik_operator::secrets::sensitive::Sensitive)| {
        (key.to_owned(), ByteString(value.expose().as_bytes().to_vec()))
    };
    let mut secret = Secret {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        data: Some(values.into_iter().map(bytes).collect()),
        ..Secret::default()
    };
    let api: Api<Secret> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let created = deadline_with_values(api.create(&creating(), &secret)).await;
    for value in secret.data.iter_mut().flat_map(|data| data.values_mut()) {
        value.0.zeroize();
    }
    created.map(drop).map_err(|error| match error {
        ClusterError::Conflict => Failed::Undone(format!(
            "Secret {name:?} exists in namespace {:?}: use it with --existing-secret, or name another with --secret",
            cluster.namespace
        )),
        error => cluster.call("create", "secrets", Some(name)).failed(&error),
    })
}

fn exists(name: &str, cluster: &Cluster) -> Failed {
    Failed::Undone(format!(
        "tracktikcredentials {name:?} exists in namespace {:?} already",
        cluster.namespace
    ))
}

async fn create_credential(cluster: &Cluster, object: &Value, name: &str) -> Result<(), Failed> {
    let path = TrackTikCredential::url_path(&(), Some(&cluster.namespace));
    let request = kube::api::Request::new(path)
        .create(&creating(), object.to_string().into_bytes())
        .map_err(|_| Failed::Undone("the request cannot be built".to_owned()))?;
    let created = deadline(cluster.client.request::<CredentialObject>(request)).await;
    created.map(drop).map_err(|error| match error {
        ClusterError::Conflict => exists(name, cluster),
        error => cluster.call("create", CREDENTIALS, Some(name)).failed(&error),
    })
}
