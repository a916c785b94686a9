//! A model of everything around the pure core: it carries out each step, remembers what the process remembers, loses it
//! at a restart, and counts the token requests.

use std::sync::Arc;

use tracktik_operator::{
    api::{Grant, Moment, Reason, Span},
    rotation::{
        Because, Decision, Observation, Step,
        anchor::AnchorsKept,
        backoff::Pace,
        decide,
        decide::now_stands,
        failure_record::{self, Setback},
        gate::{Wait, Waiting, WaitsFor},
        observation::{Content, Held, Issue, OurTarget, Sources, Target},
        session::RefreshToken,
    },
};

use crate::arbitrary::START;

/// A token request that was sent.
#[derive(Clone, Copy, Debug)]
pub struct Post {
    /// Time since the start as a stopwatch shows it, whatever the clock shows.
    pub at: Span,
    pub grant: Grant,
    /// Whether the failure record still asked to wait.
    pub early: bool,
    pub because: Because,
}

/// What the token endpoint does.
#[derive(Clone, Debug)]
pub enum Endpoint {
    Grants,
    Fails(Setback),
    /// The process dies right after it has announced and sent a request, and is started again.
    Kills,
}

/// One credential, with a process that keeps it.
pub struct Life {
    pub seen: Observation,
    pub clock: Moment,
    pub stopwatch: Span,
    pub lifetime: Span,
    pub endpoint: Endpoint,
    pub posts: Vec<Post>,
    anchors: AnchorsKept,
}

/// Waits at the gate, for this.
pub fn waiting(since: Moment, what: WaitsFor, until: Option<Moment>) -> Waiting {
    let wait = Wait { what, until };
    Waiting { since, wait }
}

/// Wrong password.
pub fn rejected() -> Setback {
    Setback {
        reason: Reason::CredentialsRejected,
        message: "acme.staffr.net refused the username or password".to_owned(),
        pace: Pace::Rejection,
        may_have_sent: true,
        retry_after: None,
    }
}

/// A server error.
pub fn unavailable() -> Setback {
    Setback {
        reason: Reason::EndpointUnavailable,
        message: "acme.staffr.net answered with a server error (503)".to_owned(),
        pace: Pace::Unavailable { bytes_sent: true },
        may_have_sent: true,
        retry_after: None,
    }
}

/// A credential nobody has looked at.
pub fn new_credential() -> Observation {
    Observation {
        uid: "6f3c".to_owned(),
        identity: "acme".to_owned(),
        layout: "plain".to_owned(),
        sources: Sources {
            versions: vec!["account@1/7".to_owned()],
            problem: None,
        },
        ..Observation::default()
    }
}

impl Life {
    pub fn new(endpoint: Endpoint) -> Self {
        Self {
            seen: new_credential(),
            clock: START,
            stopwatch: Span::ZERO,
            lifetime: Span::hours(1),
            endpoint,
            posts: Vec::new(),
            anchors: AnchorsKept::default(),
        }
    }

    /// Lets the world go on for that long.
    pub fn run(&mut self, length: Span) {
        let end = self.stopwatch + length;
        while self.stopwatch < end {
            let decision = self.settle();
            assert!(decision.until > self.clock, "{decision:?} at {}", self.clock);
            let sleep = (decision.until - self.clock).max(Span::millis(1));
            self.pass(sleep.min(end - self.stopwatch));
        }
    }

    /// Acts until there is nothing to do now.
    pub fn settle(&mut self) -> Decision {
        for _ in 0..12 {
            let decision = self.look();
            if decision.step == Step::Wait {
                return decision;
            }
            self.act(&decision);
        }
        panic!("no end of acting: {:?}", self.look());
    }

    /// One look, and one act.
    pub fn step(&mut self) {
        let decision = self.look();
        self.act(&decision);
    }

    pub fn look(&mut self) -> Decision {
        self.gather();
        decide(&self.seen, self.clock)
    }

    pub fn pass(&mut self, span: Span) {
        self.clock = self.clock + span;
        self.stopwatch = self.stopwatch + span;
    }

    /// The process ends and another begins: what is not in the cluster is lost.
    pub fn restart(&mut self) {
        self.seen.held = None;
        self.seen.recent_grants.clear();
        self.seen.latest_issued = self.seen.issue().map(|issue| issue.issued_at);
        self.anchors = AnchorsKept::default();
        if let Target::Ours(ours) = &mut self.seen.target {
            ours.content = Content::Unverified;
        }
        self.pass(Span::seconds(2));
    }

    /// As the gatherer does: anchors, and what is outdated.
    fn gather(&mut self) {
        let (seen, now) = (&mut self.seen, self.clock);
        seen.anchors = self.anchors.look(seen, now, Moment::default() + self.stopwatch);
        let half = |held: &Held| held.issue.issued_at + held.issue.lifetime().divided_by(2);
        seen.held = seen.held.take().filter(|held| now <= half(held));
        seen.recent_grants.retain(|at| *at + Span::minutes(10) > now);
    }

    fn act(&mut self, decision: &Decision) {
        match decision.step.grant() {
            Some(grant) => self.request(grant, decision.because),
            None => done(&mut self.seen, &decision.step),
        }
    }

    fn request(&mut self, grant: Grant, because: Because) {
        if grant == Grant::Refresh {
            let ours = ours(&mut self.seen);
            assert_eq!(ours.refresh_token, RefreshToken::Unused, "never sent twice");
            ours.refresh_token = RefreshToken::Tried;
        }
        let stands = now_stands(&self.seen);
        let id = format!("issue-{}", self.posts.len());
        self.posts.push(Post {
            at: self.stopwatch,
            grant,
            early: failure_record::folded(&self.seen.failure).next_attempt_time > Some(self.clock),
            because,
        });
        let issued_at = self.clock.whole_second();
        let announced = failure_record::announcing(&self.seen.failure, stands.clone(), &id, self.clock);
        self.seen.failure = announced;
        if stands.rotate.is_some() {
            self.seen.handled_rotate.clone_from(&stands.rotate);
        }
        if because != Because::Due {
            self.seen.recent_grants.push(issued_at);
        }
        self.pass(Span::millis(700));
        let endpoint = match self.endpoint.clone() {
            // As the token endpoint's room reads such an answer.
            Endpoint::Grants if self.lifetime < Span::seconds(30) => Endpoint::Fails(Setback {
                reason: Reason::EndpointMisbehaved,
                message: "acme.staffr.net answered with a token that lives for less than 30 s".to_owned(),
                pace: Pace::Misbehaviour,
                may_have_sent: true,
                retry_after: None,
            }),
            other => other,
        };
        match endpoint {
            Endpoint::Kills => self.restart(),
            Endpoint::Grants => granted(&mut self.seen, &id, issued_at, self.lifetime, self.clock),
            Endpoint::Fails(setback) => {
                let before = failure_record::folded_unless(&self.seen.failure, &id);
                self.seen.failure =
                    failure_record::after_failure(&before, &self.seen.uid, stands, &setback, self.clock);
            }
        }
    }

    /// The shortest time in which so many token requests were made.
    pub fn shortest_time_of(&self, posts: usize) -> Option<Span> {
        let spans = self.posts.windows(posts);
        spans.map(|some| some[posts - 1].at - some[0].at).min()
    }

    /// Time between each two token requests.
    pub fn gaps(&self) -> Vec<Span> {
        self.posts.windows(2).map(|pair| pair[1].at - pair[0].at).collect()
    }
}

/// A grant that succeeded: its tokens are held.
pub fn granted(seen: &mut Observation, id: &str, issued_at: Moment, lifetime: Span, now: Moment) {
    let stands = now_stands(seen);
    seen.failure = failure_record::after_success(&seen.failure, now);
    seen.handled_rotate = stands.rotate.or(seen.handled_rotate.take());
    seen.latest_issued = Some(issued_at);
    seen.held = Some(Held {
        issue: Issue {
            issue_id: id.to_owned(),
            issued_at,
            expires_at: issued_at + lifetime,
            identity: stands.identity,
            sources: stands.sources,
            refreshable: true,
            ..Issue::default()
        },
        not_before: issued_at,
    });
}

/// Carries out a step that is no login, perfectly.
pub fn done(seen: &mut Observation, step: &Step) {
    match step {
        Step::Wait | Step::Login | Step::Refresh => {}
        Step::MarkTried => ours(seen).refresh_token = RefreshToken::Tried,
        Step::StoreHeld => {
            let held = seen.held.take().unwrap();
            let issue = Issue {
                layout: seen.layout.clone(),
                ..held.issue
            };
            // Of the issue before.
            seen.anchors.issue = None;
            seen.trouble = None;
            seen.target = Target::Ours(Box::new(OurTarget {
                issue: Some(Arc::new(issue)),
                refresh_token: RefreshToken::Unused,
                ..OurTarget::default()
            }));
        }
        Step::Verify => ours(seen).content = Content::Good,
        Step::Repair => {
            let layout = seen.layout.clone();
            let ours = ours(seen);
            ours.drift = None;
            Arc::make_mut(ours.issue.as_mut().unwrap()).layout = layout;
        }
        Step::DeleteOldTarget(name) => seen.old_targets.retain(|old| old.name != *name),
    }
}

pub fn ours(seen: &mut Observation) -> &mut OurTarget {
    match &mut seen.target {
        Target::Ours(ours) => ours,
        other => panic!("not ours: {other:?}"),
    }
}

/// The facts of the token in place.
pub fn facts(seen: &mut Observation) -> &mut Issue {
    Arc::make_mut(ours(seen).issue.as_mut().unwrap())
}

/// A credential with a token of an hour that was issued at the start.
pub fn with_token() -> Observation {
    let mut seen = new_credential();
    granted(&mut seen, "first", START, Span::hours(1), START);
    done(&mut seen, &Step::StoreHeld);
    seen
}
