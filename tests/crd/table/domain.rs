//! `spec.domain`.

use serde_json::{Value, json};

use super::{BY_THE_SCHEMA, Case, accepted, invalid, refusal, refused, unchecked, with};

const TEXT: &str = "must be a host such as acme.staffr.net, or host:port with a port up to 65535: in lower case, without https://, user, path, query or a dot at its end";

fn domain(domain: &str) -> Value {
    with(&json!({ "domain": domain }))
}

/// A host name of that length.
fn long(length: usize) -> String {
    let label = "a".repeat(63);
    let name = [label.as_str(); 5].join(".");
    format!("{}a", &name[..length - 1])
}

pub fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = [
        "acme.staffr.net",
        "localhost",
        "a",
        "1.example",
        "10.0.0.1",
        "xn--bcher-kva.example",
        "a--b.example",
        "acme.staffr.net:1",
        "acme.staffr.net:443",
        "acme.staffr.net:65535",
        long(253).as_str(),
        format!("{}:65535", long(253)).as_str(),
    ]
    .map(|host| accepted(&format!("domain {host}"), domain(host)))
    .into();
    for wrong in [
        "",
        "https://acme.staffr.net",
        "https://acme.staffr.net:443",
        "http://acme.staffr.net/",
        "//acme.staffr.net",
        "acme.staffr.net/",
        "acme.staffr.net/rest/oauth2/access_token",
        "acme.staffr.net:443/rest",
        "acme.staffr.net?x=1",
        "acme.staffr.net#x",
        "user@acme.staffr.net",
        "user:password@acme.staffr.net",
        "ACME.staffr.net",
        "Acme.staffr.net:443",
        "acme.staffr.net.",
        ".staffr.net",
        "*.staffr.net",
        "acme..staffr.net",
        "-acme.staffr.net",
        "acme-.staffr.net",
        "acme_1.staffr.net",
        "bücher.example",
        " acme.staffr.net",
        "acme.staffr.net ",
        "acme.staffr.net\n",
        "acme.staffr.net\n:443",
        "acme.staffr.net:",
        "acme.staffr.net:0",
        "acme.staffr.net:0443",
        "acme.staffr.net:65536",
        "acme.staffr.net:99999",
        "acme.staffr.net:100000",
        "acme.staffr.net:-1",
        "acme.staffr.net:https",
        "acme.staffr.net:443:443",
        ":443",
        "[::1]",
        "[::1]:443",
        "::1",
        "$(domain)",
        long(254).as_str(),
        format!("{}.net", "a".repeat(64)).as_str(),
    ] {
        let about = format!("domain {wrong:?}");
        cases.push(refused(&about, domain(wrong), [invalid("spec.domain", wrong, TEXT)]));
    }
    cases.push(
        refused(
            "a domain longer than any host and port",
            domain(&"a".repeat(260)),
            [
                refusal("spec.domain", "Too long: may not be more than 259 bytes"),
                unchecked(),
            ],
        )
        .not_locally(BY_THE_SCHEMA),
    );
    cases.push(
        refused(
            "no domain",
            json!({ "credentials": { "secretRef": { "name": "acme-service-account" } } }),
            [refusal("spec.domain", "Required value"), unchecked()],
        )
        .not_locally(BY_THE_SCHEMA),
    );
    cases.push(
        refused(
            "a domain that is a number",
            with(&json!({ "domain": 1 })),
            [
                refusal(
                    "spec.domain",
                    "Invalid value: \"integer\": spec.domain in body must be of type string: \"integer\"",
                ),
                unchecked(),
            ],
        )
        .not_locally(BY_THE_SCHEMA),
    );
    cases
}
