//! Gaze tokens of clips. A frozen estimator says the same of a clip in every epoch and for each of its
//! questions, so what it said once is kept.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use candle_core::{Device, Tensor};

use super::TrainError;

/// Memory for the tokens of all clips together: nearly 400 clips of eight minutes, 1.4 MB each at full width.
pub const MOST_BYTES: usize = 512 << 20;

pub struct TokenCache {
    kept: Mutex<Kept>,
    most_bytes: usize,
}

#[derive(Default)]
struct Kept {
    /// By the clip's place; in main memory, as a GPU's is for the network.
    tokens: HashMap<usize, Tensor>,
    bytes: usize,
}

impl TokenCache {
    pub fn new(most_bytes: usize) -> Self {
        Self { kept: Mutex::default(), most_bytes }
    }

    /// The tokens of a clip on `device`, computed there if they are not kept.
    pub fn of(
        &self,
        clip: usize,
        device: &Device,
        compute: impl FnOnce() -> Result<Tensor, TrainError>,
    ) -> Result<Tensor, TrainError> {
        let known = self.kept.lock().unwrap_or_else(PoisonError::into_inner).tokens.get(&clip).cloned();
        if let Some(tokens) = known {
            return Ok(tokens.to_device(device)?);
        }
        let tokens = compute()?;
        let bytes = tokens.elem_count() * tokens.dtype().size_in_bytes();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        // clips come in a new order each epoch: those that stay serve better than the latest
        if kept.bytes + bytes <= self.most_bytes
            && kept.tokens.insert(clip, tokens.to_device(&Device::Cpu)?).is_none()
        {
            kept.bytes += bytes;
        }
        Ok(tokens)
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use candle_core::DType;

    use super::*;

    #[test]
    fn tokens_are_computed_once_as_long_as_there_is_room() {
        let room_for_two = TokenCache::new(2 * 6 * 4);
        let computed = Cell::new(0);
        let sum = |clip: usize| {
            let compute = || {
                computed.set(computed.get() + 1);
                Tensor::full(clip as f32, (2, 3), &Device::Cpu).map_err(TrainError::from)
            };
            let tokens = room_for_two.of(clip, &Device::Cpu, compute).unwrap();
            assert_eq!((tokens.dims(), tokens.dtype()), (&[2, 3][..], DType::F32));
            tokens.sum_all().unwrap().to_scalar::<f32>().unwrap()
        };
        for _ in 0..3 {
            assert_eq!([1, 2, 3].map(sum), [6.0, 12.0, 18.0]);
        }
        // the third is computed each time
        assert_eq!(computed.get(), 2 + 3);
    }
}
