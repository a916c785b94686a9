//! A Secret of which the metadata alone is looked at.

use std::borrow::Cow;

use k8s_openapi::{api::core::v1::Secret, apimachinery::pkg::apis::meta::v1::ObjectMeta};
use kube::Resource;
use serde::Deserialize;

use crate::object_meta::without_managed_fields;

/// A Secret without its data: by get, list, watch and patch none is asked for. What answers a delete may be the whole Secret,
/// of which nothing else is decoded.
#[derive(Clone, Debug, Deserialize)]
pub struct SecretObject {
    /// Its metadata, as far as that is read.
    #[serde(default, deserialize_with = "without_managed_fields")]
    pub metadata: ObjectMeta,
}

impl Resource for SecretObject {
    type DynamicType = ();
    type Scope = <Secret as Resource>::Scope;

    fn kind(dt: &()) -> Cow<'_, str> {
        Secret::kind(dt)
    }
    fn group(dt: &()) -> Cow<'_, str> {
        Secret::group(dt)
    }
    fn version(dt: &()) -> Cow<'_, str> {
        Secret::version(dt)
    }
    fn plural(dt: &()) -> Cow<'_, str> {
        Secret::plural(dt)
    }
    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }
    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
    /// Has the client ask for metadata alone.
    fn metadata_api() -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use std::{
        convert::Infallible,
        sync::{Arc, Mutex},
    };

    use http::{Request, Response, header::ACCEPT};
    use kube::{
        Api, Client,
        api::{ListParams, Patch, PatchParams, WatchParams},
        client::Body,
    };

    use super::*;

    #[tokio::test]
    async fn of_secrets_metadata_alone_is_asked_for() {
        let asked = Arc::new(Mutex::new(Vec::new()));
        let noted = Arc::clone(&asked);
        let service = tower::service_fn(move |request: Request<Body>| {
            let accept = request.headers()[ACCEPT].to_str().unwrap().to_owned();
            noted.lock().unwrap().push(accept);
            std::future::ready(Ok::<_, Infallible>(Response::new(Body::empty())))
        });
        let api: Api<SecretObject> = Api::namespaced(Client::new(service, "default"), "portal");
        let _ = api.get("acme").await;
        let _ = api.list(&ListParams::default()).await;
        let _ = api.watch(&WatchParams::default(), "0").await;
        let nothing = Patch::Merge(serde_json::json!({}));
        let _ = api.patch("acme", &PatchParams::default(), &nothing).await;
        let asked = asked.lock().unwrap();
        assert_eq!(asked.len(), 4);
        for accept in &*asked {
            let kind = accept.strip_prefix("application/json;as=").unwrap_or_default();
            assert!(kind.starts_with("PartialObjectMetadata"), "{accept}");
        }
    }
}
