//! What kubectl shows while somebody types behind `kubectl tracktik`: commands, flags, and the names of credentials.

use std::path::PathBuf;

use clap::Args;
use kube::api::ListParams;
use tracktik_operator::cluster::deadline;

use super::{
    arguments::definition,
    reach::{ClusterFlags, Reach},
    terminal::Terminal,
    verdict::{Failed, Verdict},
};

/// Tells the shell not to offer files instead; cobra's word for it, which kubectl reads.
const NO_FILES: &str = ":4\n";

/// What has been typed; the last word may be unfinished or empty.
#[derive(Args, Debug)]
pub struct WordsToComplete {
    /// The words.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// Prints one proposal a line. What cannot be told is not proposed, and nothing is complained about.
pub async fn run(typed: &WordsToComplete, terminal: &Terminal) -> Result<Verdict, Failed> {
    let (last, before) = match typed.words.split_last() {
        Some((last, before)) => (last.as_str(), before),
        None => ("", &[][..]),
    };
    let proposals = proposals(last, before).await;
    let fitting = proposals.into_iter().filter(|proposal| proposal.starts_with(last));
    let text: String = fitting.map(|proposal| proposal + "\n").collect();
    terminal.print(&(text + NO_FILES))?;
    Ok(Verdict::Well)
}

async fn proposals(last: &str, before: &[String]) -> Vec<String> {
    let mut line = definition();
    line.build();
    let commands: Vec<&clap::Command> = line
        .get_subcommands()
        .filter(|command| !command.is_hide_set())
        .collect();
    let chosen = before
        .iter()
        .find_map(|word| commands.iter().find(|command| command.get_name() == word));
    let Some(command) = chosen else {
        return commands.iter().map(|command| command.get_name().to_owned()).collect();
    };
    if last.starts_with('-') {
        let flags = command.get_arguments().filter(|flag| !flag.is_hide_set());
        return flags
            .filter_map(|flag| Some(format!("--{}", flag.get_long()?)))
            .collect();
    }
    let takes_a_name = command.get_positionals().any(|positional| {
        let names = positional.get_value_names().unwrap_or_default();
        names.iter().any(|name| name.as_str() == "NAME")
    });
    if takes_a_name && command.get_name() != "create" {
        return names(before).await.unwrap_or_default();
    }
    Vec::new()
}

async fn names(before: &[String]) -> Option<Vec<String>> {
    let value = |flags: [&str; 2]| {
        let at = before.iter().position(|word| flags.contains(&word.as_str()))?;
        before.get(at + 1).cloned()
    };
    let flags = ClusterFlags {
        namespace: value(["-n", "--namespace"]),
        context: value(["--context", "--context"]),
        kubeconfig: value(["--kubeconfig", "--kubeconfig"]).map(PathBuf::from),
    };
    let cluster = Reach::new(flags).cluster().await.ok()?;
    let list = deadline(cluster.credentials().list_metadata(&ListParams::default()))
        .await
        .ok()?;
    Some(
        list.items
            .into_iter()
            .filter_map(|object| object.metadata.name)
            .collect(),
    )
}
