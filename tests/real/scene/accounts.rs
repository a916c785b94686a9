//! Accounts at the simulated TrackTik, and the source Secrets that hold them.

use serde_json::json;
use sha2::{Digest, Sha256};
use testbed::simulator::Account;

use super::Scene;

/// A secret value of its own for each name, of which no part stands in a log by chance: in none is the name.
fn value(name: &str) -> String {
    let digest = Sha256::digest(name);
    digest
        .iter()
        .fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

impl Scene {
    /// An account at TrackTik, and the Secret of that name that holds it.
    pub async fn account(&self, name: &str) -> Account {
        let account = Account {
            client_id: format!("client-{name}"),
            client_secret: value(&format!("client secret of {name}")),
            username: format!("api.{name}@{}.example", self.namespace),
            password: value(&format!("password of {name}")),
        };
        self.simulator.add_account(account.clone());
        self.source(name, &account).await;
        account
    }

    /// As [`Self::everyday`], with a source that holds this password, while TrackTik has another.
    pub async fn with_password(&self, name: &str, password: &str) -> Account {
        let account = self.account(name).await;
        self.source_with_password(name, &account, password).await;
        self.credential(name, json!({})).await;
        account
    }

    /// The source Secret of an account, but for its password.
    pub async fn source_with_password(&self, name: &str, account: &Account, password: &str) {
        let password = password.to_owned();
        let account = account.clone();
        self.source(name, &Account { password, ..account }).await;
    }

    pub async fn source(&self, name: &str, account: &Account) {
        self.secret(
            name,
            &[
                ("client_id", &account.client_id),
                ("client_secret", &account.client_secret),
                ("username", &account.username),
                ("password", &account.password),
            ],
        )
        .await;
    }

    /// The everyday form: account, source Secret and credential of one name.
    pub async fn everyday(&self, name: &str) -> Account {
        let account = self.account(name).await;
        self.credential(name, json!({})).await;
        account
    }
}
