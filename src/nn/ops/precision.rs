//! How exact matrix products are on a device that multiplies shorter numbers faster.
//!
//! Like PyTorch's autocast: the factors of a product are rounded to bfloat16, whose range is that of
//! single precision, so that no loss needs scaling; sums, norms, losses and weights stay single.

use std::cell::Cell;

use candle_core::{DType, Result, Tensor};
use serde::{Deserialize, Serialize};

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Precision {
    #[default]
    Single,
    /// Products in bfloat16 where a GPU computes; the fast operations of the CPU stay single.
    Mixed,
}

thread_local!(static NOW: Cell<Precision> = const { Cell::new(Precision::Single) });

/// Does `work` on this thread with products this exact. The way back follows the way there, wherever it
/// is gone.
pub fn with_precision<T>(precision: Precision, work: impl FnOnce() -> T) -> T {
    struct Restore(Precision);
    impl Drop for Restore {
        fn drop(&mut self) {
            NOW.set(self.0);
        }
    }
    let _restore = Restore(NOW.replace(precision));
    work()
}

/// The product of two matrices, or of two stacks of them.
pub(super) fn product(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    if NOW.get() == Precision::Single || a.dtype() != DType::F32 {
        return a.matmul(b);
    }
    a.to_dtype(DType::BF16)?.matmul(&b.to_dtype(DType::BF16)?)?.to_dtype(DType::F32)
}

#[cfg(test)]
mod tests {
    use candle_core::Var;

    use super::super::testing::noise;
    use super::super::{Activation, attention_between, linear, plainly};
    use super::*;

    /// Output and gradients of a linear layer and an attention, on the path that a GPU takes.
    fn computed(precision: Precision) -> Vec<Tensor> {
        // small, so that no soft maximum is decided by the last digit
        let small = |shape: &[usize], seed| (noise(shape, seed) * 0.2).unwrap();
        let weight = Var::from_tensor(&small(&[8, 8], 1)).unwrap();
        let (x, bias) = (small(&[6, 8], 2), small(&[8], 3));
        let forward = || {
            let y = linear(&x, weight.as_tensor(), &bias, Activation::Identity)?;
            attention_between([&y, &y, &x], 2, 6, 1.0)
        };
        let y = plainly(|| with_precision(precision, forward)).unwrap();
        let gradients = y.sqr().unwrap().sum_all().unwrap().backward().unwrap();
        let gradient = gradients.get(weight.as_tensor()).unwrap().clone();
        vec![y, gradient]
    }

    #[test]
    fn mixed_products_are_near_single_ones_and_end_in_single_precision() {
        let worst = |a: &Tensor, b: &Tensor| {
            let error = (a - b).unwrap().abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap();
            error / a.abs().unwrap().max_all().unwrap().to_scalar::<f32>().unwrap()
        };
        for (single, mixed) in computed(Precision::Single).iter().zip(&computed(Precision::Mixed)) {
            assert_eq!(mixed.dtype(), DType::F32);
            let error = worst(single, mixed);
            assert!(error > 0.0 && error < 0.05, "{error}");
        }
        // what comes after is as exact as before
        assert_eq!(NOW.get(), Precision::Single);
    }
}
