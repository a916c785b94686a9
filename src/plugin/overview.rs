//! `status`: a table of credentials, in one namespace or all.

use std::fmt::Write as _;

use clap::Args;
use kube::{Api, api::ListParams};
use serde::Serialize;
use tracktik_operator::{
    clock,
    cluster::{CredentialObject, CredentialView, deadline},
};

use super::{
    follow::follow,
    overview_row::{OverviewRow, headings},
    reach::{CREDENTIALS, Call, Cluster, Reach},
    structured::{self, Format},
    table::Table,
    terminal::{Terminal, shown},
    verdict::{Failed, Verdict},
};

/// What to show.
#[derive(Args, Debug)]
pub struct StatusFlags {
    /// Only these credentials. Without a name: all of the namespace
    #[arg(value_name = "NAME", conflicts_with = "all_namespaces")]
    pub names: Vec<String>,
    /// In all namespaces
    #[arg(short = 'A', long)]
    pub all_namespaces: bool,
    /// Only credentials whose labels this selector matches
    #[arg(short = 'l', long, value_name = "SELECTOR", conflicts_with = "names")]
    pub selector: Option<String>,
    /// Go on with a line for each change, until Ctrl-C
    #[arg(short, long)]
    pub watch: bool,
    /// For programs; with --watch one JSON object a line
    #[arg(short, long, value_enum, value_name = "FORMAT")]
    pub output: Option<Format>,
}

#[derive(Serialize)]
struct Items<'a> {
    items: &'a [OverviewRow],
}

/// Prints the table; exit code 3 where a credential in it is not ready.
pub async fn run(reach: &Reach, flags: &StatusFlags, terminal: &Terminal) -> Result<Verdict, Failed> {
    if flags.watch && flags.output == Some(Format::Yaml) {
        return Err(Failed::Usage("--watch writes JSON only: use --output json".to_owned()));
    }
    let cluster = reach.cluster().await?;
    let scope = Scope::of(&cluster, flags);
    let rows = scope.rows(flags).await?;
    let nothing = if rows.is_empty() {
        scope.nothing().await?
    } else {
        String::new()
    };
    let table = show(&rows, &nothing, flags, terminal)?;
    if flags.watch {
        return follow(&scope, flags, &rows, table, terminal).await;
    }
    let ready = rows.iter().all(OverviewRow::is_ready);
    Ok(if ready { Verdict::Well } else { Verdict::NotWell })
}

/// The credentials that are asked for.
pub struct Scope<'a> {
    /// Asks for them.
    pub api: Api<CredentialObject>,
    cluster: &'a Cluster,
    all: bool,
}

impl<'a> Scope<'a> {
    fn of(cluster: &'a Cluster, flags: &StatusFlags) -> Self {
        let all = flags.all_namespaces;
        let api = if all {
            Api::all(cluster.client.clone())
        } else {
            cluster.credentials()
        };
        Self { api, cluster, all }
    }

    /// A call for them.
    pub fn call<'c>(&'c self, verb: &'c str) -> Call<'c> {
        Call {
            namespace: (!self.all).then_some(self.cluster.namespace.as_str()),
            ..self.cluster.call(verb, CREDENTIALS, None)
        }
    }

    /// What is said where there are none. To look into a namespace that is not there is most often a slip of the hand.
    async fn nothing(&self) -> Result<String, Failed> {
        let none = "no TrackTikCredentials found";
        if self.all {
            return Ok(none.to_owned());
        }
        let namespace = &self.cluster.namespace;
        match self.cluster.namespace_exists().await {
            Some(false) => Err(Failed::Undone(format!("namespace {namespace:?} does not exist"))),
            Some(true) => Ok(format!("{none} in namespace {namespace:?}")),
            None => Ok(format!(
                "{none} in namespace {namespace:?}, if there is one of that name"
            )),
        }
    }

    async fn rows(&self, flags: &StatusFlags) -> Result<Vec<OverviewRow>, Failed> {
        if !flags.names.is_empty() {
            let mut rows = Vec::new();
            for name in &flags.names {
                rows.push(OverviewRow::of(&self.cluster.credential(name).await?));
            }
            return Ok(rows);
        }
        let mut asked = ListParams::default();
        asked.label_selector.clone_from(&flags.selector);
        let list = deadline(self.api.list(&asked))
            .await
            .map_err(|error| self.call("list").failed(&error))?;
        let rows = list.items.into_iter().map(CredentialView::from);
        Ok(rows.map(|credential| OverviewRow::of(&credential)).collect())
    }
}

fn show(rows: &[OverviewRow], nothing: &str, flags: &StatusFlags, terminal: &Terminal) -> Result<Table, Failed> {
    let now = clock::now();
    let all = flags.all_namespaces;
    let cells: Vec<_> = rows.iter().map(|row| row.cells(all, now)).collect();
    let table = Table::for_rows(&headings(all), &cells);
    if let Some(format) = flags.output {
        if !flags.watch {
            structured::print(&Items { items: rows }, format, terminal)?;
            return Ok(table);
        }
        for row in rows {
            terminal.print(&line(row)?)?;
        }
        return Ok(table);
    }
    if rows.is_empty() {
        terminal.remark(nothing);
        if !flags.watch {
            return Ok(table);
        }
    }
    let mut text = table.heading(terminal);
    text.extend(cells.iter().map(|cells| table.row(cells, terminal)));
    if !flags.watch {
        text.push_str(&reasons(rows, all));
    }
    terminal.print(&text)?;
    Ok(table)
}

/// One JSON object in one line.
pub fn line(row: &OverviewRow) -> Result<String, Failed> {
    serde_json::to_string(row)
        .map(|line| line + "\n")
        .map_err(|error| Failed::Undone(format!("the output cannot be written: {error}")))
}

/// What stands in the way, of each that is not ready: a word in a column says too little to act on.
fn reasons(rows: &[OverviewRow], all: bool) -> String {
    let mut text = String::new();
    for row in rows.iter().filter(|row| !row.is_ready()) {
        if let Some(message) = &row.message {
            let namespace = if all {
                format!("{}/", row.namespace)
            } else {
                String::new()
            };
            // Writing into a String does not fail.
            let _ = write!(text, "\n{namespace}{}: {}", row.name, shown(message));
        }
    }
    if !text.is_empty() {
        text.push('\n');
    }
    text
}
