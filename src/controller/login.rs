//! One password grant: everything that can be known to go wrong is found out before the request is sent, and what is
//! granted is held before anything else happens.

use super::{
    act::After,
    memory::HeldTokens,
    record, refusal,
    sources::read_sources,
    turn::{Asked, Turn},
};
use crate::{
    api::{Grant, Moment, Span, Tried},
    cluster::{
        error::ClusterError,
        write_token_secret::{Mode, apply},
    },
    oauth::GrantRequest,
    rotation::{
        Because, Step, decide,
        decide::{Decision, now_stands},
        failure_record::{self, Setback},
        observation::Issue,
    },
    secrets::token_secret::differing,
};

/// A request that would begin later than this after its announcement is not sent: whoever reads the announcement after
/// a crash counts on it.
const STALE_ANNOUNCEMENT: Span = Span::seconds(10);

/// In this time after the start, an earlier process may have sent requests that are recorded nowhere.
const AFTER_START: Span = Span::seconds(200);

/// Requests a token with the password grant.
pub async fn login(turn: &mut Turn<'_>, decided: &Decision) -> After {
    let Some(asked) = turn.asked.clone() else {
        return After::Settle(decided.until);
    };
    let Some(place) = turn.context.places.try_take(&asked.domain) else {
        let since = *turn.memory.waiting_since.get_or_insert(turn.now.whole_second());
        return After::WaitForPlace((since + decide::QUIET_WAIT + Span::seconds(1)).max(turn.now + Span::seconds(1)));
    };
    turn.memory.waiting_since = None;

    // The values as they are now, and what they make of the decision: an edit may have changed none of them.
    let account = match read_sources(turn, &asked).await {
        Ok(account) => account,
        Err(after) => return after,
    };
    let again = decide::decide(&turn.seen, turn.now);
    if again.step != Step::Login {
        return After::LookAgain;
    }
    let cause = again.because;
    let stands = now_stands(&turn.seen);
    if let Err(after) = dry_run(turn, &asked).await {
        return after;
    }
    turn.memory.accepted();
    turn.seen.trouble = None;

    let issue_id = random_id();
    let announced = turn.context.clock.now();
    if needs_announcement(turn, cause, announced) {
        if let Err(after) = announce(turn, &again, &stands, &issue_id, announced).await {
            return after;
        }
        // Where the API server took its time, the announcement is too old to be relied on.
        if turn.context.clock.now() > announced + STALE_ANNOUNCEMENT {
            return After::LookAgain;
        }
    }
    if turn.context.stopping.is_cancelled() {
        return After::Settle(decided.until);
    }

    let issued_at = turn.context.clock.now().whole_second();
    let began = crate::clock::monotonic();
    let answer = turn
        .context
        .endpoint
        .request_token(&asked.domain, GrantRequest::Password(&account))
        .await;
    drop(account);
    drop(place);
    let seconds = crate::clock::monotonic().duration_since(began).as_secs_f64();
    let ended = turn.context.clock.now();
    turn.memory.handled_rotate.clone_from(&stands.rotate);
    if cause != Because::Due {
        turn.memory.grants.push(issued_at);
    }
    match answer {
        Ok(tokens) => {
            turn.context.metrics.token_request(Grant::Password, "success", seconds);
            tracing::info!(
                ?cause,
                domain = asked.domain,
                lifetime_seconds = tokens.expires_in.as_seconds(),
                "token granted"
            );
            turn.memory.failure = Some(failure_record::after_success(&turn.seen.failure, ended));
            turn.memory.proven = Some((stands.identity.clone(), stands.sources.clone()));
            let issue = Issue {
                issue_id,
                issued_at,
                expires_at: issued_at + tokens.expires_in,
                identity: stands.identity,
                sources: stands.sources,
                ..Issue::default()
            };
            turn.memory.held = Some(HeldTokens {
                issue,
                tokens,
                failures: 0,
                not_before: issued_at,
            });
        }
        Err(failure) => {
            turn.context
                .metrics
                .token_request(Grant::Password, failure.outcome(), seconds);
            let setback = Setback {
                reason: failure.reason(),
                message: failure.message(&asked.domain),
                pace: failure.pace(),
                may_have_sent: failure.may_have_sent(),
            };
            tracing::warn!(?cause, domain = asked.domain, reason = %setback.reason, detail = setback.message, "token request failed");
            let before = failure_record::folded_unless(&turn.seen.failure, &issue_id);
            turn.memory.failure = Some(failure_record::after_failure(
                &before,
                &turn.credential.uid,
                stands,
                &setback,
                ended,
            ));
            turn.memory.proven = None;
        }
    }
    After::LookAgain
}

/// One call that proves that our view is current, the target ours and not immutable, and that RBAC, quota, namespace
/// and admission let the write through: before a token is requested that could not be stored.
async fn dry_run(turn: &mut Turn<'_>, asked: &Asked) -> Result<(), After> {
    let key = turn.token_secret_key(asked);
    let placeholder = Issue {
        issue_id: "0".repeat(32),
        issued_at: turn.now,
        expires_at: turn.now + Span::hours(1),
        identity: turn.seen.identity.clone(),
        sources: turn.seen.sources.versions.clone(),
        layout: turn.seen.layout.clone(),
        data_hash: "0".repeat(64),
        asked: asked.desired.asked(),
    };
    let data = asked
        .desired
        .layout
        .render(&asked.desired.placeholder_values(placeholder.expires_at));
    let object = asked.desired.object(&placeholder, &data, &turn.precondition());
    let Ok(object) = object else {
        return Err(After::Settle(turn.now + Span::minutes(5)));
    };
    match apply(&turn.context.client, &key, &object, Mode::DryRun).await {
        Ok(reply) => {
            let (labels, annotations) = object.sent();
            let owned = reply.owners.iter().any(|(uid, _)| *uid == turn.credential.uid);
            let changed = differing(&annotations, &reply.annotations)
                .map(|key| format!("the annotation {key}"))
                .or_else(|| differing(&labels, &reply.labels).map(|key| format!("the label {key}")))
                .or_else(|| (!owned).then(|| "the owner reference".to_owned()));
            let Some(changed) = changed else { return Ok(()) };
            refusal::record_mutation(turn, &key, &changed);
            Err(After::LookAgain)
        }
        Err(ClusterError::Conflict) => Err(refusal::retry_conflict(turn)),
        Err(error) => {
            refusal::record(turn, &error, &key);
            Err(After::LookAgain)
        }
    }
}

/// Whether a crash during this request must be found in the cluster afterwards.
fn needs_announcement(turn: &Turn<'_>, cause: Because, now: Moment) -> bool {
    let seen = &turn.seen;
    let nothing_failed = seen.failure.reason.is_none() && seen.failure.pending.is_none();
    let on_secret = seen
        .issue()
        .is_some_and(|issue| issue.identity == seen.identity && issue.sources == seen.sources.versions);
    let in_memory = turn
        .memory
        .proven
        .as_ref()
        .is_some_and(|(identity, sources)| *identity == seen.identity && *sources == seen.sources.versions);
    let proven = nothing_failed && (on_secret || in_memory);
    !proven
        || cause == Because::RotateAsked
        || now < turn.context.started + AFTER_START
        || !turn.context.status_accepted()
}

/// Writes down that a request is about to be sent; without that it is not.
async fn announce(
    turn: &mut Turn<'_>,
    decision: &Decision,
    stands: &Tried,
    issue_id: &str,
    now: Moment,
) -> Result<(), After> {
    let before = turn.memory.failure.clone();
    let handled = turn.memory.handled_rotate.clone();
    let announced = failure_record::announcing(&turn.seen.failure, stands.clone(), issue_id, now);
    let observed = std::mem::replace(&mut turn.seen.failure, announced.clone());
    turn.memory.failure = Some(announced);
    turn.memory.handled_rotate.clone_from(&stands.rotate);
    if record::record_announcement(turn, decision).await {
        return Ok(());
    }
    // Not known to be written, so not sent. If it was written after all, it counts as an attempt at its own pace.
    turn.memory.failure = before;
    turn.memory.handled_rotate = handled;
    turn.seen.failure = observed;
    Err(After::Settle(now + record::pace(turn.memory.status_failures)))
}

/// 128 random bits in hexadecimal.
fn random_id() -> String {
    let mut bytes = [0; 16];
    if getrandom::fill(&mut bytes).is_err() {
        // Without the system's random numbers there is no TLS either; the time tells two grants apart.
        bytes[..8].copy_from_slice(&crate::clock::now().as_millis().to_be_bytes());
    }
    bytes
        .iter()
        .fold(String::with_capacity(32), |hex, byte| hex + &format!("{byte:02x}"))
}
