//! What comes of it, for a test to wait for: a credential's status, and its token.

use std::time::{Duration, Instant};

use serde_json::Value;

use super::Scene;

/// The longest that anything is waited for, unless a test says otherwise. Generous: a build may run beside the tests.
pub const PATIENCE: Duration = Duration::from_secs(30);

impl Scene {
    /// Waits until the token Secret of the credential `acme` has these keys and no others.
    pub async fn keys_are(&self, expected: &[&str]) {
        eventually(PATIENCE, || async {
            let secret = self.secrets().get("acme-token").await.unwrap();
            let keys: Vec<String> = secret.data.unwrap_or_default().into_keys().collect();
            if keys == expected {
                Ok(())
            } else {
                Err(format!("{keys:?}"))
            }
        })
        .await;
    }

    /// Waits until a token request is being answered.
    pub async fn in_flight(&self) {
        eventually(PATIENCE, || async {
            match self.simulator.counts().in_flight {
                0 => Err("no token request is in flight".to_owned()),
                _ => Ok(()),
            }
        })
        .await;
    }

    /// A credential's status as it stands.
    pub async fn status(&self, name: &str) -> Status {
        let object = self.credentials().get(name).await.unwrap();
        Status(object.data["status"].clone())
    }

    /// Waits for a status.
    pub async fn status_that(&self, name: &str, what: &str, holds: impl Fn(&Status) -> bool) -> Status {
        eventually(PATIENCE, || async {
            let status = self.status(name).await;
            if holds(&status) {
                Ok(status)
            } else {
                Err(format!("{what}: {name} is {}", status.0))
            }
        })
        .await
    }

    pub async fn ready(&self, name: &str) -> Status {
        self.status_that(name, "ready", |status| status.ready() == "True").await
    }

    /// Waits for `Ready=False` for this reason.
    pub async fn not_ready(&self, name: &str, reason: &str) -> Status {
        let holds = |status: &Status| status.ready() == "False" && status.reason("Ready") == reason;
        self.status_that(name, reason, holds).await
    }

    /// Waits until the next renewal is off for this reason.
    pub async fn renewal_off(&self, name: &str, reason: &str) -> Status {
        let off = |status: &Status| status.is("Renewed") == "False" && status.reason("Renewed") == reason;
        self.status_that(name, &format!("not renewed: {reason}"), off).await
    }

    /// Waits until nothing is wrong with the latest renewal or the next.
    pub async fn renewed(&self, name: &str) -> Status {
        self.status_that(name, "renewed", |status| status.is("Renewed") == "True")
            .await
    }

    /// Has the operator look at a credential, and waits until it has said that it did.
    pub async fn looked_at_again(&self, name: &str) -> Status {
        let stamp = format!("{:?}", Instant::now());
        self.annotate(name, "reconcile.fluxcd.io/requestedAt", &stamp).await;
        self.status_that(name, "looked at again", |status| {
            status.0["lastHandledReconcileAt"] == stamp.as_str()
        })
        .await
    }

    /// A key of a Secret; nothing where either does not exist.
    pub async fn value(&self, secret: &str, key: &str) -> Option<String> {
        let found = self.secrets().get_opt(secret).await.unwrap()?;
        let bytes = found.data?.remove(key)?;
        Some(String::from_utf8(bytes.0).unwrap())
    }

    /// The access token of a credential, which must be there.
    pub async fn token(&self, name: &str) -> String {
        self.value(&format!("{name}-token"), "access_token")
            .await
            .expect("an access token")
    }

    /// Waits until a credential's token is another than this.
    pub async fn token_after(&self, name: &str, before: &str) -> String {
        let secret = format!("{name}-token");
        eventually(PATIENCE, || async {
            match self.value(&secret, "access_token").await {
                Some(token) if token != before => Ok(token),
                _ => Err(format!("still the old token of {name}: {}", self.status(name).await.0)),
            }
        })
        .await
    }

    /// Asks for a rotation by this value, and waits for the token after `before` and for the echo of the value.
    pub async fn rotated(&self, name: &str, value: &str, before: &str) -> String {
        self.annotate(name, "tracktik-operator.io/rotate", value).await;
        let token = self.token_after(name, before).await;
        self.status_that(name, "rotated", |status| status.0["lastHandledRotate"] == value)
            .await;
        token
    }
}

/// A status, and what tests ask of it.
pub struct Status(pub Value);

impl Status {
    pub fn condition(&self, of: &str) -> &Value {
        let conditions = self.0["conditions"].as_array().map(Vec::as_slice).unwrap_or_default();
        conditions
            .iter()
            .find(|condition| condition["type"] == of)
            .unwrap_or(&Value::Null)
    }

    fn text(&self, of: &str, field: &str) -> &str {
        self.condition(of)[field].as_str().unwrap_or_default()
    }

    pub fn ready(&self) -> &str {
        self.text("Ready", "status")
    }

    pub fn is(&self, of: &str) -> &str {
        self.text(of, "status")
    }

    pub fn reason(&self, of: &str) -> &str {
        self.text(of, "reason")
    }

    pub fn message(&self, of: &str) -> &str {
        self.text(of, "message")
    }

    /// Ready, and nothing is wrong with the latest renewal or the next.
    pub fn assert_well(&self) {
        assert_eq!((self.ready(), self.is("Renewed")), ("True", "True"), "{}", self.0);
    }
}

/// Asks until the answer is `Ok`; fails with the last `Err` after `limit`.
pub async fn eventually<T, F: Future<Output = Result<T, String>>>(limit: Duration, mut ask: impl FnMut() -> F) -> T {
    let began = Instant::now();
    let mut ticks = tokio::time::interval(Duration::from_millis(20));
    loop {
        ticks.tick().await;
        match ask().await {
            Ok(answer) => return answer,
            Err(why) if began.elapsed() > limit => panic!("not within {limit:?}: {why}"),
            Err(_) => {}
        }
    }
}
