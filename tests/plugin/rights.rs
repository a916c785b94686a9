//! With fewer rights than a command needs: the message names the one that is missing, and nothing is half done.

use serde_json::{Value, json};

use crate::{scene::Scene, user::User};

fn rules(verbs: &[&str]) -> Value {
    json!([{ "apiGroups": ["tracktik-operator.io"], "resources": ["tracktikcredentials"], "verbs": verbs }])
}

#[tokio::test]
async fn the_right_that_is_missing_is_named() {
    let scene = Scene::new("rights").await;
    scene.everyday("acme").await;
    let nobody = User::with_rules(&scene, "nobody", json!([])).await;
    let lister = User::with_rules(&scene, "lister", rules(&["list"])).await;
    let reader = User::with_rules(&scene, "reader", rules(&["get", "list", "watch"])).await;
    let file = scene_file(&scene);
    let file = file.path().to_str().unwrap().to_owned();
    let credentials = "tracktikcredentials.tracktik-operator.io";
    for (user, arguments, missing, role) in [
        (&nobody, &["status"][..], format!("list {credentials}"), "view"),
        (&lister, &["status", "--watch"], format!("watch {credentials}"), "view"),
        (
            &lister,
            &["status", "acme"],
            format!("get {credentials} (acme)"),
            "view",
        ),
        (
            &lister,
            &["describe", "acme"],
            format!("get {credentials} (acme)"),
            "view",
        ),
        (
            &reader,
            &["suspend", "acme"],
            format!("patch {credentials} (acme)"),
            "edit",
        ),
        (
            &reader,
            &["rotate", "acme", "--wait"],
            format!("patch {credentials} (acme)"),
            "edit",
        ),
        (
            &reader,
            &["token", "acme"],
            "get secrets (acme-token)".to_owned(),
            "edit",
        ),
        (
            &reader,
            &["create", "new", "--domain=a.staffr.net", "--existing-secret"],
            format!("create {credentials}"),
            "edit",
        ),
        (&reader, &["check", "acme"], "get secrets (acme)".to_owned(), "edit"),
        (
            &reader,
            &["check", "-f", &file],
            format!("create {credentials}"),
            "edit",
        ),
    ] {
        let ended = user.run(arguments).await;
        assert_eq!(
            ended.code,
            Some(1).filter(|_| arguments[0] != "check").or(ended.code),
            "{arguments:?}: {}",
            ended.all()
        );
        let told = format!(
            "you may not {missing} in namespace {:?}: ask for the role {role}",
            scene.namespace
        );
        assert!(ended.all().contains(&told), "{arguments:?}: {}", ended.all());
    }
    // Whether a namespace exists is for those who may get it.
    let unmatched = lister.run(&["status", "-l", "no=such"]).await;
    let told = format!(
        "no TrackTikCredentials found in namespace {:?}, if there is one of that name\n",
        scene.namespace
    );
    assert_eq!((unmatched.code, unmatched.stderr), (Some(0), told));
    let everywhere = reader.run(&["status", "-A"]).await;
    assert!(
        everywhere.stderr.contains("in all namespaces: ask for the role view"),
        "{}",
        everywhere.stderr
    );
    let elsewhere = reader.run(&["status", "-n", "default"]).await;
    assert!(
        elsewhere.stderr.contains("in namespace \"default\""),
        "{}",
        elsewhere.stderr
    );
}

fn scene_file(scene: &Scene) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let object = json!({
        "apiVersion": "tracktik-operator.io/v1alpha1", "kind": "TrackTikCredential", "metadata": { "name": "filed" },
        "spec": { "domain": scene.simulator.domain(), "credentials": { "secretRef": { "name": "acme" } } },
    });
    std::fs::write(file.path(), object.to_string()).unwrap();
    file
}

#[tokio::test]
async fn without_a_cluster_it_is_said_what_was_looked_for() {
    let ended = crate::user::ended(crate::user::plugin(&["status"])).await;
    assert_eq!((ended.code, ended.stdout.as_str()), (Some(1), ""));
    assert!(
        ended
            .stderr
            .starts_with("error: no API server is configured: tried KUBECONFIG"),
        "{}",
        ended.stderr
    );
    assert!(
        ended.stderr.ends_with("; set KUBECONFIG or --kubeconfig\n"),
        "{}",
        ended.stderr
    );
    let scene = Scene::new("contexts").await;
    let user = User::with_rules(&scene, "reader", rules(&["list"])).await;
    // A second context, of another namespace.
    let administrator = std::fs::read_to_string(scene.plane.kubeconfig_path()).unwrap();
    let mut config: Value = serde_json::from_str(&administrator).unwrap();
    let mut context = config["contexts"][0].clone();
    context["name"] = json!("second");
    context["context"]["namespace"] = json!(scene.namespace);
    config["contexts"].as_array_mut().unwrap().push(context);
    let folder = tempfile::tempdir_in(scene.plane.kubeconfig_path().parent().unwrap()).unwrap();
    let file = folder.path().join("two-contexts");
    std::fs::write(&file, config.to_string()).unwrap();
    let two = crate::user::plugin(&["status", "--context", "second", "--kubeconfig", file.to_str().unwrap()]);
    let two = crate::user::ended(two).await;
    let told = format!("no TrackTikCredentials found in namespace {:?}\n", scene.namespace);
    assert_eq!((two.code, two.stderr), (Some(0), told));
    let ended = user.run(&["status", "--context", "nowhere"]).await;
    assert_eq!(ended.code, Some(1));
    assert!(ended.stderr.contains("nowhere"), "{}", ended.stderr);
}
