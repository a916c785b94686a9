//! One credential of a round: whose it is, and by which grant its tokens come.

use serde_json::json;

use crate::{
    canaries::Login,
    servers::{Backend, Endpoints, Granted},
    sight::Sight,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Grant {
    Password,
    Refresh,
}

impl Grant {
    pub const ALL: [Self; 2] = [Self::Password, Self::Refresh];
}

pub struct Subject {
    pub name: String,
    pub backend: Backend,
    pub grant: Grant,
    pub login: Login,
}

impl Subject {
    /// One of each grant at each server. More, and those hit at once would fill the half of the operator's login budget
    /// that is for credentials not known to work, and wait for each other.
    pub fn all(namespace: &str) -> Vec<Self> {
        let of = |backend: Backend, grant: Grant| {
            let name = format!("{}-{grant:?}", backend.name()).to_lowercase();
            Self {
                login: Login::new(&format!("{name} of {namespace}")),
                name,
                backend,
                grant,
            }
        };
        let backends = Backend::ALL.into_iter();
        backends
            .flat_map(|backend| Grant::ALL.map(|grant| of(backend, grant)))
            .collect()
    }

    pub fn token_secret(&self) -> String {
        format!("{}-token", self.name)
    }

    pub async fn create(&self, at: &Endpoints<'_>) {
        at.add_account(self.backend, self.login.account()).await;
        at.scene.secret(&self.name, &self.login.data()).await;
        let grant = format!("{:?}", self.grant);
        let spec = json!({ "domain": at.domain(self.backend), "renewal": { "grant": grant } });
        at.scene.credential(&self.name, spec).await;
    }

    pub async fn granted(&self, at: &Endpoints<'_>) -> Granted {
        at.granted_to(self.backend, &self.login.username).await
    }

    /// Whether the token in place is this subject's, and its server takes it.
    pub async fn has_live_token(&self, at: &Endpoints<'_>, seen: &Sight) -> bool {
        match &seen.token {
            Some(token) => at.owner_of(self.backend, token).await.as_ref() == Some(&self.login.username),
            None => false,
        }
    }
}
