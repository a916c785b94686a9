//! The name of the token Secret: whether it is free, or this credential's already.

use tracktik_operator::{
    cluster::ClusterError,
    secrets::ownership::{Mark, Ownership, conflict_message},
};

use super::{findings::Found, reach::Cluster, token_facts::whose};

/// How the name stands, seen from a credential; one that is not applied yet has no uid.
pub async fn look(cluster: &Cluster, secret: &str, me: &Mark) -> (Found, String) {
    let content = match cluster.secret(secret).await {
        Ok(content) => content,
        Err(ClusterError::NotFound) => return (Found::Ok, format!("the name {secret} is free")),
        Err(error) => {
            let why = cluster.call("get", "secrets", Some(secret)).refused(&error);
            return (Found::Untold, why);
        }
    };
    match whose(&content, me).1 {
        Ownership::Ours | Ownership::Orphan => (Found::Ok, format!("Secret {secret} is this credential's")),
        other => (Found::Wrong, conflict_message(secret, &other)),
    }
}
