//! `spec.renewal` and `spec.suspend`.

use serde_json::{Value, json};

use super::{BY_THE_SCHEMA, Case, accepted, refusal, refused, unchecked, with};

const EXACT: &str = "Required value: must have an entry that is exactly $(refreshToken) while renewal.grant is Refresh";
const PUBLISHED: &str = "Forbidden: must be Publish while renewal.grant is Refresh, which needs the refresh token";
const DISCARDED: &str = "Forbidden: must not use $(refreshToken) while refreshToken is Discard";

fn renewal(renewal: &Value) -> Value {
    with(&json!({ "renewal": renewal }))
}

fn refreshing(token_secret: &Value) -> Value {
    with(&json!({ "renewal": { "grant": "Refresh" }, "tokenSecret": token_secret }))
}

pub fn cases() -> Vec<Case> {
    let mut cases = margins();
    cases.extend(grants());
    cases.extend([
        accepted("suspended", with(&json!({ "suspend": true }))),
        accepted("not suspended", with(&json!({ "suspend": false }))),
        refused(
            "suspended by a word",
            with(&json!({ "suspend": "yes" })),
            [
                refusal(
                    "spec.suspend",
                    "Invalid value: \"string\": spec.suspend in body must be of type boolean: \"string\"",
                ),
                unchecked(),
            ],
        )
        .not_locally(BY_THE_SCHEMA),
    ]);
    cases
}

fn margins() -> Vec<Case> {
    let seconds = |seconds: i64| renewal(&json!({ "renewBeforeSeconds": seconds }));
    let percentage = |percentage: i64| renewal(&json!({ "renewBeforePercentage": percentage }));
    let mut cases = vec![
        accepted("no margin", renewal(&json!({}))),
        accepted("300 seconds", seconds(300)),
        accepted("86400 seconds", seconds(86_400)),
        accepted("10 percent", percentage(10)),
        accepted("50 percent", percentage(50)),
        refused(
            "both margins",
            renewal(&json!({ "renewBeforeSeconds": 300, "renewBeforePercentage": 10 })),
            [refusal("spec.renewal.renewBeforePercentage", "Forbidden: must not be set beside renewBeforeSeconds")],
        ),
        refused(
            "a Go duration",
            renewal(&json!({ "renewBeforeSeconds": "20m" })),
            [
                refusal(
                    "spec.renewal.renewBeforeSeconds",
                    "Invalid value: \"string\": spec.renewal.renewBeforeSeconds in body must be of type integer: \"string\"",
                ),
                unchecked(),
            ],
        )
        .not_locally(BY_THE_SCHEMA),
    ];
    let field = "spec.renewal.renewBeforeSeconds";
    let least = "should be greater than or equal to 300";
    let most = "should be less than or equal to 86400";
    for (value, text) in [
        (299, least),
        (0, least),
        (-1, least),
        (86_401, most),
        (i64::from(i32::MAX), most),
    ] {
        let refusals = [refusal(
            field,
            format!("Invalid value: {value}: {field} in body {text}"),
        )];
        cases.push(refused(&format!("{value} seconds"), seconds(value), refusals).not_locally(BY_THE_SCHEMA));
    }
    let field = "spec.renewal.renewBeforePercentage";
    let least = "should be greater than or equal to 10";
    let most = "should be less than or equal to 50";
    for (value, text) in [(9, least), (0, least), (51, most), (100, most)] {
        let refusals = [refusal(
            field,
            format!("Invalid value: {value}: {field} in body {text}"),
        )];
        cases.push(refused(&format!("{value} percent"), percentage(value), refusals).not_locally(BY_THE_SCHEMA));
    }
    cases
}

fn grants() -> Vec<Case> {
    let exact = [refusal("spec.tokenSecret.data", EXACT)];
    vec![
        accepted("Password", renewal(&json!({ "grant": "Password" }))),
        accepted("Refresh with the default keys", renewal(&json!({ "grant": "Refresh" }))),
        accepted(
            "Refresh with Publish",
            refreshing(&json!({ "refreshToken": "Publish" })),
        ),
        accepted(
            "Refresh with an exact entry",
            refreshing(&json!({ "data": { "t": "Bearer $(accessToken)", "r": "$(refreshToken)" } })),
        ),
        refused(
            "Refresh with Discard",
            refreshing(&json!({ "refreshToken": "Discard" })),
            [refusal("spec.tokenSecret.refreshToken", PUBLISHED)],
        ),
        refused(
            "Refresh without an entry",
            refreshing(&json!({ "data": { "t": "$(accessToken)" } })),
            exact.clone(),
        ),
        refused(
            "Refresh with an entry in text",
            refreshing(&json!({ "data": { "r": "$(refreshToken)\n" } })),
            exact.clone(),
        ),
        refused(
            "Refresh with a literal",
            refreshing(&json!({ "data": { "r": "$$(refreshToken)" } })),
            exact,
        ),
        refused(
            "Refresh with Discard and an exact entry",
            refreshing(&json!({ "refreshToken": "Discard", "data": { "r": "$(refreshToken)" } })),
            [
                refusal("spec.tokenSecret.refreshToken", PUBLISHED),
                refusal("spec.tokenSecret.data", DISCARDED),
            ],
        ),
        refused(
            "a grant that does not exist",
            renewal(&json!({ "grant": "client_credentials" })),
            [
                refusal(
                    "spec.renewal.grant",
                    "Unsupported value: \"client_credentials\": supported values: \"Password\", \"Refresh\"",
                ),
                unchecked(),
            ],
        )
        .not_locally(BY_THE_SCHEMA),
    ]
}
