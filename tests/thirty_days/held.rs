//! A token that was granted and cannot be stored: kept while it is worth it.

use std::time::Duration;

use crate::world::World;

/// Half the life of a token.
const WORTH_IT: Duration = Duration::from_mins(30);

/// The longest pause after a refused write.
const PAUSE: Duration = Duration::from_mins(5);

#[tokio::test(start_paused = true)]
async fn a_token_that_could_not_be_stored_for_half_its_life_is_replaced_by_one_login() {
    for refused_for in [31, 45].map(Duration::from_mins) {
        let world = World::with(&["a"]);
        world.api.refuse_to_store(Some(503));
        tokio::time::sleep(WORTH_IT).await;
        assert_eq!(
            world.tracktik.attempts(),
            1,
            "before that, only the write is tried again"
        );
        tokio::time::sleep(refused_for.saturating_sub(WORTH_IT)).await;
        world.api.refuse_to_store(None);
        tokio::time::sleep(PAUSE).await;
        assert_eq!(world.tracktik.attempts(), 2, "refused for {refused_for:?}");
        assert_eq!(world.api.writes().0, 1);
        assert!(!world.api.is_pending("a"));
        for of in ["Ready", "Renewed"] {
            let said = ("True".to_owned(), "TokenValid".to_owned());
            assert_eq!(world.api.condition("a", of), said);
        }
        world.end().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_that_could_not_be_stored_for_less_is_the_one_that_is_stored() {
    let world = World::with(&["a"]);
    world.api.refuse_to_store(Some(503));
    tokio::time::sleep(WORTH_IT.saturating_sub(Duration::from_mins(1))).await;
    world.api.refuse_to_store(None);
    tokio::time::sleep(Duration::from_secs(30)).await;
    assert_eq!((world.tracktik.attempts(), world.api.writes().0), (1, 1));
    world.end().await;
}
