//! Chance, from one seed for all rounds of a run.

use std::time::Duration;

use proptest::{
    prelude::RngExt,
    test_runner::{RngAlgorithm, TestRng},
};

pub struct Dice(TestRng);

impl Dice {
    /// Of one round: the same in every run with this seed, whatever the rounds beside it throw.
    pub fn of_round(seed: u64, round: usize) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_le_bytes());
        bytes[8..16].copy_from_slice(&(round as u64).to_le_bytes());
        Self(TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
    }

    /// Any time up to this.
    pub fn up_to(&mut self, longest: Duration) -> Duration {
        longest.mul_f64(self.0.random_range(0.0..1.0))
    }

    /// Any of these.
    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.0.random_range(0..all.len())]
    }
}
