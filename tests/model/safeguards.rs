//! Each safeguard removed once: the search must find what it keeps from happening, and tells how in as few steps as there
//! are. What it finds without a safeguard it must not find with it, in the same bounds.

use tracktik_operator::rotation::gate::Limits;

use crate::{
    explorer::{Order, explore},
    invariants::Broken,
    moves::{How, Move},
    process::Behind,
    rules::{Rules, Safeguard},
    searched::holds,
    story,
    tracktik::Mood,
    world::World,
};

fn new(rules: &Rules) -> World {
    World::new(rules)
}

fn due(rules: &Rules) -> World {
    World::with_tokens_due(rules)
}

/// From the moment on at which they are due.
pub fn due_when_its_mood_changes(rules: &Rules) -> World {
    let works = Rules {
        mood: Mood::Grants,
        ..*rules
    };
    let mut world = World::with_tokens_due(&works);
    world.changes_its_mood(rules.mood);
    world
}

fn asked(rules: &Rules) -> World {
    World::with_rotation_asked(rules)
}

/// Tells of the shortest story.
fn breaks(safeguard: Safeguard, promise: Broken, first: fn(&Rules) -> World, rules: &Rules) -> Vec<Move> {
    let without = Rules {
        without: Some(safeguard),
        ..*rules
    };
    let found = explore(first(rules), &without, Order::NearestFirst);
    eprintln!("{}", story::figures(&format!("without {safeguard:?}"), &found));
    let Some((broken, moves)) = found.broken else {
        panic!("nothing is broken without {safeguard:?}")
    };
    eprintln!("{broken:?}\n{}", story::told(&moves));
    assert_eq!(broken, promise, "without {safeguard:?}");
    holds(&format!("with {safeguard:?}"), first(rules), rules);
    moves
}

/// A process dies after it has sent a refresh token.
#[test]
fn the_mark_keeps_a_refresh_token_from_being_sent_twice() {
    breaks(
        Safeguard::Mark,
        Broken::RefreshTokenSentTwice,
        due,
        &Rules::new(1).alone(),
    );
}

/// The answer is lost, which is recorded, and the process dies.
#[test]
fn heeding_the_mark_does() {
    let rules = Rules::new(2).alone();
    breaks(Safeguard::HeedingTheMark, Broken::RefreshTokenSentTwice, due, &rules);
}

/// Somebody takes the mark off.
#[test]
fn doubt_does() {
    breaks(
        Safeguard::Doubt,
        Broken::RefreshTokenSentTwice,
        due,
        &Rules::new(2).alone().meddled_with(),
    );
}

/// Of two operators that overlap by mistake, both mark the same refresh token as theirs to send.
#[test]
fn the_precondition_of_the_mark_does() {
    let rules = Rules::new(0).overlapping();
    breaks(
        Safeguard::PreconditionOfTheMark,
        Broken::RefreshTokenSentTwice,
        due,
        &rules,
    );
}

/// The watch is late to tell that the name is taken.
#[test]
fn the_precondition_of_the_store_keeps_a_strangers_secret_as_it_is() {
    breaks(
        Safeguard::PreconditionOfTheStore,
        Broken::ForeignWrite,
        new,
        &Rules::new(2).alone().restored(),
    );
}

#[test]
fn the_rehearsal_keeps_a_login_from_being_made_in_vain() {
    breaks(
        Safeguard::Rehearsal,
        Broken::GrantedInVain,
        new,
        &Rules::new(2).alone().restored(),
    );
}

/// A leader stands still, and goes on when another leads.
#[test]
fn the_claim_keeps_a_deposed_leader_from_acting() {
    breaks(Safeguard::Claim, Broken::TwoLeaders, new, &Rules::new(1));
}

#[test]
fn holding_keeps_a_token_whose_write_was_lost() {
    breaks(Safeguard::Holding, Broken::TokenThrownAway, new, &Rules::new(1));
}

/// A process dies each time that it has sent a login.
#[test]
fn the_announcement_keeps_crashes_from_multiplying_logins() {
    let rules = Rules::new(2).failing(Mood::Fails);
    breaks(Safeguard::Announcement, Broken::TooManyFailedLogins, new, &rules);
}

/// It failed when it was due, each time in a process that died before that was recorded.
#[test]
fn the_announcements_after_a_start_keep_crashes_from_multiplying_renewals() {
    let rules = Rules::new(2).failing(Mood::Fails);
    breaks(
        Safeguard::NewLeadersAnnounce,
        Broken::TooManyFailedLogins,
        due_when_its_mood_changes,
        &rules,
    );
}

#[test]
fn the_recall_does() {
    breaks(
        Safeguard::Recall,
        Broken::TooManyFailedLogins,
        new,
        &Rules::new(2).failing(Mood::Fails),
    );
}

#[test]
fn places_held_after_a_failure_keep_logins_below_the_limit() {
    let rules = Rules::new(0).failing(Mood::Fails);
    breaks(Safeguard::HeldPlaces, Broken::TooManyFailedLogins, new, &rules);
}

/// Two credentials have the same wrong password.
#[test]
fn the_account_guard_keeps_a_refused_account_from_being_tried_again() {
    let rules = Rules::new(0).failing(Mood::Rejects);
    breaks(Safeguard::AccountGuard, Broken::AccountTriedTooOften, new, &rules);
}

/// It was refused for one, the process dies, and the next one comes to the other.
#[test]
fn learning_of_others_keeps_a_new_leader_from_trying_a_refused_account_again() {
    let rules = Rules::new(1).failing(Mood::Rejects);
    breaks(Safeguard::LearningOfOthers, Broken::AccountTriedTooOften, new, &rules);
}

#[test]
fn the_failure_record_keeps_a_restart_from_ending_a_wait() {
    let rules = Rules::new(1).failing(Mood::Rejects);
    breaks(Safeguard::FailureRecord, Broken::AgainstTheRecord, new, &rules);
}

/// A token that was put back was revoked by the refresh after it.
#[test]
fn the_issued_time_tells_a_token_that_was_put_back() {
    breaks(
        Safeguard::IssuedTime,
        Broken::NeverSettles,
        asked,
        &Rules::new(2).alone().restored(),
    );
}

/// Of two operators that overlap by mistake, one fails.
#[test]
fn heeding_others_keeps_two_operators_from_overwriting_each_other_for_ever() {
    let rules = Rules::new(1).overlapping();
    breaks(Safeguard::HeedingOthers, Broken::NeverSettles, due, &rules);
}

/// Of two operators that overlap by mistake, one finds the token of the other, and reads it.
#[test]
fn a_read_that_is_not_remembered_is_made_for_ever() {
    let rules = Rules::new(0).overlapping();
    breaks(Safeguard::Verification, Broken::TurnsInCircles, due, &rules);
}

#[test]
fn draining_keeps_a_token_that_was_granted_before_the_end() {
    breaks(
        Safeguard::Draining,
        Broken::TokenThrownAway,
        new,
        &Rules::new(2).alone().upgraded(),
    );
}

/// It takes longer than a claim, or a Lease, lasts.
#[test]
fn patience_at_the_end_keeps_a_token_that_is_being_granted() {
    let rules = Rules::new(2).alone().upgraded();
    let moves = breaks(Safeguard::Patience, Broken::TokenThrownAway, due, &rules);
    assert!(moves.iter().any(|by| matches!(by, Move::Call(.., How::Late))));
}

#[test]
fn a_place_that_is_not_given_back_is_waited_for_in_vain() {
    breaks(Safeguard::PlaceGivenBack, Broken::NeverSettles, new, &Rules::new(1));
}

/// Where there are places to spare, nobody waits for it.
#[test]
fn a_place_that_is_not_given_back_is_held_for_ever() {
    let limits = Limits { budget: 6, per_host: 6 };
    let rules = Rules {
        limits,
        ..Rules::new(1).alone()
    };
    breaks(Safeguard::PlaceGivenBack, Broken::PlaceHeldForEver, due, &rules);
}

/// The claim of a leader is over for a while, in the midst of an attempt.
#[test]
fn a_request_that_was_held_back_is_no_attempt() {
    let rules = Rules::new(1).alone().cut_off();
    let moves = breaks(Safeguard::TakenBack, Broken::WaitsForNothing, due, &rules);
    assert!(moves.iter().any(|by| matches!(by, Move::CutOff(_))));
}

/// The watch of credentials is late to tell of it, and that of Secrets is not.
#[test]
fn a_status_that_was_written_is_not_written_again_before_the_watch_tells_of_it() {
    let rules = Rules::new(1).alone().upgraded();
    let moves = breaks(Safeguard::OwnStatus, Broken::NeverSettles, due, &rules);
    let alone = Behind {
        credentials: true,
        secrets: false,
    };
    assert!(
        moves
            .iter()
            .any(|by| matches!(by, Move::Lags(_, behind) if *behind == alone))
    );
}
