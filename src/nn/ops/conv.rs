//! Two-dimensional convolution with bias and activation: pointwise, dense and depthwise.

use candle_core::{CpuStorage, CustomOp3, Layout, Result, Shape, Tensor, bail};
use rayon::prelude::*;

use super::gemm::{Destination, Into, Mat, Threads, matmul};
use super::{Activation, is_fast, simd, values};

/// Zeros added round the picture, in pixels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Padding {
    pub top: usize,
    pub left: usize,
    pub bottom: usize,
    pub right: usize,
}

impl Padding {
    pub const fn all(pixels: usize) -> Self {
        Self { top: pixels, left: pixels, bottom: pixels, right: pixels }
    }

    /// TensorFlow's "same": an output of ceil(size / stride), the odd pixel after the picture.
    pub fn same([height, width]: [usize; 2], kernel: usize, stride: usize) -> Self {
        let split = |size: usize| {
            let total = ((size.div_ceil(stride) - 1) * stride + kernel).saturating_sub(size);
            (total / 2, total - total / 2)
        };
        let ((top, bottom), (left, right)) = (split(height), split(width));
        Self { top, left, bottom, right }
    }
}

#[derive(Clone, Copy, Debug)]
pub struct Conv {
    pub stride: usize,
    pub padding: Padding,
    /// One filter per channel instead of a dense one.
    pub is_depthwise: bool,
    pub activation: Activation,
}

impl Conv {
    pub const fn pointwise(activation: Activation) -> Self {
        Self { stride: 1, padding: Padding::all(0), is_depthwise: false, activation }
    }
}

/// # Shapes
/// `x` [batch, in, h, w]; `kernel` [out, in, kh, kw], or [in, 1, kh, kw] when depthwise; `bias`
/// `[out] → [batch, out, h', w']`
pub fn conv2d(x: &Tensor, kernel: &Tensor, bias: &Tensor, conv: Conv) -> Result<Tensor> {
    if is_fast(x) {
        x.contiguous()?.apply_op3_no_bwd(kernel, bias, &conv)
    } else {
        plain(x, kernel, bias, conv)
    }
}

fn plain(x: &Tensor, kernel: &Tensor, bias: &Tensor, conv: Conv) -> Result<Tensor> {
    let Padding { top, left, bottom, right } = conv.padding;
    let groups = if conv.is_depthwise { x.dim(1)? } else { 1 };
    let x = x.pad_with_zeros(2, top, bottom)?.pad_with_zeros(3, left, right)?;
    let (_, _, kh, kw) = kernel.dims4()?;
    let y = match conv.is_depthwise && groups > kh * kw {
        true => depthwise_by_cells(&x, kernel, conv.stride)?,
        false => x.conv2d(kernel, 0, conv.stride, 1, groups)?,
    };
    conv.activation.plain(&y.broadcast_add(&bias.reshape((1, (), 1, 1))?)?)
}

/// The sum of shifted pictures, one for each cell of the kernel: candle convolves group by group, which
/// is a call of the device for each channel.
///
/// # Shapes
/// `x` [batch, channels, h, w] with its padding, `kernel` [channels, 1, kh, kw]
fn depthwise_by_cells(x: &Tensor, kernel: &Tensor, stride: usize) -> Result<Tensor> {
    let (_, _, height, width) = x.dims4()?;
    let (channels, _, kh, kw) = kernel.dims4()?;
    let (rows, columns) = ((height - kh) / stride + 1, (width - kw) / stride + 1);
    let every = |count: usize, first: usize| {
        Tensor::from_iter((0..count).map(|i| (i * stride + first) as u32), x.device())
    };
    let mut sum: Option<Tensor> = None;
    for ky in 0..kh {
        let x = x.index_select(&every(rows, ky)?, 2)?;
        for kx in 0..kw {
            let seen = x.index_select(&every(columns, kx)?, 3)?;
            let weight = kernel.narrow(2, ky, 1)?.narrow(3, kx, 1)?.reshape((1, channels, 1, 1))?;
            let part = seen.broadcast_mul(&weight)?;
            sum = Some(match sum {
                Some(sum) => (sum + part)?,
                None => part,
            });
        }
    }
    sum.ok_or_else(|| candle_core::Error::Msg("a kernel without cells".to_owned()))
}

/// Sizes shared by the three ways to convolve one picture.
struct Sizes {
    channels: usize,
    height: usize,
    width: usize,
    out_channels: usize,
    kernel: [usize; 2],
    out_height: usize,
    out_width: usize,
}

impl CustomOp3 for Conv {
    fn name(&self) -> &'static str {
        "conv2d"
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
        let (batch, channels, height, width) = x_layout.shape().dims4()?;
        let (out_channels, kernel_channels, kh, kw) = kernel_layout.shape().dims4()?;
        let (x, kernel, bias) =
            (values(x, x_layout)?, values(kernel, kernel_layout)?, values(bias, bias_layout)?);
        let expected = if self.is_depthwise { 1 } else { channels };
        let fits = !self.is_depthwise || out_channels == channels;
        if kernel_channels != expected || !fits || bias.len() != out_channels {
            bail!("convolution {:?} does not fit {:?}", kernel_layout.dims(), x_layout.dims());
        }
        let Padding { top, left, bottom, right } = self.padding;
        if height + top + bottom < kh || width + left + right < kw {
            bail!("a {height}x{width} picture is smaller than the {kh}x{kw} kernel");
        }
        let sizes = Sizes {
            channels,
            height,
            width,
            out_channels,
            kernel: [kh, kw],
            out_height: (height + top + bottom - kh) / self.stride + 1,
            out_width: (width + left + right - kw) / self.stride + 1,
        };
        let out_plane = sizes.out_height * sizes.out_width;
        let mut out = vec![0f32; batch * out_channels * out_plane];
        let pictures = x.chunks(channels * height * width).zip(out.chunks_mut(out_channels * out_plane));
        for (x, out) in pictures {
            if self.is_depthwise {
                self.depthwise(x, kernel, bias, out, &sizes);
            } else {
                self.dense(x, kernel, bias, out, &sizes);
            }
        }
        let shape = (batch, out_channels, sizes.out_height, sizes.out_width).into();
        Ok((CpuStorage::F32(out), shape))
    }
}

impl Conv {
    fn dense(&self, x: &[f32], kernel: &[f32], bias: &[f32], out: &mut [f32], sizes: &Sizes) {
        let plane = sizes.out_height * sizes.out_width;
        let depth = kernel.len() / sizes.out_channels;
        out.par_chunks_mut(plane).zip(bias).for_each(|(out, bias)| out.fill(*bias));
        let is_pointwise = sizes.kernel == [1, 1] && self.stride == 1 && self.padding == Padding::all(0);
        let columns = if is_pointwise { Vec::new() } else { self.columns(x, sizes) };
        let columns = Mat::rows(if is_pointwise { x } else { &columns }, plane);
        let kernel = Mat::rows(kernel, depth);
        let shape = [sizes.out_channels, depth, plane];
        matmul(
            shape,
            kernel,
            columns,
            1.0,
            Destination { data: out, stride: plane },
            Into::Add,
            Threads::All,
        );
        out.par_chunks_mut(plane).for_each(|out| self.activation.in_place(out));
    }

    /// One row per kernel cell, holding the pixel that cell sees at every output position.
    fn columns(&self, x: &[f32], sizes: &Sizes) -> Vec<f32> {
        let [kh, kw] = sizes.kernel;
        let plane = sizes.out_height * sizes.out_width;
        let mut columns = vec![0f32; sizes.channels * kh * kw * plane];
        columns.par_chunks_mut(plane).enumerate().for_each(|(cell, column)| {
            let (channel, ky, kx) = (cell / (kh * kw), cell / kw % kh, cell % kw);
            for (y, row) in column.chunks_mut(sizes.out_width).enumerate() {
                let Some(y) =
                    (y * self.stride + ky).checked_sub(self.padding.top).filter(|y| *y < sizes.height)
                else {
                    continue;
                };
                let pixels = &x[(channel * sizes.height + y) * sizes.width..][..sizes.width];
                for (x, value) in row.iter_mut().enumerate() {
                    let x = (x * self.stride + kx).checked_sub(self.padding.left);
                    *value = x.and_then(|x| pixels.get(x)).copied().unwrap_or(0.0);
                }
            }
        });
        columns
    }

    fn depthwise(&self, x: &[f32], kernel: &[f32], bias: &[f32], out: &mut [f32], sizes: &Sizes) {
        let cells = sizes.kernel[0] * sizes.kernel[1];
        // A lone large plane is cut into bands, so that every core has work.
        let planes = sizes.channels.max(1);
        let bands = if planes >= 16 { 1 } else { rayon::current_num_threads() * 4 };
        let band_rows = sizes.out_height.div_ceil(bands).max(1);
        let plane = sizes.out_height * sizes.out_width;
        out.par_chunks_mut(plane).enumerate().for_each(|(channel, out)| {
            let x = &x[channel * sizes.height * sizes.width..][..sizes.height * sizes.width];
            let phases = Phases::new(x, self, sizes);
            let kernel = &kernel[channel * cells..][..cells];
            out.par_chunks_mut(band_rows * sizes.out_width).enumerate().for_each(|(band, out)| {
                for (row, out) in out.chunks_mut(sizes.out_width).enumerate() {
                    out.fill(bias[channel]);
                    let top = (band * band_rows + row) * self.stride;
                    for (cell, weight) in kernel.iter().enumerate() {
                        let (ky, kx) = (cell / sizes.kernel[1], cell % sizes.kernel[1]);
                        simd::axpy(out, phases.row(top + ky, kx, sizes.out_width), *weight);
                    }
                }
                self.activation.in_place(out);
            });
        });
    }
}

/// A padded plane whose columns are sorted by their position modulo the stride, so that the
/// pixels one kernel cell meets along a row lie side by side.
struct Phases {
    data: Vec<f32>,
    stride: usize,
    phase_width: usize,
}

impl Phases {
    fn new(x: &[f32], conv: &Conv, sizes: &Sizes) -> Self {
        let Padding { top, left, bottom, right } = conv.padding;
        let stride = conv.stride;
        let phase_width = (sizes.width + left + right).div_ceil(stride);
        let row_length = stride * phase_width;
        let mut data = vec![0f32; (sizes.height + top + bottom) * row_length];
        let rows = data.chunks_mut(row_length).skip(top);
        for (row, pixels) in rows.zip(x.chunks(sizes.width)) {
            if stride == 1 {
                row[left..left + sizes.width].copy_from_slice(pixels);
                continue;
            }
            for (x, pixel) in pixels.iter().enumerate() {
                row[(x + left) % stride * phase_width + (x + left) / stride] = *pixel;
            }
        }
        Self { data, stride, phase_width }
    }

    /// Every `stride`-th pixel of padded row `y`, from column `x` on.
    fn row(&self, y: usize, x: usize, length: usize) -> &[f32] {
        let start = (y * self.stride + x % self.stride) * self.phase_width + x / self.stride;
        &self.data[start..start + length]
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{assert_close, noise};
    use super::*;

    #[track_caller]
    fn check(x: [usize; 4], kernel: [usize; 4], conv: Conv) {
        let (x, kernel, bias) = (noise(&x, 1), noise(&kernel, 2), noise(&[kernel[0]], 3));
        let fast = conv2d(&x, &kernel, &bias, conv).unwrap();
        assert_close(&fast, &plain(&x, &kernel, &bias, conv).unwrap(), 2e-4);
    }

    #[test]
    fn convolutions_agree_with_candle() {
        let dense =
            |stride, padding| Conv { stride, padding, is_depthwise: false, activation: Activation::Relu6 };
        let depthwise = |stride, padding| Conv { is_depthwise: true, ..dense(stride, padding) };
        check([2, 5, 6, 7], [4, 5, 1, 1], Conv::pointwise(Activation::Identity));
        check([1, 3, 13, 11], [8, 3, 3, 3], dense(2, Padding::all(1)));
        check([1, 3, 10, 10], [8, 3, 3, 3], dense(2, Padding { top: 0, left: 0, bottom: 1, right: 1 }));
        check([2, 6, 9, 12], [6, 1, 3, 3], depthwise(1, Padding::all(1)));
        check([1, 20, 14, 15], [20, 1, 5, 5], depthwise(2, Padding::same([14, 15], 5, 2)));
        check([1, 1, 40, 50], [1, 1, 21, 21], depthwise(1, Padding::all(0)));
        check([2, 10, 9, 12], [10, 1, 3, 3], depthwise(1, Padding::all(1)));
        check([1, 30, 14, 15], [30, 1, 5, 5], depthwise(2, Padding::same([14, 15], 5, 2)));
    }

    #[test]
    fn shifted_pictures_add_up_to_a_convolution() {
        for (size, side, stride) in [([9, 12], 3, 1), ([10, 11], 3, 2), ([15, 15], 5, 2)] {
            let (x, kernel) = (noise(&[2, 6, size[0], size[1]], 1), noise(&[6, 1, side, side], 2));
            let found = depthwise_by_cells(&x, &kernel, stride).unwrap();
            assert_close(&found, &x.conv2d(&kernel, 0, stride, 1, 6).unwrap(), 1e-4);
        }
    }

    #[test]
    fn same_padding_puts_the_odd_pixel_last() {
        assert_eq!(Padding::same([260, 260], 3, 2), Padding { top: 0, left: 0, bottom: 1, right: 1 });
        assert_eq!(Padding::same([65, 65], 5, 2), Padding::all(2));
        assert_eq!(Padding::same([33, 33], 3, 1), Padding::all(1));
    }
}
