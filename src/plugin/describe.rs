//! `describe`: gathers the life of one credential, as far as whoever asks may see it.

use clap::Args;
use k8s_openapi::api::core::v1::Event;
use kube::{Api, api::ListParams};
use tracktik_operator::{
    clock,
    cluster::{ClusterError, CredentialView, deadline},
    oauth::host::Host,
    secrets::source::SourcePlan,
};

use super::{
    life_story::{Happened, LifeStory, happened, token_story, told},
    life_text::page,
    next_step::{Seen, next_step},
    reach::{Cluster, Reach},
    source_check::{Shelf, SourceFacts, look},
    structured::{self, Format},
    terminal::Terminal,
    token_facts::{TokenFacts, TokenSeen},
    verdict::{Failed, Verdict},
};

/// Which credential.
#[derive(Args, Debug)]
pub struct DescribeFlags {
    /// Name of the credential
    #[arg(value_name = "NAME")]
    pub name: String,
    /// For programs
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub output: Option<Format>,
}

/// Prints it; exit code 3 where the credential is not ready, 1 where something could not be seen.
pub async fn run(reach: &Reach, flags: &DescribeFlags, terminal: &Terminal) -> Result<Verdict, Failed> {
    let cluster = reach.cluster().await?;
    let credential = cluster.credential(&flags.name).await?;
    let life = gather(&cluster, &credential).await;
    match flags.output {
        Some(format) => structured::print(&life, format, terminal)?,
        None => terminal.print(&page(&life, clock::now(), terminal))?,
    }
    let ready = life
        .conditions
        .iter()
        .any(|told| told.r#type == "Ready" && told.status == "True");
    let ready = if ready { Verdict::Well } else { Verdict::NotWell };
    let seen = if life.unseen.is_empty() {
        Verdict::Well
    } else {
        Verdict::Untold
    };
    Ok(ready.and(seen))
}

async fn gather(cluster: &Cluster, credential: &CredentialView) -> LifeStory {
    let mut unseen = Vec::new();
    let shelf = Shelf {
        file: Vec::new(),
        cluster: Some(cluster),
    };
    let sources = match &credential.spec {
        Some(spec) => look(&shelf, &SourcePlan::of(spec)).await,
        None => SourceFacts::default(),
    };
    let refused = sources.facts.iter().filter(|fact| fact.usable.is_none());
    for message in refused.filter_map(|fact| fact.message.clone()) {
        if !unseen.contains(&message) {
            unseen.push(message);
        }
    }
    let token = token(cluster, credential, &mut unseen).await;
    let events = events(cluster, credential, &mut unseen).await;
    let seen = Seen {
        sources: sources.sources.as_ref(),
        token: &token,
    };
    let versions = sources.sources.as_ref().map(|sources| sources.versions.as_slice());
    LifeStory {
        name: credential.key.name.clone(),
        namespace: credential.key.namespace.clone(),
        domain: domain(credential),
        conditions: told(credential),
        token: token_story(credential, token.facts(), versions),
        next: next_step(credential, seen, clock::now()),
        sources: sources.facts,
        events,
        unseen,
    }
}

/// What is no host may hold a password; a definition older than the rule for it lets that through.
fn domain(credential: &CredentialView) -> Option<String> {
    let domain = &credential.spec.as_ref()?.domain;
    Host::parse(domain).ok().map(|host| host.to_string())
}

async fn token(cluster: &Cluster, credential: &CredentialView, unseen: &mut Vec<String>) -> TokenSeen {
    let Some(name) = credential.target_name() else {
        return TokenSeen::Unseen;
    };
    match cluster.secret(&name).await {
        Ok(content) => TokenSeen::There(Box::new(TokenFacts::of(credential, &content))),
        Err(ClusterError::NotFound) => TokenSeen::Absent,
        Err(error) => {
            unseen.push(cluster.call("get", "secrets", Some(&name)).refused(&error));
            TokenSeen::Unseen
        }
    }
}

/// Of the core group, which `view` may read; the same events as in events.k8s.io.
async fn events(cluster: &Cluster, credential: &CredentialView, unseen: &mut Vec<String>) -> Option<Vec<Happened>> {
    let api: Api<Event> = Api::namespaced(cluster.client.clone(), &cluster.namespace);
    let of_this = ListParams::default().fields(&format!("involvedObject.uid={}", credential.uid));
    match deadline(api.list(&of_this)).await {
        Ok(list) => Some(happened(list.items)),
        Err(error) => {
            unseen.push(cluster.call("list", "events", None).refused(&error));
            None
        }
    }
}
