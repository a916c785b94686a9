//! What a person at a terminal sees.

use serde_json::json;

use crate::{
    cluster::{client_and, control_plane, credential, credentials},
    table::everyday,
};

async fn kubectl(arguments: &[&str]) -> String {
    let output = control_plane().await.kubectl(arguments).await.unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert!(errors.is_empty() || errors.starts_with("No resources"), "{errors}");
    String::from_utf8(output.stdout).unwrap()
}

/// The words of each line; columns are parted by two spaces or more.
fn table(output: &str) -> Vec<Vec<&str>> {
    output
        .lines()
        .map(|line| {
            line.split("  ")
                .map(str::trim)
                .filter(|word| !word.is_empty())
                .collect()
        })
        .collect()
}

#[tokio::test]
async fn credentials_are_listed_with_what_one_looks_for() {
    let client = client_and("listed").await;
    let api = credentials(&client, "listed");
    let mut other = everyday();
    other["domain"] = json!("other.staffr.net");
    for (name, spec) in [("acme", everyday()), ("other", other)] {
        api.create(&kube::api::PostParams::default(), &credential(name, &spec))
            .await
            .unwrap();
    }
    let status = json!({ "status": {
        "observedGeneration": 1,
        "conditions": [{
            "type": "Ready", "status": "True", "reason": "TokenValid", "message": "m",
            "lastTransitionTime": "2026-11-23T20:00:00Z",
        }],
        "tokenSecret": { "name": "acme-token", "resourceVersion": "7" },
        "expirationTime": "2026-11-23T21:00:00Z",
        "renewalTime": "2026-11-23T20:40:00Z",
    }});
    let patch = kube::api::Patch::Merge(status);
    api.patch_status("acme", &kube::api::PatchParams::default(), &patch)
        .await
        .unwrap();

    let output = kubectl(&["get", "ttc", "-n", "listed"]).await;
    let lines = table(&output);
    assert_eq!(lines[0], ["NAME", "READY", "STATUS", "EXPIRES", "AGE"]);
    assert_eq!(lines[1][..4], ["acme", "True", "TokenValid", "2026-11-23T21:00:00Z"]);
    assert_eq!(lines[2][0], "other");

    let output = kubectl(&["get", "ttc", "-n", "listed", "-o", "wide"]).await;
    let lines = table(&output);
    assert_eq!(
        lines[0],
        [
            "NAME", "READY", "STATUS", "EXPIRES", "AGE", "DOMAIN", "SECRET", "RENEWS"
        ]
    );
    assert_eq!(lines[1][5..], ["acme.staffr.net", "acme-token", "2026-11-23T20:40:00Z"]);

    for kind in ["tracktik", "ttc", "tracktikcredential", "tracktikcredentials"] {
        let names = kubectl(&["get", kind, "-n", "listed", "-o", "name"]).await;
        assert_eq!(
            names,
            "tracktikcredential.tracktik-operator.io/acme\ntracktikcredential.tracktik-operator.io/other\n"
        );
    }
    let of_all = kubectl(&["get", "all", "-n", "listed", "-o", "name"]).await;
    assert_eq!(of_all, "");

    let selected = kubectl(&[
        "get",
        "ttc",
        "-n",
        "listed",
        "--field-selector",
        "spec.domain=other.staffr.net",
        "-o",
        "name",
    ])
    .await;
    assert_eq!(selected, "tracktikcredential.tracktik-operator.io/other\n");
}

#[tokio::test]
async fn every_field_is_explained() {
    let explained = kubectl(&["explain", "ttc.spec", "--recursive"]).await;
    for field in ["clientSecret", "renewBeforePercentage", "annotations", "suspend"] {
        assert!(explained.contains(field), "{explained}");
    }
    let explained = kubectl(&["explain", "ttc.spec.tokenSecret.data"]).await;
    assert!(explained.contains("$(accessToken)"), "{explained}");
}

#[tokio::test]
async fn a_dry_run_checks_and_keeps_nothing() {
    let client = client_and("dry").await;
    let file = std::env::temp_dir().join(format!("crd-test-{}.json", std::process::id()));
    let write = |domain: &str| {
        let mut spec = everyday();
        spec["domain"] = json!(domain);
        std::fs::write(&file, serde_json::to_string(&credential("acme", &spec)).unwrap()).unwrap();
    };
    let arguments = ["apply", "--dry-run=server", "-n", "dry", "-f", file.to_str().unwrap()];
    write("acme.staffr.net");
    let output = kubectl(&arguments).await;
    assert_eq!(
        output,
        "tracktikcredential.tracktik-operator.io/acme created (server dry run)\n"
    );
    assert!(credentials(&client, "dry").get_opt("acme").await.unwrap().is_none());

    write("https://acme.staffr.net");
    let refused = control_plane().await.kubectl(&arguments).await.unwrap();
    assert!(!refused.status.success());
    assert_eq!(
        String::from_utf8(refused.stderr).unwrap(),
        "The TrackTikCredential \"acme\" is invalid: spec.domain: Invalid value: \"https://acme.staffr.net\": must be a \
         host such as acme.staffr.net, or host:port with a port up to 65535: in lower case, without https://, user, \
         path, query or a dot at its end\n"
    );
    std::fs::remove_file(file).unwrap();
}
