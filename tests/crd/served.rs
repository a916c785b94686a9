//! What the API server makes of objects: defaults, nulls, unknown fields, updates.

use kube::{
    Client,
    api::{Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};
use tracktik_operator::api::TrackTikCredentialSpec;

use crate::{
    cluster::{client_and, credential, credentials, refusal},
    table::everyday,
};

/// Creates by a plain request, as kubectl does, with or without strictness about fields.
async fn create(client: &Client, namespace: &str, object: &Value, validation: &str) -> kube::Result<Value> {
    let path = format!(
        "/apis/tracktik-operator.io/v1alpha1/namespaces/{namespace}/tracktikcredentials?fieldValidation={validation}"
    );
    let request = http::Request::post(path).header("content-type", "application/json");
    client
        .request(request.body(object.to_string().into_bytes()).unwrap())
        .await
}

fn object(name: &str, spec: &Value) -> Value {
    serde_json::to_value(credential(name, spec)).unwrap()
}

#[tokio::test]
async fn defaults_are_filled_in_and_nobody_who_has_not_been_looked_at_is_ready() {
    let client = client_and("defaults").await;
    let api = credentials(&client, "defaults");
    let created = api
        .create(&PostParams::default(), &credential("acme", &everyday()))
        .await
        .unwrap();
    let mut spec = everyday();
    spec["tokenSecret"] = json!({ "refreshToken": "Publish" });
    spec["renewal"] = json!({ "grant": "Password" });
    spec["suspend"] = json!(false);
    assert_eq!(created.data["spec"], spec);
    assert_eq!(created.data["status"], json!({ "observedGeneration": -1 }));
    assert_eq!(created.metadata.generation, Some(1));

    let mut partly = everyday();
    partly["tokenSecret"] = json!({ "name": "other" });
    partly["renewal"] = json!({ "renewBeforePercentage": 20 });
    let created = api
        .create(&PostParams::default(), &credential("partly", &partly))
        .await
        .unwrap();
    assert_eq!(
        created.data["spec"]["tokenSecret"],
        json!({ "name": "other", "refreshToken": "Publish" })
    );
    assert_eq!(
        created.data["spec"]["renewal"],
        json!({ "grant": "Password", "renewBeforePercentage": 20 })
    );
}

/// A plain create drops nulls where the schema has none, but a server-side apply (Flux, Helm 4, Argo CD) refuses them
/// with "must be of type object": so they are allowed, and kept.
#[tokio::test]
async fn nulls_mean_nothing_whichever_way_they_come() {
    let client = client_and("nulls").await;
    let spec = json!({
        "domain": "acme.staffr.net",
        "credentials": { "secretRef": { "name": "s" }, "clientId": null, "password": { "key": "k", "secretRef": null } },
        "tokenSecret": { "name": null, "refreshToken": null, "metadata": { "labels": null } },
        "renewal": null, "suspend": null,
    });
    let mut kept = spec.clone();
    kept["tokenSecret"]["refreshToken"] = json!("Publish");
    kept["renewal"] = json!({ "grant": "Password" });
    kept["suspend"] = json!(false);
    let created = create(&client, "nulls", &object("created", &spec), "Strict")
        .await
        .unwrap();
    assert_eq!(created["spec"], kept);
    let apply = Patch::Apply(object("applied", &spec));
    let api = credentials(&client, "nulls");
    let applied = api
        .patch("applied", &PatchParams::apply("gitops"), &apply)
        .await
        .unwrap();
    assert_eq!(applied.data["spec"], kept);

    let decoded: TrackTikCredentialSpec = serde_json::from_value(kept).unwrap();
    assert_eq!(
        serde_json::to_value(decoded).unwrap(),
        json!({
            "domain": "acme.staffr.net",
            "credentials": { "secretRef": { "name": "s" }, "password": { "key": "k" } },
            "tokenSecret": { "refreshToken": "Publish", "metadata": {} },
            "renewal": { "grant": "Password" }, "suspend": false,
        })
    );
}

#[tokio::test]
async fn a_field_that_does_not_exist_is_refused_where_asked_and_else_dropped() {
    let client = client_and("unknown").await;
    let mut spec = everyday();
    spec["credentials"]["secretRef"]["namespace"] = json!("kube-system");
    spec["credentials"]["password"] = json!({ "value": "hunter2" });
    spec["tokenSecret"] = json!({ "type": "kubernetes.io/service-account-token" });
    let refused = refusal(create(&client, "unknown", &object("acme", &spec), "Strict").await);
    assert_eq!(refused.code, 400);
    assert_eq!(
        refused.message,
        "TrackTikCredential in version \"v1alpha1\" cannot be handled as a TrackTikCredential: strict decoding error: \
         unknown field \"spec.credentials.password.value\", unknown field \"spec.credentials.secretRef.namespace\", \
         unknown field \"spec.tokenSecret.type\""
    );
    let created = create(&client, "unknown", &object("acme", &spec), "Ignore")
        .await
        .unwrap();
    assert_eq!(
        created["spec"]["credentials"],
        json!({ "secretRef": { "name": "acme-service-account" }, "password": {} })
    );
    assert_eq!(created["spec"]["tokenSecret"], json!({ "refreshToken": "Publish" }));
}

#[tokio::test]
async fn every_field_may_be_changed_and_taken_back() {
    let client = client_and("updates").await;
    let api = credentials(&client, "updates");
    api.create(&PostParams::default(), &credential("acme", &everyday()))
        .await
        .unwrap();
    let everything = json!({
        "domain": "other.staffr.us:8443",
        "credentials": {
            "secretRef": { "name": "other" },
            "clientId": { "value": "c" },
            "clientSecret": { "secretRef": { "name": "a" }, "key": "k" },
            "username": { "value": "u" },
            "password": { "secretRef": { "name": "b" }, "key": "k" },
        },
        "tokenSecret": {
            "name": "tokens", "refreshToken": "Discard",
            "metadata": { "labels": { "a": "b" }, "annotations": { "a": "b" } },
            "data": { "t": "$(accessToken)" },
        },
        "renewal": { "renewBeforeSeconds": 600 },
        "suspend": true,
    });
    let mut refreshing = everyday();
    refreshing["renewal"] = json!({ "grant": "Refresh", "renewBeforePercentage": 20 });
    for (generation, spec) in [
        (2, everything.clone()),
        (3, refreshing),
        (4, everything),
        (5, everyday()),
    ] {
        let mut object = credential("acme", &spec);
        object.metadata.resource_version = api.get("acme").await.unwrap().metadata.resource_version;
        let replaced = api.replace("acme", &PostParams::default(), &object).await.unwrap();
        assert_eq!(replaced.metadata.generation, Some(generation));
    }
    // Status is the operator's: with the object it is not written.
    let status = Patch::Merge(json!({ "status": { "observedGeneration": 7 } }));
    let patched = api.patch("acme", &PatchParams::default(), &status).await.unwrap();
    assert_eq!(patched.data["status"]["observedGeneration"], -1);
    assert_eq!(patched.metadata.generation, Some(5));
}

#[tokio::test]
async fn the_same_manifest_applied_again_changes_nothing() {
    let client = client_and("again").await;
    let api = credentials(&client, "again");
    let mut spec = everyday();
    spec["credentials"]["clientId"] = Value::Null;
    spec["tokenSecret"] = json!({ "metadata": { "labels": {} }, "data": { "t": "$(accessToken)" } });
    let manifest = object("acme", &spec);
    let apply = PatchParams::apply("gitops");
    let mut versions = Vec::new();
    for _ in 0..3 {
        let applied = api.patch("acme", &apply, &Patch::Apply(&manifest)).await.unwrap();
        assert_eq!(applied.metadata.generation, Some(1));
        versions.push(applied.metadata.resource_version);
    }
    // A create does not store the default of status, the first update does.
    assert_eq!(versions[1], versions[2]);
}
