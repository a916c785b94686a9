//! No command but `token` prints a secret; and colours are for people.

use crate::{scene::Scene, status::gallery, typist::typed, user::User};

#[tokio::test]
async fn no_command_but_token_prints_a_secret() {
    let scene = Scene::new("secrecy").await;
    let editor = User::with_role(&scene, "edit").await;
    let _operator = scene.start().await;
    let account = scene.everyday("acme").await;
    scene.ready("acme").await;
    let folder = tempfile::tempdir().unwrap();
    let bundle = folder.path().join("ca.pem");
    scene.authority().write_ca(&bundle).unwrap();
    let (domain, bundle) = (scene.simulator.domain(), bundle.to_str().unwrap().to_owned());
    let endpoint = ["--allowed-domain", &domain, "--ca-bundle", &bundle];
    let mut said = String::new();
    for arguments in [
        &["status"][..],
        &["status", "-o", "json"],
        &["describe", "acme"],
        &["describe", "acme", "-o", "yaml"],
        &["describe", "acme", "-o", "json"],
        &["rotate", "acme", "--wait"],
        &[&["check", "acme", "--login"], &endpoint[..]].concat(),
        &[&["check", "acme", "--login", "-o", "json"], &endpoint[..]].concat(),
        &["suspend", "acme"],
        &["resume", "acme"],
        &[
            "create",
            "new",
            "--domain",
            &domain,
            "--secret=acme",
            "--existing-secret",
        ],
        &["create", "new", "--domain", &domain, "-o", "yaml"],
        &["__complete", "--", "token", ""],
    ] {
        let ended = editor.run(arguments).await;
        assert_eq!(ended.code, Some(0), "{arguments:?}: {}", ended.all());
        said.push_str(&ended.all());
    }
    let token = scene.token("acme").await;
    let secrets = scene.simulator.secrets();
    assert!(
        secrets.contains(&token) && secrets.contains(&account.password),
        "the list is the right one"
    );
    for secret in secrets {
        assert!(!said.contains(&secret), "{said}");
    }
}

#[tokio::test]
async fn colours_are_for_people_who_want_them() {
    let scene = Scene::new("colours").await;
    gallery(&scene).await;
    let kubeconfig = scene.plane.kubeconfig_path().to_str().unwrap();
    let arguments = ["status", "-n", &scene.namespace];
    let seen = typed(kubeconfig, &arguments, &[]).await;
    assert_eq!(seen.code, 3);
    for shaded in [
        "\x1b[32mTrue\x1b[0m",
        "\x1b[33mTrue\x1b[0m",
        "\x1b[31mFalse\x1b[0m",
        "\x1b[33mUnknown\x1b[0m",
    ] {
        assert!(seen.shown.contains(shaded), "{shaded:?}: {:?}", seen.shown);
    }
    let without: String = seen.shown.replace("\x1b[0m", "").replace('\r', "");
    let without = ["\x1b[31m", "\x1b[32m", "\x1b[33m"]
        .iter()
        .fold(without, |text, code| text.replace(code, ""));
    let piped = User::administrator(&scene).run(&arguments).await;
    assert_eq!(piped.stdout, without, "the same text, and none in a pipe");
}
