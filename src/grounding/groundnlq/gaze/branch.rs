//! The gaze branch: maps to tokens, by 3-D convolutions. It trains the estimator, and speaks for what
//! was not looked at in `GazeMode::Complement`.

use candle_core::{D, Result, Tensor};
use candle_nn::VarBuilder;

use super::{EPS, NAME};
use crate::grounding::groundnlq::config::GazeConfig;
use crate::grounding::groundnlq::pass::Pass;
use crate::nn::layers::Linear;
use crate::nn::ops::{Activation, activate, conv3d_half};

/// Channels after each convolution; every one halves the map.
const BRANCH: [usize; 4] = [1, 16, 32, 64];
const GROUPS: usize = 8;

/// Gaze maps to tokens: three 3-D convolutions, a pool, a projection.
pub struct GazeBranch {
    convs: Vec<Conv3d>,
    projection: [Linear; 2],
}

impl GazeBranch {
    pub fn load(weights: &VarBuilder, config: &GazeConfig, width: usize) -> Result<Self> {
        let convs = (0..BRANCH.len() - 1).map(|i| Conv3d::load(&weights.pp(format!("branch.{i}")), i));
        let pooled = config.map_size >> BRANCH.len();
        let flat = BRANCH[BRANCH.len() - 1] * pooled * pooled;
        Ok(Self {
            convs: convs.collect::<Result<_>>()?,
            projection: [
                Linear::load(weights.pp("gaze_proj.0"), flat, config.hidden)?,
                Linear::load(weights.pp("gaze_proj.2"), config.hidden, width)?,
            ],
        })
    }

    /// # Shapes
    /// [windows, side, side], each map sums to 1 → [windows, width]
    pub fn forward(&self, maps: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let cells = maps.dim(1)? * maps.dim(2)?;
        // a map without preference becomes ones
        let mut x = (maps.unsqueeze(3)? * cells as f64)?;
        for (i, conv) in self.convs.iter().enumerate() {
            x = conv.forward(&x)?;
            if pass.wants_stages() {
                pass.stage(NAME, &format!("branch.{i}"), &channels_first(&x)?);
            }
        }
        let x = channels_first(&x)?.avg_pool2d(2)?.flatten_from(1)?;
        self.projection[1].forward(&self.projection[0].forward_with(&x, Activation::Gelu)?)
    }
}

/// [windows, h, w, channels] → [windows, channels, h, w]
fn channels_first(x: &Tensor) -> Result<Tensor> {
    x.permute((0, 3, 1, 2))?.contiguous()
}

/// A 3x3x3 convolution with stride (1, 2, 2), group norm over the whole sequence, ReLU.
struct Conv3d {
    /// [out, 27 * in]
    kernel: Tensor,
    bias: Tensor,
    norm_weight: Tensor,
    norm_bias: Tensor,
}

impl Conv3d {
    fn load(weights: &VarBuilder, index: usize) -> Result<Self> {
        let (inputs, outputs) = (BRANCH[index], BRANCH[index + 1]);
        let kernel = weights.pp("conv").get((outputs, inputs, 3, 3, 3), "weight")?;
        Ok(Self {
            kernel: kernel.permute((0, 2, 3, 4, 1))?.contiguous()?.reshape((outputs, 27 * inputs))?,
            bias: weights.pp("conv").get(outputs, "bias")?,
            norm_weight: weights.pp("norm").get(outputs, "weight")?,
            norm_bias: weights.pp("norm").get(outputs, "bias")?,
        })
    }

    /// # Shapes
    /// [windows, h, w, in] → [windows, h / 2, w / 2, out]
    fn forward(&self, x: &Tensor) -> Result<Tensor> {
        let y = conv3d_half(x, &self.kernel, &self.bias)?;
        let channels = y.dim(3)?;
        let groups = y.reshape(((), GROUPS, channels / GROUPS))?;
        let over = |x: &Tensor| x.mean_keepdim(2)?.mean_keepdim(0);
        let centred = groups.broadcast_sub(&over(&groups)?)?;
        let variance = over(&centred.sqr()?)?;
        let y = centred.broadcast_div(&(variance + f64::from(EPS))?.sqrt()?)?.reshape(y.shape())?;
        let y = y.broadcast_mul(&self.norm_weight)?.broadcast_add(&self.norm_bias)?;
        activate(&y, Activation::Relu)
    }
}

/// What was not looked at: one minus the map over its peak, of sum 1.
///
/// # Shapes
/// [windows, cells] → the same
pub fn complement(maps: &Tensor) -> Result<Tensor> {
    let peak = maps.max_keepdim(D::Minus1)?;
    let rest = maps.broadcast_div(&peak)?.affine(-1.0, 1.0)?;
    // a map without a peak has no complement, and counts as looking everywhere
    let rest = (rest + 1e-12)?;
    rest.broadcast_div(&rest.sum_keepdim(D::Minus1)?)
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    #[test]
    fn a_convolution_in_space_and_time_is_its_definition_and_normalised() {
        let noise = |shape: &[usize]| Tensor::randn(0f32, 1.0, shape, &Device::Cpu).unwrap();
        let (x, kernel) = (noise(&[4, 6, 6, 1]), noise(&[16, 27]));
        let conv = Conv3d {
            kernel: kernel.clone(),
            bias: noise(&[16]),
            norm_weight: Tensor::ones(16, DType::F32, &Device::Cpu).unwrap(),
            norm_bias: Tensor::zeros(16, DType::F32, &Device::Cpu).unwrap(),
        };
        let found = conv.forward(&x).unwrap();
        assert_eq!(found.dims(), [4, 3, 3, 16]);
        let found = found.permute((0, 3, 1, 2)).unwrap();
        // the definition, in plain loops
        let x4 = |t: i64, y: i64, z: i64| {
            let inside = (0..4).contains(&t) && (0..6).contains(&y) && (0..6).contains(&z);
            let at = |i: i64| i as usize;
            if !inside {
                return 0f64;
            }
            let value = x.get(at(t)).unwrap().get(at(y)).unwrap().get(at(z)).unwrap().get(0).unwrap();
            f64::from(value.to_scalar::<f32>().unwrap())
        };
        let weights = kernel.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        let bias = conv.bias.to_vec1::<f32>().unwrap();
        let mut sums = vec![0f64; 4 * 16 * 9];
        for (i, sum) in sums.iter_mut().enumerate() {
            let (t, c, y, z) = (i / 144, i / 9 % 16, i / 3 % 3, i % 3);
            *sum = f64::from(bias[c]);
            for k in 0..27usize {
                let shift = |size: usize, base: usize, stride: usize| (base * stride + size) as i64 - 1;
                let value = x4(shift(k / 9, t, 1), shift(k / 3 % 3, y, 2), shift(k % 3, z, 2));
                *sum += f64::from(weights[c * 27 + k]) * value;
            }
        }
        let found = found.flatten_all().unwrap().to_vec1::<f32>().unwrap();
        for group in 0..8 {
            let own: Vec<usize> = (0..sums.len()).filter(|i| i / 9 % 16 / 2 == group).collect();
            let mean = own.iter().map(|i| sums[*i]).sum::<f64>() / own.len() as f64;
            let variance = own.iter().map(|i| (sums[*i] - mean).powi(2)).sum::<f64>() / own.len() as f64;
            for i in own {
                let expected = ((sums[i] - mean) / (variance + 1e-5).sqrt()).max(0.0);
                assert!((f64::from(found[i]) - expected).abs() < 1e-4);
            }
        }
    }
}
