//! What is asked once more without the definition: it must refuse no object that the definition takes, and name no value.

use tracktik_operator::api::{TrackTikCredentialSpec, recheck::broken_rule};

use crate::table;

/// How the messages of the rules begin that are asked twice, and what the schema says of a domain.
const ASKED_TWICE: [&str; 5] = [
    "must be a host such as",
    "must be the name of a Secret",
    "each key must be up to 63 letters",
    "keys of kubernetes.io, k8s.io",
    "Too long: may not be more than 259 bytes",
];

#[test]
fn it_refuses_what_these_rules_refuse_and_nothing_that_the_definition_takes() {
    let mut refused = 0;
    for case in table::cases() {
        let Ok(spec) = serde_json::from_value::<TrackTikCredentialSpec>(case.spec) else {
            continue;
        };
        let asked_twice = case.refusals.iter().find(|refusal| {
            let text = refusal.text.trim_start_matches("Forbidden: ");
            ASKED_TWICE.iter().any(|message| text.contains(message))
        });
        match (asked_twice, broken_rule(&spec)) {
            (Some(refusal), Some(why)) => {
                assert!(why.starts_with(refusal.field), "{}: {why}", case.about);
                assert!(!why.contains("password@"), "{why}");
                refused += 1;
            }
            (None, None) => {}
            // The schema refuses it, which has no other way to say how long a name may be.
            (None, Some(why)) if case.refusals.iter().any(|refusal| why.starts_with(refusal.field)) => {}
            (asked, found) => panic!("{}: {found:?}, {:?}", case.about, asked.map(|asked| &asked.text)),
        }
    }
    assert!(refused > 50, "{refused}");
}

#[test]
fn every_name_of_a_secret_is_asked() {
    let elsewhere = serde_json::json!({ "name": "../../elsewhere/secrets/x" });
    for (path, field) in [
        ("/credentials/secretRef", "spec.credentials.secretRef.name"),
        (
            "/credentials/clientId/secretRef",
            "spec.credentials.clientId.secretRef.name",
        ),
        (
            "/credentials/clientSecret/secretRef",
            "spec.credentials.clientSecret.secretRef.name",
        ),
        (
            "/credentials/username/secretRef",
            "spec.credentials.username.secretRef.name",
        ),
        (
            "/credentials/password/secretRef",
            "spec.credentials.password.secretRef.name",
        ),
        ("/tokenSecret", "spec.tokenSecret.name"),
    ] {
        let mut spec = table::everyday();
        for value in ["clientId", "clientSecret", "username", "password"] {
            spec["credentials"][value] = serde_json::json!({ "secretRef": { "name": "acme" } });
        }
        spec["tokenSecret"] = serde_json::json!({ "name": "acme-token" });
        assert_eq!(broken_rule(&serde_json::from_value(spec.clone()).unwrap()), None);
        *spec.pointer_mut(path).unwrap() = elsewhere.clone();
        let why = broken_rule(&serde_json::from_value(spec).unwrap()).unwrap();
        assert!(why.starts_with(field) && !why.contains("elsewhere"), "{why}");
    }
}
