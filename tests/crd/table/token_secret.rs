//! `spec.tokenSecret`: its name, and what is rendered into it.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{BY_THE_SCHEMA, Case, accepted, invalid, refusal, refused, unchecked, with};

const NAME: &str = "must be the name of a Secret: lower-case letters, digits, '-' and '.', with a letter or digit at both ends and beside each '.'";
const SOURCE: &str = "Forbidden: must not be a Secret that spec.credentials reads from; where it is not set, it is metadata.name with -token behind it";
const KEYS: &str = "Invalid value: each key must be a key of a Secret: up to 253 letters, digits, '-', '_' and '.', not '.' and not beginning with '..'";
const NAMES: &str = "Invalid value: a value may hold $(accessToken), $(refreshToken), $(tokenType), $(expiresAt) and $(domain), and $$( for a literal $(";
const DISCARDED: &str = "Forbidden: must not use $(refreshToken) while refreshToken is Discard";

fn token_secret(token_secret: &Value) -> Value {
    with(&json!({ "tokenSecret": token_secret }))
}

fn data(entries: &[(&str, &str)]) -> Value {
    let entries: BTreeMap<_, _> = entries.iter().copied().collect();
    token_secret(&json!({ "data": entries }))
}

pub fn cases() -> Vec<Case> {
    let mut cases = names();
    cases.extend(sources());
    cases.extend(keys());
    cases.extend(templates());
    cases.extend(discarded());
    cases
}

fn names() -> Vec<Case> {
    let named = |name: &str| token_secret(&json!({ "name": name }));
    let too_long = || {
        [refusal(
            "spec.tokenSecret.name",
            "Required value: set it, since metadata.name is too long for a default with -token behind it",
        )]
    };
    let mut cases = vec![
        accepted("a name for the Secret", named("acme-token")),
        accepted("a name of 253 characters", named(&"a".repeat(253))),
        accepted("a credential's name of 247 characters", super::everyday()).named(&"a".repeat(247)),
        refused("a credential's name of 248 characters", super::everyday(), too_long()).named(&"a".repeat(248)),
        refused("a credential's name of 250 characters", super::everyday(), too_long()).named(&"a".repeat(250)),
        accepted(
            "a credential's name of 250 characters, and a name for the Secret",
            named("acme-token"),
        )
        .named(&"a".repeat(250)),
        accepted(
            "a credential's name of 253 characters, and a name for the Secret",
            named("acme-token"),
        )
        .named(&"a".repeat(253)),
        refused(
            "a name of 254 characters",
            named(&"a".repeat(254)),
            [
                refusal("spec.tokenSecret.name", "Too long: may not be more than 253 bytes"),
                unchecked(),
            ],
        )
        .not_locally(BY_THE_SCHEMA),
        refused(
            "a policy that does not exist",
            token_secret(&json!({ "refreshToken": "Retain" })),
            [
                refusal(
                    "spec.tokenSecret.refreshToken",
                    "Unsupported value: \"Retain\": supported values: \"Publish\", \"Discard\"",
                ),
                unchecked(),
            ],
        )
        .not_locally(BY_THE_SCHEMA),
    ];
    for wrong in ["", "Acme", "acme/token", "acme_token", "acme-", "other:acme"] {
        let refusals = [invalid("spec.tokenSecret.name", wrong, NAME)];
        cases.push(refused(
            &format!("the name {wrong:?} for the Secret"),
            named(wrong),
            refusals,
        ));
    }
    cases
}

fn sources() -> Vec<Case> {
    let mut cases = vec![accepted(
        "a source with the name of the credential",
        with(&json!({ "credentials": { "secretRef": { "name": "acme" } } })),
    )];
    for place in ["secretRef", "clientId", "clientSecret", "username", "password"] {
        let reading = |name: &str| {
            let reference = json!({ "name": name });
            let mut credentials = json!({ "secretRef": { "name": "others" } });
            if place == "secretRef" {
                credentials[place] = reference;
            } else {
                credentials[place] = json!({ "secretRef": reference });
            }
            credentials
        };
        let refusals = [refusal("spec.tokenSecret.name", SOURCE)];
        cases.push(refused(
            &format!("the token Secret as source of {place}"),
            with(&json!({ "credentials": reading("own"), "tokenSecret": { "name": "own" } })),
            refusals.clone(),
        ));
        cases.push(refused(
            &format!("the token Secret by its default name as source of {place}"),
            with(&json!({ "credentials": reading("acme-token") })),
            refusals,
        ));
        cases.push(accepted(
            &format!("the default name as source of {place} while the token Secret has another"),
            with(&json!({ "credentials": reading("acme-token"), "tokenSecret": { "name": "own" } })),
        ));
    }
    cases
}

fn keys() -> Vec<Case> {
    let many = |count: usize| {
        let entries: BTreeMap<_, _> = (0..count).map(|n| (format!("k{n}"), "v")).collect();
        token_secret(&json!({ "data": entries }))
    };
    let mut cases = vec![
        accepted("32 keys", many(32)),
        refused(
            "33 keys",
            many(33),
            [
                refusal("spec.tokenSecret.data", "Too many: 33: must have at most 32 items"),
                unchecked(),
            ],
        )
        .not_locally(BY_THE_SCHEMA),
        refused(
            "no keys",
            many(0),
            [refusal(
                "spec.tokenSecret.data",
                "Invalid value: 0: spec.tokenSecret.data in body should have at least 1 properties",
            )],
        )
        .not_locally(BY_THE_SCHEMA),
        accepted("a key of 253 characters", data(&[(&"k".repeat(253), "v")])),
    ];
    for key in ["a", "A.b-c_1", ".env", ".", "-"] {
        if key != "." {
            cases.push(accepted(&format!("the key {key:?}"), data(&[(key, "v")])));
        }
    }
    for key in ["", ".", "..", "..data", "a/b", "a b", "ä", "a\n", &"k".repeat(254)] {
        let refusals = [refusal("spec.tokenSecret.data", KEYS)];
        cases.push(refused(
            &format!("the key {key:?}"),
            data(&[("good", "v"), (key, "v")]),
            refusals,
        ));
    }
    cases
}

fn templates() -> Vec<Case> {
    let mut cases = Vec::new();
    for template in [
        "",
        "$(accessToken)",
        "Bearer $(accessToken)",
        "$(accessToken)$(refreshToken)$(tokenType)$(expiresAt)$(domain)",
        "{\"token\": \"$(accessToken)\"}",
        "a\nb\n",
        "$",
        "$$",
        "costs $5 (or $ 5)",
        "${accessToken} {{ .accessToken }}",
        "$$(anything)",
        "$$(unterminated",
        "$$$(domain)",
        "$(accessToken)(",
        "$(domain)$$(accessToken)",
        &"v".repeat(1024),
    ] {
        cases.push(accepted(&format!("the value {template:?}"), data(&[("k", template)])));
    }
    for template in [
        "$(password)",
        "$(clientSecret)",
        "$()",
        "$(accesstoken)",
        "$( accessToken)",
        "$(accessToken | upper)",
        "$(accessToken",
        "$(",
        "$(accessToken)$(",
        "$($(accessToken))",
        "$$$$(x) $(x)",
        "$$(x) $(x)",
    ] {
        let refusals = [refusal("spec.tokenSecret.data", NAMES)];
        cases.push(refused(
            &format!("the value {template:?}"),
            data(&[("good", "v"), ("k", template)]),
            refusals,
        ));
    }
    cases.push(
        refused(
            "a value of 1025 characters",
            data(&[("k", &"v".repeat(1025))]),
            [
                refusal("spec.tokenSecret.data.k", "Too long: may not be more than 1024 bytes"),
                unchecked(),
            ],
        )
        .not_locally(BY_THE_SCHEMA),
    );
    cases
}

fn discarded() -> Vec<Case> {
    let discard = |value: &str| token_secret(&json!({ "refreshToken": "Discard", "data": { "k": value } }));
    let publish = |value: &str| token_secret(&json!({ "refreshToken": "Publish", "data": { "k": value } }));
    let mut cases = vec![
        accepted("Discard", token_secret(&json!({ "refreshToken": "Discard" }))),
        accepted("Discard, and data without it", discard("$(accessToken)")),
        accepted("Publish, and data without it", publish("$(accessToken)")),
        accepted("Publish, and data with it", publish("$(refreshToken)")),
        accepted("Discard, and its name as a literal", discard("$$(refreshToken)")),
        accepted(
            "Discard, and the word",
            discard("refreshToken (refreshToken) $ (refreshToken)"),
        ),
    ];
    for value in [
        "$(refreshToken)",
        "x$(refreshToken)y",
        "$(accessToken) $(refreshToken)",
        "$$(refreshToken) $(refreshToken)",
    ] {
        let refusals = [refusal("spec.tokenSecret.data", DISCARDED)];
        cases.push(refused(&format!("Discard, and {value:?}"), discard(value), refusals));
    }
    cases
}
