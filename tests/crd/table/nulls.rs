//! A null is the same as nothing, wherever a tool writes one: `clientId:` with nothing behind it, in a chart.

use serde_json::json;

use super::{BY_THE_SCHEMA, Case, accepted, refusal, refused, unchecked, with};

const ASKED: &str = "it asks the rule of a field that is null, which the API server does not";
const DEFAULTED: &str = "the API server puts the default in the place of a null before the rules are asked";

pub fn cases() -> Vec<Case> {
    vec![
        accepted(
            "nulls for everything that has a default",
            json!({
                "domain": "acme.staffr.net",
                "credentials": {
                    "secretRef": { "name": "s" },
                    "clientId": null, "clientSecret": null, "username": null, "password": null,
                },
                "tokenSecret": null, "renewal": null, "suspend": null,
            }),
        )
        .not_locally(DEFAULTED),
        accepted(
            "nulls one level further down",
            json!({
                "domain": "acme.staffr.net",
                "credentials": {
                    "secretRef": { "name": "s" },
                    "clientId": { "value": "v", "key": null, "secretRef": null },
                    "password": { "key": "k", "secretRef": null },
                },
                "tokenSecret": { "name": null, "refreshToken": null, "metadata": null, "data": null },
                "renewal": { "grant": "Refresh", "renewBeforeSeconds": 300, "renewBeforePercentage": null },
            }),
        )
        .not_locally(ASKED),
        accepted(
            "nulls in metadata",
            with(&json!({ "tokenSecret": { "metadata": { "labels": null, "annotations": null } } })),
        )
        .not_locally(ASKED),
        refused(
            "a null for the Secret that everything is read from",
            with(
                &json!({ "credentials": { "secretRef": null, "clientId": { "value": "v" }, "username": { "value": "v" } } }),
            ),
            [
                refusal(
                    "spec.credentials.clientSecret",
                    "Required value: set clientSecret.secretRef, or the secretRef beside it",
                ),
                refusal(
                    "spec.credentials.password",
                    "Required value: set password.secretRef, or the secretRef beside it",
                ),
            ],
        ),
        refused(
            "a null for the domain",
            with(&json!({ "domain": null })),
            [refusal("spec.domain", "Required value"), unchecked()],
        )
        .not_locally(BY_THE_SCHEMA),
    ]
}
