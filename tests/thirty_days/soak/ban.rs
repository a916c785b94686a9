//! The address is banned for two hours because another client behind it failed: few requests are sent meanwhile, and all is
//! well again by itself.

use std::time::Duration;

use tracktik_operator::clock::monotonic;

use super::{incidents::AFTER_AN_HOURLY_PACE, ledger::Whom, residents, tenants::BANNED, town::Town};

const CREDENTIALS: usize = 220;
const HOSTS: usize = 11;

/// Of a host that always answered at once: 8 requests are under way at most when the ban begins, and one finds out after
/// 10, 30 and 70 minutes each.
const ASKED: usize = 8 + 3;

fn without_a_token(town: &Town) -> usize {
    let waits = |number: &usize| town.ledger.expiry(*number).is_none_or(|expiry| expiry <= monotonic());
    (0..CREDENTIALS).filter(waits).count()
}

#[tokio::test(start_paused = true)]
async fn a_ban_that_others_brought_about_is_borne_by_few_requests_and_over_by_itself() {
    let mut town = Town::of(residents::healthy(CREDENTIALS, HOSTS), HOSTS, 1);
    town.pass(Duration::from_mins(70)).await;
    assert_eq!(without_a_token(&town), 0);
    let (before, began) = (town.ledger.seen.requests, monotonic());
    town.ledger.disturb(Whom::All, began + BANNED + AFTER_AN_HOURLY_PACE);
    town.world.tracktik.ban();
    town.pass(BANNED.saturating_sub(Duration::from_mins(1))).await;
    assert_eq!(without_a_token(&town), CREDENTIALS, "or this shows nothing");
    let in_vain = town.ledger.seen.requests - before;
    while without_a_token(&town) > 0 {
        town.pass(Duration::from_mins(1)).await;
    }
    let recovered_after = began.elapsed().saturating_sub(BANNED);
    // Whoever is not well by then, or afterwards, ends it.
    town.pass(AFTER_AN_HOURLY_PACE + Duration::from_hours(2)).await;
    let (most, worst) = (
        town.world.tracktik.most_asked_while_banned(),
        town.world.tracktik.worst_fruitless(),
    );
    println!(
        "{CREDENTIALS} credentials on {HOSTS} hosts, banned for two hours by others: {in_vain} requests meanwhile, at most \
         {most} to a host and {worst} in two minutes; all valid again {recovered_after:?} after its end"
    );
    assert!(most <= ASKED, "{most}");
    assert!(in_vain <= HOSTS * ASKED, "{in_vain}");
    assert!(recovered_after <= AFTER_AN_HOURLY_PACE, "{recovered_after:?}");
    assert_eq!(town.world.tracktik.bans(), (1, 1));
    town.world.end().await;
}
