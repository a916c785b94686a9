//! No refresh token, and nothing that came of one, in anything that the operator leaves behind, at its most verbose.

use serde_json::json;
use testbed::{
    oauth_servers::{Kind, OAuthServer},
    simulator::{Dialect, Fault, Target},
};

use crate::{canaries::Login, scene::Scene, secrets::Secrets};

const ROTATE: &str = "tracktik-operator.io/rotate";

/// A credential whose session goes on by refreshes, with its first tokens among the secrets.
async fn refreshing(scene: &Scene, secrets: &mut Secrets, name: &str, login: &Login, domain: &str) -> String {
    secrets.source(scene, name, login).await;
    let spec = json!({ "domain": domain, "renewal": { "grant": "Refresh" } });
    scene.credential(name, spec).await;
    scene.ready(name).await;
    secrets.tokens(scene, name).await
}

#[tokio::test]
async fn refreshes_leave_no_value() {
    let scene = Scene::new("secrecy-sessions").await;
    let [django, node] = Kind::ALL.map(|kind| OAuthServer::start(kind, scene.authority(), 3_600));
    let (django, node) = tokio::try_join!(django, node).unwrap();
    let domains = [django.domain(), node.domain()].map(|domain| ["--allowed-domain".to_owned(), domain]);
    let operator = scene.operator_at("trace").args(domains.into_iter().flatten());
    let operator = operator.start(scene.plane).await.unwrap();
    let mut secrets = Secrets::default();
    for (name, server) in [("django", Some(&django)), ("node", Some(&node)), ("trick", None)] {
        let login = Login::new(&format!("{name} session"));
        let domain = server.map_or_else(|| scene.simulator.domain(), OAuthServer::domain);
        match server {
            Some(server) => server.add_account(&login.account()).await.unwrap(),
            None => scene.simulator.add_account(login.account()),
        }
        let mut token = refreshing(&scene, &mut secrets, name, &login, &domain).await;
        for round in ["1", "2"] {
            scene.rotated(name, round, &token).await;
            token = secrets.tokens(&scene, name).await;
        }
        // A mark that is refused, in words that quote what it was refused for, if there were any.
        scene
            .patch_secret(&format!("{name}-token"), json!({ "immutable": true }))
            .await;
        scene.annotate(name, ROTATE, "3").await;
        scene.renewal_off(name, "TargetNotWritable").await;
    }
    assert_eq!(scene.simulator.counts().refreshes, 2);
    secrets.are_nowhere(&scene, &operator).await;
}

#[tokio::test]
async fn answers_that_repeat_a_refresh_token_are_not_repeated() {
    let scene = Scene::new("secrecy-refused").await;
    let operator = scene.operator_at("trace").start(scene.plane).await.unwrap();
    let mut secrets = Secrets::default();
    let domain = scene.simulator.domain();
    let echoes = |token: String| {
        let refusal = |status, dialect| Fault::Refusal {
            status,
            error: token.clone(),
            dialect,
        };
        [
            ("oauth", refusal(401, Dialect::OAuth)),
            ("tracktik", refusal(400, Dialect::Tracktik)),
            ("unknown", refusal(418, Dialect::OAuth)),
            ("success", Fault::OkWithError { error: token.clone() }),
            (
                "redirect",
                Fault::Redirect {
                    location: format!("https://{token}.invalid/?{token}"),
                },
            ),
            ("lifetime", Fault::expires_in(token.clone())),
        ]
    };
    for (name, _) in echoes(String::new()) {
        let login = Login::new(&format!("{name} refused"));
        scene.simulator.add_account(login.account());
        refreshing(&scene, &mut secrets, name, &login, &domain).await;
        let token = scene.value(&format!("{name}-token"), "refresh_token").await.unwrap();
        let (_, fault) = echoes(token).into_iter().find(|(of, _)| *of == name).unwrap();
        scene
            .simulator
            .set_fault(Target::Username(login.username), fault, Some(1));
        scene.annotate(name, ROTATE, "1").await;
        scene.renewal_off(name, "EndpointMisbehaved").await;
    }
    assert_eq!(scene.simulator.counts().refresh_requests, 6);
    secrets.are_nowhere(&scene, &operator).await;
}
