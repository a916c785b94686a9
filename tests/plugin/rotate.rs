//! `rotate`: asks for a new token, and with `--wait` tells what came of it.

use serde_json::json;

use crate::{scene::Scene, user::User};

#[tokio::test]
async fn a_rotation_is_waited_for_and_costs_one_login_each() {
    let scene = Scene::new("rotate").await;
    let editor = User::with_role(&scene, "edit").await;
    let _operator = scene.start().await;
    for name in ["one", "two"] {
        scene.everyday(name).await;
        scene.ready(name).await;
    }
    let before = scene.token("one").await;
    let done = editor.run(&["rotate", "one", "two", "--wait"]).await.well();
    let lines: Vec<&str> = done.lines().collect();
    assert!(
        lines[0].starts_with("tracktikcredential/one rotated, valid until 20"),
        "{done}"
    );
    assert!(
        lines[1].starts_with("tracktikcredential/two rotated, valid until 20"),
        "{done}"
    );
    assert_ne!(
        scene.token("one").await,
        before,
        "the new token is there when it is said to be"
    );
    assert_eq!(scene.simulator.counts().logins, 4);

    let asked = editor.run(&["rotate", "one"]).await.well();
    assert_eq!(asked, "tracktikcredential/one rotation requested\n");
}

#[tokio::test]
async fn a_rotation_that_fails_says_why() {
    let scene = Scene::new("unrotated").await;
    let editor = User::with_role(&scene, "edit").await;
    let operator = scene.start().await;
    let account = scene.everyday("acme").await;
    scene.ready("acme").await;
    assert!(scene.simulator.change_password(&account.username, "another"));
    let failed = editor.run(&["rotate", "acme", "--wait"]).await;
    assert_eq!(
        (failed.code, failed.stderr.as_str()),
        (Some(3), ""),
        "{}",
        failed.stdout
    );
    let begins = "tracktikcredential/acme not rotated: CredentialsRejected: ";
    assert!(failed.stdout.starts_with(begins), "{}", failed.stdout);
    assert!(!failed.stdout.contains(&account.password));

    scene.patch("acme", json!({ "spec": { "suspend": true } })).await;
    let suspended = editor.run(&["rotate", "acme"]).await;
    assert_eq!(suspended.code, Some(3));
    assert!(
        suspended.stderr.contains("kubectl tracktik resume acme"),
        "{}",
        suspended.stderr
    );
    scene.patch("acme", json!({ "spec": { "suspend": false } })).await;

    // With nobody there to do it.
    operator.terminate().await.unwrap();
    let late = editor.run(&["rotate", "acme", "--wait", "--timeout", "1"]).await;
    assert_eq!((late.code, late.stdout.as_str()), (Some(4), ""));
    assert!(
        late.stderr.starts_with("error: \"acme\" has no new token after 1 s; "),
        "{}",
        late.stderr
    );
    // A new one may be without a word though an operator looks at it: it is not told that there is none.
    scene.everyday("new").await;
    let untold = editor.run(&["rotate", "new", "--wait", "--timeout", "1"]).await;
    assert_eq!((untold.code, untold.stdout.as_str()), (Some(4), ""));
    let says = "after 1 s; its status says nothing yet: it is new and waits for its turn behind others";
    assert!(untold.stderr.contains(says), "{}", untold.stderr);
}
