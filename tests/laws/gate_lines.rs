//! The firsts of the lines are kept, so that nobody walks along all hosts to find them: whatever is done to the lines, they
//! are those whom a walk would find.

use std::collections::BTreeMap;

use proptest::{collection::vec, option::weighted, prelude::*};
use tracktik_operator::rotation::gate::line::{Lines, Rank, Waiter};

use crate::{
    gate_scene::digest,
    gate_world::{key, request},
};

/// All that the gate does to its lines.
#[derive(Clone, Debug)]
enum Act {
    /// In the line of its host, with or without the turn of an account, or behind an account.
    Wait(Rank, String, Option<u8>, Option<u8>),
    Leave(String),
    LetThrough(u8),
    Tell(String),
}

fn act() -> BoxedStrategy<Act> {
    let account = || 0_u8..3;
    prop_oneof![
        6 => (request(), weighted(0.3, account()), weighted(0.4, account())).prop_map(|(request, turn, behind)| {
            Act::Wait(Rank::of(&request), key(&request.host).to_owned(), turn, behind)
        }),
        3 => request().prop_map(|request| Act::Leave(request.credential)),
        3 => account().prop_map(Act::LetThrough),
        1 => request().prop_map(|request| Act::Tell(request.credential)),
    ]
    .boxed()
}

/// Those who wait, as simply as can be: each with its host, and the account that it is behind.
#[derive(Default)]
struct Naive(BTreeMap<String, (Rank, String, Option<u8>)>);

impl Naive {
    fn act(&mut self, act: &Act) {
        match act {
            Act::Wait(rank, host, _, behind) => {
                let waits = (rank.clone(), host.clone(), *behind);
                self.0.insert(rank.credential.clone(), waits);
            }
            Act::Leave(credential) => {
                self.0.remove(credential);
            }
            Act::LetThrough(account) => {
                let behind = self.0.values_mut().filter(|(_, _, behind)| *behind == Some(*account));
                if let Some((_, _, behind)) = behind.min_by_key(|(rank, _, _)| rank.clone()) {
                    *behind = None;
                }
            }
            Act::Tell(_) => {}
        }
    }

    /// Each host's line, by a walk along all who wait.
    fn lines(&self) -> BTreeMap<&str, Vec<&Rank>> {
        let mut lines: BTreeMap<&str, Vec<&Rank>> = BTreeMap::new();
        for (rank, host, _) in self.0.values().filter(|(_, _, behind)| behind.is_none()) {
            lines.entry(host).or_default().push(rank);
        }
        for line in lines.values_mut() {
            line.sort();
        }
        lines
    }
}

fn done(lines: &mut Lines, act: &Act) {
    match act {
        Act::Wait(rank, host, turn, behind) => {
            lines.remove(&rank.credential);
            let (turn, behind) = (turn.map(digest), behind.map(digest));
            lines.insert(Waiter::new(host.clone(), rank.clone(), turn, behind));
        }
        Act::Leave(credential) => {
            lines.remove(credential);
        }
        Act::LetThrough(account) => lines.let_through(digest(*account)),
        Act::Tell(credential) => lines.tell(std::slice::from_ref(credential)),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_heads_that_are_kept_are_the_first_of_each_line(acts in vec(act(), 0..120)) {
        let (mut lines, mut naive) = (Lines::default(), Naive::default());
        for act in &acts {
            done(&mut lines, act);
            naive.act(act);
            let walked = naive.lines();
            let mut first: Vec<(&Rank, &str)> = walked.iter().map(|(host, line)| (line[0], *host)).collect();
            first.sort();
            prop_assert_eq!(lines.heads().collect::<Vec<_>>(), first);
            for (host, line) in &walked {
                prop_assert_eq!(&lines.of_host(host).collect::<Vec<_>>(), line);
            }
            prop_assert_eq!((lines.is_empty(), lines.count()), (walked.is_empty(), naive.0.len()));
        }
    }
}
