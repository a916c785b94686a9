//! The metadata of a token Secret as the watch delivers it: what is kept of it is little, whose it is cannot be forged, and
//! no copy is taken for the original.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};
use tracktik_operator::{
    api::annotations::{CREDENTIAL, ISSUE},
    secrets::{
        issue_record,
        metadata::{Owners, SecretMeta},
        ownership::{Mark, Ownership, ownership},
        texts::Texts,
        token_secret::Desired,
    },
};

use crate::verdict::{Judgement, Parser, Verdict, ensure, same};

pub const PARSER: Parser = Parser {
    name: "token_secrets",
    dictionary: &[
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "deletionTimestamp",
        "annotations",
        "labels",
        "ownerReferences",
        "controller",
        "tracktik-operator.io/credential",
        "tracktik-operator.io/issue",
        "tracktik-operator.io/tried",
        "app.kubernetes.io/managed-by",
        "team/acme@u2",
        "team/acme@u1",
        "elsewhere/acme@u2",
        "acme-token",
        "\\\"secret\\\"",
        "label a",
        "annotation a",
        "\"2026-11-23T00:00:00Z\"",
    ],
    judge,
};

fn judge(bytes: &[u8]) -> Judgement {
    let Ok(meta) = serde_json::from_slice::<ObjectMeta>(bytes) else {
        return Ok(Verdict::rejected("no metadata"));
    };
    let before = meta.annotations.clone().unwrap_or_default();
    let owners = meta.owner_references.clone().unwrap_or_default();
    let found = SecretMeta::from_object_meta(meta);
    let Some(kept) = found.mark() else {
        let nothing = found.annotations.is_empty() && found.labels.is_empty() && found.owners == Owners::default();
        ensure(nothing, || format!("of a foreign one is kept: {found:?}"))?;
        return Ok(Verdict::rejected("foreign"));
    };
    let mark = Mark::parse(kept).ok_or("what is kept as a mark is none")?;
    same(&mark.namespace, &found.key.namespace, "the namespace")?;
    same(&Some(&kept.to_owned()), &before.get(CREDENTIAL), "the mark")?;
    small(&found)?;
    let expected = Owners {
        controller: owners
            .iter()
            .any(|owner| owner.uid == mark.uid && owner.controller == Some(true)),
        others: owners.iter().any(|owner| owner.uid != mark.uid),
    };
    same(&found.owners, &expected, "its owners")?;
    let issue = found.facts.as_deref();
    if let Some(issue) = issue {
        let text = before.get(ISSUE).ok_or("facts out of nothing")?;
        let lists = [&issue.sources, &issue.asked].map(Vec::len);
        ensure(text.len() <= 96 * 1_024 && lists.iter().all(|list| *list <= 64), || {
            format!("long facts: {} bytes, lists of {lists:?}", text.len())
        })?;
        same(&Some(issue), &issue_record::read(text).as_ref(), "the facts")?;
        let facts: Value = serde_json::from_str(text).unwrap_or_default();
        let of = facts["secret"].as_str().unwrap_or_default();
        same(&found.is_named, &!of.is_empty(), "whether they name it")?;
        ensure(of.is_empty() || of == found.key.name, || {
            format!("a copy of {of:?} is kept as {:?}", found.key.name)
        })?;
    }
    let spec = json!({ "domain": "acme.staffr.net", "credentials": {}, "tokenSecret": { "metadata": { "labels": { "a": "b" } } } });
    let me = Mark {
        namespace: "team".to_owned(),
        name: "acme".to_owned(),
        uid: "u2".to_owned(),
    };
    let desired = Desired::of(&serde_json::from_value(spec).unwrap(), me.clone());
    let whose = ownership(found.claim(), &me);
    let mine = kept == "team/acme@u2" && found.key.namespace == "team";
    same(&(whose == Ownership::Ours), &mine, "whether it is ours")?;
    let drift = issue.map(|issue| desired.drift(&found, issue));
    if let Some(None) = &drift {
        ensure(mine && found.labels.get("a") == Some("b"), || {
            format!("no drift: {found:?}")
        })?;
    }
    Ok(Verdict::accepted(format!(
        "ours {mine}, drift {drift:?}, {} annotations",
        found.annotations.iter().len().min(5)
    )))
}

/// Whoever writes Secrets decides how much stands in one, and not how much of it is remembered.
fn small(found: &SecretMeta) -> Result<(), String> {
    let largest = |of: &Texts, key: &str| of.get(key).map_or(0, str::len);
    ensure(largest(&found.annotations, CREDENTIAL) <= 512, || {
        "a long mark".to_owned()
    })?;
    let others = found
        .annotations
        .iter()
        .filter(|(key, _)| !key.starts_with("tracktik-operator.io/"));
    let long = others.map(|(_, value)| value.len()).max().unwrap_or(0);
    ensure(long <= 4 * 1_024, || format!("a value of {long} bytes"))
}
