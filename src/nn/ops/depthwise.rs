//! A depthwise convolution over time with the norm that follows it.

use candle_core::{CpuStorage, CustomOp2, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::gradient::{PIECE, added_up, on_values, shaped};
use super::temporal::Extent;
use super::{is_fast, simd, values};

/// A depthwise convolution over three neighbours without bias, then layer normalisation.
pub struct DepthwiseNorm {
    /// Three rows of the kernel, weight and bias of the norm: [5, channels].
    weights: Tensor,
    eps: f32,
}

impl DepthwiseNorm {
    /// # Shapes
    /// `kernel` [channels, 1, 3], `weight` and `bias` `[channels]`
    pub fn new(kernel: &Tensor, weight: Tensor, bias: Tensor, eps: f32) -> Result<Self> {
        let kernel = kernel.squeeze(1)?.t()?.contiguous()?;
        if kernel.dim(0)? != 3 || kernel.dim(1)? != weight.elem_count() || weight.dims() != bias.dims() {
            bail!("depthwise: kernel {:?} does not fit norm {:?}", kernel.dims(), weight.dims());
        }
        let weights = Tensor::cat(&[kernel, weight.unsqueeze(0)?, bias.unsqueeze(0)?], 0)?;
        Ok(Self { weights, eps })
    }

    /// Every `stride`-th position; the convolution gives zero from `out.valid` on, so that the norm
    /// gives its bias there.
    ///
    /// # Shapes
    /// `x` [rows, channels] → [out.rows, channels]
    pub fn forward(&self, x: &Tensor, stride: usize, out: Extent) -> Result<Tensor> {
        if is_fast(x) {
            return x.contiguous()?.apply_op2(&self.weights, Depthwise { stride, out, eps: self.eps });
        }
        let (rows, channels) = x.dims2()?;
        // zeros before, and enough of them after for the last output position
        let after = (out.rows * stride + 1).saturating_sub(rows);
        let around = x.pad_with_zeros(0, 1, after)?;
        let mut sum = Tensor::zeros((out.rows, channels), x.dtype(), x.device())?;
        for tap in 0..3 {
            let taken = around.narrow(0, tap, out.rows * stride)?;
            let taken = taken.reshape((out.rows, stride, channels))?.narrow(1, 0, 1)?.squeeze(1)?;
            sum = (sum + taken.broadcast_mul(&self.weights.get(tap)?)?)?;
        }
        let sum = sum.broadcast_mul(&out.mask(x)?)?;
        super::layer_norm(&sum, &self.weights.get(3)?, &self.weights.get(4)?, self.eps)
    }
}

#[derive(Clone, Copy)]
struct Depthwise {
    stride: usize,
    out: Extent,
    eps: f32,
}

impl Depthwise {
    /// Rows of `x` that an output row reads, each with its tap.
    fn taps(self, row: usize, rows: usize) -> impl Iterator<Item = (usize, usize)> {
        let taps = (0..3).filter_map(move |tap| Some((tap, (row * self.stride + tap).checked_sub(1)?)));
        taps.filter(move |(_, at)| *at < rows)
    }

    /// The convolution at one output row.
    fn convolve(self, row: usize, x: &[f32], kernel: &[f32], sum: &mut [f32]) {
        let channels = sum.len();
        sum.fill(0.0);
        if row >= self.out.valid {
            return;
        }
        for (tap, at) in self.taps(row, x.len() / channels) {
            let (x, kernel) = (&x[at * channels..(at + 1) * channels], &kernel[tap * channels..]);
            simd::multiply_add(sum, x, kernel);
        }
    }
}

impl CustomOp2 for Depthwise {
    fn name(&self) -> &'static str {
        "depthwise-norm"
    }

    fn cpu_fwd(
        &self,
        storage: &CpuStorage,
        layout: &Layout,
        weights: &CpuStorage,
        weights_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let (_, channels) = layout.shape().dims2()?;
        let (x, weights) = (values(storage, layout)?, values(weights, weights_layout)?);
        if weights.len() != 5 * channels {
            bail!("depthwise: {} channels expected, found {channels}", weights.len() / 5);
        }
        let (kernel, norm) = weights.split_at(3 * channels);
        let (weight, bias) = norm.split_at(channels);
        let mut out = vec![0f32; self.out.rows * channels];
        let body = |sum: &mut Vec<f32>, (row, out): (usize, &mut [f32])| {
            self.convolve(row, x, kernel, sum);
            simd::layer_norm_row(sum, weight, bias, self.eps, out);
        };
        out.par_chunks_mut(channels)
            .enumerate()
            .with_min_len(16)
            .for_each_init(|| vec![0f32; channels], body);
        Ok((CpuStorage::F32(out), (self.out.rows, channels).into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        weights: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (rows, channels) = x.dims2()?;
        let (dx, sums) = on_values([x, weights, gradient], |[x, weights, gradient]| {
            let (kernel, norm) = weights.split_at(3 * channels);
            let weight = &norm[..channels];
            // the gradient of what stands between the convolution and the norm, and sums for the weights
            let mut between = vec![0f32; self.out.rows * channels];
            let step = PIECE * channels;
            let pieces = between.par_chunks_mut(step).zip(gradient.par_chunks(step)).enumerate();
            let sums: Vec<Vec<f32>> = pieces
                .map(|(piece, (between, gradient))| {
                    let mut sums = vec![0f32; 5 * channels];
                    let mut sum = vec![0f32; channels];
                    let rows_of = between.chunks_mut(channels).zip(gradient.chunks(channels));
                    for (index, (between, gradient)) in rows_of.enumerate() {
                        let row = piece * PIECE + index;
                        self.convolve(row, x, kernel, &mut sum);
                        let (dkernel, norm) = sums.split_at_mut(3 * channels);
                        let (dweight, dbias) = norm.split_at_mut(channels);
                        simd::layer_norm_row_gradient(
                            &sum, weight, self.eps, gradient, between, dweight, dbias,
                        );
                        if row >= self.out.valid {
                            between.fill(0.0);
                            continue;
                        }
                        for (tap, at) in self.taps(row, rows) {
                            let x = &x[at * channels..(at + 1) * channels];
                            simd::multiply_add(&mut dkernel[tap * channels..][..channels], x, between);
                        }
                    }
                    sums
                })
                .collect();
            let mut dx = vec![0f32; x.len()];
            dx.par_chunks_mut(channels).enumerate().with_min_len(16).for_each(|(at, dx)| {
                for tap in 0..3 {
                    let Some(first) = (at + 1).checked_sub(tap) else { continue };
                    let row = first / self.stride;
                    if first % self.stride == 0 && row < self.out.valid {
                        let between = &between[row * channels..(row + 1) * channels];
                        simd::multiply_add(dx, between, &kernel[tap * channels..(tap + 1) * channels]);
                    }
                }
            });
            Ok((dx, added_up(&sums, 5 * channels)))
        })?;
        Ok((Some(shaped(dx, x)?), Some(shaped(sums, weights)?)))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::DType;

    use super::super::testing::{assert_close, check_gradients, noise};
    use super::*;

    #[test]
    fn the_fast_path_and_its_way_back_agree_with_the_plain_one() {
        let (kernel, weight, bias) = (noise(&[6, 1, 3], 4), noise(&[6], 5), noise(&[6], 6));
        for (rows, valid, stride, out_rows) in [
            (11, 11, 1, 11),
            (11, 10, 1, 11),
            (11, 10, 2, 6),
            (11, 1, 2, 7),
            (150, 149, 1, 150),
            (150, 149, 2, 76),
        ] {
            let x = noise(&[rows, 6], 1);
            let out = Extent { rows: out_rows, valid: usize::div_ceil(valid, stride) };
            let run = |[x, kernel, weight, bias]: [&Tensor; 4]| {
                DepthwiseNorm::new(kernel, weight.clone(), bias.clone(), 1e-5)?.forward(x, stride, out)
            };
            let inputs = [&x, &kernel, &weight, &bias];
            let double = inputs.map(|x| x.to_dtype(DType::F64).unwrap());
            let plain = run(std::array::from_fn(|i| &double[i])).unwrap().to_dtype(DType::F32).unwrap();
            assert_close(&run(inputs).unwrap(), &plain, 1e-5);
            check_gradients(inputs, run);
        }
    }
}
