//! What an operator must not have left behind when something went wrong: a value where somebody might read it, or a write to
//! what is not its own, in the namespace of the test.

use std::collections::BTreeSet;

use k8s_openapi::api::events::v1::Event;
use kube::{Api, api::ListParams};
use testbed::{audit_log::AuditEvent, operator::Operator};

use crate::{
    figures::all_is_recorded,
    scene::{PATIENCE, Scene, eventually},
    secrets::Secrets,
};

/// Under which the operator writes to its token Secrets.
const MANAGERS: [&str; 2] = ["tracktik-operator", "tracktik-operator-intent"];

/// At the end of a test, while its operator runs: no value of the simulated TrackTik's is anywhere, and nothing was written
/// that is not the operator's to write.
pub async fn leaves_nothing(scene: &Scene, operator: &Operator) {
    leaves_none_of(Secrets::default(), scene, operator).await;
}

/// As [`leaves_nothing`], where there are more values than those of the scene's own TrackTik.
pub async fn leaves_none_of(secrets: Secrets, scene: &Scene, operator: &Operator) {
    let credentials = scene.credentials().list(&ListParams::default()).await.unwrap();
    let token_secret = |name: String| format!("{name}-token");
    let own = credentials
        .into_iter()
        .filter_map(|credential| credential.metadata.name);
    let own: BTreeSet<String> = own.map(token_secret).collect();
    an_event_is_there(scene).await;
    all_is_recorded(scene.plane).await;
    let mut written = scene.asked_by_operator();
    assert!(written.iter().any(AuditEvent::is_write), "nothing was looked at");
    // Also what was cut off in the middle.
    written.retain(AuditEvent::may_have_written);
    let foreign = foreign(&written, &own);
    assert!(foreign.is_empty(), "{foreign:#?}");
    secrets.are_nowhere(scene, operator).await;
}

/// Events are sent in the background, and one must be there to be looked at.
pub async fn an_event_is_there(scene: &Scene) {
    let events: Api<Event> = Api::namespaced(scene.client.clone(), &scene.namespace);
    eventually(PATIENCE, || async {
        let told = events.list(&ListParams::default()).await.unwrap();
        if told.items.is_empty() {
            Err("nothing is told by an event".to_owned())
        } else {
            Ok(())
        }
    })
    .await;
}

/// Those of an operator's writes that are to anything but these token Secrets, the statuses of credentials, and events.
fn foreign<'a>(written: &'a [AuditEvent], token_secrets: &BTreeSet<String>) -> Vec<&'a AuditEvent> {
    let is_own = |event: &&AuditEvent| match (event.resource.as_str(), event.subresource.as_str()) {
        ("secrets", "") => {
            let by_its_name = event.field_manager().is_some_and(|name| MANAGERS.contains(&name));
            event.verb == "patch" && by_its_name && token_secrets.contains(&event.name)
        }
        ("tracktikcredentials", "status") => event.verb == "patch",
        ("events", "") => event.verb == "create" || event.verb == "patch",
        _ => false,
    };
    written.iter().filter(|event| !is_own(event)).collect()
}

#[cfg(test)]
mod tests {
    use k8s_openapi::jiff::Timestamp;

    use super::*;

    fn write(verb: &str, kind: (&str, &str), name: &str, manager: &str) -> AuditEvent {
        let (resource, subresource) = kind;
        AuditEvent {
            user: "an operator".to_owned(),
            verb: verb.to_owned(),
            resource: resource.to_owned(),
            subresource: subresource.to_owned(),
            namespace: "u".to_owned(),
            name: name.to_owned(),
            code: 200,
            request_uri: format!("/of/{name}?force=true&fieldManager={manager}"),
            received: Timestamp::UNIX_EPOCH,
            answered: Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn what_is_not_the_operators_is_told_from_what_is() {
        let secrets = BTreeSet::from(["acme-token".to_owned()]);
        let [secret, status] = [("secrets", ""), ("tracktikcredentials", "status")];
        let own = [
            write("patch", secret, "acme-token", MANAGERS[0]),
            write("patch", secret, "acme-token", MANAGERS[1]),
            write("patch", status, "acme", MANAGERS[0]),
            write("create", ("events", ""), "", ""),
        ];
        assert_eq!(foreign(&own, &secrets), Vec::<&AuditEvent>::new());
        let others = [
            write("patch", secret, "acme", MANAGERS[0]),
            write("patch", secret, "acme-token", "somebody"),
            write("delete", secret, "acme-token", MANAGERS[0]),
            write("patch", ("tracktikcredentials", ""), "acme", MANAGERS[0]),
            write("create", ("configmaps", ""), "acme", MANAGERS[0]),
        ];
        assert_eq!(foreign(&others, &secrets), others.iter().collect::<Vec<_>>());
    }
}
