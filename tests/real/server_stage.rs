//! A scene with an OAuth server that none of us wrote, and what a test asks of both.

use std::time::{Duration, Instant};

use serde_json::json;
use testbed::{
    account::Account,
    oauth_servers::{Kind, OAuthServer, UserCounts},
    operator::Operator,
};

use crate::{left_behind::leaves_none_of, scene::Scene, secrets::Secrets, server_proxy::ServerProxy};

/// What a change in the cluster may take to show. The promise is 2 s; a build may run beside the tests.
const SOON: Duration = Duration::from_secs(5);

pub struct Stage {
    pub scene: Scene,
    pub server: OAuthServer,
    pub operator: Operator,
    /// Where the operator finds the server.
    domain: String,
}

async fn parts(kind: Kind, name: &str, token_life: Duration) -> (Scene, OAuthServer) {
    let scene = Scene::new(&format!("{name}-{kind:?}").to_lowercase()).await;
    let seconds = u32::try_from(token_life.as_secs()).unwrap();
    let server = OAuthServer::start(kind, scene.authority(), seconds).await.unwrap();
    (scene, server)
}

impl Stage {
    pub async fn new(kind: Kind, name: &str, token_life: Duration) -> Self {
        let (scene, server) = parts(kind, name, token_life).await;
        let domain = server.domain();
        Self::of(scene, server, domain).await
    }

    /// One whose operator knows the server by a proxy before it.
    pub async fn behind_a_proxy(kind: Kind, name: &str, token_life: Duration) -> (Self, ServerProxy) {
        let (scene, server) = parts(kind, name, token_life).await;
        let proxy = ServerProxy::before(&server.domain(), scene.authority()).await;
        (Self::of(scene, server, proxy.domain().to_owned()).await, proxy)
    }

    async fn of(scene: Scene, server: OAuthServer, domain: String) -> Self {
        let operator = scene.operator().args(["--allowed-domain", &domain]);
        let operator = operator.start(scene.plane).await.unwrap();
        Self {
            scene,
            server,
            operator,
            domain,
        }
    }

    /// An account at the server, and what it is given; the credential is made with what the Secret says.
    pub async fn credential(&self, name: &str, wrong: impl FnOnce(&mut Account)) -> Account {
        let account = Account {
            client_id: format!("client of {name}"),
            // Whatever is not encoded properly is a wrong secret.
            client_secret: format!("s&e=c+r%65 t/{name}"),
            username: format!("api+{name}@example.com"),
            password: format!("p ä&ss+w%72d=\"{name}"),
        };
        self.server.add_account(&account).await.unwrap();
        let mut sent = account.clone();
        wrong(&mut sent);
        self.scene.source(name, &sent).await;
        self.scene.credential(name, json!({ "domain": self.domain })).await;
        account
    }

    /// Waits for a token after this one, and makes sure that it is the user's.
    pub async fn token_after(&self, name: &str, before: &str, account: &Account) -> String {
        let token = self.scene.token_after(name, before).await;
        self.belongs(&token, account).await;
        token
    }

    pub async fn belongs(&self, token: &str, account: &Account) {
        let user = self.server.whoami(token).await.unwrap();
        assert_eq!(user.as_deref(), Some(account.username.as_str()));
    }

    /// At the end of a test: neither a value of this account, the only one, is anywhere, nor a token that was granted
    /// for it, lost ones included.
    pub async fn leaves_nothing(&self, account: &Account) {
        let mut secrets = Secrets::default();
        secrets.account(account);
        let (logins, _, refreshes) = self.given().await;
        let granted = self.server.granted(&account.username).await.unwrap();
        let both = 2 * usize::try_from(logins + refreshes).unwrap();
        assert_eq!(granted.len(), both, "an access token and a refresh token of each grant");
        for token in granted {
            secrets.add("a token of the server's", token);
        }
        leaves_none_of(secrets, &self.scene, &self.operator).await;
    }

    pub async fn counts(&self, account: &Account) -> (u64, u64) {
        let mut counts = self.server.counts().await.unwrap();
        assert_eq!(counts.refreshes, 0);
        let UserCounts { logins, refused, .. } = counts.by_username.remove(&account.username).unwrap_or_default();
        (logins, refused)
    }

    /// Waits for Ready after a change, which must not take long.
    pub async fn soon_ready(&self, name: &str, began: Instant) {
        self.scene.ready(name).await;
        let took = began.elapsed();
        assert!(took < SOON, "{name} was ready only after {took:?}");
    }
}
