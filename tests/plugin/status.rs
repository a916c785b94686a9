//! `status`: the table, its colours and its exit code; what it says is what status says.

use kube::api::{Patch, PatchParams};
use serde_json::{Value, json};

use crate::{golden::assert_golden, scene::Scene, user::User};

/// So many minutes from now, as status writes times. Half an hour beside a full hour, so that a slow machine changes no cell.
fn minutes(from_now: i64) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    let at = i64::try_from(now.as_secs()).unwrap() + from_now * 60;
    tracktik_operator::api::Moment::from_seconds(at).to_string()
}

pub fn condition(of: &str, status: &str, reason: &str, message: &str) -> Value {
    json!({
        "type": of, "status": status, "reason": reason, "message": message,
        "lastTransitionTime": minutes(-30), "observedGeneration": 1,
    })
}

/// A credential with a status that no operator has written.
pub async fn credential_with_status(scene: &Scene, name: &str, spec: Value, mut status: Value) {
    let mut whole = json!({ "domain": "acme.staffr.net" });
    for (field, value) in spec.as_object().unwrap() {
        whole[field] = value.clone();
    }
    scene.credential(name, whole).await;
    status["observedGeneration"] = json!(1);
    let patch = Patch::Merge(json!({ "status": status }));
    scene
        .credentials()
        .patch_status(name, &PatchParams::default(), &patch)
        .await
        .unwrap();
}

/// One of each kind.
pub async fn gallery(scene: &Scene) {
    let well = json!({
        "conditions": [condition("Ready", "True", "TokenValid", "the token is valid"),
                       condition("Renewed", "True", "TokenValid", "renewals can go on")],
        "expirationTime": minutes(20 * 60 + 30), "renewalTime": minutes(13 * 60 + 30),
    });
    credential_with_status(scene, "a-well", json!({}), well.clone()).await;
    let mut failing = well.clone();
    failing["conditions"][1] = condition("Renewed", "False", "EndpointUnavailable", "acme gave no answer");
    failing["failure"] = json!({
        "reason": "EndpointUnavailable", "message": "acme gave no answer", "count": 3, "lastTime": minutes(-30 * 60 - 30),
    });
    failing["renewalTime"] = json!(minutes(-12 * 60 - 30));
    credential_with_status(scene, "b-failing", json!({}), failing).await;
    let why = "Secret \"c-broken\" (spec.credentials.secretRef) does not exist: create it, or name another";
    let broken = json!({
        "conditions": [condition("Ready", "False", "SourceNotFound", why),
                       condition("Renewed", "False", "SourceNotFound", why),
                       condition("Stalled", "True", "SourceNotFound", why)],
    });
    credential_with_status(scene, "c-broken", json!({}), broken).await;
    let mut suspended = well.clone();
    suspended.as_object_mut().unwrap().remove("renewalTime");
    credential_with_status(scene, "d-suspended", json!({ "suspend": true }), suspended).await;
    let expired = json!({
        "conditions": [condition("Ready", "False", "TokenExpired", "the token expired"),
                       condition("Renewed", "True", "TokenValid", "renewals can go on"),
                       condition("Reconciling", "True", "TokenExpired", "the token expired")],
        "expirationTime": minutes(-9 * 60 - 30), "renewalTime": minutes(-9 * 60 - 30),
    });
    credential_with_status(scene, "e-expired", json!({}), expired).await;
    scene.credential("f-new", json!({ "domain": "acme.staffr.net" })).await;
}

#[tokio::test]
async fn the_table_shows_what_stands_and_what_is_in_the_way() {
    let scene = Scene::new("overview").await;
    let viewer = User::with_role(&scene, "view").await;
    let none = viewer.run(&["status"]).await;
    assert_eq!((none.code, none.stdout.as_str()), (Some(0), ""));
    assert!(
        none.stderr.starts_with("no TrackTikCredentials found in namespace"),
        "{}",
        none.stderr
    );

    for format in [&[][..], &["-o", "json"], &["--watch"]] {
        let arguments = [&["status", "-n", "no-such-namespace"], format].concat();
        let typo = User::administrator(&scene).run(&arguments).await;
        assert_eq!((typo.code, typo.stdout.as_str()), (Some(1), ""), "{arguments:?}");
        assert_eq!(typo.stderr, "error: namespace \"no-such-namespace\" does not exist\n");
    }

    gallery(&scene).await;
    let shown = viewer.run(&["status"]).await;
    assert_eq!((shown.code, shown.stderr.as_str()), (Some(3), ""), "some are not ready");
    assert_golden("tests/plugin/golden/status.txt", &shown.stdout);
    let one = viewer.run(&["status", "a-well"]).await;
    assert_eq!(one.code, Some(0), "all that were asked for are ready");

    let everywhere = User::administrator(&scene).run(&["status", "--all-namespaces"]).await;
    let heading = everywhere.stdout.lines().next().unwrap();
    assert!(heading.starts_with("NAMESPACE "), "{heading}");
    let of_ours = everywhere
        .stdout
        .lines()
        .filter(|line| line.starts_with(&scene.namespace));
    assert!(of_ours.count() >= 6, "{}", everywhere.stdout);
}

#[tokio::test]
async fn programs_get_the_same_as_json_and_yaml() {
    let scene = Scene::new("programs").await;
    let viewer = User::with_role(&scene, "view").await;
    gallery(&scene).await;
    let json = viewer.run(&["status", "-o", "json"]).await;
    let value: Value = serde_json::from_str(&json.stdout).unwrap();
    let items = value["items"].as_array().unwrap();
    assert_eq!((json.code, items.len()), (Some(3), 6));
    assert_eq!(items[1]["notRenewed"], "EndpointUnavailable");
    assert_eq!(items[1]["lastFailure"]["count"], 3);
    assert_eq!(items[2]["reason"], "SourceNotFound");
    assert_eq!(items[3]["suspended"], true);
    assert_eq!(items[5]["ready"], "Unknown");
    let yaml = viewer.run(&["status", "--output=yaml"]).await;
    let as_yaml: Value = serde_saphyr::from_str(&yaml.stdout).unwrap();
    assert_eq!(as_yaml, value);
    let labelled = viewer.run(&["status", "-l", "team=a", "-o", "json"]).await.well();
    assert_eq!(
        serde_json::from_str::<Value>(&labelled).unwrap(),
        json!({ "items": [] })
    );
}
