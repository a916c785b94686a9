//! Chance, from a seed: the same each time.

use std::time::Duration;

/// The `SplitMix64` generator.
pub struct Dice(u64);

impl Dice {
    /// Dice of one player of the game with this seed: what one draws changes nothing for another.
    pub fn of(seed: u64, player: u64) -> Self {
        let mut dice = Self(seed ^ player.wrapping_mul(0xD6E8_FEB8_6659_FD93));
        dice.roll();
        dice
    }

    pub fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one.
    pub fn below(&mut self, sides: usize) -> usize {
        let sides = u64::try_from(sides.max(1)).unwrap();
        usize::try_from(self.roll() % sides).unwrap()
    }

    /// Between so many seconds and so many.
    pub fn seconds(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_secs(from + self.roll() % (to - from))
    }

    /// Between so many minutes and so many.
    pub fn minutes(&mut self, from: u64, to: u64) -> Duration {
        self.seconds(from * 60, to * 60)
    }

    /// Between so many hours and so many.
    pub fn hours(&mut self, from: u64, to: u64) -> Duration {
        self.minutes(from * 60, to * 60)
    }
}
