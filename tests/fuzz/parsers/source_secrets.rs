//! A source Secret as the API server sends it, in JSON: four values that can be sent, as another decoder reads them, or a
//! problem that names the key and shows no value.

use serde_json::Value;
use tracktik_operator::{
    api::Reason,
    secrets::{content::SecretContent, source::SourcePlan},
};

use crate::{
    canary::{hidden, shows},
    plain_reading::plainly_read,
    verdict::{Judgement, Parser, Verdict, ensure, same},
};

pub const PARSER: Parser = Parser {
    name: "source_secrets",
    dictionary: &[
        "data",
        "stringData",
        "metadata",
        "type",
        "client_id",
        "client_secret",
        "username",
        "password",
        "\"Opaque\"",
        "\"kubernetes.io/service-account-token\"",
        "\"bootstrap.kubernetes.io/token\"",
        "\"aHVudGVyMg==\"",
        "=",
        "==",
        "\"Cg==\"",
        "\"/w==\"",
        "\"aHVudGVyMgo=\"",
        "\"wqA=\"",
        "\"AA==\"",
        "\"aHVu dGVy\"",
    ],
    judge,
};

/// The fields of the spec, with the keys that they stand for.
const KEYS: [(&str, &str); 4] = [
    ("clientId", "client_id"),
    ("clientSecret", "client_secret"),
    ("username", "username"),
    ("password", "password"),
];

fn judge(body: &[u8]) -> Judgement {
    let Ok(content) = serde_json::from_slice::<SecretContent>(body) else {
        return Ok(Verdict::rejected("not a Secret"));
    };
    // Its name may be anything, and is printed.
    let name = content.version();
    if !shows(&name) {
        hidden(&format!("{content:?} {content:#?}"))?;
    }
    let spec = serde_json::json!({ "domain": "acme.staffr.net", "credentials": { "secretRef": { "name": "acme" } } });
    let plan = SourcePlan::of(&serde_json::from_value(spec).unwrap());
    let mut values = plan.unread();
    plan.take("acme", &content, &mut values);
    hidden(&format!("{values:?} {values:#?}"))?;
    let account = match values.account() {
        Ok(account) => account,
        Err(problem) => return named(problem.reason, &problem.message),
    };
    hidden(&format!("{account:?}"))?;
    let taken = [
        &account.client_id,
        &account.client_secret,
        &account.username,
        &account.password,
    ];
    let long = taken.iter().any(|value| value.expose().len() > 100);
    let ascii = taken.iter().all(|value| value.expose().is_ascii());
    let behaviour = format!("long {long}, ascii {ascii}");
    // A list of the values in the order of the fields is taken as well, which no API server sends.
    let Some(body) = plainly_read(body)?.filter(Value::is_object) else {
        return Ok(Verdict::accepted(behaviour));
    };
    for ((_, key), value) in KEYS.into_iter().zip(taken) {
        let value = value.expose();
        let read = body["data"][key].as_str().and_then(decoded);
        same(&Some(value.as_bytes().to_vec()), &read, key)?;
        let can_be_sent =
            (1..=4_096).contains(&value.len()) && value == value.trim() && !value.contains(char::is_control);
        ensure(can_be_sent, || format!("{key} was taken: {value:?}"))?;
    }
    let of = body["type"].as_str().unwrap_or_default();
    let of_the_cluster = ["kubernetes.io/service-account-token", "bootstrap.kubernetes.io/token"].contains(&of);
    ensure(!of_the_cluster, || {
        format!("it lets into the cluster: {}", body["type"])
    })?;
    Ok(Verdict::accepted(behaviour))
}

/// A problem names the Secret and the field, and what is wrong in words of ours.
fn named(reason: Reason, message: &str) -> Judgement {
    hidden(message)?;
    ensure(reason == Reason::SourceInvalid, || format!("{reason:?}: {message}"))?;
    let field = KEYS
        .into_iter()
        .find(|(field, _)| message.contains(&format!("(spec.credentials.{field})")));
    let (field, _) = field.ok_or_else(|| format!("it names no field: {message}"))?;
    ensure(message.contains("Secret \"acme\"") && message.len() < 300, || {
        message.to_owned()
    })?;
    let what = message.split(") ").nth(1).unwrap_or_default();
    Ok(Verdict::rejected(format!("{field} {what}")))
}

/// Base64 in the form that Kubernetes writes, by the book: RFC 4648 section 4, padded, no other letters between.
fn decoded(text: &str) -> Option<Vec<u8>> {
    const LETTERS: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let stripped = text.strip_suffix("==").or(text.strip_suffix('=')).unwrap_or(text);
    if !text.len().is_multiple_of(4) {
        return None;
    }
    let (mut bits, mut count, mut bytes) = (0_u32, 0, Vec::new());
    for letter in stripped.bytes() {
        let at = LETTERS.iter().position(|known| *known == letter)?;
        bits = bits << 6 | u32::try_from(at).ok()?;
        count += 6;
        if count >= 8 {
            count -= 8;
            bytes.push(u8::try_from(bits >> count & 0xff).ok()?);
        }
    }
    // What is left over belongs to no byte.
    (bits & ((1 << count) - 1) == 0).then_some(bytes)
}
