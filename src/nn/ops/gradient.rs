//! What backward passes share: the values behind tensors, sums over rows in a fixed order.
//!
//! Every sum here is taken in pieces of a fixed size, one after another, so that gradients do not
//! depend on the number of threads.

use candle_core::{Device, Result, Storage, Tensor, bail};
use rayon::prelude::*;

use super::{simd, values};

/// Rows that a piece of a sum takes.
pub const PIECE: usize = 64;

/// Calls `f` with the values of f32 tensors on the CPU.
pub fn on_values<const N: usize, T>(
    tensors: [&Tensor; N],
    f: impl FnOnce([&[f32]; N]) -> Result<T>,
) -> Result<T> {
    let tensors = tensors.iter().map(|tensor| tensor.contiguous()).collect::<Result<Vec<_>>>()?;
    let guards: Vec<_> = tensors.iter().map(|tensor| tensor.storage_and_layout()).collect();
    let slices = guards.iter().map(|(storage, layout)| match &**storage {
        Storage::Cpu(storage) => values(storage, layout),
        _ => bail!("a tensor on the CPU is needed here"),
    });
    let slices = slices.collect::<Result<Vec<_>>>()?;
    let Ok(slices) = <[&[f32]; N]>::try_from(slices) else { bail!("{N} tensors are needed here") };
    f(slices)
}

/// A tensor in the shape of another.
pub fn shaped(values: Vec<f32>, like: &Tensor) -> Result<Tensor> {
    Tensor::from_vec(values, like.shape(), &Device::Cpu)
}

/// The sum over all rows.
pub fn column_sums(x: &[f32], width: usize) -> Vec<f32> {
    let pieces: Vec<Vec<f32>> = x
        .par_chunks(PIECE * width)
        .map(|rows| {
            let mut sum = vec![0f32; width];
            rows.chunks_exact(width).for_each(|row| simd::add(&mut sum, row));
            sum
        })
        .collect();
    added_up(&pieces, width)
}

/// The sum of sums, in their order.
pub fn added_up(pieces: &[Vec<f32>], width: usize) -> Vec<f32> {
    let mut total = vec![0f32; width];
    pieces.iter().for_each(|piece| simd::add(&mut total, piece));
    total
}
