//! One password grant: everything that can be known to go wrong is found out before the request is sent, and what is
//! granted is held before anything else happens.

use super::{
    announce,
    dry_run::dry_run,
    memory::HeldTokens,
    refusal::retry_conflict,
    sources::read_sources,
    turn::{After, Asked, Turn},
};
use crate::{
    api::{Grant, Moment, Span, Tried},
    clock,
    oauth::{GrantRequest, TokenRequestFailure},
    random_id::random_id,
    rotation::{
        Because, Step, decide,
        decide::{Decision, now_stands},
        failure_record::{self, Setback},
        observation::Issue,
    },
    secrets::sensitive::{ServiceAccount, Tokens},
};

/// Requests a token with the password grant.
pub async fn login(turn: &mut Turn<'_>, decided: &Decision) -> After {
    let Some(asked) = turn.asked.clone() else {
        return After::Settle(decided.until);
    };
    let Some(place) = turn.context.places.try_take(&asked.domain) else {
        return wait_for_place(turn);
    };
    turn.memory.waiting_since = None;
    let (grant, account) = match prepare(turn, &asked, decided).await {
        Ok(ready) => ready,
        Err(after) => return after,
    };
    let issued_at = turn.context.clock.now().whole_second();
    let began = clock::monotonic();
    let answer = turn
        .context
        .endpoint
        .request_token(&asked.domain, GrantRequest::Password(&account))
        .await;
    let seconds = clock::monotonic().duration_since(began).as_secs_f64();
    drop(account);
    drop(place);
    if grant.cause != Because::Due {
        turn.memory.grants.push(issued_at);
    }
    turn.memory.handled_rotate.clone_from(&grant.stands.rotate);
    match answer {
        Ok(tokens) => {
            turn.context.metrics.token_request(Grant::Password, "success", seconds);
            granted(turn, &asked, grant, tokens, issued_at);
        }
        Err(failure) => {
            turn.context
                .metrics
                .token_request(Grant::Password, failure.outcome(), seconds);
            failed(turn, &asked, grant, failure);
        }
    }
    After::LookAgain
}

/// A grant that is about to be requested.
struct Prepared {
    issue_id: String,
    cause: Because,
    stands: Tried,
}

fn wait_for_place(turn: &mut Turn<'_>) -> After {
    let since = *turn.memory.waiting_since.get_or_insert(turn.now.whole_second());
    // Woken when a place is free; by itself only once, to say in status that it waits, and then as a precaution.
    let says_so = since + decide::QUIET_WAIT + Span::seconds(1);
    After::WaitForPlace(if says_so > turn.now {
        says_so
    } else {
        turn.now + Span::minutes(1)
    })
}

/// Everything that comes before the request, and may forbid it.
async fn prepare(turn: &mut Turn<'_>, asked: &Asked, decided: &Decision) -> Result<(Prepared, ServiceAccount), After> {
    // The values as they are now, and what they make of the decision: an edit may have changed none of them.
    let account = read_sources(turn, asked).await?;
    let again = decide::decide(&turn.seen, turn.now);
    if again.step != Step::Login {
        // Where the cache is behind what was read, a look at it would find the same as before.
        let behind = !cache_has(turn, asked, &turn.read_versions);
        return Err(if behind { retry_conflict(turn) } else { After::LookAgain });
    }
    dry_run(turn, asked).await?;
    turn.memory.accepted();
    turn.seen.trouble = None;
    let grant = Prepared {
        issue_id: random_id(),
        cause: again.because,
        stands: now_stands(&turn.seen),
    };
    let unannounced = (turn.seen.failure.clone(), turn.memory.handled_rotate.clone());
    let announced = turn.context.clock.now();
    if announce::needed(turn, grant.cause, announced)
        && let Err(after) = announce::announce(turn, &again, &grant.issue_id, &grant.stands, announced).await
    {
        announce::take_back(turn, unannounced);
        return Err(after);
    }
    if turn.context.stopping.is_cancelled() {
        announce::take_back(turn, unannounced);
        return Err(After::Settle(decided.until));
    }
    // Where the API server took its time, the announcement is too old to be relied on.
    if turn.context.clock.now() > announced + announce::STALE {
        announce::take_back(turn, unannounced);
        return Err(After::LookAgain);
    }
    Ok((grant, account))
}

/// Holds what was granted, before anything else happens.
fn granted(turn: &mut Turn<'_>, asked: &Asked, grant: Prepared, tokens: Tokens, issued_at: Moment) {
    let Prepared {
        issue_id,
        cause,
        stands,
    } = grant;
    let lifetime_seconds = tokens.expires_in.as_seconds();
    tracing::info!(?cause, domain = asked.domain, lifetime_seconds, "token granted");
    let now = turn.context.clock.now();
    turn.memory.last_granted = Some(issued_at);
    turn.memory.failure = Some(failure_record::after_success(&turn.seen.failure, now));
    // As read for this grant, also where an earlier version held the same values: the next process compares with these.
    let sources = std::mem::take(&mut turn.read_versions);
    turn.memory.proven = Some((stands.identity.clone(), sources.clone()));
    if let Some(used) = &mut turn.memory.last_used {
        used.versions.clone_from(&sources);
        used.same_as = None;
    }
    let issue = Issue {
        issue_id,
        issued_at,
        expires_at: issued_at + tokens.expires_in,
        identity: stands.identity,
        sources,
        ..Issue::default()
    };
    turn.memory.held = Some(HeldTokens {
        issue,
        tokens,
        over: turn.seen.issue().map(|in_place| in_place.issue_id.clone()),
        domain: asked.domain.clone(),
        failures: 0,
        not_before: issued_at,
    });
}

fn failed(turn: &mut Turn<'_>, asked: &Asked, grant: Prepared, failure: TokenRequestFailure) {
    let Prepared {
        issue_id,
        cause,
        stands,
    } = grant;
    let setback = Setback {
        reason: failure.reason(),
        message: failure.message(&asked.domain),
        pace: failure.pace(),
        may_have_sent: failure.may_have_sent(),
        retry_after: failure.retry_after(),
    };
    let (reason, detail) = (setback.reason, &setback.message);
    tracing::warn!(?cause, domain = asked.domain, %reason, detail, "token request failed");
    let now = turn.context.clock.now();
    let before = failure_record::folded_unless(&turn.seen.failure, &issue_id);
    let uid = &turn.credential.uid;
    turn.memory.failure = Some(failure_record::after_failure(&before, uid, stands, &setback, now));
    turn.memory.proven = None;
}

/// Whether the watch has brought the sources as they were read.
fn cache_has(turn: &Turn<'_>, asked: &Asked, versions: &[String]) -> bool {
    let cached = asked.plan.secrets().into_iter().filter_map(|name| {
        let found = turn.context.stores.secret(&turn.credential.key.sibling(name));
        found.map(|found| found.version())
    });
    cached.eq(versions.iter().cloned())
}
