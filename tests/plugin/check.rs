//! `check`: of a file and of a credential in the cluster; `--login` is one login, whose token nobody sees.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::{
    golden::assert_golden,
    scene::Scene,
    user::{Ended, User},
};

/// A folder with the CA of the scene's servers, and files of a test.
pub struct Desk(tempfile::TempDir);

impl Desk {
    pub fn of(scene: &Scene) -> Self {
        let folder = tempfile::tempdir().unwrap();
        scene.authority().write_ca(&folder.path().join("ca.pem")).unwrap();
        Self(folder)
    }

    pub fn path(&self, name: &str) -> String {
        let path: PathBuf = self.0.path().join(name);
        path.to_str().unwrap().to_owned()
    }

    fn file(&self, name: &str, content: &str) -> String {
        std::fs::write(self.path(name), content).unwrap();
        self.path(name)
    }

    /// As the operator of the scene is started.
    async fn check(&self, scene: &Scene, user: &User, arguments: &[&str]) -> Ended {
        let (domain, bundle) = (scene.simulator.domain(), self.path("ca.pem"));
        let always = ["--allowed-domain", &domain, "--ca-bundle", &bundle];
        user.run(&[&["check"], arguments, &always].concat()).await
    }
}

fn manifest(name: &str, spec: &Value) -> String {
    json!({
        "apiVersion": "tracktik-operator.io/v1alpha1", "kind": "TrackTikCredential",
        "metadata": { "name": name }, "spec": spec,
    })
    .to_string()
}

pub fn plain(scene: &Scene, text: &str) -> String {
    text.replace(&scene.simulator.domain(), "DOMAIN")
}

#[tokio::test]
async fn a_file_is_checked_without_a_write_and_without_a_login() {
    let scene = Scene::new("filed").await;
    let editor = User::with_role(&scene, "edit").await;
    let desk = Desk::of(&scene);
    scene.account("acme").await;
    let spec = json!({ "domain": scene.simulator.domain(), "credentials": { "secretRef": { "name": "acme" } } });
    let file = desk.file("acme.yaml", &manifest("acme", &spec));
    let well = desk.check(&scene, &editor, &["-f", &file]).await.well();
    assert_golden("tests/plugin/golden/check.txt", &plain(&scene, &well));
    let counts = scene.simulator.counts();
    assert_eq!(
        (counts.token_requests, counts.connections),
        (0, 1),
        "a connection over which nothing is sent"
    );
    assert!(
        scene.credentials().get_opt("acme").await.unwrap().is_none(),
        "nothing is written"
    );
    // That it exists is no mistake.
    scene.credential("acme", json!({})).await;
    desk.check(&scene, &editor, &["--filename", &file]).await.well();

    scene
        .secret("acme-token", &[("access_token", "of somebody else")])
        .await;
    let taken = desk.check(&scene, &editor, &["--filename", &file]).await;
    assert_eq!(taken.code, Some(3));
    assert!(
        taken.stdout.contains("was not made by this credential"),
        "{}",
        taken.stdout
    );

    let mut wrong = spec.clone();
    wrong["domain"] = json!("https://ada:hunter2@acme.staffr.net");
    wrong["renewal"] = json!({ "renewBeforeSeconds": 600, "renewBeforePercentage": 20 });
    let file = desk.file("wrong.yaml", &manifest("wrong", &wrong));
    let refused = desk.check(&scene, &editor, &["-f", &file]).await;
    assert_eq!(refused.code, Some(3), "{}", refused.all());
    assert_golden("tests/plugin/golden/check-refused.txt", &refused.stdout);
    let mut unknown = spec.clone();
    unknown["domian"] = json!("x");
    let file = desk.file("unknown.yaml", &manifest("unknown", &unknown));
    let refused = desk.check(&scene, &editor, &["-f", &file]).await;
    assert!(
        refused.code == Some(3) && refused.stdout.contains("unknown field \"spec.domian\""),
        "{}",
        refused.all()
    );

    for (content, told) in [
        ("kind: [", "is not YAML (line "),
        (
            "kind: ConfigMap",
            "holds no TrackTikCredential of tracktik-operator.io/v1alpha1",
        ),
    ] {
        let file = desk.file("none.yaml", content);
        let none = desk.check(&scene, &editor, &["-f", &file]).await;
        assert!(none.code == Some(3) && none.stderr.contains(told), "{}", none.all());
    }
}

#[tokio::test]
async fn a_login_is_made_once_and_its_token_is_thrown_away() {
    let scene = Scene::new("tried").await;
    let editor = User::with_role(&scene, "edit").await;
    let desk = Desk::of(&scene);
    let account = scene.everyday("acme").await;
    let granted = desk.check(&scene, &editor, &["acme", "--login"]).await;
    let text = plain(&scene, &granted.stdout);
    assert_eq!(granted.code, Some(0), "{}", granted.all());
    assert!(
        text.contains("login         DOMAIN granted a token that lives 3600 s; it was thrown away"),
        "{text}"
    );
    let counts = scene.simulator.counts();
    assert_eq!((counts.token_requests, counts.logins), (1, 1));
    for secret in scene.simulator.secrets() {
        assert!(!granted.all().contains(&secret));
    }
    assert!(scene.secrets().get_opt("acme-token").await.unwrap().is_none());

    assert!(scene.simulator.change_password(&account.username, "another"));
    let refused = desk.check(&scene, &editor, &["acme", "--login", "-o", "json"]).await;
    assert_eq!(refused.code, Some(3));
    let value: Value = serde_json::from_str(&refused.stdout).unwrap();
    let login = value["items"][0]["findings"]
        .as_array()
        .unwrap()
        .last()
        .unwrap()
        .clone();
    assert_eq!((&login["check"], &login["result"]), (&json!("login"), &json!("wrong")));
    let message = login["message"].as_str().unwrap();
    assert!(
        message.starts_with("CredentialsRejected (credentials_rejected): "),
        "{message}"
    );
    assert_eq!(scene.simulator.counts().token_requests, 2, "once, whatever comes of it");
}

#[tokio::test]
async fn what_stands_in_the_way_is_named_and_then_nothing_is_sent() {
    let scene = Scene::new("hindered").await;
    let editor = User::with_role(&scene, "edit").await;
    let desk = Desk::of(&scene);
    scene.everyday("acme").await;
    let check = async |arguments: &[&str]| editor.run(&[&["check", "acme", "--login"], arguments].concat()).await;
    let strange = check(&[]).await;
    assert_eq!(strange.code, Some(3));
    assert!(
        strange
            .stdout
            .contains("the domain is not among *.staffr.net, *.staffr.us, *.staffr.ca"),
        "{}",
        strange.stdout
    );
    let untrusted = check(&["--allowed-domain", &scene.simulator.domain()]).await;
    assert_eq!(untrusted.code, Some(3));
    assert!(
        untrusted
            .stdout
            .contains("signed by an authority that is not trusted here; give --ca-bundle"),
        "{}",
        untrusted.stdout
    );
    scene
        .patch_secret("acme", json!({ "stringData": { "password": "with a newline\n" } }))
        .await;
    let padded = desk.check(&scene, &editor, &["acme", "--login"]).await;
    assert_eq!(padded.code, Some(3));
    assert!(
        padded.stdout.contains("starts or ends with white space"),
        "{}",
        padded.stdout
    );
    scene.delete_secret("acme").await;
    let missing = desk.check(&scene, &editor, &["acme", "--login"]).await;
    assert!(
        missing
            .stdout
            .contains("Secret \"acme\" (spec.credentials.secretRef) does not exist"),
        "{}",
        missing.stdout
    );
    assert_eq!(scene.simulator.counts().token_requests, 0);
    let nonsense = check(&["--ca-bundle", "/nowhere"]).await;
    assert_eq!(nonsense.code, Some(2));
}
