//! An operator that lacks a right in one of its namespaces, beside one where it has all that ships.

use k8s_openapi::api::rbac::v1::RoleBinding;
use kube::{Api, api::DeleteParams};
use serde_json::{Value, json};
use testbed::{
    manifests::{OPERATOR_NAME, OPERATOR_NAMESPACE, apply, apply_operator_rbac, documents},
    operator::Operator,
};

use crate::scene::{PATIENCE, Scene, eventually};

/// Two namespaces of one operator: a whole one, and one where it lacks a right.
pub struct Two {
    pub scene: Scene,
    whole: String,
    pub poor: String,
    pub operator: Operator,
}

impl Two {
    /// In the poor one the operator has all that ships, but for these verbs on this resource.
    pub async fn without(name: &str, resource: &str, verbs: &[&str]) -> Self {
        let mut scene = Scene::new(name).await;
        let whole = scene.namespace.clone();
        let poor = format!("{whole}-poor");
        let namespace = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": poor } });
        apply(&scene.client, &namespace).await.unwrap();
        scene.namespace.clone_from(&poor);
        bind_without(&scene, resource, verbs).await;
        scene.namespace.clone_from(&whole);
        let operator = scene.operator().namespaces([poor.as_str()]);
        let operator = operator.start(scene.plane).await.unwrap();
        let mut two = Self {
            scene,
            whole,
            poor,
            operator,
        };
        two.in_the_whole().everyday("acme").await;
        two.scene.ready("acme").await;
        two
    }

    pub fn in_the_whole(&mut self) -> &Scene {
        self.scene.namespace.clone_from(&self.whole);
        &self.scene
    }

    pub fn in_the_poor(&mut self) -> &Scene {
        self.scene.namespace.clone_from(&self.poor);
        &self.scene
    }

    /// The whole namespace goes on, and `/readyz` names the poor one and nothing else, with these words.
    pub async fn the_lack_is_named_and_the_rest_goes_on(&mut self, words: &[&str]) {
        let (operator, poor) = (&self.operator, &self.poor);
        eventually(PATIENCE, || async {
            let (code, text) = operator.get("/readyz").await.unwrap();
            let named = text.starts_with(&format!("rights in namespace {poor}: "));
            let all = words.iter().all(|word| text.contains(word));
            if code.as_u16() == 503 && named && all && text.lines().count() == 1 {
                Ok(())
            } else {
                Err(format!("{code}: {text}"))
            }
        })
        .await;
        assert!(operator.get("/livez").await.unwrap().0.is_success());
        goes_on(self.in_the_whole()).await;
    }

    /// What ships is given to it in the poor one as well.
    pub async fn give_all_rights(&self) {
        apply_operator_rbac(&self.scene.client, &[&self.poor]).await.unwrap();
    }

    pub async fn nothing_is_missing_in_the_end(&self) {
        eventually(PATIENCE, || async {
            match self.operator.get("/readyz").await.unwrap() {
                (code, _) if code.is_success() => Ok(()),
                (_, text) => Err(text),
            }
        })
        .await;
    }
}

/// The one credential with a token is rotated as if nothing were amiss elsewhere.
pub async fn goes_on(scene: &Scene) {
    let token = scene.token("acme").await;
    scene.rotated("acme", "1", &token).await;
    scene.looked_at_again("acme").await.assert_well();
    assert_eq!(
        (scene.attempts("acme"), scene.simulator.counts().token_requests),
        (2, 2)
    );
}

/// All that ships in this namespace, but for these verbs.
async fn bind_without(scene: &Scene, resource: &str, verbs: &[&str]) {
    let shipped = documents("deploy/rbac.yaml").unwrap();
    let all = shipped.iter().find(|object| object["kind"] == "ClusterRole").unwrap();
    let mut rules = all["rules"].as_array().unwrap().clone();
    let rule = rules.iter_mut().find(|rule| rule["resources"] == json!([resource]));
    let left = rule.unwrap()["verbs"].as_array_mut().unwrap();
    let before = left.len();
    left.retain(|verb| !verbs.contains(&verb.as_str().unwrap()));
    assert_eq!(
        left.len() + verbs.len(),
        before,
        "it ships with {verbs:?} on {resource}"
    );
    rules.retain(|rule| rule["verbs"] != json!([]));

    let group = "rbac.authorization.k8s.io";
    let object = |kind: &str, rest: Value| {
        let mut object =
            json!({ "apiVersion": format!("{group}/v1"), "kind": kind, "metadata": { "name": "too-little" } });
        object
            .as_object_mut()
            .unwrap()
            .extend(rest.as_object().unwrap().clone());
        object
    };
    scene.apply(object("Role", json!({ "rules": rules }))).await;
    let operator = json!({ "kind": "ServiceAccount", "name": OPERATOR_NAME, "namespace": OPERATOR_NAMESPACE });
    let bound = json!({ "apiGroup": group, "kind": "Role", "name": "too-little" });
    scene
        .apply(object(
            "RoleBinding",
            json!({ "roleRef": bound, "subjects": [operator] }),
        ))
        .await;
}

/// Of what an operator may do in this namespace already, this is taken away, and is gone when this returns.
pub async fn take_away(scene: &Scene, resource: &str, verb: &str) {
    bind_without(scene, resource, &[verb]).await;
    let bindings: Api<RoleBinding> = Api::namespaced(scene.client.clone(), &scene.namespace);
    bindings.delete(OPERATOR_NAME, &DeleteParams::default()).await.unwrap();
    let account = format!("--as=system:serviceaccount:{OPERATOR_NAMESPACE}:{OPERATOR_NAME}");
    let asked = ["auth", "can-i", verb, resource, "-n", &scene.namespace, &account];
    eventually(PATIENCE, || async {
        if scene.plane.kubectl(&asked).await.unwrap().status.success() {
            Err("the right is still there".to_owned())
        } else {
            Ok(())
        }
    })
    .await;
}
