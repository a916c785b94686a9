//! One input made of others: bytes flipped, pieces removed, repeated, swapped, and words put in.

use std::ops::Range;

use proptest::{prelude::RngExt, test_runner::TestRng};

use super::{canary::CANARY, pieces::pieces};

/// No input is longer: as much as is read of an answer, and a little more.
pub const LONGEST: usize = 68 * 1_024;

/// Words that mean something to most parsers.
const WORDS: [&str; 48] = [
    "{",
    "}",
    "[",
    "]",
    "\"",
    "\\",
    ":",
    ",",
    "null",
    "true",
    "\"\"",
    "{}",
    "[]",
    "$(",
    "$$(",
    ")",
    "\\u0000",
    "\\ud800",
    "\\\"",
    "0",
    "-1",
    "0.5",
    "1e308",
    "1e999",
    "-0.0",
    "2147483648",
    "9223372036854775807",
    "9223372036854775808",
    "18446744073709551616",
    "99999999999999999999999999",
    "NaN",
    "\n",
    "\r\n",
    "\t",
    " ",
    "\u{feff}",
    "\u{a0}",
    "\u{202e}",
    "é",
    "/",
    "@",
    ".",
    "..",
    "*",
    "%00",
    "1970-01-01T00:00:00Z",
    "9999-12-31T23:59:59.999999999Z",
    CANARY,
];

/// Bytes that mean something, or that no text has.
const BYTES: [u8; 12] = [0x00, 0x01, 0x1b, 0x20, 0x22, 0x5c, 0x7f, 0x80, 0xc0, 0xed, 0xfe, 0xff];

/// An input made of `parent`, with parts of `others`.
pub fn mutated(rng: &mut TestRng, parent: &[u8], others: &[Vec<u8>], dictionary: &[&str]) -> Vec<u8> {
    let mut input = parent.to_vec();
    // Mostly one or two steps away, so that most inputs get past the first check of a parser.
    let steps = [1, 1, 1, 2, 2, 3, 5, 8][rng.random_range(0..8)];
    for _ in 0..steps {
        step(rng, &mut input, others, dictionary);
        input.truncate(LONGEST);
    }
    input
}

fn step(rng: &mut TestRng, input: &mut Vec<u8>, others: &[Vec<u8>], dictionary: &[&str]) {
    let at = rng.random_range(0..=input.len());
    match rng.random_range(0..13) {
        0 => {
            if let Some(byte) = input.get_mut(at) {
                *byte ^= 1 << rng.random_range(0..8);
            }
        }
        1 => {
            if let Some(byte) = input.get_mut(at) {
                *byte = BYTES[rng.random_range(0..BYTES.len())];
            }
        }
        2 => insert(input, at, &[BYTES[rng.random_range(0..BYTES.len())]]),
        3 => input.truncate(at),
        4 => drop(input.drain(some_span(rng, input))),
        5 => {
            let span = some_span(rng, input);
            let copy = input[span].to_vec();
            insert(input, at, &copy);
        }
        6 => insert(input, at, word(rng, dictionary).as_bytes()),
        7 => replace_piece(rng, input, &|rng| word(rng, dictionary).as_bytes().to_vec()),
        8 => replace_piece(rng, input, &|rng| {
            let other = other(rng, others);
            some_piece(rng, other).to_vec()
        }),
        9 => {
            let behind = other(rng, others);
            input.truncate(at);
            input.extend_from_slice(&behind[rng.random_range(0..=behind.len())..]);
        }
        10 => swap_pieces(rng, input),
        11 => {
            let span = some_span(rng, input);
            let upper = rng.random_bool(0.5);
            for byte in &mut input[span] {
                *byte = if upper {
                    byte.to_ascii_uppercase()
                } else {
                    byte.to_ascii_lowercase()
                };
            }
        }
        _ => repeat_piece(rng, input),
    }
}

fn word<'d>(rng: &mut TestRng, dictionary: &[&'d str]) -> &'d str {
    let at = rng.random_range(0..WORDS.len() + 2 * dictionary.len());
    // Its own words twice as often: there are few.
    WORDS
        .get(at)
        .copied()
        .unwrap_or_else(|| dictionary[at % dictionary.len()])
}

fn other<'p>(rng: &mut TestRng, others: &'p [Vec<u8>]) -> &'p [u8] {
    &others[rng.random_range(0..others.len())]
}

/// A short span, mostly; now and then any.
fn some_span(rng: &mut TestRng, input: &[u8]) -> Range<usize> {
    let start = rng.random_range(0..=input.len());
    let longest = if rng.random_bool(0.8) { 16 } else { LONGEST };
    let left = (input.len() - start).min(longest);
    start..start + rng.random_range(0..=left)
}

fn some_piece<'i>(rng: &mut TestRng, input: &'i [u8]) -> &'i [u8] {
    let pieces = pieces(input);
    match pieces.len() {
        0 => input,
        count => &input[pieces[rng.random_range(0..count)].clone()],
    }
}

fn replace_piece(rng: &mut TestRng, input: &mut Vec<u8>, with: &dyn Fn(&mut TestRng) -> Vec<u8>) {
    let pieces = pieces(input);
    if !pieces.is_empty() {
        let piece = pieces[rng.random_range(0..pieces.len())].clone();
        let with = with(rng);
        drop(input.splice(piece, with));
    }
}

/// Two pieces that do not lie within each other change places.
fn swap_pieces(rng: &mut TestRng, input: &mut Vec<u8>) {
    let pieces = pieces(input);
    if pieces.is_empty() {
        return;
    }
    let one = pieces[rng.random_range(0..pieces.len())].clone();
    let two = pieces[rng.random_range(0..pieces.len())].clone();
    let (first, second) = if one.start <= two.start { (one, two) } else { (two, one) };
    if first.end <= second.start {
        let (early, late) = (input[first.clone()].to_vec(), input[second.clone()].to_vec());
        drop(input.splice(second, early));
        drop(input.splice(first, late));
    }
}

/// One piece stands there many times.
fn repeat_piece(rng: &mut TestRng, input: &mut Vec<u8>) {
    let pieces = pieces(input);
    if pieces.is_empty() {
        return;
    }
    let piece = pieces[rng.random_range(0..pieces.len())].clone();
    // Long inputs are slow ones, so they are rare.
    let most = if rng.random_bool(0.02) { LONGEST } else { 300 };
    let times = 1 + rng.random_range(0..most) / (piece.len() + 1);
    let copies = input[piece.clone()].repeat(times);
    insert(input, piece.end, &copies);
}

fn insert(input: &mut Vec<u8>, at: usize, bytes: &[u8]) {
    drop(input.splice(at..at, bytes.iter().copied()));
}
