//! The place that draws random bytes.

/// Gives bytes nobody outside can guess.
pub trait Randomness: Send + Sync {
    /// Sixteen fresh bytes.
    fn key(&self) -> [u8; 16];
}

/// The operating system's generator.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemRandomness;

impl Randomness for SystemRandomness {
    fn key(&self) -> [u8; 16] {
        // The standard library seeds each hasher state from the operating system; two states give the 128 bits.
        use std::hash::{BuildHasher, RandomState};
        let mut key = [0_u8; 16];
        key[..8].copy_from_slice(&RandomState::new().hash_one(0_u64).to_le_bytes());
        key[8..].copy_from_slice(&RandomState::new().hash_one(1_u64).to_le_bytes());
        key
    }
}

/// The same bytes every time; for simulations.
#[derive(Debug, Clone, Copy)]
pub struct FixedRandomness(pub [u8; 16]);

impl Randomness for FixedRandomness {
    fn key(&self) -> [u8; 16] {
        self.0
    }
}
