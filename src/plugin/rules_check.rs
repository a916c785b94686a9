//! Whether the API server would take an object: asked by a dry run, so that its own definition, rules and admission
//! policies answer, whatever version of them it has. Nothing is written.

use kube::{Client, Resource, core::Status};
use serde_json::Value;
use tracktik_operator::{
    api::TrackTikCredential,
    cluster::{ClusterError, DEADLINE, error::Carried},
};

use super::reach::{CREDENTIALS, Call, WRITER};

/// What the API server said.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    /// It would take it.
    Accepted,
    /// It would take it, were there not one of that name.
    Exists,
    /// It would not: each reason.
    Refused(Vec<String>),
    /// It did not say.
    Untold(String),
}

/// Asks for a dry run of its creation. The rules are looked at before the name is.
pub async fn ask(client: &Client, namespace: &str, object: &Value) -> Answer {
    let call = Call {
        verb: "create",
        resource: CREDENTIALS,
        namespace: Some(namespace),
        name: None,
    };
    let mut object = object.clone();
    object["metadata"]["namespace"] = Value::from(namespace);
    let path = TrackTikCredential::url_path(&(), Some(namespace));
    let url = format!("{path}?dryRun=All&fieldValidation=Strict&fieldManager={WRITER}");
    let request = http::Request::post(url)
        .header(http::header::CONTENT_TYPE, "application/json")
        .body(object.to_string().into_bytes());
    let Ok(request) = request else {
        return Answer::Untold("the request cannot be built: is the namespace a name?".to_owned());
    };
    match tokio::time::timeout(DEADLINE, client.request::<Value>(request)).await {
        Ok(Ok(_)) => Answer::Accepted,
        Ok(Err(kube::Error::Api(status))) => judged(&status, call),
        Ok(Err(error)) => Answer::Untold(call.refused(&ClusterError::from_kube(&error, Carried::NoValues))),
        Err(_) => Answer::Untold(call.refused(&ClusterError::TimedOut)),
    }
}

fn judged(status: &Status, call: Call<'_>) -> Answer {
    if status.is_already_exists() {
        return Answer::Exists;
    }
    let missing = status.details.as_ref().filter(|_| status.is_not_found());
    if missing.is_some_and(|details| details.kind == "namespaces") {
        return Answer::Untold(format!(
            "namespace {:?} does not exist: create it first, or name another",
            call.namespace.unwrap_or_default()
        ));
    }
    if status.is_invalid() {
        let causes = status.details.iter().flat_map(|details| &details.causes);
        let mut told: Vec<String> = causes
            .map(|cause| format!("{}: {}", cause.field, without_values(&cause.message, &cause.reason)))
            .collect();
        // The API server tells them in any order.
        told.sort();
        if !told.is_empty() {
            return Answer::Refused(told);
        }
    }
    if let Some((_, unknown)) = status.message.split_once("strict decoding error: ") {
        return Answer::Refused(vec![unknown.to_owned()]);
    }
    if status.code == 400 {
        return Answer::Refused(vec![
            "the API server cannot decode it: a field has a value of another type".to_owned(),
        ]);
    }
    let error = ClusterError::from_status(status, Carried::NoValues);
    match &error {
        ClusterError::Forbidden { by, message } if *by != tracktik_operator::cluster::Refusal::Access => {
            Answer::Refused(vec![message.clone()])
        }
        _ => Answer::Untold(call.refused(&error)),
    }
}

/// The rule's words without the value that broke it: what stands in a wrong field may be a password.
fn without_values(message: &str, reason: &str) -> String {
    // `Invalid value: "…": must be …`
    let Some((before, quoted)) = message.split_once('"') else {
        return message.to_owned();
    };
    if let Some((_, words)) = closing_quote(quoted).and_then(|at| quoted[at..].split_once("\": ")) {
        return words.to_owned();
    }
    // A value that is no text may stand there as JSON; the rules' words are the last then.
    match message.rsplit_once(": ") {
        Some((value, words)) if before.contains(['{', '[']) && value.contains('"') && !words.contains('"') => {
            words.to_owned()
        }
        _ => reason.to_owned(),
    }
}

/// Where a text in quotes ends, as Go writes it: a quote within it has a backslash before it.
fn closing_quote(quoted: &str) -> Option<usize> {
    let mut escaped = false;
    quoted.char_indices().find_map(|(at, c)| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes.then_some(at)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_refusal_the_rule_is_kept_and_the_value_is_not() {
        for (message, kept) in [
            (
                "Invalid value: \"https://u:hunter2@h\": must be a host: in lower case",
                "must be a host: in lower case",
            ),
            ("Invalid value: \"a: hunter2: b\": must be a host", "must be a host"),
            ("Required value", "Required value"),
            ("Forbidden: must not be set", "Forbidden: must not be set"),
            (
                "Too long: may not be more than 259 bytes",
                "Too long: may not be more than 259 bytes",
            ),
            (
                "Unsupported value: \"hunter2\": supported values: \"Password\", \"Refresh\"",
                "supported values: \"Password\", \"Refresh\"",
            ),
            (
                "Invalid value: \"a \\\"b\\\": hunter2\": must be a host",
                "must be a host",
            ),
            (
                "Invalid value: {\"key\":\"hunter2\"}: must not be set",
                "must not be set",
            ),
            ("strange \"hunter2\"", "FieldValueInvalid"),
        ] {
            assert_eq!(without_values(message, "FieldValueInvalid"), kept);
        }
    }
}
