//! How an operator in this process learns of changes.

use tokio_util::sync::CancellationToken;
use tracktik_operator::{
    cluster::{
        Claim, Stores, fenced,
        lists::Lists,
        watches::{Wake, WatchContext, watch_credentials, watch_secrets},
    },
    health::Readiness,
};

use crate::api_server::ApiServer;

/// How it learns of them.
#[derive(Clone, Copy)]
pub enum Eyes {
    /// It is told at once, or when a test likes.
    Told,
    /// It watches these namespaces for itself, or all under `""`.
    Watches(&'static [&'static str]),
}

impl Eyes {
    /// The client of an operator that has just started, and the stores that are filled for it.
    pub fn open(
        self,
        api: &ApiServer,
        wake: Wake,
        claim: &Claim,
        readiness: &Readiness,
        shutdown: &CancellationToken,
    ) -> (kube::Client, Stores) {
        match self {
            Self::Told => (api.client(), api.watched(&wake)),
            Self::Watches(scopes) => {
                let client = fenced(api.client(), claim.clone());
                let stores = watches(&client, scopes, wake, readiness, shutdown);
                (client, stores)
            }
        }
    }
}

/// Stores that the operator's own watches of these namespaces fill.
fn watches(
    client: &kube::Client,
    scopes: &[&str],
    wake: Wake,
    readiness: &Readiness,
    shutdown: &CancellationToken,
) -> Stores {
    let stores = Stores::default();
    let context = WatchContext {
        stores: stores.clone(),
        wake,
        lists: Lists::default(),
        selector: None,
        shutdown: shutdown.clone(),
    };
    for scope in scopes {
        stores.expect_credentials(scope);
        let items = ["credentials", "Secrets"].map(|kind| readiness.item(format!("{kind}{scope}")));
        let [credentials, secrets] = items;
        let scope = || (*scope).to_owned();
        tokio::spawn(watch_credentials(client.clone(), scope(), context.clone(), credentials));
        tokio::spawn(watch_secrets(client.clone(), scope(), context.clone(), secrets));
    }
    stores
}
