//! Source Secrets that cannot be read for hours: no other credential is renewed later for it.

use std::time::Duration;

use tracktik_operator::api::Span;

use crate::world::World;

const UNREADABLE: usize = 40;

const OTHERS: [&str; 5] = ["a", "b", "c", "d", "e"];

/// The longest pause after a refusal of the API server.
const PAUSE: Duration = Duration::from_mins(5);

const SIX_HOURS: Duration = Duration::from_hours(6);

#[tokio::test(start_paused = true)]
async fn forty_sources_that_cannot_be_read_for_six_hours_delay_nobody_else() {
    let world = World::with(&OTHERS);
    let unreadable: Vec<String> = (0..UNREADABLE).map(|number| format!("unreadable-{number}")).collect();
    for name in &unreadable {
        world.api.add_credential(name, "Password");
    }
    tokio::time::sleep(Duration::from_mins(10)).await;
    assert_eq!(world.tracktik.granted(), OTHERS.len() + UNREADABLE);
    for name in &unreadable {
        world.api.hide_from_reads(Some(name));
    }
    let (before, granted) = (world.api.reads(), world.tracktik.granted());
    tokio::time::sleep(SIX_HOURS).await;
    let mut renewals = 0;
    for name in OTHERS {
        let times = world.tracktik.granted_to(name);
        renewals += times.len() - 1;
        assert!(times.len() >= 10, "{name}: {times:?}");
        for apart in times.windows(2).map(|pair| pair[1] - pair[0]) {
            // An hour less the margin of twenty minutes, and at most a tenth of that earlier.
            let on_time = Span::seconds(2_400 - 120 - 2)..=Span::seconds(2_400 + 2);
            assert!(on_time.contains(&apart), "{name} is renewed after {apart}");
        }
    }
    assert_eq!(
        world.tracktik.granted() - granted,
        renewals,
        "what cannot be read is not sent"
    );
    // After 10 s, doubling to 5 min: 6 reads of each until the pauses are as long, and one each 5 min from there.
    let in_vain = world.api.reads() - before - renewals;
    let each = 6 + usize::try_from(SIX_HOURS.as_secs() / PAUSE.as_secs()).unwrap();
    println!("{UNREADABLE} sources are read {in_vain} times in vain in six hours, the others renewed {renewals} times");
    assert!(
        (UNREADABLE * each / 2..=UNREADABLE * each).contains(&in_vain),
        "{in_vain}"
    );
    for name in &unreadable {
        assert_eq!(world.api.condition(name, "Ready").0, "False");
    }
    world.api.hide_from_reads(None);
    tokio::time::sleep(PAUSE + Duration::from_mins(1)).await;
    for name in &unreadable {
        let said = ("True".to_owned(), "TokenValid".to_owned());
        assert_eq!(world.api.condition(name, "Ready"), said, "{name}");
    }
    world.end().await;
}
