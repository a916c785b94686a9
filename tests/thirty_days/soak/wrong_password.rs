//! A password that is wrong for a week: few attempts, whatever is done to the operator meanwhile.

use std::time::Duration;

use tracktik_operator::clock::{Instant, monotonic};

use super::{
    residents::{self, Broken, Resident},
    town::Town,
};

const MINUTES_OF_A_WEEK: u64 = 7 * 24 * 60;

/// After 30 min, 2 h, 6 h, and then once a day: at hours 0, 0.5, 2.5, 8.5, 32.5 … 152.5.
const STEADY: usize = 10;

/// The attempt that was waited for, and three early ones an hour.
const BY_REQUEST: usize = 4 * 7 * 24;

/// A week of a credential whose password is wrong, in which this is done every minute. When each attempt was made.
async fn a_week(minutely: impl AsyncFn(&mut Town, u64)) -> Vec<Instant> {
    let wrong = residents::broken(1, 1).collect::<Vec<Resident>>();
    assert_eq!(wrong[0].broken, Some(Broken::WrongPassword));
    let mut town = Town::of(wrong, 1, 1);
    let mut attempts = Vec::new();
    for minute in 1..=MINUTES_OF_A_WEEK {
        tokio::time::sleep(Duration::from_mins(1)).await;
        minutely(&mut town, minute).await;
        attempts.extend(town.world.tracktik.take_arrivals().iter().map(|arrival| arrival.at));
    }
    town.world.end().await;
    attempts
}

/// The most of them in any such time.
fn most_in(time: Duration, attempts: &[Instant]) -> usize {
    let within = |first: &Instant| {
        attempts
            .iter()
            .filter(|at| **at >= *first && **at < *first + time)
            .count()
    };
    attempts.iter().map(within).max().unwrap_or(0)
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_tried_ten_times_in_a_week() {
    let began = monotonic();
    let attempts = a_week(async |_, _| ()).await;
    let hours: Vec<f64> = attempts
        .iter()
        .map(|at| (*at - began).as_secs_f64() / 3_600.0)
        .collect();
    println!(
        "wrong password for a week: {} attempts, at hours {hours:.2?}",
        attempts.len()
    );
    assert_eq!(attempts.len(), STEADY);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_tried_no_more_often_where_the_operator_is_killed_every_minute() {
    let attempts = a_week(async |town, _| town.restart().await).await;
    println!("and killed every minute: {} attempts", attempts.len());
    assert_eq!(attempts.len(), STEADY);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_is_tried_four_times_an_hour_where_somebody_asks_every_minute() {
    let attempts = a_week(async |town, minute| {
        let name = &town.residents[0].name;
        town.world
            .api
            .annotate(name, "tracktik-operator.io/rotate", &minute.to_string());
    })
    .await;
    let most = most_in(Duration::from_hours(1), &attempts);
    println!(
        "and asked for every minute: {} attempts, at most {most} an hour",
        attempts.len()
    );
    assert!(most <= 4, "{most}");
    assert!(
        (BY_REQUEST - 8..=BY_REQUEST + 4).contains(&attempts.len()),
        "{}",
        attempts.len()
    );
}
