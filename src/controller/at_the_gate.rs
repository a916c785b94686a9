//! A credential at the gate: what it asks, what it does where it has to wait, and what it remembers where it is refused.

use super::{
    gatekeeper::Place,
    told_accounts::{AGAIN, learn_of_others},
    turn::{After, Asked, Turn},
};
use crate::{
    api::{Grant, Moment, Reason, Span},
    rotation::{
        attempt::{is_proven, trust},
        decide,
        gate::{AccountAnswer, Refusal, Request, Sent, Wait, Waiting, WaitsFor},
        patience::{PATIENT_WAIT, QUIET_WAIT, is_untold, patient_wait, was_passed_over},
        standing::Standing,
    },
    secrets::sensitive::ServiceAccount,
};

/// Who waits at the gate looks again after this time, come what may.
const LONGEST_WAIT: Span = Span::minutes(10);

/// Asks for a place for a request.
///
/// # Errors
/// What to do instead where it has to wait.
pub fn ask(turn: &mut Turn<'_>, asked: &Asked) -> Result<Place, After> {
    let request = wish(turn, asked);
    turn.context
        .gate
        .ask(&request)
        .map_err(|wait| wait_at_the_gate(turn, wait))
}

fn wish(turn: &Turn<'_>, asked: &Asked) -> Request {
    let times = decide::times(&turn.seen, turn.now);
    let waits_since = turn
        .memory
        .waiting
        .as_ref()
        .map_or(turn.now, |waiting| waiting.since.min(turn.now));
    Request {
        credential: turn.credential.key.to_string(),
        host: asked.domain.clone(),
        trust: trust(&turn.seen, &turn.memory.requests, waits_since),
        expires: times.map(|times| times.expires).unwrap_or_default(),
    }
}

/// The gate has it woken; by itself it looks again only to say in status that it waits, at the end of a pause, and now
/// and then as a precaution.
fn wait_at_the_gate(turn: &mut Turn<'_>, wait: Wait) -> After {
    let now = turn.now.whole_second();
    // Not since it was created: they all would speak at once, and of days in which no operator ran.
    let created = turn.credential.created;
    let first = || {
        let untold = is_untold(turn.latest_status());
        if untold && was_passed_over(created, turn.context.others_worked_until()) {
            created.max(now - PATIENT_WAIT)
        } else {
            now
        }
    };
    // A clock that was set back must not have it wait in silence until it is there again.
    let since = turn
        .memory
        .waiting
        .as_ref()
        .map_or_else(first, |waiting| waiting.since)
        .min(now);
    turn.memory.waiting = Some(Box::new(Waiting { since, wait }));
    // What of it is told depends on why the token is wanted, and that may have changed by then.
    let says_so = [QUIET_WAIT, patient_wait(&turn.seen.uid)].map(|quiet| since + quiet + Span::seconds(1));
    let says_so = says_so.into_iter().find(|at| *at > turn.now);
    let pause = wait
        .until
        .unwrap_or(turn.now + LONGEST_WAIT)
        .min(turn.now + LONGEST_WAIT);
    let next = says_so.map_or(pause, |says_so| says_so.min(pause));
    After::WaitForPlace(next.max(turn.now + Span::seconds(1)))
}

/// Asks the account guard, with the values as they were read, and has the failure record go on from where the pace of these
/// values has come to, whichever credential sent them. A refresh sends no password, and is not asked for.
///
/// # Errors
/// What to do instead where they may not be sent now.
pub async fn may_send(
    turn: &mut Turn<'_>,
    asked: &Asked,
    grant: Grant,
    account: &ServiceAccount,
    place: &Place,
) -> Result<(), After> {
    let sent = turn.context.sent(&asked.domain, account);
    learn_from_own_record(turn, sent);
    if grant == Grant::Refresh {
        return Ok(());
    }
    let all_known = learn_of_others(turn.context, &asked.domain).await;
    if !all_known && !is_proven(&turn.seen, &turn.memory.requests) {
        return Err(After::Settle(turn.now + AGAIN));
    }
    if let Some(issued_at) = proven_since(turn) {
        turn.context.gate.worked(sent, issued_at);
    }
    let by_request = turn.seen.rotate_asked().is_some();
    let answer = place.ask_account(sent, by_request);
    if let (AccountAnswer::Go | AccountAnswer::Rejected(_), Some(standing)) = (answer, place.standing(sent)) {
        let stands = decide::now_stands(&turn.seen);
        let message = refused_for_another(&asked.domain, standing.reason);
        turn.seen.failure = standing.carried_over(&turn.seen.failure, &stands, &message);
    }
    match answer {
        AccountAnswer::Go => Ok(()),
        AccountAnswer::Busy => Err(wait_at_the_gate(
            turn,
            Wait {
                what: WaitsFor::Account,
                until: None,
            },
        )),
        AccountAnswer::Rejected(refusal) => Err(refused_by_the_guard(turn, asked, refusal)),
    }
}

/// When the token in place was issued, if it was granted for what stands and nothing has failed since.
fn proven_since(turn: &Turn<'_>) -> Option<Moment> {
    let issue = turn.seen.issue()?;
    let same = issue.identity == turn.seen.identity && issue.sources == turn.seen.sources.versions;
    (same && is_proven(&turn.seen, &turn.memory.requests)).then_some(issue.issued_at)
}

/// What was recorded of these values, by this process or before it began: what the gate knows from records alone it forgets
/// after a while, also where the host was silent since. That its own wait is over has been decided already.
fn learn_from_own_record(turn: &Turn<'_>, sent: Sent) {
    let context = turn.context;
    context.told_accounts.note_known(&turn.credential.uid);
    let (record, stands) = (&turn.seen.failure, decide::now_stands(&turn.seen));
    let tried = record.tried.as_ref();
    let of_these = tried.is_some_and(|tried| tried.identity == stands.identity && tried.sources == stands.sources);
    if let Some(standing) = Standing::of(record, turn.now).filter(|_| of_these) {
        let until = standing.until.min(turn.now);
        context.gate.learn(sent, Standing { until, ..standing });
    }
}

/// These values, or this account, were refused for another credential: that is recorded here as well, so that it holds
/// for the next process too.
fn refused_by_the_guard(turn: &mut Turn<'_>, asked: &Asked, refusal: Refusal) -> After {
    let now = turn.context.clock.now();
    let message = refused_for_another(&asked.domain, refusal.reason);
    tracing::info!(until = %refusal.until, reason = %refusal.reason, "not sent: the account was refused for another credential");
    let stands = decide::now_stands(&turn.seen);
    turn.memory
        .requests
        .refused(&turn.seen.failure, stands, &message, refusal, now);
    After::LookAgain
}

fn refused_for_another(domain: &str, reason: Reason) -> String {
    let what = match reason {
        Reason::CredentialsRejected => "the username or password",
        Reason::ClientRejected => "the client id or client secret",
        Reason::Issuing => {
            return "the operator stopped before the outcome of a token request with this account was recorded; nothing is \
                    sent before the next attempt, lest the account be locked"
                .to_owned();
        }
        _ => "the login",
    };
    format!(
        "{domain} refused {what} when another credential of this operator logged in with this account; nothing is sent before \
         the next attempt, lest the account be locked"
    )
}
