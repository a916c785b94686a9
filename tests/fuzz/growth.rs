//! Long inputs, made of short ones: what takes more than linear time shows there.

use std::{iter, time::Duration};

use tracktik_operator::clock;

use super::{finding::judged, pieces::pieces, verdict::Parser};

/// As much as is read of an answer, and as much as a Secret, or an object of the API server, can be.
const LENGTHS: [usize; 2] = [64 * 1_024, 1_024 * 1_024];

/// Quicker than this at a megabyte, and nobody minds how it got there.
const QUICK: Duration = Duration::from_millis(500);

/// A long input takes a linear parser as long as all the short ones that it outweighs, and a quadratic one sixteen times
/// that.
const TOO_MUCH: u32 = 4;

/// Another program may have had the processor while one of the two was judged, but hardly each time.
const MEASURED: usize = 4;

/// What nothing closes, and what most parsers stop at.
const FILLINGS: [&str; 7] = ["[", "{\"a\":", "\"", "\\", "$(", "a.", " "];

/// The longest of the seeds grown long, to one length and to the other: with a piece of it repeated in its place, from the
/// largest to the smallest, and with a filling in the middle of its largest piece.
pub fn grown(seeds: &[Vec<u8>]) -> [Vec<Vec<u8>>; 2] {
    let seed: &[u8] = seeds.iter().max_by_key(|seed| seed.len()).map_or(b"", Vec::as_slice);
    let mut places = pieces(seed);
    places.retain(|place| !place.is_empty());
    places.sort_by_key(|place| std::cmp::Reverse(place.len()));
    let middle = places.first().map_or(0, |place| place.start + place.len() / 2);
    let few = places.len().div_ceil(5).max(1);
    LENGTHS.map(|length| {
        let repeated = places.iter().step_by(few).map(|place| {
            let repeated = seed[place.clone()].repeat(length / place.len());
            [&seed[..place.start], &repeated, &seed[place.end..]].concat()
        });
        let filled = FILLINGS.into_iter().map(|filling| {
            let filling = filling.repeat(length / filling.len());
            [&seed[..middle], filling.as_bytes(), &seed[middle..]].concat()
        });
        repeated.chain(filled).collect()
    })
}

/// Why the time for this parser grows faster than an input that is grown from a short one to a long one; nothing where it
/// does not. Where the long one took no longer than this, nothing is measured.
pub fn outgrown(parser: &Parser, short: &[u8], long: &[u8], took: Duration) -> Option<String> {
    if took <= QUICK {
        return None;
    }
    let times = long.len().div_ceil(short.len().max(1));
    let time = |input: &[u8], times: usize| {
        let began = clock::monotonic();
        // What it says of them has been judged before.
        iter::repeat_n(input, times).for_each(|input| drop(judged(parser, input)));
        began.elapsed()
    };
    for _ in 0..MEASURED {
        let (all_short, one_long) = (time(short, times), time(long, 1));
        if one_long <= all_short * TOO_MUCH {
            return None;
        }
    }
    Some(format!(
        "it takes more than {TOO_MUCH} times as long for {} bytes as {times} times for {}",
        long.len(),
        short.len()
    ))
}
