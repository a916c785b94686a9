//! Worlds in which no promise is to be broken. Each is searched once, however many tests ask for it: those that remove a
//! safeguard search it with all of them too, and several do in one world.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, OnceLock},
};

use crate::{
    explorer::{Order, Print, explore},
    rules::Rules,
    story,
    world::World,
};

/// The promise that was broken, and the story of it; nothing where all is kept.
type Broken = Option<String>;

static SEARCHED: Mutex<BTreeMap<String, Arc<OnceLock<Broken>>>> = Mutex::new(BTreeMap::new());

/// Searches everything from here, and tells of the promise that is broken, if one is.
pub fn holds(name: &str, first: World, rules: &Rules) {
    let world = format!("{:?} {rules:?}", Print::of(&first));
    let searched = Arc::clone(SEARCHED.lock().unwrap().entry(world).or_default());
    let broken = searched.get_or_init(|| {
        let found = explore(first, rules, Order::DeepestFirst);
        eprintln!("{}", story::figures(name, &found));
        let broken = found.broken.as_ref();
        broken.map(|(promise, moves)| format!("{promise:?}\n{}", story::told(moves)))
    });
    if let Some(broken) = broken {
        panic!("{name}: {broken}");
    }
}
