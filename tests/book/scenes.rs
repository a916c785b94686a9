//! What happens to a program that reads tokens, from its start to its end.

use std::sync::Arc;

use crate::{
    mounted_secret::MountedSecret,
    reader_api::{Accepted, ReaderApi, Seen},
    running::Running,
};

/// What every token of the scenes begins with, and nothing else that a program may write.
const TOKEN: &str = "token-";

/// Lines enough for two rounds of the program that writes most.
const ROUNDS: usize = 6;

/// The API, what else listens, and the mount.
pub struct Stage {
    pub api: ReaderApi,
    /// Where no program has to go.
    elsewhere: ReaderApi,
    pub mounted: Arc<MountedSecret>,
}

impl Stage {
    pub async fn new() -> Self {
        Self {
            api: ReaderApi::start().await,
            elsewhere: ReaderApi::start().await,
            mounted: Arc::new(MountedSecret::without_token()),
        }
    }

    /// All scenes, one after the other: that a later one begins shows that the program has gone on.
    pub async fn play(&self, running: Running) {
        self.waits_for_the_file(&running).await;
        self.goes_on_over_every_change(&running).await;
        self.goes_on_over_every_answer(&running).await;
        self.goes_on_over_a_broken_file(&running).await;
        assert!(running.output().contains("data"), "answers are printed");
        for written in [running.output(), running.errors()] {
            assert!(!written.contains(TOKEN), "a token is written: {written}");
        }
        running.end().await;
    }

    async fn waits_for_the_file(&self, running: &Running) {
        running.complains(ROUNDS, "a missing file").await;
        for empty in ["", "\n"] {
            self.mounted.update(empty);
            running.complains(ROUNDS, "an empty file").await;
        }
        assert_eq!(self.api.count(), 0, "a call without a token");
        // As `echo` writes it.
        self.api.accept(&["token-1"]);
        self.mounted.update("token-1\n");
        let seen = self.api.seen_after(0, "a first call", accepted("token-1")).await;
        assert_eq!(seen[0].path, "/rest/v1/employees");
        assert_eq!(seen[0].token, "token-1");
    }

    async fn goes_on_over_every_change(&self, running: &Running) {
        let Self { api, mounted, .. } = self;
        let told = running.errors();

        // Renewed as by default: both are good, and the file changes.
        api.accept(&["token-1", "token-2"]);
        mounted.update("token-2");
        api.seen_after(0, "a call with the new token", accepted("token-2"))
            .await;

        // Revoked, and the file changes while the refused call is under way: repeated at once, and nobody is told of an error.
        let changing = Arc::clone(mounted);
        api.before_refusal(move || changing.update("token-3"));
        let count = api.count();
        api.accept(&["token-3"]);
        let seen = api.seen_after(count, "the call repeated", accepted("token-3")).await;
        let refused = seen.iter().filter(|one| !one.accepted).count();
        assert_eq!(refused, 1, "{seen:?}");
        assert_eq!(
            running.errors(),
            told,
            "a program has complained though each call came through"
        );

        // Refused for longer than one call: told of, and over with the next token.
        let count = api.count();
        api.accept(&[]);
        let refusals = |seen: &[Seen]| seen.iter().filter(|one| !one.accepted).count() >= 5;
        api.seen_after(count, "calls that are refused", refusals).await;
        assert_ne!(running.errors(), told, "refusals are told of");
        api.accept(&["token-4"]);
        mounted.update("token-4");
        api.seen_after(count, "a call with the last token", accepted("token-4"))
            .await;
    }

    async fn goes_on_over_every_answer(&self, running: &Running) {
        let rounds = |seen: &[Seen]| seen.len() >= 3;
        let redirect = format!("{}/elsewhere", self.elsewhere.url());
        // Who prints what it gets takes HTML as well.
        for (what, answer, complaints) in [
            ("HTML", Accepted::Html, 0),
            ("an answer that is cut off", Accepted::Cut, ROUNDS),
            ("a redirect", Accepted::Redirect(redirect), ROUNDS),
        ] {
            self.api.answer(answer);
            let count = self.api.count();
            self.api
                .seen_after(count, &format!("calls that are answered with {what}"), rounds)
                .await;
            running.complains(complaints, what).await;
        }
        assert!(
            !running.output().contains("cut"),
            "half an answer is taken for a whole one"
        );
        assert_eq!(self.elsewhere.count(), 0, "a redirect is followed");
        self.api.answer(Accepted::Json);
    }

    async fn goes_on_over_a_broken_file(&self, running: &Running) {
        // No header can hold it, and libraries quote it when they say so.
        self.mounted.update("token-5\ntoken-5");
        running.complains(ROUNDS, "a token in two lines").await;
        let count = self.api.count();
        self.api.accept(&["token-6"]);
        self.mounted.update("token-6");
        self.api
            .seen_after(count, "a call with a whole token", accepted("token-6"))
            .await;
    }
}

fn accepted(token: &'static str) -> impl Fn(&[Seen]) -> bool {
    move |seen| seen.iter().any(|one| one.accepted && one.token == token)
}
