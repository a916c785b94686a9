//! Whether the lists that the work begins with would be let through: asked by a follower, which watches nothing yet.

use std::time::Duration;

use kube::{Api, Client, api::ListParams};

use super::{
    CredentialObject,
    deadline::deadline,
    secret_object::SecretObject,
    watched::{Watched, place, scoped, why_failing},
};
use crate::health::ReadinessItem;

/// After a refusal it is tried again after this time: rights may be given at any moment.
const AGAIN: Duration = Duration::from_secs(10);

/// Lists one credential of a namespace, or of all under `""`, until that is let through once.
pub async fn try_credentials(client: Client, namespace: String, selector: Option<String>, item: ReadinessItem) {
    let params = ListParams {
        label_selector: selector,
        ..ListParams::default()
    };
    until_let_through(
        scoped::<CredentialObject>(client, &namespace),
        params,
        &namespace,
        &item,
    )
    .await;
}

/// Lists the metadata of one Secret of a namespace, or of all under `""`, until that is let through once.
pub async fn try_secrets(client: Client, namespace: String, item: ReadinessItem) {
    let api = scoped::<SecretObject>(client, &namespace);
    until_let_through(api, ListParams::default(), &namespace, &item).await;
}

async fn until_let_through<K: Watched>(api: Api<K>, params: ListParams, namespace: &str, item: &ReadinessItem) {
    let params = params.limit(1);
    let mut told = false;
    while let Err(error) = deadline(api.list(&params)).await {
        let why = why_failing::<K>(&error);
        if !std::mem::replace(&mut told, true) {
            tracing::warn!(
                resource = K::NAME,
                place = place(namespace),
                why,
                "cannot be listed yet"
            );
        }
        item.missing(why);
        tokio::time::sleep(AGAIN).await;
    }
    item.ready();
}
