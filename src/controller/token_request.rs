//! One token request: everything that can be known to go wrong is found out before the request is sent, and what is
//! granted is held before anything else happens.

use super::{
    at_the_gate,
    dry_run::dry_run,
    gatekeeper::Place,
    memory::HeldTokens,
    record::{self, Recorded},
    refresh_token::{mark_refresh_token, read_refresh_token},
    refusal::retry_conflict,
    sources::read_sources,
    turn::{After, Asked, Turn},
};
use crate::{
    api::{Grant, Moment, Span},
    clock,
    cluster::Sync,
    oauth::{GrantRequest, TokenRequestFailure},
    rotation::{
        attempt::{Attempt, Circumstances, Next, Why},
        decide,
        decide::Decision,
        failure_record::Setback,
        gate::Outcome,
        observation::Issue,
    },
    secrets::sensitive::{Sensitive, ServiceAccount, Tokens},
};

/// After an announcement that came too late, or of a credential that is gone and that no watch tells of: what is announced
/// again at once would meet the same.
const NOT_SENT_PAUSE: Span = Span::minutes(1);

/// Requests a token with this grant.
pub async fn request_token(turn: &mut Turn<'_>, asked: &Asked, grant: Grant, decided: &Decision) -> After {
    let steady = turn.context.clock.steady();
    if turn.memory.no_request_before > steady {
        return After::Settle(turn.now + (turn.memory.no_request_before - steady));
    }
    let mut place = match at_the_gate::ask(turn, asked) {
        Ok(place) => place,
        Err(after) => return after,
    };
    let (attempt, values) = match prepare(turn, asked, grant, decided, &place).await {
        Ok(ready) => ready,
        Err(after) => {
            place.finish(Outcome::NotSent);
            return after;
        }
    };
    turn.memory.waiting = None;
    let issued_at = turn.context.clock.now().whole_second();
    turn.memory.requests.sent(attempt.cause, &attempt.stands, issued_at);
    place.sending();
    let began = clock::monotonic();
    let answer = turn
        .context
        .endpoint
        .request_token(&asked.domain, values.request())
        .await;
    let seconds = clock::monotonic().duration_since(began).as_secs_f64();
    drop(values);
    place.finish(
        answer
            .as_ref()
            .map_or_else(|failure| failure.at_the_gate(), |_| Outcome::Token),
    );
    if answer.as_ref().is_err_and(|failure| failure.held_back()) {
        tracing::info!("not sent: this process was not the leader any more when the connection stood");
        turn.memory.requests.not_sent(issued_at);
        attempt.take_back(&mut turn.seen, &mut turn.memory.requests);
        return After::LookAgain;
    }
    let outcome = answer.as_ref().map_or_else(|failure| failure.outcome(), |_| "success");
    turn.context.metrics.token_request(grant, outcome, seconds);
    match answer {
        Ok(tokens) => granted(turn, asked, attempt, tokens, issued_at),
        Err(failure) => failed(turn, asked, attempt, failure),
    }
    After::LookAgain
}

/// What a request is made with.
struct Values {
    account: ServiceAccount,
    /// With the refresh grant.
    refresh_token: Option<Sensitive>,
}

impl Values {
    fn request(&self) -> GrantRequest<'_> {
        match &self.refresh_token {
            None => GrantRequest::Password(&self.account),
            Some(refresh_token) => GrantRequest::Refresh {
                client_id: &self.account.client_id,
                client_secret: &self.account.client_secret,
                refresh_token,
            },
        }
    }
}

/// Everything that comes before the request, and may forbid it.
async fn prepare(
    turn: &mut Turn<'_>,
    asked: &Asked,
    grant: Grant,
    decided: &Decision,
    place: &Place,
) -> Result<(Attempt, Values), After> {
    // The values as they are now, and what they make of the decision: an edit may have changed none of them.
    let account = read_sources(turn, asked).await?;
    let again = decide::decide(&turn.seen, turn.now);
    if again.step.grant() != Some(grant) {
        // Where the cache is behind what was read, a look at it would find the same as before.
        let behind = turn.cached_sources(asked) != turn.read_versions;
        return Err(if behind { retry_conflict(turn) } else { After::LookAgain });
    }
    at_the_gate::may_send(turn, asked, grant, &account, place).await?;
    let refresh_token = match grant {
        Grant::Password => None,
        Grant::Refresh => Some(read_refresh_token(turn, asked).await?),
    };
    let values = Values { account, refresh_token };
    let mut attempt = Attempt::new(grant, again.because, (turn.context.new_id)(), &turn.seen);
    loop {
        let now = turn.context.clock.now();
        let around = circumstances(turn);
        match attempt.next(&turn.seen, &turn.memory.requests, &around, now) {
            Next::Rehearse => {
                dry_run(turn, asked).await?;
                turn.seen.trouble = None;
                // With a refresh token, the mark can still be refused, and must not be at its first pace for ever.
                if grant == Grant::Password {
                    turn.memory.accepted();
                }
            }
            Next::Announce(record) => {
                attempt.announced(*record, &mut turn.seen, &mut turn.memory.requests);
                let recorded = record::record_announcement(turn, &again).await;
                if recorded != Recorded::Said {
                    attempt.take_back(&mut turn.seen, &mut turn.memory.requests);
                    let pause = match recorded {
                        Recorded::Gone => NOT_SENT_PAUSE,
                        _ => record::pace(turn.memory.status_failures),
                    };
                    return Err(pause_requests(turn, pause));
                }
            }
            Next::MarkTried => {
                if let Err(after) = mark_refresh_token(turn, asked).await {
                    attempt.take_back(&mut turn.seen, &mut turn.memory.requests);
                    return Err(after);
                }
                turn.memory.accepted();
            }
            Next::Send => return Ok((attempt, values)),
            Next::Abandon(why) => {
                attempt.take_back(&mut turn.seen, &mut turn.memory.requests);
                return Err(match why {
                    Why::Stopping => After::Settle(decided.until),
                    Why::NotLeader => After::LookAgain,
                    Why::Stale => {
                        tracing::warn!(
                            "the API server took over ten seconds for a write of status; trying again in a minute"
                        );
                        pause_requests(turn, NOT_SENT_PAUSE)
                    }
                });
            }
        }
    }
}

/// Not by a timer alone: the watch brings our own announcement, and that would wake us at once.
fn pause_requests(turn: &mut Turn<'_>, pause: Span) -> After {
    let clock = &turn.context.clock;
    turn.memory.no_request_before = clock.steady() + pause;
    After::Settle(clock.now() + pause)
}

fn circumstances(turn: &Turn<'_>) -> Circumstances {
    let context = turn.context;
    let (credentials, _) = context.stores.sync_of(&turn.credential.key.namespace);
    Circumstances {
        steady: context.clock.steady(),
        started: context.started,
        status_accepted: context.status_accepted(),
        credentials_in_view: credentials == Sync::Synced,
        stopping: context.stopping.is_cancelled(),
        leading: context.claim.is_current(),
    }
}

/// Holds what was granted, before anything else happens.
fn granted(turn: &mut Turn<'_>, asked: &Asked, attempt: Attempt, tokens: Tokens, issued_at: Moment) {
    let lifetime_seconds = tokens.expires_in.as_seconds();
    tracing::info!(grant = ?attempt.grant, cause = ?attempt.cause, domain = asked.domain, lifetime_seconds, "token granted");
    let now = turn.context.clock.now();
    // As read for this grant, also where an earlier version held the same values: the next process compares with these.
    let sources = std::mem::take(&mut turn.read_versions);
    if let Some(used) = &mut turn.memory.last_used {
        used.versions.clone_from(&sources);
        used.same_as = None;
    }
    let requests = &mut turn.memory.requests;
    requests.granted(&turn.seen.failure, &attempt.stands, &sources, issued_at, now);
    let issue = Issue {
        issue_id: attempt.issue_id,
        issued_at,
        expires_at: issued_at + tokens.expires_in,
        identity: attempt.stands.identity,
        sources,
        ..Issue::default()
    };
    turn.memory.held = Some(Box::new(HeldTokens {
        issue,
        tokens,
        over: turn.seen.issue().map(|in_place| in_place.issue_id.clone()),
        domain: asked.domain.clone(),
        failures: 0,
        not_before: issued_at,
    }));
}

fn failed(turn: &mut Turn<'_>, asked: &Asked, attempt: Attempt, failure: TokenRequestFailure) {
    let setback = Setback {
        reason: failure.reason(),
        message: failure.message(&asked.domain),
        pace: failure.pace(),
        may_have_sent: failure.may_have_sent(),
        retry_after: failure.retry_after(),
    };
    let (reason, detail) = (setback.reason, &setback.message);
    tracing::warn!(grant = ?attempt.grant, cause = ?attempt.cause, domain = asked.domain, %reason, detail, "token request failed");
    let now = turn.context.clock.now();
    let of = (attempt.issue_id.as_str(), attempt.stands);
    let requests = &mut turn.memory.requests;
    requests.failed(&turn.seen.failure, &turn.credential.uid, of, &setback, now);
}
