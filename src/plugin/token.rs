//! `token`: the one command that prints a secret, and nothing else beside it.

use clap::Args;
use tracktik_operator::{
    api::Moment,
    clock,
    cluster::{ClusterError, CredentialView},
    secrets::{content::SecretContent, layout::Name, sensitive::Sensitive},
};
use zeroize::Zeroizing;

use super::{
    how_long::from_now,
    reach::{Cluster, Reach},
    terminal::Terminal,
    token_facts::{Standing, TokenFacts},
    verdict::{Failed, Verdict},
};

/// Whose token, and for whom.
#[derive(Args, Debug)]
pub struct TokenFlags {
    /// Name of the credential
    #[arg(value_name = "NAME")]
    pub name: String,
    /// Print it as a header, for `curl --header @-`: an argument of curl's could be read in the list of processes
    #[arg(long)]
    pub header: bool,
}

/// Prints the access token, if it can be used.
pub async fn run(reach: &Reach, flags: &TokenFlags, terminal: &Terminal) -> Result<Verdict, Failed> {
    let cluster = reach.cluster().await?;
    let credential = cluster.credential(&flags.name).await?;
    let secret = credential.target_name().ok_or_else(|| {
        Failed::NotWell(format!(
            "the spec of {:?} cannot be read by this version: use the plugin of the operator's version",
            flags.name
        ))
    })?;
    let content = match cluster.secret(&secret).await {
        Ok(content) => content,
        Err(ClusterError::NotFound) => return Err(not_there(&credential, &secret)),
        Err(error) => return Err(cluster.call("get", "secrets", Some(&secret)).failed(&error)),
    };
    let token = usable(&cluster, &credential, &content, &secret, clock::now())?;
    let prefix = if flags.header { "Authorization: Bearer " } else { "" };
    let line = Zeroizing::new(format!("{prefix}{}\n", token.expose()));
    terminal.print(&line)?;
    Ok(Verdict::Well)
}

fn not_there(credential: &CredentialView, secret: &str) -> Failed {
    let ready = credential
        .status
        .conditions
        .iter()
        .find(|condition| condition.type_ == "Ready");
    let why = ready.map(|ready| format!(": {}", ready.message)).unwrap_or_default();
    Failed::NotWell(format!("there is no token: Secret {secret:?} does not exist{why}"))
}

/// The access token, where it is the one that the operator stored, and alive.
fn usable(
    cluster: &Cluster,
    credential: &CredentialView,
    content: &SecretContent,
    secret: &str,
    now: Moment,
) -> Result<Sensitive, Failed> {
    let name = &credential.key.name;
    let facts = TokenFacts::of(credential, content);
    let see = format!("see `kubectl tracktik describe {name} -n {}`", cluster.namespace);
    match facts.standing {
        Standing::Intact => {}
        standing => {
            let why = standing.words(secret);
            return Err(Failed::NotWell(format!("the token is not printed: {why}; {see}")));
        }
    }
    let Some((issue, layout)) = facts.issue.zip(facts.layout) else {
        return Err(Failed::NotWell(format!(
            "Secret {secret:?} does not tell what it holds; {see}"
        )));
    };
    if issue.expires_at <= now {
        return Err(Failed::NotWell(format!(
            "the token in Secret {secret:?} expired {}; {see}",
            from_now(issue.expires_at, now)
        )));
    }
    let mut values = layout.extract(&content.data_under(&layout.keys()));
    values.remove(&Name::AccessToken).ok_or_else(|| {
        Failed::NotWell(format!(
            "spec.tokenSecret.data of {name:?} has no key from which the access token could be told: read Secret {secret:?}"
        ))
    })
}
