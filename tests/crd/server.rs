//! The table on a real API server: exactly the message that a user sees.

use std::fmt::Write;

use kube::api::PostParams;

use crate::{
    cluster::{client_and, credential, credentials, refusal},
    table::{self, Refusal},
};

/// As `kubectl apply` prints it, behind `The TrackTikCredential "acme" is invalid:`.
fn message(name: &str, refusals: &[Refusal]) -> String {
    let mut message = format!("TrackTikCredential.tracktik-operator.io {name:?} is invalid: ");
    let causes: Vec<_> = refusals
        .iter()
        .map(|refusal| format!("{}: {}", refusal.field, refusal.text))
        .collect();
    match causes.as_slice() {
        [one] => message.push_str(one),
        several => write!(message, "[{}]", several.join(", ")).unwrap(),
    }
    message
}

#[tokio::test]
async fn the_api_server_refuses_what_the_table_says() {
    let client = client_and("table").await;
    let api = credentials(&client, "table");
    let dry_run = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    let mut wrong = Vec::new();
    for case in table::cases() {
        let result = api.create(&dry_run, &credential(&case.name, &case.spec)).await;
        if case.refusals.is_empty() {
            if let Err(error) = result {
                wrong.push(format!("{}: refused: {error}", case.about));
            }
            continue;
        }
        if result.is_ok() {
            wrong.push(format!("{}: accepted", case.about));
            continue;
        }
        let refusal = refusal(result);
        let expected = message(&case.name, &case.refusals);
        if refusal.message != expected || refusal.code != 422 {
            wrong.push(format!("{}: {}\n  not {expected}", case.about, refusal.message));
        }
    }
    assert!(wrong.is_empty(), "{} cases:\n{}", wrong.len(), wrong.join("\n"));
}
