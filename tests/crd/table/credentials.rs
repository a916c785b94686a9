//! `spec.credentials`: where each of the four values comes from.

use serde_json::{Value, json};

use super::{BY_THE_SCHEMA, Case, Refusal, accepted, invalid, refusal, refused, unchecked, with};

const NAME: &str = "must be the name of a Secret: lower-case letters, digits, '-' and '.', with a letter or digit at both ends and beside each '.'";
const KEY: &str = "must be a key of a Secret: letters, digits, '-', '_' and '.'";
const CLEAR: &str = "must not be empty, begin or end with white space, or hold a control character";

fn credentials(credentials: &Value) -> Value {
    with(&json!({ "credentials": credentials }))
}

fn required(field: &'static str, text: &str) -> Refusal {
    refusal(field, format!("Required value: {text}"))
}

fn client_id() -> Refusal {
    let text = "set clientId.value, clientId.secretRef, or the secretRef beside it";
    required("spec.credentials.clientId", text)
}

fn client_secret() -> Refusal {
    let text = "set clientSecret.secretRef, or the secretRef beside it";
    required("spec.credentials.clientSecret", text)
}

fn username() -> Refusal {
    let text = "set username.value, username.secretRef, or the secretRef beside it";
    required("spec.credentials.username", text)
}

fn password() -> Refusal {
    let text = "set password.secretRef, or the secretRef beside it";
    required("spec.credentials.password", text)
}

pub fn cases() -> Vec<Case> {
    let mut cases = from_somewhere();
    cases.extend(values_in_clear());
    cases.extend(names_and_keys());
    cases
}

fn from_somewhere() -> Vec<Case> {
    let s = json!({ "secretRef": { "name": "s" } });
    let own = |field: &str, value: &Value| {
        let mut all = json!({ "clientId": s, "clientSecret": s, "username": s, "password": s });
        all[field] = value.clone();
        credentials(&all)
    };
    let key = json!({ "key": "k" });
    let value = json!({ "value": "v" });
    vec![
        accepted("one Secret for all", credentials(&s)),
        accepted("a Secret for each", own("clientId", &s)),
        accepted(
            "a Secret and a key for each",
            own("password", &json!({ "secretRef": { "name": "s" }, "key": "k" })),
        ),
        accepted("a client id in clear", own("clientId", &value)),
        accepted("a username in clear", own("username", &value)),
        accepted(
            "other keys of one Secret",
            credentials(
                &json!({ "secretRef": { "name": "s" }, "clientId": key, "clientSecret": key, "username": key, "password": key }),
            ),
        ),
        accepted(
            "values that say nothing, of one Secret",
            credentials(
                &json!({ "secretRef": { "name": "s" }, "clientId": {}, "clientSecret": {}, "username": {}, "password": {} }),
            ),
        ),
        refused(
            "nothing at all",
            credentials(&json!({})),
            [client_id(), client_secret(), username(), password()],
        ),
        refused(
            "keys of no Secret",
            credentials(&json!({ "clientId": key, "clientSecret": key, "username": key, "password": key })),
            [client_id(), client_secret(), username(), password()],
        ),
        refused("a client id from nowhere", own("clientId", &json!({})), [client_id()]),
        refused(
            "a client secret from nowhere",
            own("clientSecret", &key),
            [client_secret()],
        ),
        refused("a username from nowhere", own("username", &key), [username()]),
        refused("a password from nowhere", own("password", &json!({})), [password()]),
        refused(
            "no credentials",
            json!({ "domain": "acme.staffr.net" }),
            [refusal("spec.credentials", "Required value"), unchecked()],
        )
        .not_locally(BY_THE_SCHEMA),
        // What is in the wrong place must not be repeated: here it is a password.
        refused(
            "a password in clear where a reference belongs",
            credentials(&json!({ "secretRef": { "name": "s" }, "password": "hunter2" })),
            [
                refusal(
                    "spec.credentials.password",
                    "Invalid value: \"string\": spec.credentials.password in body must be of type object: \"string\"",
                ),
                unchecked(),
            ],
        )
        .not_locally(BY_THE_SCHEMA),
        accepted(
            "a password in clear in a field that does not exist, which is dropped",
            credentials(&json!({ "secretRef": { "name": "s" }, "password": { "value": "hunter2" } })),
        ),
        accepted(
            "a namespace, which is dropped",
            credentials(&json!({ "secretRef": { "name": "s", "namespace": "kube-system" } })),
        ),
        refused(
            "a client secret in clear and nothing else, of which nothing is left",
            own("clientSecret", &json!({ "value": "hunter2" })),
            [client_secret()],
        ),
    ]
}

fn values_in_clear() -> Vec<Case> {
    let client = |value: &str| credentials(&json!({ "secretRef": { "name": "s" }, "clientId": { "value": value } }));
    let user = |value: &Value| credentials(&json!({ "secretRef": { "name": "s" }, "username": value }));
    let beside = |field| [refusal(field, "Forbidden: must not be set beside key or secretRef")];
    let mut cases = vec![
        accepted("an address", user(&json!({ "value": "api.acme@example.com" }))),
        accepted("a space inside", client("a b")),
        accepted("other letters", client("Zoë \u{1f600}")),
        accepted("256 characters of 4 bytes", client(&"\u{10ffff}".repeat(256))),
        refused(
            "a value and a key",
            user(&json!({ "value": "v", "key": "k" })),
            beside("spec.credentials.username.value"),
        ),
        refused(
            "a value and a Secret",
            user(&json!({ "value": "v", "secretRef": { "name": "s" } })),
            beside("spec.credentials.username.value"),
        ),
        refused(
            "a client id as value and key",
            credentials(&json!({ "secretRef": { "name": "s" }, "clientId": { "value": "v", "key": "k" } })),
            beside("spec.credentials.clientId.value"),
        ),
        refused(
            "257 characters",
            client(&"a".repeat(257)),
            [
                refusal(
                    "spec.credentials.clientId.value",
                    "Too long: may not be more than 256 bytes",
                ),
                unchecked(),
            ],
        )
        .not_locally(BY_THE_SCHEMA),
    ];
    for padded in [
        "", " ", " v", "v ", "v\n", "\tv", "a\nb", "a\u{0}b", "v\u{a0}", "a\u{7f}",
    ] {
        let refusals = [invalid("spec.credentials.clientId.value", padded, CLEAR)];
        cases.push(refused(&format!("a client id {padded:?}"), client(padded), refusals));
        let refusals = [invalid("spec.credentials.username.value", padded, CLEAR)];
        cases.push(refused(
            &format!("a username {padded:?}"),
            user(&json!({ "value": padded })),
            refusals,
        ));
    }
    cases
}

fn names_and_keys() -> Vec<Case> {
    let shared = |name: &str| credentials(&json!({ "secretRef": { "name": name } }));
    let mut cases = vec![
        accepted("a name of 253 characters", shared(&"a".repeat(253))),
        accepted("a name with dots", shared("a.b-c.1")),
        refused(
            "a name of 254 characters",
            shared(&"a".repeat(254)),
            [
                refusal(
                    "spec.credentials.secretRef.name",
                    "Too long: may not be more than 253 bytes",
                ),
                unchecked(),
            ],
        )
        .not_locally(BY_THE_SCHEMA),
        refused(
            "a reference without a name",
            credentials(&json!({ "secretRef": {} })),
            [
                refusal("spec.credentials.secretRef.name", "Required value"),
                unchecked(),
            ],
        )
        .not_locally(BY_THE_SCHEMA),
    ];
    for wrong in ["", "A", "a_b", "-a", "a-", ".a", "a.", "a..b", "a/b", "other/a", "a\n"] {
        let refusals = [invalid("spec.credentials.secretRef.name", wrong, NAME)];
        cases.push(refused(&format!("the name {wrong:?}"), shared(wrong), refusals));
    }
    for (field, path) in [
        ("clientId", "spec.credentials.clientId.secretRef.name"),
        ("clientSecret", "spec.credentials.clientSecret.secretRef.name"),
        ("username", "spec.credentials.username.secretRef.name"),
        ("password", "spec.credentials.password.secretRef.name"),
    ] {
        let spec = credentials(&json!({ "secretRef": { "name": "s" }, field: { "secretRef": { "name": "../s" } } }));
        cases.push(refused(
            &format!("a bad name in {field}"),
            spec,
            [invalid(path, "../s", NAME)],
        ));
    }
    for (field, path) in [
        ("clientId", "spec.credentials.clientId.key"),
        ("clientSecret", "spec.credentials.clientSecret.key"),
        ("username", "spec.credentials.username.key"),
        ("password", "spec.credentials.password.key"),
    ] {
        let with_key = |key: &str| credentials(&json!({ "secretRef": { "name": "s" }, field: { "key": key } }));
        cases.push(accepted(&format!("a key in {field}"), with_key("A-z_0.9")));
        cases.push(accepted(
            &format!("a key of 253 characters in {field}"),
            with_key(&"k".repeat(253)),
        ));
        for wrong in ["", "a/b", "a b", "ü", "k\n"] {
            let about = format!("the key {wrong:?} in {field}");
            cases.push(refused(&about, with_key(wrong), [invalid(path, wrong, KEY)]));
        }
        let too_long = [refusal(path, "Too long: may not be more than 253 bytes"), unchecked()];
        let about = format!("a key of 254 characters in {field}");
        cases.push(refused(&about, with_key(&"k".repeat(254)), too_long).not_locally(BY_THE_SCHEMA));
    }
    cases
}
