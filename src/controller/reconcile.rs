//! One reconcile: observe → decide → act, until there is nothing to do now; then record.

use super::{
    Context,
    act::act,
    observe::observe,
    record::{self, Recorded},
    turn::After,
};
use crate::{
    api::{Moment, Span},
    cluster::{ObjectKey, Sync},
    rotation::{Because, Step, decide, decide::Decision},
};

/// Steps of one reconcile. The longest chain of successes is short; whoever fights over a Secret must not hold a slot.
const MOST_STEPS: usize = 8;

/// After that many, it goes on after this time.
const TAKES_A_REST: Span = Span::seconds(8);

/// What the queue does with the credential next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Look again at this time at the latest, and in what order if many are due: the expiry of its token.
    At(Moment, Moment),
    /// Look again when a place for a token request is free, or at this time.
    Place(Moment, Moment),
    /// Only when the watch tells of it again.
    Nothing,
}

/// Reconciles one credential.
pub async fn reconcile(context: &Context, key: &ObjectKey) -> Next {
    let (credentials, secrets) = context.stores.sync_of(&key.namespace);
    // Before the first lists are answered, what is missing may only not have been seen yet.
    if credentials == Sync::Pending || secrets == Sync::Pending {
        return Next::Nothing;
    }
    let Some(first) = context.stores.credential(key) else {
        context.memories.forget(key);
        return Next::Nothing;
    };
    let memory = context.memories.of(key, &first.uid);
    let mut memory = memory.lock().await;
    let mut steps = 0;
    loop {
        steps += 1;
        let Some(credential) = context.stores.credential(key).filter(|seen| seen.uid == first.uid) else {
            // Gone, or re-created meanwhile: the watch has told of that as well.
            return Next::Nothing;
        };
        let mut turn = observe(context, credential, &mut memory);
        let decision = decide::decide(&turn.seen, turn.now);
        tracing::debug!(step = ?decision.step, because = ?decision.because, until = %decision.until, "decided");
        if decision.step.grant().is_none() {
            turn.memory.waiting_since = None;
            turn.seen.waiting_since = None;
        }
        let may_begin = !context.stopping.is_cancelled() || decision.step == Step::StoreHeld;
        let after = if steps > MOST_STEPS {
            // What there is to do stays to be done, and status says what that is.
            After::Settle(turn.now + TAKES_A_REST)
        } else if may_begin {
            act(&mut turn, &decision).await
        } else {
            After::Settle(decision.until)
        };
        if after == After::LookAgain {
            continue;
        }
        // At the end of the process, tokens that were granted and could not be stored yet get all the time there is. Only
        // where their own pace is waited for: behind anything else, such as a taken name, no write will be tried.
        if context.stopping.is_cancelled()
            && decision.because == Because::Held
            && let Some(held) = &turn.memory.held
        {
            tokio::time::sleep((held.not_before - turn.now).to_std()).await;
            steps = 0;
            continue;
        }
        turn.seen.waiting_since = turn.memory.waiting_since;
        let expiry = decide::times(&turn.seen, turn.now).map_or(turn.now, |times| times.expires);
        let recorded = turn.credential.deleting || record::record(&mut turn, &decision).await != Recorded::Failed;
        return next(
            after,
            &decision,
            recorded,
            turn.memory.status_failures,
            turn.now,
            expiry,
        );
    }
}

fn next(after: After, decision: &Decision, recorded: bool, failures: i32, now: Moment, expiry: Moment) -> Next {
    let at = match after {
        After::Settle(at) | After::WaitForPlace(at) => at,
        After::LookAgain => decision.until,
    };
    let at = if recorded {
        at
    } else {
        at.min(now + record::pace(failures))
    };
    // Ready falls when the token expires, whatever is being waited for.
    let at = if expiry > now { at.min(expiry) } else { at };
    if matches!(after, After::WaitForPlace(_)) {
        Next::Place(at, expiry)
    } else {
        Next::At(at, expiry)
    }
}
