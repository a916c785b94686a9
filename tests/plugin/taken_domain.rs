//! `check NAME` of a domain that the plugin does not allow by itself, and the operator of the cluster does.

use serde_json::json;

use crate::{
    check::{Desk, plain},
    scene::Scene,
    status::{condition, credential_with_status},
    user::User,
};

/// The operator of a cluster may allow other domains than the plugin does by itself.
#[tokio::test]
async fn a_domain_that_the_operator_takes_is_well() {
    let scene = Scene::new("taken").await;
    let editor = User::with_role(&scene, "edit").await;
    let desk = Desk::of(&scene);
    let bundle = desk.path("ca.pem");
    let check = async |name: &str| {
        let ended = editor.run(&["check", name, "--ca-bundle", &bundle]).await;
        plain(&scene, &ended.all())
    };
    let domain = scene.simulator.domain();
    for (name, ready, renewed, told) in [
        (
            "a",
            ("True", "TokenValid"),
            ("True", "TokenValid"),
            "ok       domain        the operator has logged in at DOMAIN",
        ),
        (
            "b",
            ("False", "TokenExpired"),
            ("True", "TokenValid"),
            "ok       domain        the operator has logged in at DOMAIN",
        ),
        (
            "c",
            ("True", "TokenValid"),
            ("False", "AccessDenied"),
            "ok       domain        the operator has logged in at DOMAIN",
        ),
        (
            "d",
            ("False", "CredentialsRejected"),
            ("False", "CredentialsRejected"),
            "ok       domain        the operator takes DOMAIN",
        ),
        (
            "e",
            ("False", "Issuing"),
            ("Unknown", "Issuing"),
            "ok       domain        the operator takes DOMAIN",
        ),
        // These stand before the domain, and hide what the operator thinks of it.
        (
            "f",
            ("False", "TargetConflict"),
            ("False", "TargetConflict"),
            "wrong    domain        the domain is not among",
        ),
        (
            "g",
            ("False", "AccessDenied"),
            ("False", "AccessDenied"),
            "wrong    domain        the domain is not among",
        ),
        (
            "h",
            ("True", "TokenValid"),
            ("False", "DomainNotAllowed"),
            "wrong    domain        a message",
        ),
    ] {
        let conditions = json!({ "conditions": [
            condition("Ready", ready.0, ready.1, "a message"), condition("Renewed", renewed.0, renewed.1, "a message"),
        ] });
        credential_with_status(&scene, name, json!({ "domain": domain }), conditions).await;
        let found = check(name).await;
        assert!(found.contains(told), "{name}: {found}");
        let reached = found.contains("ok       connection    DOMAIN can be reached from here");
        assert_eq!(reached, told.starts_with("ok"), "{name}: {found}");
    }
    // Of another generation it says nothing of this one.
    scene.patch("a", json!({ "spec": { "suspend": true } })).await;
    let stale = check("a").await;
    assert!(
        stale.contains("wrong    domain        the domain is not among"),
        "{stale}"
    );
}

#[tokio::test]
async fn what_a_real_operator_has_logged_in_at_is_checked_without_a_flag() {
    let scene = Scene::new("flagless").await;
    let editor = User::with_role(&scene, "edit").await;
    let desk = Desk::of(&scene);
    let _operator = scene.start().await;
    scene.everyday("acme").await;
    scene.ready("acme").await;
    let bundle = desk.path("ca.pem");
    let found = editor.run(&["check", "acme", "--login", "--ca-bundle", &bundle]).await;
    assert_eq!(found.code, Some(0), "{}", found.all());
    assert!(found.stdout.contains("granted a token"), "{}", found.stdout);
}
