//! The life of one credential as a page for people, in the form of `kubectl describe`.

use std::fmt::Write as _;

use tracktik_operator::api::Moment;

use super::{
    how_long::{at, from_now, how_long},
    life_story::{LifeStory, TokenStory},
    table::{Cell, Table},
    terminal::{Shade, Terminal, shown},
    token_facts::Standing,
};

/// The page.
pub fn page(life: &LifeStory, now: Moment, terminal: &Terminal) -> String {
    let mut page = String::new();
    field(&mut page, "Name", &life.name);
    field(&mut page, "Namespace", &life.namespace);
    field(
        &mut page,
        "Domain",
        life.domain.as_deref().unwrap_or("cannot be read, or is no host"),
    );
    conditions(&mut page, life, now, terminal);
    page.push_str("\nSources:\n");
    for source in &life.sources {
        let (word, shade) = match source.usable {
            Some(true) => ("present", Shade::Good),
            Some(false) => ("not usable", Shade::Bad),
            None => ("not seen", Shade::Doubtful),
        };
        let _ = write!(
            page,
            "  {:<14}{}: {}",
            source.field,
            source.from,
            terminal.shaded(word, shade)
        );
        if let Some(message) = source.message.as_ref().filter(|_| source.usable == Some(false)) {
            let _ = write!(page, "\n                {}", shown(message));
        }
        page.push('\n');
    }
    page.push_str("\nToken:\n");
    token(&mut page, &life.token, now, terminal);
    page.push_str("\nNext:\n");
    let _ = writeln!(page, "  {}", shown(&life.next.what));
    if let Some(why) = &life.next.why {
        let _ = writeln!(page, "  because: {}", shown(why));
    }
    events(&mut page, life, now, terminal);
    for unseen in &life.unseen {
        let _ = writeln!(page, "\nNot seen: {unseen}");
    }
    page
}

// Writing into a String does not fail.
fn field(page: &mut String, name: &str, value: &str) {
    let name = if name.is_empty() {
        String::new()
    } else {
        format!("{name}:")
    };
    let _ = writeln!(page, "{name:<16}{value}");
}

fn conditions(page: &mut String, life: &LifeStory, now: Moment, terminal: &Terminal) {
    if life.conditions.is_empty() {
        field(page, "Ready", "nothing said yet");
    }
    for told in &life.conditions {
        // Stalled and Reconciling stand only while they are True, and repeat what Ready says.
        if !matches!(told.r#type.as_str(), "Ready" | "Renewed") {
            continue;
        }
        let shade = match told.status.as_str() {
            "True" => Shade::Good,
            "False" => Shade::Bad,
            _ => Shade::Doubtful,
        };
        let since = from_now(told.since, now);
        let word = terminal.shaded(&told.status, shade);
        field(page, &told.r#type, &format!("{word} ({}, since {since})", told.reason));
        field(page, "", &shown(&told.message));
    }
}

fn token(page: &mut String, token: &TokenStory, now: Moment, terminal: &Terminal) {
    let name = token.secret.as_deref().unwrap_or("?");
    let _ = writeln!(page, "  {:<14}{name}", "Secret");
    if let Some(standing) = &token.standing {
        let shade = if *standing == Standing::Intact {
            Shade::Good
        } else {
            Shade::Bad
        };
        let _ = writeln!(
            page,
            "  {:<14}{}",
            "Data",
            terminal.shaded(&standing.words(name), shade)
        );
    }
    if !token.keys.is_empty() {
        let _ = writeln!(page, "  {:<14}{}", "Keys", token.keys.join(", "));
    }
    if let Some(issued) = token.issued_time {
        let life = token.lifetime_seconds.unwrap_or_default();
        let life = tracktik_operator::api::Span::seconds(life);
        let age = how_long(now - issued);
        let _ = writeln!(page, "  {:<14}{age} of {}, issued {issued}", "Age", how_long(life));
    }
    match token.expiration_time {
        Some(expires) => {
            let text = at(expires, now);
            let shade = if expires > now { Shade::Plain } else { Shade::Bad };
            let _ = writeln!(page, "  {:<14}{}", "Expires", terminal.shaded(&text, shade));
        }
        None => page.push_str("  there is no token\n"),
    }
    if token.sources_changed == Some(true) {
        page.push_str("  A source Secret has been written to since the token was requested.\n");
    }
}

fn events(page: &mut String, life: &LifeStory, now: Moment, terminal: &Terminal) {
    let Some(events) = &life.events else { return };
    if events.is_empty() {
        page.push_str("\nEvents: none, or none of the last hour\n");
        return;
    }
    page.push_str("\nEvents:\n");
    let rows: Vec<Vec<Cell>> = events
        .iter()
        .map(|event| {
            let shade = if event.r#type == "Warning" {
                Shade::Doubtful
            } else {
                Shade::Plain
            };
            vec![
                Cell::plain(event.time.map(|time| from_now(time, now)).unwrap_or_default()),
                Cell::shaded(&event.r#type, shade),
                Cell::plain(&event.reason),
                Cell::plain(&event.note),
            ]
        })
        .collect();
    let table = Table::for_rows(&["WHEN", "TYPE", "REASON", "NOTE"], &rows);
    let _ = write!(page, "  {}", table.heading(terminal));
    for row in &rows {
        let _ = write!(page, "  {}", table.row(row, terminal));
    }
}
