//! Weeks of renewals, and an outage among them.

use std::time::Duration;

use serde_json::json;
use tracktik_operator::api::Span;

use crate::{tracktik::Answer, world::World};

#[tokio::test(start_paused = true)]
async fn thirty_days_of_hourly_tokens_never_fall_below_two_minutes() {
    let names = ["a", "b", "c"];
    let world = World::with(&names);
    tokio::time::sleep(Duration::from_hours(30 * 24)).await;

    for name in names {
        let times = world.tracktik.granted_to(name);
        // An hour less the margin of twenty minutes, and at most a tenth of that earlier.
        let shortest = times.windows(2).map(|pair| pair[1] - pair[0]).min().unwrap();
        let longest = times.windows(2).map(|pair| pair[1] - pair[0]).max().unwrap();
        assert!(shortest >= Span::seconds(2_400 - 120 - 2), "{shortest}");
        assert!(longest <= Span::seconds(2_400 + 2), "{longest}");
        assert!((1_080..=1_137).contains(&times.len()), "{}", times.len());
    }
    let least = world.api.least_remaining_life().unwrap();
    assert!(least >= Span::seconds(1_190), "{least}");
    let logins = world.tracktik.granted();
    let (secret_writes, status_writes, events) = world.api.writes();
    println!(
        "thirty days: {logins} logins, {secret_writes} Secret writes, {status_writes} status writes, {events} events"
    );
    assert_eq!(secret_writes, logins);
    // One more for each first token, whose announcement is a status too; and for renewals soon after the start.
    assert!(status_writes <= logins + 2 * names.len(), "{status_writes}");
    assert_eq!(events, names.len(), "one event for a first token, none for a renewal");
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_session_of_thirty_days_is_begun_by_one_login_and_sends_each_refresh_token_once() {
    let names = ["a", "b"];
    let world = World::renewing_by("Refresh", &names);
    tokio::time::sleep(Duration::from_hours(30 * 24)).await;

    let (all, refreshes) = (world.tracktik.attempts(), world.tracktik.refreshes());
    assert_eq!(all - refreshes, names.len(), "one login each");
    assert!((1_080..=1_137).contains(&(all / names.len())), "{all}");
    let least = world.api.least_remaining_life().unwrap();
    assert!(least >= Span::seconds(1_190), "{least}");
    let (secret_writes, status_writes, events) = world.api.writes();
    assert_eq!((secret_writes, world.api.marks()), (all, refreshes));
    // Each is announced, and its outcome told. For a first token also that it is being requested, where that has to wait
    // for the host's first answer.
    let told = 2 * all;
    assert!((told..=told + names.len()).contains(&status_writes), "{status_writes}");
    assert_eq!(events, names.len(), "one event for a first token, none for a renewal");
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_minute_after_a_kill_around_a_refresh_a_token_that_is_not_revoked_is_in_place() {
    let mut world = World::renewing_by("Refresh", &["a"]);
    // Around each renewal that is due, at another moment of it each time.
    for round in 0..200_u64 {
        tokio::time::sleep(Duration::from_mins(36)).await;
        let renewed = world.tracktik.attempts();
        while world.tracktik.attempts() == renewed {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        tokio::time::sleep(Duration::from_millis(round * 2)).await;
        world.kill().await;
        world.start();
        tokio::time::sleep(Duration::from_secs(90)).await;
        assert_eq!(
            world.api.condition("a", "Renewed"),
            ("True".to_owned(), "TokenValid".to_owned()),
            "round {round}"
        );
        let in_place = world.api.value("a-token", "refresh_token");
        assert!(
            !world.tracktik.has_seen(&in_place),
            "round {round}: the token in place is revoked"
        );
    }
    let refreshes = world.tracktik.refreshes();
    let logins = world.tracktik.attempts() - refreshes;
    println!("killed in 200 renewals: {refreshes} refreshes, {logins} logins");
    assert!(logins > 50 && refreshes > 100, "{refreshes} refreshes, {logins} logins");
    assert!(logins <= 201, "{logins} logins");
    world.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_outage_of_a_day_costs_a_bounded_number_of_attempts_and_heals_by_itself() {
    let world = World::with(&["a"]);
    tokio::time::sleep(Duration::from_hours(1)).await;
    world.tracktik.answers(Answer::NoConnection);
    let before = world.tracktik.attempts();
    tokio::time::sleep(Duration::from_hours(24)).await;
    let attempts = world.tracktik.attempts() - before;
    // Five seconds doubling to ten minutes less a fifth: 144 to 190 a day.
    assert!((130..=195).contains(&attempts), "{attempts}");
    let (_, _, events) = world.api.writes();
    assert!(
        events <= 4,
        "an outage is told when it begins and when it costs the token, not at each attempt: {events}"
    );
    assert_eq!(
        world.api.condition("a", "Ready"),
        ("False".to_owned(), "EndpointUnavailable".to_owned())
    );
    world.tracktik.answers(Answer::Token);
    tokio::time::sleep(Duration::from_mins(11)).await;
    assert_eq!(
        world.api.condition("a", "Ready"),
        ("True".to_owned(), "TokenValid".to_owned())
    );
    assert_eq!(
        world.api.condition("a", "Renewed"),
        ("True".to_owned(), "TokenValid".to_owned())
    );
    world.end().await;
}

/// Whoever else writes to the token Secret: a backup, a policy, a person.
#[tokio::test(start_paused = true)]
async fn what_others_set_on_the_secret_survives_a_hundred_renewals() {
    let world = World::with(&["a"]);
    tokio::time::sleep(Duration::from_mins(1)).await;
    world.api.label_secret("a-token", "team", "theirs");
    world.api.annotate_secret("a-token", "example.com/backup", "nightly");
    let ours = json!({ "metadata": { "labels": { "tier": "ours" }, "annotations": { "example.com/ours": "too" } } });
    world.api.edit_spec("a", "tokenSecret", ours);
    for renewal in 0..100 {
        let before = world.tracktik.granted();
        tokio::time::sleep(Duration::from_mins(40)).await;
        assert!(world.tracktik.granted() > before, "renewal {renewal}");
        let metadata = world.api.secret("a-token").unwrap()["metadata"].clone();
        for (label, value) in [("team", "theirs"), ("tier", "ours")] {
            assert_eq!(metadata["labels"][label], value, "renewal {renewal}");
        }
        let annotations = &metadata["annotations"];
        assert_eq!(annotations["example.com/backup"], "nightly", "renewal {renewal}");
        assert_eq!(annotations["example.com/ours"], "too", "renewal {renewal}");
    }
    // What is asked for no longer goes, and nothing of others with it.
    world.api.edit_spec("a", "tokenSecret", json!({}));
    tokio::time::sleep(Duration::from_mins(1)).await;
    let metadata = world.api.secret("a-token").unwrap()["metadata"].clone();
    assert_eq!(metadata["labels"]["team"], "theirs");
    assert!(metadata["labels"]["tier"].is_null(), "{metadata}");
    assert!(metadata["annotations"]["example.com/ours"].is_null(), "{metadata}");
    assert_eq!(metadata["annotations"]["example.com/backup"], "nightly");
    assert_eq!(world.tracktik.granted(), world.tracktik.attempts());
    world.end().await;
}
