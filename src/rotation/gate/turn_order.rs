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
/// Costs a step for each place given, and one for each host without room whose first would come before; never a look at
/// every host, nor a walk along a line.
pub fn who_goes(lines: &Lines, mut free: Free, room: impl Fn(&str) -> usize) -> Vec<&Rank> {
    let mut going = Vec::new();
    let mut heads = lines.heads().peekable();
    // What comes next of the hosts whose head goes.
    let mut begun = BTreeMap::new();
    while free.all > 0 {
        let next = begun.first_key_value().map(|(rank, _)| *rank);
        let of_begun = match (next, heads.peek()) {
            (None, None) => break,
            (Some(next), Some((head, _))) => next < *head,
            (next, _) => next.is_some(),
        };
        let taken = if of_begun {
            begun.pop_first()
        } else {
            heads.next().and_then(|(_, host)| {
                let mut line = lines.of_host(host).take(room(host));
                line.next().map(|head| (head, line))
            })
        };
        // A host without room.
        let Some((rank, mut rest)) = taken else { continue };
        if rank.is_unproven() {
            // Proven ones come first, so all that are left in any line are unproven as well.
            if free.unproven == 0 {
                break;
            }
            free.unproven -= 1;
        }
        going.push(rank);
        free.all -= 1;
        if let Some(next) = rest.next() {
            begun.insert(next, rest);
        }
    }
    going
}
