//! `create`: both objects, or the one that may be committed; secrets from a prompt, a file or stdin, never an argument.

use serde_json::{Value, json};
use testbed::account::Account;

use crate::{golden::assert_golden, scene::Scene, typist::typed, user::User};

/// The four values of a Secret.
async fn values(scene: &Scene, secret: &str) -> Vec<String> {
    let mut values = Vec::new();
    for key in ["client_id", "client_secret", "username", "password"] {
        values.push(scene.value(secret, key).await.unwrap_or_default());
    }
    values
}

#[tokio::test]
async fn a_credential_is_created_with_its_secret_and_gets_a_token() {
    let scene = Scene::new("create").await;
    let editor = User::with_role(&scene, "edit").await;
    let _operator = scene.start().await;
    let account = scene.account("known").await;
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("client-secret");
    std::fs::write(&file, format!("{}\n", account.client_secret)).unwrap();
    let (domain, file) = (scene.simulator.domain(), file.to_str().unwrap().to_owned());
    let arguments = [
        "create",
        "acme",
        "--domain",
        &domain,
        "--client-id",
        &account.client_id,
        "--client-secret-file",
        &file,
        "--username",
        &account.username,
        "--password-file",
        "-",
    ];
    let created = editor.run_with(&arguments, &format!("{}\r\n", account.password)).await;
    assert_eq!(created.code, Some(0), "{}", created.all());
    assert_eq!(
        created.stdout,
        "secret/acme-service-account created\ntracktikcredential/acme created\n"
    );
    let Account {
        client_id,
        client_secret,
        username,
        password,
    } = account.clone();
    let expected = [client_id, client_secret, username, password];
    assert_eq!(
        values(&scene, "acme-service-account").await,
        expected,
        "without the newline at its end"
    );
    scene.ready("acme").await;

    let again = editor
        .run_with(&[&arguments[..], &["--secret", "unused"]].concat(), "another")
        .await;
    assert_eq!(again.code, Some(1));
    assert!(
        again.stderr.contains("tracktikcredentials \"acme\" exists"),
        "{}",
        again.stderr
    );
    assert!(
        scene.secrets().get_opt("unused").await.unwrap().is_none(),
        "nothing is half done"
    );
    let mut taken = arguments;
    taken[1] = "another";
    let taken = [&taken[..], &["--secret", "acme-service-account"]].concat();
    let taken = editor.run_with(&taken, "another").await;
    assert_eq!(taken.code, Some(1));
    assert!(
        taken.stderr.contains("Secret \"acme-service-account\" exists"),
        "{}",
        taken.stderr
    );
    assert!(scene.credentials().get_opt("another").await.unwrap().is_none());
    assert_eq!(
        values(&scene, "acme-service-account").await,
        expected,
        "nothing is overwritten"
    );

    let existing = [
        "create",
        "second",
        "--domain",
        &domain,
        "--secret",
        "acme-service-account",
        "--existing-secret",
    ];
    assert_eq!(
        editor.run(&existing).await.stdout,
        "tracktikcredential/second created\n"
    );
    scene.ready("second").await;
}

#[tokio::test]
async fn values_are_asked_for_and_secrets_do_not_show_while_they_are_typed() {
    let scene = Scene::new("typed").await;
    let dialogue = [
        ("domain: ", "acme.staffr.net"),
        ("client id: ", "an-id"),
        ("client secret (is not shown): ", "unseen-client-secret"),
        ("user name: ", "api.acme@example.com"),
        ("password (is not shown): ", "unseen-password"),
    ];
    let kubeconfig = scene.plane.kubeconfig_path().to_str().unwrap();
    let session = typed(kubeconfig, &["create", "acme", "-n", &scene.namespace], &dialogue).await;
    assert_eq!(session.code, 0, "{}", session.shown);
    assert!(
        session.shown.contains("tracktikcredential/acme created"),
        "{}",
        session.shown
    );
    assert!(session.shown.contains("an-id"), "what is no secret shows");
    assert!(!session.shown.contains("unseen"), "{}", session.shown);
    let expected = [
        "an-id",
        "unseen-client-secret",
        "api.acme@example.com",
        "unseen-password",
    ];
    assert_eq!(values(&scene, "acme-service-account").await, expected);
}

#[tokio::test]
async fn yaml_for_git_holds_no_secret_and_needs_no_cluster() {
    let arguments = ["create", "acme", "--domain=acme.staffr.net", "-n", "integrations"];
    let yaml = crate::user::ended(crate::user::plugin(&[&arguments[..], &["-o", "yaml"]].concat()))
        .await
        .well();
    assert_golden("tests/plugin/golden/create.yaml", &yaml);
    let json = crate::user::ended(crate::user::plugin(&[&arguments[..], &["-o", "json"]].concat()))
        .await
        .well();
    let value: Value = serde_json::from_str(&json).unwrap();
    assert_eq!(value, serde_saphyr::from_str::<Value>(&yaml).unwrap());
}

#[tokio::test]
async fn a_mistake_is_told_before_anybody_types_a_password_or_a_secret_is_written() {
    let scene = Scene::new("mistaken").await;
    let editor = User::with_role(&scene, "edit").await;
    let files = ["--client-secret-file=/dev/null", "--password-file=-"];
    let arguments = [
        "create",
        "acme",
        "--domain=acme.staffr.net",
        "--client-id=a",
        "--username=b",
        "--secret=acme-token",
    ];
    let refused = editor.run_with(&[&arguments[..], &files].concat(), "p").await;
    assert_eq!(refused.code, Some(3), "{}", refused.all());
    let rule = "spec.tokenSecret.name: Forbidden: must not be a Secret that spec.credentials reads from";
    assert!(refused.stderr.contains(rule), "{}", refused.stderr);
    let url = [
        "create",
        "acme",
        "--domain=https://u:hunter2@acme.staffr.net",
        "-o",
        "yaml",
    ];
    let url = editor.run(&url).await;
    assert_eq!((url.code, url.stdout.as_str()), (Some(2), ""));
    assert!(
        url.stderr.contains("the domain is no host") && !url.stderr.contains("hunter2"),
        "{}",
        url.stderr
    );
    let arguments = [
        "create",
        "acme",
        "--domain=acme.staffr.net",
        "--client-id=a",
        "--username=b",
    ];
    let empty = editor.run(&[&arguments[..], &files[..1]].concat()).await;
    assert!(
        empty.code == Some(2) && empty.stderr.contains("client secret is empty"),
        "{}",
        empty.all()
    );
    let nobody = editor.run(&arguments).await;
    assert_eq!(nobody.code, Some(2));
    assert!(nobody.stderr.contains("give --client-secret-file"), "{}", nobody.stderr);
    let nowhere = ["create", "acme", "--domain=acme.staffr.net", "-n", "nowhere"];
    let nowhere = User::administrator(&scene).run(&nowhere).await;
    assert_eq!(nowhere.code, Some(1));
    assert!(
        nowhere.stderr.contains("namespace \"nowhere\" does not exist"),
        "{}",
        nowhere.stderr
    );
    let secrets = scene.secrets().list(&kube::api::ListParams::default()).await.unwrap();
    assert_eq!(json!(secrets.items.len()), json!(0));
}

#[tokio::test]
async fn a_secret_as_an_argument_is_refused_and_not_repeated() {
    for arguments in [
        &["create", "acme", "--password", "hunter2"][..],
        &["create", "acme", "--password=hunter2"],
        &["create", "acme", "--client-secret=hunter2", "--domain=a.staffr.net"],
        &["create", "acme", "hunter2"],
        &["token", "acme", "hunter2"],
        &["hunter2"],
        &["status", "--output", "hunter2"],
        &["rotate", "acme", "--wait", "--timeout=hunter2"],
        &["check", "acme", "--passwrod=hunter2"],
    ] {
        let refused = crate::user::ended(crate::user::plugin(arguments)).await;
        assert_eq!(
            (refused.code, refused.stdout.as_str()),
            (Some(2), ""),
            "{arguments:?}: {}",
            refused.all()
        );
        assert!(!refused.stderr.contains("hunter2"), "{arguments:?}: {}", refused.stderr);
        assert!(refused.stderr.starts_with("error: "), "{}", refused.stderr);
    }
    let refused = crate::user::ended(crate::user::plugin(&["create", "acme", "--password=hunter2"])).await;
    assert!(
        refused.stderr.contains("--password-file FILE (- is stdin)"),
        "{}",
        refused.stderr
    );
}
