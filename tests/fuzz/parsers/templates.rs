//! A layout as it is kept among the facts of a grant, or a text as one template of its own: rendered as ten lines of plain
//! expansion do it, and read back without inventing anything.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tracktik_operator::secrets::{
    layout::{Data, Layout, Name, Values},
    sensitive::Sensitive,
};

use crate::{
    canary::{CANARY, hidden, shows},
    verdict::{Judgement, Parser, Verdict, ensure, same},
};

pub const PARSER: Parser = Parser {
    name: "templates",
    dictionary: &[
        "$(accessToken)",
        "$(refreshToken)",
        "$(tokenType)",
        "$(expiresAt)",
        "$(domain)",
        "$$(accessToken)",
        "$(",
        "$$(",
        "$$",
        "$",
        ")",
        "$(accesstoken)",
        "$( domain)",
        "refreshToken",
        "Publish",
        "Discard",
        "\"data\":",
        "Bearer ",
    ],
    judge,
};

/// A template of the definition has 1,024 characters. Longer ones are rendered only: the plain expansion takes quadratic
/// time, and asking for one name after the other takes long.
const LONGEST: usize = 4_096;

fn judge(bytes: &[u8]) -> Judgement {
    let Ok(text) = std::str::from_utf8(bytes) else {
        return Ok(Verdict::rejected("not a text"));
    };
    if !text.starts_with('{') {
        let canonical = json!({ "refreshToken": "Publish", "data": { "key": text } }).to_string();
        let layout = Layout::parse(&canonical).ok_or("a template makes no layout")?;
        return rendered(&layout, &BTreeMap::from([("key".to_owned(), text.to_owned())]));
    }
    let Some(layout) = Layout::parse(text) else {
        return Ok(Verdict::rejected("not a layout"));
    };
    same(
        &Layout::parse(&layout.canonical()),
        &Some(layout.clone()),
        "as it is kept",
    )?;
    let kept: Value = serde_json::from_str(&layout.canonical()).map_err(|error| error.to_string())?;
    let own = kept["data"].as_object().map(|data| {
        let text = |template: &Value| template.as_str().unwrap_or("?").to_owned();
        data.iter()
            .map(|(key, template)| (key.clone(), text(template)))
            .collect()
    });
    let templates = own.unwrap_or_else(|| default_templates(kept["refreshToken"] == "Publish"));
    rendered(&layout, &templates)
}

/// As the README lists them.
fn default_templates(published: bool) -> BTreeMap<String, String> {
    let always = [
        ("access_token", "$(accessToken)"),
        ("token_type", "$(tokenType)"),
        ("expires_at", "$(expiresAt)"),
        ("domain", "$(domain)"),
    ];
    let refresh = published.then_some(("refresh_token", "$(refreshToken)"));
    let all = always.into_iter().chain(refresh);
    all.map(|(key, template)| (key.to_owned(), template.to_owned()))
        .collect()
}

fn rendered(layout: &Layout, templates: &BTreeMap<String, String>) -> Judgement {
    let short = templates.values().map(String::len).sum::<usize>() <= LONGEST;
    let mut behaviour = String::new();
    for given in [full(), without_refresh_token()] {
        let data = layout.render(&given);
        // Keys are the user's own, and printed.
        if !templates.keys().any(|key| shows(key)) {
            hidden(&format!("{data:?} {:?}", layout.extract(&data)))?;
        }
        for (key, template) in templates.iter().filter(|_| short) {
            let absent = template == "$(refreshToken)" && !given.contains_key(&Name::RefreshToken);
            let expected = (!absent).then(|| expanded(template, &given).into_bytes());
            same(&data.get(key).map(|bytes| bytes.expose().to_vec()), &expected, key)?;
        }
        ensure(data.keys().all(|key| templates.contains_key(key)), || {
            "a key was added".to_owned()
        })?;
        same(&layout.keys(), &templates.keys().cloned().collect(), "the keys")?;
        let read = if short { read_back(layout, &data, &given)? } else { 0 };
        behaviour = format!("{} keys, {read} read; {behaviour}", data.len().min(3));
    }
    Ok(Verdict::accepted(behaviour))
}

/// Nothing is read back but what was put in, and everything is of which the layout says so; how much that is.
fn read_back(layout: &Layout, data: &Data, given: &Values) -> Result<usize, String> {
    let read = layout.extract(data);
    for (name, value) in &read {
        same(
            &Some(value.expose()),
            &given.get(name).map(Sensitive::expose),
            &format!("{name:?} read back"),
        )?;
    }
    for name in given.keys() {
        same(
            &read.contains_key(name),
            &layout.yields(*name),
            &format!("{name:?} can be told"),
        )?;
        ensure(layout.uses(*name) || !read.contains_key(name), || {
            format!("{name:?} comes from nowhere")
        })?;
    }
    same(&layout.hash(data), &layout.hash(&layout.render(given)), "the digest")?;
    Ok(read.len())
}

fn full() -> Values {
    let mut values = without_refresh_token();
    values.insert(Name::RefreshToken, Sensitive::from(format!("def50200{CANARY}")));
    values
}

fn without_refresh_token() -> Values {
    [
        (Name::AccessToken, format!("eyJ0eXAi.{CANARY}")),
        (Name::TokenType, "Bearer".to_owned()),
        (Name::ExpiresAt, "2026-11-23T00:00:00Z".to_owned()),
        (Name::Domain, "acme.staffr.net".to_owned()),
    ]
    .map(|(name, value)| (name, Sensitive::from(value)))
    .into()
}

/// The leftmost of what is replaced, again and again.
fn expanded(template: &str, values: &Values) -> String {
    let value = |name| values.get(&name).map_or("", Sensitive::expose);
    let replaced = [
        ("$$(", "$("),
        ("$(accessToken)", value(Name::AccessToken)),
        ("$(refreshToken)", value(Name::RefreshToken)),
        ("$(tokenType)", value(Name::TokenType)),
        ("$(expiresAt)", value(Name::ExpiresAt)),
        ("$(domain)", value(Name::Domain)),
    ];
    let (mut text, mut rest) = (String::new(), template);
    let leftmost = |rest: &str| {
        let found = replaced
            .iter()
            .filter_map(|(from, to)| Some((rest.find(from)?, from.len(), *to)));
        found.min_by_key(|(at, ..)| *at)
    };
    while let Some((at, length, to)) = leftmost(rest) {
        text = text + &rest[..at] + to;
        rest = &rest[at + length..];
    }
    text + rest
}
