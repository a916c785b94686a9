//! `check`: everything that can be told of a credential without renewing anything.

use std::path::PathBuf;

use clap::Args;
use tracktik_operator::{
    api::{TrackTikCredentialSpec, recheck},
    secrets::{ownership::Mark, sensitive::ServiceAccount, source::SourcePlan},
};

use super::{
    environment, file_check,
    findings::{self, Findings, Found},
    login_once::{Endpoint, EndpointFlags},
    manifest,
    reach::{Cluster, Reach},
    source_check::{self, Shelf},
    structured::Format,
    taken_domain::{Stance, stance},
    target_check,
    terminal::Terminal,
    token_facts::mark,
    verdict::{Failed, Verdict},
};

/// What to check.
#[derive(Args, Debug)]
#[group(skip)]
pub struct CheckFlags {
    /// Name of a credential in the cluster
    #[arg(value_name = "NAME")]
    name: Option<String>,
    /// File with credentials that are not applied yet; - is stdin
    #[arg(short, long = "filename", id = "file", value_name = "FILE", conflicts_with = "name")]
    file: Option<PathBuf>,
    /// No cluster: domain and account from TRACKTIK_DOMAIN, TRACKTIK_CLIENT_ID, TRACKTIK_CLIENT_SECRET,
    /// TRACKTIK_USERNAME and TRACKTIK_PASSWORD
    #[arg(long, conflicts_with_all = ["name", "file"], verbatim_doc_comment)]
    #[expect(clippy::doc_markdown, reason = "clap prints this as it stands")]
    from_env: bool,
    /// Log in, once. The token is thrown away; a wrong password counts at TrackTik as any other failed login
    #[arg(long)]
    login: bool,
    #[command(flatten)]
    endpoint: EndpointFlags,
    /// For programs
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    output: Option<Format>,
}

/// Prints what was found; exit code 3 where something is wrong, 1 where something could not be told.
pub async fn run(reach: &Reach, flags: &CheckFlags, terminal: &Terminal) -> Result<Verdict, Failed> {
    let endpoint = Endpoint::new(&flags.endpoint)?;
    let all = match (&flags.name, &flags.file) {
        (Some(name), _) => vec![in_the_cluster(reach, name, flags, &endpoint).await?],
        (None, Some(file)) => {
            let (manifests, secrets) = manifest::read(file)?;
            if flags.login && manifests.len() > 1 {
                return Err(Failed::Usage(format!(
                    "--login logs in once, and there are {} credentials in the file: check them one by one",
                    manifests.len()
                )));
            }
            let mut all = Vec::new();
            for manifest in &manifests {
                all.push(file_check::look(reach, (manifest, &secrets), flags, &endpoint).await?);
            }
            all
        }
        (None, None) if flags.from_env => vec![of_the_environment(flags, &endpoint).await?],
        (None, None) => return Err(Failed::Usage("check what? a NAME, -f FILE or --from-env".to_owned())),
    };
    findings::print(&all, flags.output, terminal)
}

async fn of_the_environment(flags: &CheckFlags, endpoint: &Endpoint) -> Result<Findings, Failed> {
    let mut findings = Findings::of(None);
    let domain = environment::domain()?;
    let (problems, account) = environment::account();
    for (name, problem) in problems {
        match problem {
            Some(why) => findings.add(name, Found::Wrong, why),
            None => findings.add(name, Found::Ok, "set"),
        }
    }
    connect(&domain, account.as_ref(), flags, endpoint, &mut findings).await?;
    Ok(findings)
}

async fn in_the_cluster(
    reach: &Reach,
    name: &str,
    flags: &CheckFlags,
    endpoint: &Endpoint,
) -> Result<Findings, Failed> {
    let cluster = reach.cluster().await?;
    let credential = cluster.credential(name).await?;
    let mut findings = Findings::of(Some(name.to_owned()));
    let Some(spec) = &credential.spec else {
        findings.add("fields", Found::Wrong, "spec cannot be decoded by this version");
        return Ok(findings);
    };
    if let Some(broken) = recheck::broken_rule(spec) {
        findings.add("fields", Found::Wrong, broken);
        return Ok(findings);
    }
    findings.add("fields", Found::Ok, "the API server has accepted it");
    let shelf = Shelf {
        file: Vec::new(),
        cluster: Some(&cluster),
    };
    let account = sources(&shelf, spec, &mut findings).await;
    target(
        &cluster,
        &spec.token_secret_name(name),
        &mark(&credential),
        &mut findings,
    )
    .await;
    // What the operator itself says of the domain counts more than what was given as its flag.
    let domain = &spec.domain;
    let taken = match stance(&credential) {
        Stance::Refused(why) => {
            findings.add("domain", Found::Wrong, why);
            return Ok(findings);
        }
        Stance::LoggedIn => endpoint.taken(domain, format!("the operator has logged in at {domain}")),
        Stance::Takes => endpoint.taken(domain, format!("the operator takes {domain}")),
        Stance::Untold => None,
    };
    let endpoint = taken.as_ref().unwrap_or(endpoint);
    connect(domain, account.as_ref(), flags, endpoint, &mut findings).await?;
    Ok(findings)
}

/// Adds each of the four values.
pub async fn sources(
    shelf: &Shelf<'_>,
    spec: &TrackTikCredentialSpec,
    findings: &mut Findings,
) -> Option<ServiceAccount> {
    let seen = source_check::look(shelf, &SourcePlan::of(spec)).await;
    for fact in seen.facts {
        let (found, words) = match fact.usable {
            Some(true) => (Found::Ok, "present"),
            Some(false) => (Found::Wrong, ""),
            None => (Found::Untold, ""),
        };
        let message = fact.message.unwrap_or_else(|| format!("{}: {words}", fact.from));
        findings.add(fact.field, found, message);
    }
    seen.account
}

/// Adds the name of the token Secret.
pub async fn target(cluster: &Cluster, secret: &str, me: &Mark, findings: &mut Findings) {
    let (found, message) = target_check::look(cluster, secret, me).await;
    findings.add("tokenSecret", found, message);
}

/// Adds domain, connection, and where it was asked for one login.
pub async fn connect(
    domain: &str,
    account: Option<&ServiceAccount>,
    flags: &CheckFlags,
    endpoint: &Endpoint,
    findings: &mut Findings,
) -> Result<(), Failed> {
    endpoint.reach(domain, findings).await?;
    match account {
        _ if !flags.login => findings.add("login", Found::Skipped, "--login tries the account, once"),
        Some(account) if findings.nothing_wrong() => endpoint.login(domain, account, findings).await?,
        _ => findings.add(
            "login",
            Found::Skipped,
            "not tried while something above is wrong or unknown",
        ),
    }
    Ok(())
}
