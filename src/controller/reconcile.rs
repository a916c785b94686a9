//! One reconcile: observe → decide → act, until there is nothing to do now; then record.

use super::{
    Context,
    act::act,
    missing_rights::missing_right,
    observe::observe,
    record::{self, Recorded},
    turn::After,
};
use crate::{
    api::{Moment, Span},
    cluster::{ObjectKey, Sync},
    rotation::{Because, Step, attempt::is_proven, decide},
};

/// Steps of one reconcile. The longest chain of successes is short; whoever fights over a Secret must not hold a slot.
const MOST_STEPS: usize = 8;

/// After that many, it goes on after this time.
const TAKES_A_REST: Span = Span::seconds(8);

/// Who was stopped half-way because another may lead is looked at again after this time; the loop starts it only if we
/// lead then.
const MAY_LEAD_AGAIN: Span = Span::seconds(1);

/// What the queue does with the credential next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Next {
    /// Look again at this time at the latest.
    At(Moment, Order),
    /// Only when the watch tells of it again.
    Nothing,
}

/// In what order credentials are looked at if many are due: those that work first, then by the expiry of their tokens.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Order {
    /// Whether its values are not known to be right.
    pub unproven: bool,
    /// When its token expires; 1970 without one.
    pub expires: Moment,
}

/// Reconciles one credential.
pub async fn reconcile(context: &Context, key: &ObjectKey) -> Next {
    let (next, waits_at_the_gate) = look(context, key).await;
    if !waits_at_the_gate {
        context.gate.leave(key);
    }
    next
}

async fn look(context: &Context, key: &ObjectKey) -> (Next, bool) {
    let (credentials, secrets) = context.stores.sync_of(&key.namespace);
    // Before the first lists are answered, what is missing may only not have been seen yet.
    if credentials == Sync::Pending || secrets == Sync::Pending {
        return (Next::Nothing, false);
    }
    let Some(first) = context.stores.credential(key) else {
        context.memories.forget(key);
        context.missing_rights.found(key, None);
        return (Next::Nothing, false);
    };
    let memory = context.memories.of(key, &first.uid);
    let mut memory = memory.lock().await;
    let mut steps = 0;
    loop {
        steps += 1;
        if !context.claim.is_current() {
            if !(context.stopping.is_cancelled() && memory.held.is_some()) {
                return (Next::At(context.clock.now() + MAY_LEAD_AGAIN, Order::default()), false);
            }
            // Nobody starts it again at the end of the process, and it has tokens to store if we lead once more.
            context.claim.until_current().await;
        }
        let Some(credential) = context.stores.credential(key).filter(|seen| seen.uid == first.uid) else {
            // Gone, or re-created meanwhile: the watch has told of that as well.
            return (Next::Nothing, false);
        };
        let mut turn = observe(context, credential, &mut memory);
        let decision = decide::decide(&turn.seen, turn.now);
        tracing::debug!(step = ?decision.step, because = ?decision.because, until = %decision.until, "decided");
        if decision.step.grant().is_none() {
            turn.memory.waiting = None;
            turn.seen.waiting = None;
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
        turn.seen.waiting = turn.memory.waiting.as_deref().copied();
        let recorded = if turn.credential.deleting {
            Recorded::Said
        } else {
            record::record(&mut turn, &decision).await
        };
        context
            .missing_rights
            .found(key, missing_right(&turn, &decision, recorded));
        let (at, waits) = match after {
            After::WaitForPlace(at) => (at, true),
            After::Settle(at) => (at, false),
            After::LookAgain => (decision.until, false),
        };
        let unrecorded = match recorded {
            Recorded::Failed => Some(turn.now + record::pace(turn.memory.status_failures)),
            Recorded::Yielded(until) => Some(until),
            Recorded::Said | Recorded::Gone => None,
        };
        // Ready falls when the token expires, whatever is being waited for.
        let expires = decide::times(&turn.seen, turn.now).map(|times| times.expires);
        let expiry = expires.filter(|expires| *expires > turn.now);
        let at = [unrecorded, expiry].into_iter().flatten().fold(at, Moment::min);
        let order = Order {
            unproven: !is_proven(&turn.seen, &turn.memory.requests),
            expires: expires.unwrap_or_default(),
        };
        return (Next::At(at, order), waits);
    }
}
