//! Who of those that wait would go now.

use std::collections::BTreeMap;

use super::line::{Lines, Rank};

/// Places that are free.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Free {
    /// In all.
    pub all: usize,
    /// For unproven requests, which also need one of all.
    pub unproven: usize,
}

/// Those who would go if all came now, in their order: the first of the hosts that have room, as long as places last.
///
/// Costs a look at each host that has a line, and a step for each place given; never a walk along a line.
pub fn who_goes(lines: &Lines, mut free: Free, room: impl Fn(&str) -> usize) -> Vec<&Rank> {
    let mut going = Vec::new();
    if free.all == 0 {
        return going;
    }
    let mut heads = BTreeMap::new();
    for (host, line) in lines.hosts() {
        let mut rest = line.iter().take(room(host));
        if let Some(head) = rest.next() {
            heads.insert(head, rest);
        }
    }
    while let Some((head, mut rest)) = heads.pop_first() {
        if head.unproven {
            // Proven ones come first, so all that are left in any line are unproven as well.
            if free.unproven == 0 {
                break;
            }
            free.unproven -= 1;
        }
        going.push(head);
        free.all -= 1;
        if free.all == 0 {
            break;
        }
        if let Some(next) = rest.next() {
            heads.insert(next, rest);
        }
    }
    going
}
