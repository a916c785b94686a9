//! The ban of addresses in virtual time.

use std::{
    net::{IpAddr, Ipv4Addr},
    time::Duration,
};

use testbed::simulator::{
    TokenRequest,
    world::{Reply, Rules, World},
};

use crate::client::account;

const HERE: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);
const ELSEWHERE: IpAddr = IpAddr::V4(Ipv4Addr::new(127, 0, 0, 2));

fn world(rules: Rules) -> World {
    let mut world = World::new(rules);
    world.add_account(account("ada"));
    world
}

/// So many wrong passwords, evenly spaced, from zero on; the time of the last one.
fn fail(world: &mut World, times: u32, apart: Duration) -> Duration {
    let wrong = TokenRequest::login(&account("ada")).with("password", "wrong");
    for time in 0..times {
        world.token_request(apart * time, HERE, &wrong);
    }
    apart * (times - 1)
}

fn is_blocked(world: &mut World, now: Duration, from: IpAddr) -> bool {
    let right = TokenRequest::login(&account("ada"));
    world.token_request(now, from, &right) == Reply::Blocked
}

#[test]
fn forty_failures_in_less_than_two_minutes_close_the_door() {
    let second = Duration::from_secs(1);
    let three_seconds = Duration::from_secs(3);
    // (failures, spacing, blocked, worst)
    let table = [
        (39, second, false, 39),
        (40, second, true, 40),
        (40, three_seconds, true, 40),
        (40, Duration::from_millis(3077), false, 39),
        (400, Duration::from_millis(3077), false, 39),
        (400, Duration::from_mins(2), false, 1),
    ];
    for (failures, apart, blocked, worst) in table {
        let mut world = world(Rules::default());
        let now = fail(&mut world, failures, apart);
        assert_eq!(is_blocked(&mut world, now, HERE), blocked, "{failures} each {apart:?}");
        assert!(!is_blocked(&mut world, now, ELSEWHERE));
        let counts = world.counts();
        assert_eq!(
            counts.worst_failures_per_two_minutes, worst,
            "{failures} each {apart:?}"
        );
        assert_eq!(counts.banned_addresses, u64::from(blocked));
        assert_eq!(counts.blocked, u64::from(blocked));
        let user = &counts.by_username["ada"];
        assert_eq!(
            (user.attempts, user.refused),
            (u64::from(failures) + 2, u64::from(failures))
        );
    }
}

#[test]
fn a_ban_lasts_two_hours_and_reads_no_request() {
    let mut world = world(Rules::default());
    let banned = fail(&mut world, 40, Duration::from_secs(1));
    let end = banned + Duration::from_hours(2);
    let just_before = end.saturating_sub(Duration::from_millis(1));
    let wrong = TokenRequest::login(&account("ada")).with("password", "wrong");
    assert_eq!(world.token_request(just_before, HERE, &wrong), Reply::Blocked);
    assert!(!is_blocked(&mut world, end, HERE));
    assert_eq!((world.counts().refused, world.counts().logins), (40, 1));
}

#[test]
fn malformed_requests_ban_nobody() {
    let mut world = world(Rules::default());
    for _ in 0..100 {
        world.token_request(Duration::ZERO, HERE, &TokenRequest::default());
    }
    assert!(!is_blocked(&mut world, Duration::ZERO, HERE));
    assert_eq!(world.counts().worst_failures_per_two_minutes, 0);
}

#[test]
fn without_the_ban_failures_are_still_measured() {
    let rules = Rules {
        ban: None,
        ..Rules::default()
    };
    let mut world = world(rules);
    let now = fail(&mut world, 100, Duration::from_secs(1));
    assert!(!is_blocked(&mut world, now, HERE));
    assert_eq!(world.counts().worst_failures_per_two_minutes, 100);
    assert_eq!(world.counts().banned_addresses, 0);
}
