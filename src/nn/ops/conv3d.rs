//! A convolution over time and picture, for gaze maps that follow each other.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::gemm::{Destination, Into, Mat, Threads, matmul};
use super::gradient::{added_up, column_sums, on_values, shaped};
use super::precision::product;
use super::{is_fast, simd, values};

/// Kernels have three taps along every axis.
const TAPS: usize = 3;
/// Pictures that a piece of a sum takes.
const PIECE: usize = 8;

/// 3x3x3 kernels, every picture in time and every other pixel in both directions, zeros all round.
///
/// # Shapes
/// `x` [times, height, width, in] with even height and width; `kernel` [out, 27 * in], taps in the
/// order time, row, column; `bias` `[out]` → [times, height / 2, width / 2, out]
pub fn conv3d_half(x: &Tensor, kernel: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let (_, height, width, channels) = x.dims4()?;
    let (_, inputs) = kernel.dims2()?;
    if height % 2 + width % 2 != 0 || inputs != TAPS * TAPS * TAPS * channels {
        bail!("conv3d: kernel {:?} and pictures {:?}", kernel.dims(), x.dims());
    }
    if is_fast(x) {
        return x.contiguous()?.apply_op3(&kernel.contiguous()?, &bias.contiguous()?, Conv3d);
    }
    plain(x, kernel, bias)
}

/// One product for each tap.
fn plain(x: &Tensor, kernel: &Tensor, bias: &Tensor) -> Result<Tensor> {
    let (times, height, width, channels) = x.dims4()?;
    let outputs = kernel.dim(0)?;
    let around = x.pad_with_zeros(0, 1, 1)?.pad_with_zeros(1, 1, 1)?.pad_with_zeros(2, 1, 1)?;
    let mut sum = Tensor::zeros((times * height * width / 4, outputs), x.dtype(), x.device())?;
    for tap in 0..TAPS * TAPS * TAPS {
        let taken = around.narrow(0, tap / 9, times)?;
        let taken = taken.narrow(1, tap / 3 % 3, height)?.narrow(2, tap % 3, width)?;
        let taken = taken.reshape((times, height / 2, 2, width / 2, 2, channels))?;
        let taken = taken.narrow(2, 0, 1)?.narrow(4, 0, 1)?.reshape(((), channels))?;
        sum = (sum + product(&taken, &kernel.narrow(1, tap * channels, channels)?.t()?)?)?;
    }
    sum.broadcast_add(bias)?.reshape((times, height / 2, width / 2, outputs))
}

struct Conv3d;

/// Sizes of input and output.
#[derive(Clone, Copy)]
struct Sizes {
    times: usize,
    height: usize,
    width: usize,
    channels: usize,
    outputs: usize,
}

impl Sizes {
    fn of(x: &Shape, kernel: &Shape) -> Result<Self> {
        let (times, height, width, channels) = x.dims4()?;
        Ok(Self { times, height, width, channels, outputs: kernel.dims2()?.0 })
    }

    /// Pixels of an output picture.
    fn pixels(self) -> usize {
        self.height * self.width / 4
    }

    /// Values that one tap of time reads for an output pixel.
    fn plane(self) -> usize {
        TAPS * TAPS * self.channels
    }

    /// Calls `f` with each output pixel, each tap of the plane that lies inside the picture, and the
    /// input pixel there.
    fn taps(self, mut f: impl FnMut(usize, usize, usize)) {
        let (high, wide) = (self.height / 2, self.width / 2);
        for row in 0..high {
            for column in 0..wide {
                for tap in 0..TAPS * TAPS {
                    let y = (2 * row + tap / TAPS).wrapping_sub(1);
                    let x = (2 * column + tap % TAPS).wrapping_sub(1);
                    if y < self.height && x < self.width {
                        f(row * wide + column, tap, y * self.width + x);
                    }
                }
            }
        }
    }

    /// What the output picture at `time` sees: [pixels, 27 * channels].
    fn unfold(self, x: &[f32], time: usize, into: &mut [f32]) {
        into.fill(0.0);
        let (channels, plane) = (self.channels, self.plane());
        for tap_in_time in 0..TAPS {
            let Some(at) = (time + tap_in_time).checked_sub(1).filter(|at| *at < self.times) else {
                continue;
            };
            let picture = &x[at * self.height * self.width * channels..];
            self.taps(|pixel, tap, from| {
                let to = pixel * TAPS * plane + tap_in_time * plane + tap * channels;
                into[to..to + channels].copy_from_slice(&picture[from * channels..(from + 1) * channels]);
            });
        }
    }
}

impl CustomOp3 for Conv3d {
    fn name(&self) -> &'static str {
        "conv3d"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        x_layout: &Layout,
        kernel: &CpuStorage,
        kernel_layout: &Layout,
        bias: &CpuStorage,
        bias_layout: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let sizes = Sizes::of(x_layout.shape(), kernel_layout.shape())?;
        let (x, kernel, bias) =
            (values(x, x_layout)?, values(kernel, kernel_layout)?, values(bias, bias_layout)?);
        let Sizes { times, height, width, outputs, .. } = sizes;
        let (pixels, seen) = (sizes.pixels(), TAPS * sizes.plane());
        let mut out = vec![0f32; times * pixels * outputs];
        out.par_chunks_mut(pixels * outputs).enumerate().for_each_init(
            || vec![0f32; pixels * seen],
            |unfolded, (time, out)| {
                sizes.unfold(x, time, unfolded);
                out.chunks_exact_mut(outputs).for_each(|out| out.copy_from_slice(bias));
                let into = Destination { data: out, stride: outputs };
                let (a, b) = (Mat::rows(unfolded, seen), Mat::transposed(kernel, seen));
                matmul([pixels, seen, outputs], a, b, 1.0, into, Into::Add, Threads::One);
            },
        );
        Ok((CpuStorage::F32(out), (times, height / 2, width / 2, outputs).into()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        kernel: &Tensor,
        bias: &Tensor,
        _: &Tensor,
        gradient: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let sizes = Sizes::of(x.shape(), kernel.shape())?;
        on_values([x, kernel, gradient], |[xs, kernels, gradients]| {
            let dx = x.track_op().then(|| shaped(sizes.input_gradient(kernels, gradients), x));
            let dkernel = shaped(sizes.kernel_gradient(xs, gradients), kernel)?;
            let dbias = shaped(column_sums(gradients, sizes.outputs), bias)?;
            Ok((dx.transpose()?, Some(dkernel), Some(dbias)))
        })
    }
}

impl Sizes {
    /// Each input picture gathers from the three output pictures that saw it.
    fn input_gradient(self, kernel: &[f32], gradient: &[f32]) -> Vec<f32> {
        let Self { times, height, width, channels, outputs } = self;
        let (pixels, plane) = (self.pixels(), self.plane());
        let mut dx = vec![0f32; times * height * width * channels];
        dx.par_chunks_mut(height * width * channels).enumerate().for_each_init(
            || vec![0f32; pixels * plane],
            |unfolded, (time, dx)| {
                for tap_in_time in 0..TAPS {
                    let Some(from) = (time + 1).checked_sub(tap_in_time).filter(|from| *from < times) else {
                        continue;
                    };
                    let seen = &gradient[from * pixels * outputs..(from + 1) * pixels * outputs];
                    let taps =
                        Mat { data: &kernel[tap_in_time * plane..], row_stride: TAPS * plane, col_stride: 1 };
                    let into = Destination { data: unfolded, stride: plane };
                    let seen = Mat::rows(seen, outputs);
                    matmul([pixels, outputs, plane], seen, taps, 1.0, into, Into::Replace, Threads::One);
                    self.taps(|pixel, tap, to| {
                        let from = pixel * plane + tap * channels;
                        simd::add(
                            &mut dx[to * channels..(to + 1) * channels],
                            &unfolded[from..from + channels],
                        );
                    });
                }
            },
        );
        dx
    }

    fn kernel_gradient(self, x: &[f32], gradient: &[f32]) -> Vec<f32> {
        let Self { times, outputs, .. } = self;
        let (pixels, seen) = (self.pixels(), TAPS * self.plane());
        let all: Vec<usize> = (0..times).collect();
        let pieces: Vec<Vec<f32>> = all
            .par_chunks(PIECE)
            .map(|times| {
                let mut sum = vec![0f32; outputs * seen];
                let mut unfolded = vec![0f32; pixels * seen];
                for time in times {
                    self.unfold(x, *time, &mut unfolded);
                    let gradient = &gradient[time * pixels * outputs..(time + 1) * pixels * outputs];
                    let (a, b) = (Mat::transposed(gradient, outputs), Mat::rows(&unfolded, seen));
                    let into = Destination { data: &mut sum, stride: seen };
                    matmul([outputs, pixels, seen], a, b, 1.0, into, Into::Add, Threads::One);
                }
                sum
            })
            .collect();
        added_up(&pieces, outputs * seen)
    }
}

#[cfg(test)]
mod tests {
    use candle_core::DType;

    use super::super::testing::{assert_close, check_gradients, noise};
    use super::*;

    #[test]
    fn the_fast_path_agrees_with_the_plain_one() {
        for times in [1, 2, 11] {
            let (x, bias) = (noise(&[times, 4, 6, 2], 1), noise(&[5], 3));
            let kernel = noise(&[5, 54], 2);
            let double = |x: &Tensor| x.to_dtype(DType::F64).unwrap();
            let expected = plain(&double(&x), &double(&kernel), &double(&bias)).unwrap();
            let found = conv3d_half(&x, &kernel, &bias).unwrap();
            assert_close(&found, &expected.to_dtype(DType::F32).unwrap(), 1e-4);
            check_gradients([&x, &kernel, &bias], |[x, kernel, bias]| conv3d_half(x, kernel, bias));
        }
    }

    /// The sum of three 2-D convolutions, each over the sequence shifted by one, is the same.
    #[test]
    fn it_is_the_sum_of_three_convolutions_of_pictures() {
        let (times, inputs, outputs) = (5, 3, 4);
        let x = noise(&[times, inputs, 8, 6], 1);
        let kernel = noise(&[outputs, inputs, 3, 3, 3], 2);
        let bias = noise(&[outputs], 3);
        let around = x.pad_with_zeros(0, 1, 1).unwrap();
        let mut sum = bias.reshape((1, outputs, 1, 1)).unwrap();
        for tap in 0..3 {
            let flat = kernel.narrow(2, tap, 1).unwrap().squeeze(2).unwrap().contiguous().unwrap();
            let shifted = around.narrow(0, tap, times).unwrap().contiguous().unwrap();
            sum = sum.broadcast_add(&shifted.conv2d(&flat, 1, 2, 1, 1).unwrap()).unwrap();
        }
        let last = |x: &Tensor| x.permute((0, 2, 3, 1)).unwrap().contiguous().unwrap();
        let kernel = kernel.permute((0, 2, 3, 4, 1)).unwrap().reshape((outputs, 27 * inputs)).unwrap();
        assert_close(&conv3d_half(&last(&x), &kernel, &bias).unwrap(), &last(&sum), 1e-4);
    }
}
