//! `check` of a credential that stands in a file: what the API server would say of it, and what else can be told.

use tracktik_operator::secrets::ownership::Mark;

use super::{
    check::{self, CheckFlags},
    findings::{Findings, Found},
    login_once::Endpoint,
    manifest::{FileSecret, Manifest},
    reach::{Cluster, Reach},
    rules_check::{self, Answer},
    source_check::Shelf,
    token_facts::mark,
    verdict::Failed,
};

/// Everything that can be told of a credential of a file.
pub async fn look(
    reach: &Reach,
    (manifest, secrets): (&Manifest, &[FileSecret]),
    flags: &CheckFlags,
    endpoint: &Endpoint,
) -> Result<Findings, Failed> {
    let mut findings = Findings::of(Some(manifest.name.clone()));
    if let (Some(asked), Some(written)) = (reach.named_namespace(), &manifest.namespace)
        && asked != written
    {
        let why = format!(
            "{:?} is of namespace {written:?}, and --namespace is {asked:?}",
            manifest.name
        );
        return Err(Failed::Usage(why));
    }
    let cluster = reach.cluster().await.map(|mut cluster| {
        if let Some(namespace) = &manifest.namespace {
            cluster.namespace.clone_from(namespace);
        }
        cluster
    });
    let taken = rules(cluster.as_ref(), manifest, &mut findings).await;
    let Some(spec) = manifest.spec().filter(|_| taken) else {
        return Ok(findings);
    };
    // One that names no namespace goes where the credential goes.
    let beside = |secret: &FileSecret| secret.namespace.is_none() || secret.namespace == manifest.namespace;
    let shelf = Shelf {
        file: secrets.iter().filter(|secret| beside(secret)).collect(),
        cluster: cluster.as_ref().ok(),
    };
    let account = check::sources(&shelf, &spec, &mut findings).await;
    if let Ok(cluster) = &cluster {
        // Applied already, it has a uid by which its Secret is told from that of a deleted one.
        let applied = cluster.credential(&manifest.name).await.ok();
        let me = applied.as_ref().map_or_else(|| unapplied(manifest, cluster), mark);
        check::target(cluster, &spec.token_secret_name(&manifest.name), &me, &mut findings).await;
    }
    check::connect(&spec.domain, account.as_ref(), flags, endpoint, &mut findings).await?;
    Ok(findings)
}

/// Whether it is worth going on.
async fn rules(cluster: Result<&Cluster, &Failed>, manifest: &Manifest, findings: &mut Findings) -> bool {
    let answer = match cluster {
        Ok(cluster) => rules_check::ask(&cluster.client, &cluster.namespace, &manifest.object).await,
        Err(failed) => Answer::Untold(failed.told().unwrap_or_default().to_owned()),
    };
    match answer {
        Answer::Accepted => findings.add("fields", Found::Ok, "the API server would accept it"),
        Answer::Exists => findings.add(
            "fields",
            Found::Ok,
            "the API server would accept it; one of its name exists",
        ),
        Answer::Refused(reasons) => {
            for reason in reasons {
                findings.add("fields", Found::Wrong, reason);
            }
            return false;
        }
        Answer::Untold(why) => {
            let problems = manifest.local_problems();
            if problems.is_empty() {
                let part = format!("looked at in part, without the API server: {why}");
                findings.add("fields", Found::Untold, part);
                return true;
            }
            for problem in problems {
                findings.add("fields", Found::Wrong, problem);
            }
            return false;
        }
    }
    true
}

fn unapplied(manifest: &Manifest, cluster: &Cluster) -> Mark {
    Mark {
        namespace: cluster.namespace.clone(),
        name: manifest.name.clone(),
        uid: String::new(),
    }
}
