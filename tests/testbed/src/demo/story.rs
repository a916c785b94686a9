//! The story, step by step. Each step does one thing to the cluster or to TrackTik, waits for what the operator makes
//! of it, and fails with a clear line if that does not come in its time.
//!
//! The reader uses the mounted token from the first step to the last. A step more is a function in [`super::steps`] and
//! a line in [`STEPS`]; if it makes the operator log in, the counts in [`super::tally`] want to know.

use std::time::{Duration, Instant};

use futures::future::BoxFuture;

use super::{Outcome, Problem, pod::Pod, stage::Stage, tally::Tally, terminal::Terminal, with_causes};

type Step = for<'s> fn(&'s mut Story<'_>) -> BoxFuture<'s, Outcome>;

/// In this order.
const STEPS: [(&str, Step); 7] = [
    ("a credential is applied", |story| Box::pin(story.issued())),
    ("the token is renewed before it expires", |story| {
        Box::pin(story.renewed())
    }),
    ("the password is changed", |story| Box::pin(story.password_changed())),
    ("somebody empties the token Secret", |story| Box::pin(story.emptied())),
    ("somebody writes a wrong password", |story| {
        Box::pin(story.wrong_password())
    }),
    ("the password is put right", |story| Box::pin(story.put_right())),
    ("the first token expires", |story| Box::pin(story.first_token_expires())),
];

/// How far the story has come.
pub struct Story<'a> {
    pub(super) stage: &'a Stage,
    /// From the first step on.
    pub(super) pod: Option<Pod>,
    pub(super) first_token: String,
    /// The one in the token Secret.
    pub(super) token: String,
    /// The one that is right at TrackTik.
    pub(super) password: String,
}

impl<'a> Story<'a> {
    /// Plays the whole story and counts.
    ///
    /// # Errors
    /// The first step that did not go as told.
    pub async fn play(stage: &'a Stage) -> Result<Tally, Problem> {
        let mut story = Self {
            stage,
            pod: None,
            first_token: String::new(),
            token: String::new(),
            password: stage.account.password.clone(),
        };
        for (number, (title, step)) in STEPS.iter().enumerate() {
            Terminal::heading(&format!("{}/{}: {title}", number + 1, STEPS.len()));
            step(&mut story).await.map_err(|problem| {
                let why = with_causes(problem.as_ref());
                format!("step {} ({title}): {why}", number + 1)
            })?;
        }
        let reader = match story.pod.take() {
            Some(pod) => pod.stop().await,
            None => return Err("no pod was started".into()),
        };
        Ok(Tally::new(&stage.simulator.counts(), &reader, &stage.operator.logs()))
    }

    /// Waits for the operator to put another token in place, and for the pod to have it.
    pub(super) async fn next_token(&mut self, what: &str, limit: Duration, since: Option<Instant>) -> Outcome {
        self.token = self.stage.token_after(&self.token, limit).await?;
        match since {
            Some(since) => self.tell("operator", what, since),
            None => self.stage.terminal.line("operator", what),
        }
        match &self.pod {
            Some(pod) => pod.holds(&self.token).await,
            None => Ok(()),
        }
    }

    pub(super) fn tell(&self, who: &str, what: &str, since: Instant) {
        let after = since.elapsed().as_secs_f64();
        self.stage.terminal.line(who, &format!("{what} ({after:.2} s later)"));
    }
}
