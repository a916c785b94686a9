//! `suspend` and `resume`.

use serde_json::json;

use crate::{scene::Scene, user::User};

#[tokio::test]
async fn a_credential_is_suspended_and_resumed() {
    let scene = Scene::new("suspension").await;
    let editor = User::with_role(&scene, "edit").await;
    for name in ["one", "two"] {
        scene.credential(name, json!({})).await;
    }
    let suspended = |name: &'static str| {
        let api = scene.credentials();
        async move { api.get(name).await.unwrap().data["spec"]["suspend"] == true }
    };
    let done = editor.run(&["suspend", "one", "two"]).await.well();
    assert_eq!(
        done,
        "tracktikcredential/one suspended\ntracktikcredential/two suspended\n"
    );
    assert!(suspended("one").await && suspended("two").await);
    let again = editor.run(&["suspend", "one"]).await.well();
    assert_eq!(again, "tracktikcredential/one suspended already\n");
    let done = editor.run(&["resume", "two"]).await.well();
    assert_eq!(done, "tracktikcredential/two resumed\n");
    assert!(suspended("one").await && !suspended("two").await);
    let nobody = editor.run(&["resume", "nobody"]).await;
    let told = format!(
        "error: tracktikcredentials \"nobody\" does not exist in namespace {:?}\n",
        scene.namespace
    );
    assert_eq!((nobody.code, nobody.stderr), (Some(1), told));
}
