//! `status --watch`: a line for each change, until somebody has seen enough.

use std::{
    collections::{BTreeMap, BTreeSet},
    pin::pin,
};

use futures::StreamExt;
use kube::runtime::{
    WatchStreamExt,
    watcher::{self, Event},
};
use tokio::signal::unix::{SignalKind, signal};
use tracktik_operator::{
    clock,
    cluster::{ClusterError, CredentialObject, CredentialView, error::Carried},
};

use super::{
    overview::{Scope, StatusFlags, line},
    overview_row::OverviewRow,
    table::Table,
    terminal::Terminal,
    verdict::{Failed, Verdict},
};

/// Follows the credentials that were shown, and those that come.
///
/// # Errors
/// They may not be watched, or nobody listens any more.
pub async fn follow(
    scope: &Scope<'_>,
    flags: &StatusFlags,
    shown: &[OverviewRow],
    table: Table,
    terminal: &Terminal,
) -> Result<Verdict, Failed> {
    let mut screen = Screen {
        shown: shown.iter().map(|row| (key(row), row.clone())).collect(),
        listed: BTreeSet::new(),
        flags,
        table,
        terminal,
    };
    let mut config = watcher::Config::default();
    if let Some(selector) = &flags.selector {
        config = config.labels(selector);
    }
    let mut events = pin!(watcher::watcher(scope.api.clone(), config).default_backoff());
    let mut stop = pin!(asked_to_stop()?);
    loop {
        let event = tokio::select! {
            biased;
            () = &mut stop => return Ok(Verdict::Well),
            event = events.next() => event,
        };
        match event {
            Some(Ok(event)) => screen.take(event)?,
            Some(Err(error)) => {
                if let Some(why) = hopeless(&error) {
                    return Err(scope.call("watch").failed(&why));
                }
            }
            None => return Ok(Verdict::Well),
        }
    }
}

struct Screen<'a> {
    shown: BTreeMap<(String, String), OverviewRow>,
    /// Those of the list that is being read: after a broken watch it alone tells what has gone meanwhile.
    listed: BTreeSet<(String, String)>,
    flags: &'a StatusFlags,
    table: Table,
    terminal: &'a Terminal,
}

impl Screen<'_> {
    fn take(&mut self, event: Event<CredentialObject>) -> Result<(), Failed> {
        match event {
            Event::Init => {
                self.listed.clear();
                Ok(())
            }
            Event::InitApply(object) => {
                let row = OverviewRow::of(&CredentialView::from(object));
                self.listed.insert(key(&row));
                self.changed(row)
            }
            Event::InitDone => {
                let gone = self.shown.iter().filter(|(key, _)| !self.listed.contains(*key));
                let gone: Vec<OverviewRow> = gone.map(|(_, row)| row.clone()).collect();
                gone.into_iter().try_for_each(|row| self.deleted(row))
            }
            Event::Apply(object) => self.changed(OverviewRow::of(&CredentialView::from(object))),
            Event::Delete(object) => self.deleted(OverviewRow::of(&CredentialView::from(object))),
        }
    }

    fn changed(&mut self, row: OverviewRow) -> Result<(), Failed> {
        // A write that changes nothing of what is shown is no news.
        if self.shown.get(&key(&row)) == Some(&row) {
            return Ok(());
        }
        self.show(&row)?;
        self.shown.insert(key(&row), row);
        Ok(())
    }

    fn deleted(&mut self, mut row: OverviewRow) -> Result<(), Failed> {
        self.shown.remove(&key(&row));
        "Unknown".clone_into(&mut row.ready);
        row.reason = Some("deleted".to_owned());
        row.not_renewed = None;
        row.outdated = false;
        self.show(&row)
    }

    fn show(&self, row: &OverviewRow) -> Result<(), Failed> {
        let names = &self.flags.names;
        if !names.is_empty() && !names.contains(&row.name) {
            return Ok(());
        }
        let text = if self.flags.output.is_some() {
            line(row)?
        } else {
            let cells = row.cells(self.flags.all_namespaces, clock::now());
            self.table.row(&cells, self.terminal)
        };
        self.terminal.print(&text)
    }
}

fn key(row: &OverviewRow) -> (String, String) {
    (row.namespace.clone(), row.name.clone())
}

/// What no later try will mend; all else the watch tries again by itself.
pub fn hopeless(error: &watcher::Error) -> Option<ClusterError> {
    let why = match error {
        watcher::Error::InitialListFailed(error)
        | watcher::Error::WatchStartFailed(error)
        | watcher::Error::WatchFailed(error) => ClusterError::from_kube(error, Carried::NoValues),
        watcher::Error::WatchError(status) => ClusterError::from_status(status, Carried::NoValues),
        watcher::Error::NoResourceVersion => return None,
    };
    let hopeless = matches!(
        why,
        ClusterError::Forbidden { .. }
            | ClusterError::Unauthenticated
            | ClusterError::NotFound
            | ClusterError::NotServed
    );
    hopeless.then_some(why)
}

/// The end of a watch is asked for by Ctrl-C, or by SIGTERM, and is no failure.
fn asked_to_stop() -> Result<impl Future<Output = ()>, Failed> {
    let listening = |kind| signal(kind).map_err(|error| Failed::Undone(format!("cannot listen for signals: {error}")));
    let (mut interrupt, mut terminate) = (listening(SignalKind::interrupt())?, listening(SignalKind::terminate())?);
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}
