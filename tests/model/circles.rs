//! Steps that lead back to where they began, though nothing went wrong on the way: they would be taken for ever, at once
//! and again. Whatever a write or the time has changed is another state, so these are steps that change nothing.

use std::collections::HashMap;

use crate::explorer::Print;

/// Which states follow which, where nothing goes wrong.
#[derive(Default)]
pub struct Circles {
    after: HashMap<Print, Vec<Print>>,
    /// How many ways lead into each state.
    into: HashMap<Print, usize>,
}

impl Circles {
    pub fn follows(&mut self, from: Print, to: Print) {
        self.after.entry(from).or_default().push(to);
        *self.into.entry(to).or_default() += 1;
        self.into.entry(from).or_default();
    }

    /// A state of a circle, or one behind it that is only reached through it: what is left once each state is taken away
    /// that nothing leads into.
    pub fn any(mut self) -> Option<Print> {
        let nothing_into = self.into.iter().filter(|(_, ways)| **ways == 0);
        let mut gone: Vec<Print> = nothing_into.map(|(print, _)| *print).collect();
        while let Some(print) = gone.pop() {
            self.into.remove(&print);
            for to in self.after.remove(&print).into_iter().flatten() {
                if let Some(ways) = self.into.get_mut(&to) {
                    *ways -= 1;
                    if *ways == 0 {
                        gone.push(to);
                    }
                }
            }
        }
        self.into.into_keys().find(|print| self.after.contains_key(print))
    }
}
