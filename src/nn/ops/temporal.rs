//! What networks over time do with sequences that end before their array does: unfolding for
//! convolutions, a maximum over neighbours, and residual sums that keep the padding clean.
//!
//! A sequence is a tensor [rows, channels], of which the first `valid` rows mean something.

use candle_core::{CpuStorage, CustomOp1, CustomOp3, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::gradient::{PIECE, added_up, on_values, shaped};
use super::{is_fast, simd, values};

/// How long an array over time is, and how much of it means something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extent {
    pub rows: usize,
    pub valid: usize,
}

impl Extent {
    /// 1 for rows that mean something, else 0.
    ///
    /// # Shapes
    /// → [rows, 1]
    pub(super) fn mask(self, like: &Tensor) -> Result<Tensor> {
        let mask = (0..self.rows).map(|i| if i < self.valid { 1f32 } else { 0.0 });
        Tensor::from_iter(mask, like.device())?.reshape((self.rows, 1))?.to_dtype(like.dtype())
    }
}

/// The rows round each position side by side, so that a convolution becomes a matrix product.
/// Beyond the array there are zeros; rows from `extent.valid` on are zero.
///
/// # Shapes
/// `x` [extent.rows, channels] → [extent.rows, kernel * channels]
pub fn unfold(x: &Tensor, kernel: usize, extent: Extent) -> Result<Tensor> {
    let (rows, channels) = x.dims2()?;
    if rows != extent.rows || kernel.is_multiple_of(2) {
        bail!("unfold: {extent:?} and a kernel of {kernel} do not fit {rows} rows");
    }
    if is_fast(x) {
        return x.contiguous()?.apply_op1(Unfold { kernel, extent });
    }
    let around = x.pad_with_zeros(0, kernel / 2, kernel / 2)?;
    let taps = (0..kernel).map(|tap| around.narrow(0, tap, rows)).collect::<Result<Vec<_>>>()?;
    Tensor::stack(&taps, 1)?.reshape((rows, kernel * channels))?.broadcast_mul(&extent.mask(x)?)
}

struct Unfold {
    kernel: usize,
    extent: Extent,
}

impl CustomOp1 for Unfold {
    fn name(&self) -> &'static str {
        "unfold"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (rows, channels) = layout.shape().dims2()?;
        let x = values(storage, layout)?;
        let mut out = vec![0f32; rows * self.kernel * channels];
        let taps = out.par_chunks_mut(self.kernel * channels).take(self.extent.valid).enumerate();
        taps.with_min_len(16).for_each(|(row, out)| {
            for (tap, out) in out.chunks_mut(channels).enumerate() {
                let Some(at) = (row + tap).checked_sub(self.kernel / 2) else { continue };
                if let Some(x) = x.get(at * channels..(at + 1) * channels) {
                    out.copy_from_slice(x);
                }
            }
        });
        Ok((CpuStorage::F32(out), (rows, self.kernel * channels).into()))
    }

    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let channels = x.dim(1)?;
        let Self { kernel, extent } = *self;
        let dx = on_values([gradient], |[gradient]| {
            let mut dx = vec![0f32; x.elem_count()];
            dx.par_chunks_mut(channels).enumerate().with_min_len(16).for_each(|(at, dx)| {
                for tap in 0..kernel {
                    let row = (at + kernel / 2).checked_sub(tap).filter(|row| *row < extent.valid);
                    let Some(row) = row else { continue };
                    let first = (row * kernel + tap) * channels;
                    simd::add(dx, &gradient[first..first + channels]);
                }
            });
            Ok(dx)
        })?;
        Ok(Some(shaped(dx, x)?))
    }
}

/// The largest of each even position and its two neighbours inside the array. Rows from `out.valid`
/// on are zero.
///
/// # Shapes
/// `x` [rows, channels] → [out.rows, channels]
pub fn max_pool_half(x: &Tensor, out: Extent) -> Result<Tensor> {
    let (rows, channels) = x.dims2()?;
    if out.valid * 2 > rows + 1 {
        bail!("pooling: {rows} rows do not give {}", out.valid);
    }
    if is_fast(x) {
        return x.contiguous()?.apply_op1(MaxPool(out));
    }
    // a copy of the first and last row on each side changes no maximum
    let before = x.narrow(0, 0, 1)?;
    let after = x.narrow(0, rows - 1, 1)?;
    let around = Tensor::cat(&[&before, x, &after, &after], 0)?;
    let every_other = |tap: usize| {
        let taken = around.narrow(0, tap, 2 * out.valid)?;
        taken.reshape((out.valid, 2, channels))?.narrow(1, 0, 1)?.squeeze(1)
    };
    // where the last position has no right neighbour, tap 2 reads the copies
    let largest = every_other(0)?.maximum(&every_other(1)?)?.maximum(&every_other(2)?)?;
    largest.pad_with_zeros(0, 0, out.rows - out.valid)
}

struct MaxPool(Extent);

impl CustomOp1 for MaxPool {
    fn name(&self) -> &'static str {
        "max-pool"
    }

    fn cpu_fwd(&self, storage: &CpuStorage, layout: &Layout) -> Result<(CpuStorage, Shape)> {
        let (rows, channels) = layout.shape().dims2()?;
        let x = values(storage, layout)?;
        let mut out = vec![0f32; self.0.rows * channels];
        out.par_chunks_mut(channels).take(self.0.valid).enumerate().with_min_len(16).for_each(
            |(row, out)| {
                let (first, last) = ((2 * row).saturating_sub(1), (2 * row + 2).min(rows));
                out.copy_from_slice(&x[first * channels..(first + 1) * channels]);
                for at in first + 1..last {
                    simd::maximum(out, &x[at * channels..(at + 1) * channels]);
                }
            },
        );
        Ok((CpuStorage::F32(out), (self.0.rows, channels).into()))
    }

    /// To the first of equal ones.
    fn bwd(&self, x: &Tensor, _: &Tensor, gradient: &Tensor) -> Result<Option<Tensor>> {
        let (rows, channels) = x.dims2()?;
        let dx = on_values([x, gradient], |[x, gradient]| {
            let mut dx = vec![0f32; x.len()];
            for row in 0..self.0.valid {
                let (first, last) = ((2 * row).saturating_sub(1), (2 * row + 2).min(rows));
                for channel in 0..channels {
                    let mut largest = first * channels + channel;
                    for at in first + 1..last {
                        let at = at * channels + channel;
                        largest = if x[at] > x[largest] { at } else { largest };
                    }
                    dx[largest] += gradient[row * channels + channel];
                }
            }
            Ok(dx)
        })?;
        Ok(Some(shaped(dx, x)?))
    }
}

/// What a residual sum leaves in the rows that mean nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pads {
    Zero,
    /// As they were.
    Keep,
}

/// x + scale * branch in the rows that mean something.
///
/// # Shapes
/// `x` and `branch` [rows, channels], `scale` `[channels]` → [rows, channels]
pub fn residual(x: &Tensor, branch: &Tensor, scale: &Tensor, valid: usize, pads: Pads) -> Result<Tensor> {
    if x.dims() != branch.dims() || x.dim(1)? != scale.elem_count() {
        bail!("residual: {:?} + {:?} * {:?}", x.dims(), scale.dims(), branch.dims());
    }
    if is_fast(x) {
        let op = Residual { valid, pads };
        return x.contiguous()?.apply_op3(&branch.contiguous()?, scale, op);
    }
    let mask = Extent { rows: x.dim(0)?, valid }.mask(x)?;
    let branch = branch.broadcast_mul(scale)?;
    match pads {
        Pads::Zero => (x + branch)?.broadcast_mul(&mask),
        Pads::Keep => x + branch.broadcast_mul(&mask)?,
    }
}

struct Residual {
    valid: usize,
    pads: Pads,
}

impl CustomOp3 for Residual {
    fn name(&self) -> &'static str {
        "residual"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        branch: &CpuStorage,
        branch_layout: &Layout,
        scale: &CpuStorage,
        scale_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (_, channels) = x_layout.shape().dims2()?;
        let branch = values(branch, branch_layout)?;
        let scale = values(scale, scale_layout)?;
        let mut out = values(x, x_layout)?.to_vec();
        let rows = out.par_chunks_mut(channels).zip(branch.par_chunks(channels)).enumerate();
        rows.with_min_len(16).for_each(|(row, (out, branch))| {
            if row < self.valid {
                simd::multiply_add(out, branch, scale);
            } else if self.pads == Pads::Zero {
                out.fill(0.0);
            }
        });
        Ok((CpuStorage::F32(out), x_layout.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        branch: &Tensor,
        scale: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let channels = x.dim(1)?;
        let used = self.valid * channels;
        let (dbranch, dscale, dx) = on_values([branch, scale, gradient], |[branch, scale, gradient]| {
            let mut dbranch = vec![0f32; branch.len()];
            let step = PIECE * channels;
            let pieces = dbranch[..used].par_chunks_mut(step);
            let pieces = pieces.zip(branch[..used].par_chunks(step)).zip(gradient[..used].par_chunks(step));
            let sums: Vec<Vec<f32>> = pieces
                .map(|((dbranch, branch), gradient)| {
                    let mut sum = vec![0f32; channels];
                    let rows = dbranch.chunks_mut(channels).zip(branch.chunks(channels));
                    for ((dbranch, branch), gradient) in rows.zip(gradient.chunks(channels)) {
                        simd::multiply_add(dbranch, gradient, scale);
                        simd::multiply_add(&mut sum, gradient, branch);
                    }
                    sum
                })
                .collect();
            let mut dx = gradient.to_vec();
            if self.pads == Pads::Zero {
                dx[used..].fill(0.0);
            }
            Ok((dbranch, added_up(&sums, channels), dx))
        })?;
        Ok((Some(shaped(dx, x)?), Some(shaped(dbranch, branch)?), Some(shaped(dscale, scale)?)))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::DType;

    use super::super::testing::{assert_close, check_gradients, noise};
    use super::*;

    /// The plain path runs for every type but f32.
    #[track_caller]
    fn check(x: &Tensor, op: impl Fn(&Tensor) -> Result<Tensor>) {
        let plain = op(&x.to_dtype(DType::F64).unwrap()).unwrap();
        assert_close(&op(x).unwrap(), &plain.to_dtype(DType::F32).unwrap(), 1e-5);
    }

    #[test]
    fn the_ways_back_agree() {
        let x = noise(&[150, 6], 1);
        for valid in [150, 149, 1] {
            for kernel in [1, 3] {
                check_gradients([&x], |[x]| unfold(x, kernel, Extent { rows: 150, valid }));
            }
            let half = Extent { rows: 76, valid: valid.div_ceil(2) };
            check_gradients([&x], |[x]| max_pool_half(x, half));
            let (branch, scale) = (noise(&[150, 6], 2), noise(&[6], 3));
            for pads in [Pads::Zero, Pads::Keep] {
                check_gradients([&x, &branch, &scale], |[x, b, s]| residual(x, b, s, valid, pads));
            }
        }
    }

    fn like(tensor: &Tensor, x: &Tensor) -> Tensor {
        tensor.to_dtype(x.dtype()).unwrap()
    }

    #[test]
    fn fast_and_plain_paths_agree() {
        let x = noise(&[11, 6], 1);
        for valid in [11, 10, 1] {
            for kernel in [1, 3, 5] {
                check(&x, |x| unfold(x, kernel, Extent { rows: 11, valid }));
            }
            for rows in [6, 7] {
                check(&x, |x| max_pool_half(x, Extent { rows, valid: valid.div_ceil(2) }));
            }
            let (branch, scale) = (noise(&[11, 6], 2), noise(&[6], 3));
            for pads in [Pads::Zero, Pads::Keep] {
                check(&x, |x| residual(x, &like(&branch, x), &like(&scale, x), valid, pads));
            }
        }
    }
}
