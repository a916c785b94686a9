//! What each step of the [story](super::story) does, and what must come of it.

use std::time::{Duration, Instant};

use kube::api::Patch;
use serde_json::{Value, json};
use tokio::time::{interval, sleep_until, timeout};

use super::{
    Outcome,
    pod::Pod,
    stage::{CREDENTIAL, SOURCE, TOKEN_SECRET},
    story::Story,
    watching::condition,
};

/// How long the operator may take to react; it needs a fraction of a second.
const REACTION: Duration = Duration::from_secs(15);
/// A token of two minutes is renewed after 54 to 60 s.
const RENEWAL: Duration = Duration::from_secs(75);
/// How long the wrong password stands; a renewal that came due meanwhile would have to wait for it to be put right.
const WRONG_STANDS: Duration = Duration::from_secs(15);
/// The first token dies two minutes after its issue.
const EXPIRY: Duration = Duration::from_secs(130);

impl Story<'_> {
    pub(super) async fn issued(&mut self) -> Outcome {
        let stage = self.stage;
        let applied = Instant::now();
        stage.apply_example().await?;
        stage.terminal.line(
            "you",
            "apply examples/everyday.yaml, with the simulated domain and its account",
        );
        let ready = |status: &Value| condition(status, "Ready")["status"] == "True";
        stage.status_that("Ready", REACTION, ready).await?;
        self.token = stage.token_after("", REACTION).await?;
        self.first_token.clone_from(&self.token);
        self.tell(
            "operator",
            &format!("logged in; the token is in the Secret {TOKEN_SECRET}"),
            applied,
        );
        stage.show("get ttc").await?;
        let pod = Pod::start(stage.secrets(), TOKEN_SECRET, stage.reader_config(), stage.terminal).await?;
        stage.terminal.line(
            "pod",
            "mounts it, synced every 5 s; a reader uses the file ten times a second",
        );
        self.pod = Some(pod);
        Ok(())
    }

    pub(super) async fn renewed(&mut self) -> Outcome {
        let status = self.stage.status_that("a time of renewal", REACTION, |status| {
            status["renewalTime"].is_string()
        });
        let status = status.await?;
        let (expires, renews) = (time_of(&status["expirationTime"]), time_of(&status["renewalTime"]));
        let plan = format!("the token expires at {expires}; the renewal is due at {renews}, in a minute");
        self.stage.terminal.line("operator", &plan);
        self.next_token("renewed the token on schedule", RENEWAL, None).await?;
        self.stage.show("get ttc").await
    }

    pub(super) async fn password_changed(&mut self) -> Outcome {
        self.change_at_tracktik("the second password")?;
        self.stage.terminal.line(
            "you",
            "change the password at TrackTik; the token in place goes on working",
        );
        let written = Instant::now();
        self.stage.write_password(&self.password).await?;
        self.stage
            .terminal
            .line("you", &format!("write the new password into the Secret {SOURCE}"));
        self.next_token("picked it up and logged in", REACTION, Some(written))
            .await
    }

    pub(super) async fn emptied(&mut self) -> Outcome {
        // A pod that syncs while the Secret is empty has no token, whoever restores it how fast; a real one syncs once
        // in 60 to 90 s. Right after a sync this cannot happen, and the figures do not depend on luck.
        if let Some(pod) = &self.pod {
            pod.next_sync().await?;
        }
        let patched = Instant::now();
        let patch = Patch::Merge(json!({ "data": null }));
        self.stage.patch(&self.stage.secrets(), TOKEN_SECRET, &patch).await?;
        self.stage
            .terminal
            .line("you", &format!("remove all data from the Secret {TOKEN_SECRET}"));
        self.next_token("restored it, with a new token", REACTION, Some(patched))
            .await
    }

    pub(super) async fn wrong_password(&mut self) -> Outcome {
        let stage = self.stage;
        let stands_until = Instant::now() + WRONG_STANDS;
        let attempts = || stage.simulator.counts().token_requests;
        let before = attempts();
        let written = Instant::now();
        stage.write_password("a typing mistake").await?;
        stage
            .terminal
            .line("you", &format!("write a wrong password into the Secret {SOURCE}"));
        let rejected = |status: &Value| {
            let ready = condition(status, "Ready");
            ready["status"] == "False" && ready["reason"] == "CredentialsRejected"
        };
        let status = stage
            .status_that("Ready=False CredentialsRejected", WRONG_STANDS, rejected)
            .await?;
        self.tell(
            "operator",
            "tried it once, and was refused; the token in place stays",
            written,
        );
        let message = condition(&status, "Ready")["message"].as_str().unwrap_or_default();
        stage.terminal.line("status", message);
        stage.show("get ttc").await?;
        stage.event_of("CredentialsRejected", REACTION).await?;

        let asked = "1";
        let annotations = json!({ "reconcile.fluxcd.io/requestedAt": asked });
        let patch = Patch::Merge(json!({ "metadata": { "annotations": annotations } }));
        stage.patch(&stage.credentials(), CREDENTIAL, &patch).await?;
        let looked = |status: &Value| status["lastHandledReconcileAt"] == asked;
        stage.status_that("an answer to requestedAt", REACTION, looked).await?;
        stage.terminal.line(
            "operator",
            "asked by reconcile.fluxcd.io/requestedAt to look again: it looks, and does not try, since the values \
             are those that were refused",
        );
        // Nothing happens: that takes time to see.
        sleep_until(stands_until.into()).await;
        let tried = attempts() - before;
        if tried != 1 {
            return Err(format!("the wrong password was tried {tried} times").into());
        }
        let told = format!(
            "one request in the {} s that the wrong password stood",
            WRONG_STANDS.as_secs()
        );
        stage.terminal.line("tracktik", &told);
        Ok(())
    }

    pub(super) async fn put_right(&mut self) -> Outcome {
        let written = Instant::now();
        self.stage.write_password(&self.password).await?;
        self.stage.terminal.line("you", "write the right password again");
        self.next_token("logged in at once", REACTION, Some(written)).await?;
        let ready = |status: &Value| condition(status, "Ready")["status"] == "True";
        self.stage.status_that("Ready", REACTION, ready).await?;
        self.stage.show("get ttc").await
    }

    pub(super) async fn first_token_expires(&mut self) -> Outcome {
        let simulator = &self.stage.simulator;
        self.stage
            .terminal
            .line("reader", "goes on until the token of step 1 is dead");
        let dead = async {
            let mut ticks = interval(Duration::from_millis(200));
            while simulator.valid(&self.first_token) {
                ticks.tick().await;
            }
        };
        if timeout(EXPIRY, dead).await.is_err() {
            return Err("the first token is still good".into());
        }
        if let Some(pod) = &self.pod {
            // One more sync, and requests before and after it.
            pod.next_sync().await?;
            let counts = pod.counts();
            let told = format!(
                "the first token is dead; {} requests, {} failed",
                counts.requests, counts.failures
            );
            self.stage.terminal.line("reader", &told);
        }
        Ok(())
    }

    fn change_at_tracktik(&mut self, password: &str) -> Outcome {
        let username = &self.stage.account.username;
        if !self.stage.simulator.change_password(username, password) {
            return Err(format!("the simulator does not know {username}").into());
        }
        password.clone_into(&mut self.password);
        Ok(())
    }
}

/// Of `2026-11-23T21:10:00Z` the time of day.
fn time_of(value: &Value) -> &str {
    value.as_str().and_then(|text| text.get(11..19)).unwrap_or("?")
}
