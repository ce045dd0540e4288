//! Chance that can be had again: every draw follows from the seed, what it is for, and where in the
//! run it stands. A checkpoint therefore needs no state of a generator.

use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest as _, Sha256};

/// The numbers for one purpose at one place, such as epoch and batch.
pub fn stream(seed: u64, purpose: &str, place: &[u64]) -> ChaCha8Rng {
    let mut hash = Sha256::new();
    hash.update(seed.to_le_bytes());
    hash.update(purpose.as_bytes());
    place.iter().for_each(|number| hash.update(number.to_le_bytes()));
    ChaCha8Rng::from_seed(hash.finalize().into())
}

#[cfg(test)]
mod tests {
    use rand::Rng as _;

    use super::*;

    #[test]
    fn a_place_always_gives_the_same_numbers_and_another_gives_others() {
        let first = |place: &[u64], purpose| stream(7, purpose, place).random::<u64>();
        assert_eq!(first(&[1, 2], "order"), first(&[1, 2], "order"));
        assert_ne!(first(&[1, 2], "order"), first(&[2, 1], "order"));
        assert_ne!(first(&[1, 2], "order"), first(&[1, 2], "drop path"));
    }
}
