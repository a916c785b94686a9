//! Long inputs, made of short ones: what takes more than linear time shows there.

use super::pieces::pieces;

/// As much as is read of an answer, and as much as a Secret, or an object of the API server, can be.
const LENGTHS: [usize; 2] = [64 * 1_024, 1_024 * 1_024];

/// What nothing closes, and what most parsers stop at.
const FILLINGS: [&str; 7] = ["[", "{\"a\":", "\"", "\\", "$(", "a.", " "];

/// The longest of the seeds grown long: with a piece of it repeated in its place, from the largest to the smallest, and
/// with a filling in the middle of its largest piece.
pub fn grown(seeds: &[Vec<u8>]) -> impl Iterator<Item = Vec<u8>> {
    let seed: &[u8] = seeds.iter().max_by_key(|seed| seed.len()).map_or(b"", Vec::as_slice);
    let mut places = pieces(seed);
    places.retain(|place| !place.is_empty());
    places.sort_by_key(|place| std::cmp::Reverse(place.len()));
    let middle = places.first().map_or(0, |place| place.start + place.len() / 2);
    let few = places.len().div_ceil(5).max(1);
    let places: Vec<_> = places.into_iter().step_by(few).collect();
    LENGTHS.into_iter().flat_map(move |length| {
        let repeated = places.clone().into_iter().map(move |place| {
            let repeated = seed[place.clone()].repeat(length / place.len());
            [&seed[..place.start], &repeated, &seed[place.end..]].concat()
        });
        let filled = FILLINGS.into_iter().map(move |filling| {
            let filling = filling.repeat(length / filling.len());
            [&seed[..middle], filling.as_bytes(), &seed[middle..]].concat()
        });
        repeated.chain(filled)
    })
}
