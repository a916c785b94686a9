//! The admission policies, on a real API server: the operator's own token writes no Secret of others, and nobody has a Secret sent
//! to TrackTik that they may not read.

use k8s_openapi::api::core::v1::Secret;
use kube::{
    Api, Client,
    api::{DeleteParams, Patch, PatchParams, PostParams},
};
use serde_json::{Value, json};
use testbed::manifests::apply;

use crate::{
    bench::{Bench, eventually, plane},
    chart::{objects, of_kind},
};

const NAMESPACE: &str = "policies";
const UID: &str = "00000000-0000-4000-8000-000000000000";

/// A namespace, and of the chart in it everything but the definition and the Deployment.
async fn installed(bench: &Bench<'_>) {
    bench.namespace(NAMESPACE).await;
    let values = [
        "--namespace",
        NAMESPACE,
        "--set",
        "crds.enabled=false,namespaces={policies}",
    ];
    let rendered = objects(NAMESPACE, &values);
    assert_eq!(of_kind(&rendered, "ValidatingAdmissionPolicyBinding").len(), 2);
    for object in rendered.iter().filter(|object| object["kind"] != "Deployment") {
        apply(&bench.client, object).await.unwrap();
    }
}

fn secret(name: &str, mark: Option<&str>, kind: &str) -> Secret {
    let annotations = mark.map(|mark| json!({ "tracktik-operator.io/credential": mark }));
    let metadata = json!({ "name": name, "annotations": annotations });
    let data = if kind == "Opaque" {
        json!({})
    } else {
        json!({ "username": "YQ==", "password": "YQ==" })
    };
    serde_json::from_value(json!({ "metadata": metadata, "type": kind, "data": data })).unwrap()
}

fn refusal<T>(answer: Result<T, kube::Error>) -> String {
    match answer {
        Ok(_) => "let through".to_owned(),
        Err(problem) => problem.to_string(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_policies_keep_from_whom() {
    let bench = Bench::on(plane().await).await;
    installed(&bench).await;
    let account = "policies-tracktik-operator";
    let operator = bench
        .plane
        .client_for_service_account(NAMESPACE, account)
        .await
        .unwrap();
    the_operators_token_writes_no_secret_of_others(&bench, operator).await;
    nobody_names_a_secret_that_they_may_not_read(&bench).await;
}

async fn the_operators_token_writes_no_secret_of_others(bench: &Bench<'_>, operator: Client) {
    let secrets: Api<Secret> = Api::namespaced(operator, NAMESPACE);
    let own = format!("{NAMESPACE}/acme@{UID}");
    let create = async |secret: &Secret| secrets.create(&PostParams::default(), secret).await;
    // A policy takes a moment to be in force.
    eventually(|| async {
        let name = format!("probe-{:?}", std::time::Instant::now()).replace(|c: char| !c.is_ascii_digit(), "");
        let answer = refusal(create(&secret(&name, None, "Opaque")).await);
        if answer.contains("only with the mark") {
            Ok(())
        } else {
            Err(answer)
        }
    })
    .await;
    for mark in [
        format!("default/acme@{UID}"),
        "policies/acme".to_owned(),
        format!("{own}, and more"),
        format!("x{own}"),
    ] {
        let answer = refusal(create(&secret("other", Some(&mark), "Opaque")).await);
        assert!(answer.contains("only with the mark"), "{mark}: {answer}");
    }
    let answer = refusal(create(&secret("other", Some(&own), "kubernetes.io/basic-auth")).await);
    assert!(answer.contains("Opaque only"), "{answer}");

    // Of others: neither changed, nor taken over, nor deleted.
    let theirs: Api<Secret> = Api::namespaced(bench.client.clone(), NAMESPACE);
    theirs
        .create(&PostParams::default(), &secret("theirs", None, "Opaque"))
        .await
        .unwrap();
    let patch =
        async |name: &str, patch: Value| secrets.patch(name, &PatchParams::default(), &Patch::Merge(patch)).await;
    for change in [
        json!({ "stringData": { "password": "mine" } }),
        json!({ "metadata": { "annotations": { "tracktik-operator.io/credential": own } } }),
    ] {
        let answer = refusal(patch("theirs", change).await);
        assert!(
            answer.contains("has no mark") || answer.contains("only with the mark"),
            "{answer}"
        );
    }
    let answer = refusal(secrets.delete("theirs", &DeleteParams::default()).await);
    assert!(answer.contains("not the operator's to change or delete"), "{answer}");
    let whole = refusal(
        secrets
            .delete_collection(&DeleteParams::default(), &kube::api::ListParams::default())
            .await,
    );
    assert!(
        whole.contains("deletecollection") || whole.contains("not the operator's"),
        "{whole}"
    );
    theirs.get("theirs").await.unwrap();

    // Its own: all of it, but for taking the mark off.
    create(&secret("own", Some(&own), "Opaque")).await.unwrap();
    patch("own", json!({ "stringData": { "access_token": "token" } }))
        .await
        .unwrap();
    let unmark = json!({ "metadata": { "annotations": { "tracktik-operator.io/credential": null } } });
    let answer = refusal(patch("own", unmark).await);
    assert!(answer.contains("only with the mark"), "{answer}");
    secrets.delete("own", &DeleteParams::default()).await.unwrap();
}

async fn nobody_names_a_secret_that_they_may_not_read(bench: &Bench<'_>) {
    // Ada may write credentials, and read one Secret.
    let group = "rbac.authorization.k8s.io";
    let role = json!({
        "apiVersion": format!("{group}/v1"), "kind": "Role", "metadata": { "name": "ada", "namespace": NAMESPACE },
        "rules": [
            { "apiGroups": ["tracktik-operator.io"], "resources": ["tracktikcredentials"], "verbs": ["get", "create", "patch", "update"] },
            { "apiGroups": [""], "resources": ["secrets"], "resourceNames": ["hers"], "verbs": ["get"] },
        ],
    });
    let binding = json!({
        "apiVersion": format!("{group}/v1"), "kind": "RoleBinding", "metadata": { "name": "ada", "namespace": NAMESPACE },
        "roleRef": { "apiGroup": group, "kind": "Role", "name": "ada" },
        "subjects": [{ "apiGroup": group, "kind": "User", "name": "ada" }],
    });
    apply(&bench.client, &role).await.unwrap();
    apply(&bench.client, &binding).await.unwrap();

    let folder = tempfile::tempdir().unwrap();
    let as_ada = async |credentials: Value| {
        let file = folder.path().join("credential.yaml");
        let mut credential = bench.credential(NAMESPACE, &json!({ "suspend": true }));
        credential["spec"]["credentials"] = credentials;
        std::fs::write(&file, credential.to_string()).unwrap();
        bench
            .kubectl(&["apply", "--server-side", "--as=ada", "-f", file.to_str().unwrap()])
            .await
    };
    let hers = json!({ "secretRef": { "name": "hers" } });
    let of_another = json!({ "secretRef": { "name": "theirs" } });
    // Her own rights, and the policy, take a moment to be in force.
    eventually(|| async {
        let answer = as_ada(of_another.clone()).await;
        // Where it is let through before that, it must not stay.
        drop(
            bench
                .kubectl(&["-n", NAMESPACE, "delete", "ttc", "acme", "--ignore-not-found"])
                .await,
        );
        match answer {
            Err(refused)
                if refused.contains("spec.credentials.secretRef names the Secret theirs, which you may not read") =>
            {
                Ok(())
            }
            other => Err(format!("{other:?}")),
        }
    })
    .await;
    as_ada(hers.clone()).await.unwrap();
    // Each of the five places that may name one; and all of them at once is not too much to ask.
    for field in ["clientId", "clientSecret", "username", "password"] {
        let mut spec = hers.clone();
        spec[field] = json!({ "secretRef": { "name": "theirs" } });
        let refused = as_ada(spec).await.unwrap_err();
        assert!(
            refused.contains(&format!("spec.credentials.{field} names the Secret theirs")),
            "{refused}"
        );
    }
    let mut everywhere = hers.clone();
    for field in ["clientId", "clientSecret", "username", "password"] {
        everywhere[field] = json!({ "secretRef": { "name": "hers" }, "key": "some" });
    }
    as_ada(everywhere).await.unwrap();

    // What names one already, by somebody who may, can be annotated and suspended by her, but not turned to another, nor to another host.
    let mut given = bench.credential(NAMESPACE, &json!({ "suspend": true }));
    given["metadata"]["name"] = json!("given");
    given["spec"]["credentials"] = of_another;
    apply(&bench.client, &given).await.unwrap();
    let patch = async |patch: &str| {
        bench
            .kubectl(&[
                "-n",
                NAMESPACE,
                "patch",
                "ttc",
                "given",
                "--as=ada",
                "--type=merge",
                "-p",
                patch,
            ])
            .await
    };
    bench
        .kubectl(&["-n", NAMESPACE, "annotate", "ttc", "given", "a=b", "--as=ada"])
        .await
        .unwrap();
    patch(r#"{"spec":{"suspend":false}}"#).await.unwrap();
    for (change, secret) in [
        (
            r#"{"spec":{"credentials":{"secretRef":{"name":"a-third"}}}}"#,
            "a-third",
        ),
        // The same Secret, sent elsewhere.
        (r#"{"spec":{"domain":"other.staffr.net"}}"#, "theirs"),
    ] {
        let refused = patch(change).await.unwrap_err();
        assert!(refused.contains(&format!("the Secret {secret}")), "{refused}");
    }
    patch(r#"{"spec":{"credentials":{"secretRef":{"name":"hers"}}}}"#)
        .await
        .unwrap();
}
