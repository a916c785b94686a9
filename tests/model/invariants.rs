//! What must hold in every state, and what a healthy world must come to.

use tracktik_operator::{
    api::{Moment, Pending, Renewal, Span},
    rotation::{backoff::Pace, decide::now_stands, failure_wait, observation::Anchors, schedule::timetable},
};

use crate::{
    api_server::CREDENTIALS,
    observe::uid,
    process::{Op, Stage, Turn},
    rules::Rules,
    world::{REPLICAS, World},
};

/// A promise that was broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Broken {
    /// A refresh token was sent twice.
    RefreshTokenSentTwice,
    /// A Secret without the credential's mark was written.
    ForeignWrite,
    /// More failed logins in two minutes than the places allow for.
    TooManyFailedLogins,
    /// An account that was refused was tried again within the pace of a rejection, by whichever process.
    AccountTriedTooOften,
    /// A request was sent while the failure record in status asked to wait.
    AgainstTheRecord,
    /// A process wrote or requested something while the Lease named another.
    TwoLeaders,
    /// A token was granted that, as the API server would have told, could not be stored.
    GrantedInVain,
    /// A token was granted and dropped, though no process died and no leadership was lost in between.
    TokenThrownAway,
    /// A request that a process knows it has not sent counts for it as one that may have been.
    WaitsForNothing,
    /// A place of the gate is held longer than anything may hold one.
    PlaceHeldForEver,
    /// Steps are taken for ever at one moment, and none of them changes anything.
    TurnsInCircles,
    /// Nothing went wrong any more, and yet there is no valid token, or steps are taken before anything is due.
    NeverSettles,
}

/// Over this time TrackTik counts.
const WINDOW: Span = Span::minutes(2);

/// Nothing holds a place of the gate longer, once its request has ended.
const LONGEST_HELD: Span = Span::seconds(200);

/// A login was refused, or failed in another way, just now.
pub fn login_failed(world: &mut World, rules: &Rules, rejected: bool) {
    let within = |window| world.tracktik.failed_within(window, world.now);
    // One that a process had asked for before it stood still goes out whenever it goes on.
    let strays = usize::from(world.strays);
    let too_many = within(WINDOW) > rules.most_failed_logins() + strays;
    // One alone, whoever leads: a new leader lists all records before it begins. What is in none it cannot know: a refusal of
    // which the process before it told nobody, as it died or was deposed between the answer and the write, or whose record was
    // overwritten, after the process that would write it again had died, by a leader of before that had stood still for so long;
    // and one of which no process got the answer. Each of those costs one login more.
    let pace = Pace::Rejection.wait(1, 0);
    let too_often = rejected && within(pace) > 1 + usize::from(world.untold + world.unheard) + strays;
    if too_many {
        world.breaks(Broken::TooManyFailedLogins);
    } else if too_often {
        world.breaks(Broken::AccountTriedTooOften);
    }
}

/// A call is about to be made for which the claim was asked right before.
pub fn may_be_made(world: &mut World, (replica, of): (usize, usize), op: &Op, turn: &Turn, rules: &Rules) {
    if rules.overlap {
        return;
    }
    let writes = !matches!(op, Op::Prepare(_) | Op::Verify);
    if writes && world.lease.holder != world.replicas[replica].name {
        world.breaks(Broken::TwoLeaders);
    }
    // A process that knows nothing of its own goes by what status says.
    let office = world.office(replica);
    let knows = office.desks[of].memory.requests.failure.is_some();
    let record = office.cache.credentials[of].status.failure.as_ref();
    if let (Op::Prepare(_), false, Some(record)) = (op, knows, record) {
        let granted = |pending: &Pending| Some(&pending.issue_id) == turn.seen.issue().map(|issue| &issue.issue_id);
        let resolved = record.pending.as_ref().is_some_and(granted);
        let waits = failure_wait::wait_until(record, &now_stands(&turn.seen), None, world.now).is_some();
        if waits && !resolved {
            world.breaks(Broken::AgainstTheRecord);
        }
    }
}

/// Whether there is nothing left to do before something is due: the tokens are good, and who looks after them sleeps.
pub fn is_settled(world: &World, rules: &Rules) -> bool {
    let in_office = || (0..REPLICAS).filter(|replica| world.replicas[*replica].office.is_some());
    let expected = if rules.overlap { REPLICAS } else { 1 };
    if in_office().count() != expected {
        return false;
    }
    let there = || (0..CREDENTIALS).filter(|of| rules.has(*of));
    let Some(due) = there().map(|of| renews(world, of)).min().flatten() else {
        return false;
    };
    in_office().all(|replica| {
        let office = world.office(replica);
        let runs = office.frozen.is_none() && !office.behind.any() && !office.stopping && !office.cut_off;
        runs && there().all(|of| {
            let desk = &office.desks[of];
            let sleeps = matches!(desk.stage, Stage::Asleep { until } if until >= due);
            sleeps && desk.memory.held.is_none()
        })
    })
}

/// When a token that is good, and not due yet, renews.
pub fn renews(world: &World, of: usize) -> Option<Moment> {
    let issue = world.api.issue(of)?;
    let times = timetable(&uid(of), issue, &Renewal::default(), Anchors::default(), world.now);
    let good = times.renews > world.now && world.tracktik.is_good(&issue.issue_id);
    good.then_some(times.renews)
}

/// Whether each place of the gate is free, or soon will be.
pub fn places_return(world: &World, rules: &Rules) -> bool {
    let offices = (0..REPLICAS).filter(|replica| world.replicas[*replica].office.is_some());
    let mut gates = offices.map(|replica| &world.office(replica).gate);
    gates.all(|gate| {
        let left = gate.places_left(world.now + LONGEST_HELD);
        gate.in_flight() == 0 && gate.waiting() == 0 && left == rules.limits.budget
    })
}
