//! The administrator's list of allowed domains, separated by commas: what is taken covers no more than it says, prints as
//! it was written, and what is refused shows no password.

use tracktik_operator::oauth::{AllowedDomains, host::Host};

use crate::{
    canary::hidden,
    verdict::{Judgement, Parser, Verdict, ensure, same},
};

pub const PARSER: Parser = Parser {
    name: "domain_patterns",
    dictionary: &[
        "*",
        "*.",
        "*.staffr.net",
        ",",
        ":443",
        ":8443",
        "staffr.net",
        "10.0.0.7",
        "localhost",
        "https://",
        "user:",
        "@",
        "xn--mnchen-3ya",
        "..",
        "-",
        "*.*",
        "com",
        "0x7f.1",
    ],
    judge,
};

fn judge(bytes: &[u8]) -> Judgement {
    let Ok(list) = std::str::from_utf8(bytes) else {
        return Ok(Verdict::rejected("not a text"));
    };
    let patterns: Vec<&str> = list.split(',').collect();
    let allowed = match AllowedDomains::parse(&patterns) {
        Ok(allowed) => allowed,
        Err(error) => return refused(&error.to_string(), &patterns),
    };
    let printed = allowed.to_string();
    same(
        &AllowedDomains::parse(printed.split(", ")).as_ref(),
        &Ok(&allowed),
        "as it is printed",
    )?;
    // Hosts that are near to what is listed.
    for pattern in patterns.iter().take(20) {
        let name = pattern.trim_start_matches("*.");
        for near in [
            name.to_owned(),
            format!("a.{name}"),
            format!("a.b.{name}"),
            format!("evil{name}"),
            format!("{name}.evil.com"),
            format!("{name}:8443"),
            format!("a.{name}:8443"),
            format!("a.{name}:443"),
        ] {
            let expected = patterns.iter().any(|pattern| covers(pattern, &near));
            same(&allowed.allows(&near), &expected, &near)?;
        }
    }
    let wild = patterns
        .iter()
        .filter(|pattern| pattern.starts_with('*'))
        .count()
        .min(4);
    Ok(Verdict::accepted(format!(
        "{} patterns, {wild} wild",
        patterns.len().min(4)
    )))
}

/// By the words of the documentation: `*.zone` covers one or more labels below the zone on port 443, anything else itself.
fn covers(pattern: &str, domain: &str) -> bool {
    let (Ok(host), Some(zone)) = (Host::parse(domain), pattern.strip_prefix("*.")) else {
        return Host::parse(domain).is_ok_and(|host| Host::parse(pattern) == Ok(host));
    };
    let labels = |name: &str| name.split('.').rev().map(str::to_owned).collect::<Vec<_>>();
    let (zone, name) = (labels(zone), labels(host.name()));
    host.port() == 443 && name.len() > zone.len() && name.starts_with(&zone)
}

/// The message repeats one of the patterns as a whole, if it looks like one, or none.
fn refused(message: &str, patterns: &[&str]) -> Judgement {
    let of_a_name = |c: char| c.is_ascii_alphanumeric() || "-.*:".contains(c);
    let named = patterns
        .iter()
        .find(|pattern| message.contains(&format!("allowed domain {pattern:?}: ")));
    if let Some(pattern) = named {
        let repeatable = pattern.chars().all(of_a_name) && pattern.len() <= 300;
        ensure(repeatable, || message.to_owned())?;
    } else {
        hidden(message)?;
        ensure(message.contains("not repeated here"), || message.to_owned())?;
    }
    let why = message.rsplit(": ").next().unwrap_or_default();
    Ok(Verdict::rejected(why))
}
