//! The objects that a platform team would apply, and where they are.

use k8s_openapi::ByteString;
use kube::Client;
use serde_json::{Value, json};
use testbed::simulator::Account;

use crate::{
    Outcome,
    api_server::{AT_ONCE, create, for_each},
    token_endpoint::TokenEndpoint,
};

/// The path of the Secrets of a namespace.
pub fn secrets(namespace: &str) -> String {
    format!("/api/v1/namespaces/{namespace}/secrets")
}

/// The path of the credentials of a namespace.
pub fn credentials(namespace: &str) -> String {
    format!("/apis/tracktik-operator.io/v1alpha1/namespaces/{namespace}/tracktikcredentials")
}

/// A credential and its source have one name.
pub fn name(number: usize) -> String {
    format!("credential-{number:05}")
}

/// Each has an account of its own.
pub fn account(namespace: &str, number: usize) -> Account {
    Account {
        client_id: "0123456789abcdef01234567".to_owned(),
        client_secret: "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef".to_owned(),
        username: format!("api.{}@{namespace}.example", name(number)),
        password: format!("password of {number}"),
    }
}

/// The source Secret of a credential.
pub fn source(name: &str, account: &Account) -> Value {
    let base64 = |text: &str| ByteString(text.as_bytes().to_vec());
    json!({
        "apiVersion": "v1", "kind": "Secret", "metadata": { "name": name },
        "data": {
            "client_id": base64(&account.client_id), "client_secret": base64(&account.client_secret),
            "username": base64(&account.username), "password": base64(&account.password),
        },
    })
}

/// A credential in its everyday form.
pub fn credential(name: &str, domain: &str) -> Value {
    json!({
        "apiVersion": "tracktik-operator.io/v1alpha1", "kind": "TrackTikCredential", "metadata": { "name": name },
        "spec": { "domain": domain, "credentials": { "secretRef": { "name": name } } },
    })
}

/// Creates a namespace, and in it so many sources and credentials, over so many hosts in turns.
pub async fn populate(
    client: &Client,
    endpoint: &TokenEndpoint,
    namespace: &'static str,
    count: usize,
    hosts: usize,
) -> Outcome {
    create_namespace(client, namespace).await?;
    let (client, endpoint) = (client.clone(), endpoint.clone());
    for_each(count, AT_ONCE / 2, move |number| {
        let (client, endpoint) = (client.clone(), endpoint.clone());
        async move {
            let (name, account) = (name(number), account(namespace, number));
            endpoint.add_account(&account).await?;
            create(&client, &secrets(namespace), &source(&name, &account)).await?;
            let credential = credential(&name, &endpoint.domain(number % hosts));
            create(&client, &credentials(namespace), &credential).await?;
            Ok(())
        }
    })
    .await
}

/// Creates a namespace.
pub async fn create_namespace(client: &Client, namespace: &str) -> Outcome {
    let object = json!({ "apiVersion": "v1", "kind": "Namespace", "metadata": { "name": namespace } });
    create(client, "/api/v1/namespaces", &object).await?;
    Ok(())
}

/// Deletes what [`populate`] has made, and what came of it.
pub async fn clear(client: &Client, namespace: &str) -> Outcome {
    for path in [credentials(namespace), secrets(namespace)] {
        crate::api_server::send(client, http::Method::DELETE, &path, "", Vec::new()).await?;
    }
    Ok(())
}
