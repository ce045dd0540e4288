//! The gaze estimator: Omnivore features of windows to gaze tokens and gaze maps (GazeNLQ, arXiv
//! 2506.05782, section 2.1), and the tokens' way to the steps of the grounding network.
//!
//! The paper gives five gated linear units, one self-attention, a projection to 384, a regression
//! to 64x64 and a gaze branch of 3-D convolutions. What it leaves open (widths, norms, residuals) is
//! ours, so a checkpoint of the authors' would not fit.

use candle_core::{D, Result, Tensor};
use candle_nn::VarBuilder;

use super::GroundNlqError;
use super::backbone::sinusoid;
use super::blocks::MaskedConv;
use super::config::{Config, GazeAlign, GazeConfig, GazeMode, GazeScope};
use super::pass::{Keep, Pass};
use crate::nn::layers::{LayerNorm, Linear};
use crate::nn::ops::{Activation, Extent, activate, attention_between, conv3d_half};

const EPS: f32 = 1e-5;
/// Channels of the gaze branch after each convolution; every one halves the map.
const BRANCH: [usize; 4] = [1, 16, 32, 64];
const GROUPS: usize = 8;

/// Features of consecutive windows, and where they lie in time.
#[derive(Clone, Debug)]
pub struct GazeFeatures {
    /// [windows, input_dim]
    pub features: Tensor,
    /// Where the clip starts in the video that the features are of; 0 for features of the clip.
    pub clip_start_secs: f64,
    /// Pictures in that video: the last window is moved back to end with them.
    pub frames: Option<u64>,
}

impl GazeFeatures {
    /// Only the windows that a clip of this length sees. Windows attend to each other within runs, so
    /// that whole runs are kept and the rest changes nothing.
    pub fn around(&self, config: &GazeConfig, duration_secs: f64) -> Result<Self> {
        let windows = self.features.dim(0)?;
        let at = |secs: f64| (secs * config.fps / config.stride_frames).max(0.0) as usize;
        let run = config.sequence.max(1);
        let (start, end) = (self.clip_start_secs, self.clip_start_secs + duration_secs);
        // a window reaches before its start and after its end
        let first = at(start).saturating_sub(2).min(windows.saturating_sub(1)) / run * run;
        let last = at(end).saturating_add(3).div_ceil(run).saturating_mul(run).min(windows);
        let before = first as f64 * config.stride_frames;
        Ok(Self {
            features: self.features.narrow(0, first, last - first)?,
            clip_start_secs: start - before / config.fps,
            // the last window of the video is moved back; one before it is not
            frames: self.frames.filter(|_| last == windows).map(|frames| frames - before as u64),
        })
    }
}

/// What the estimator says of each window.
#[derive(Clone, Debug)]
pub struct GazeEstimates {
    /// [windows, width]
    pub tokens: Tensor,
    /// Where the wearer looks: `[windows, map_size, map_size]`, each sums to 1.
    pub maps: Tensor,
    /// The middle of each window, seconds on the clip's clock.
    pub centres_secs: Vec<f64>,
}

/// What the estimator says of a run of windows while it is trained.
pub struct Learned {
    /// [windows, width]
    pub tokens: Tensor,
    /// Logarithms of the predicted maps: [windows, cells].
    pub log_maps: Tensor,
    /// What the gaze branch makes of the true maps: [windows, width].
    pub gaze: Tensor,
}

pub struct GazeEstimator {
    config: GazeConfig,
    input_norm: LayerNorm,
    units: Vec<GatedUnit>,
    /// [sequence, hidden]
    positions: Tensor,
    attn_norm: LayerNorm,
    qkv: [Linear; 3],
    attn_proj: Linear,
    video_proj: [Linear; 2],
    map_norm: LayerNorm,
    map_layers: [Linear; 2],
    branch: GazeBranch,
}

impl GazeEstimator {
    /// From tensors with the names that a checkpoint has.
    pub fn from_tensors(
        tensors: &super::Tensors,
        config: &Config,
        device: &candle_core::Device,
    ) -> Result<Self> {
        Self::load(&super::weights::builder(tensors, device).pp("gaze"), config)
    }

    /// `weights` is what the checkpoint calls `gaze`.
    pub fn load(weights: &VarBuilder, config: &Config) -> Result<Self> {
        let gaze = &config.gaze;
        let (hidden, width) = (gaze.hidden, config.network.width);
        let units = (0..gaze.glu_layers).map(|i| {
            let inputs = if i == 0 { gaze.input_dim } else { hidden };
            GatedUnit::load(&weights.pp(format!("glu.{i}")), [inputs, hidden], gaze.glu_kernel, i == 0)
        });
        let linear = |name: &str, inputs, outputs| Linear::load(weights.pp(name), inputs, outputs);
        Ok(Self {
            input_norm: LayerNorm::load(weights.pp("input_norm"), gaze.input_dim, EPS)?,
            units: units.collect::<Result<_>>()?,
            positions: sinusoid(gaze.sequence, hidden, weights)?,
            attn_norm: LayerNorm::load(weights.pp("self_attn.norm"), hidden, EPS)?,
            qkv: [
                linear("self_attn.query", hidden, hidden)?,
                linear("self_attn.key", hidden, hidden)?,
                linear("self_attn.value", hidden, hidden)?,
            ],
            attn_proj: linear("self_attn.proj", hidden, hidden)?,
            video_proj: [linear("video_proj.0", hidden, hidden)?, linear("video_proj.2", hidden, width)?],
            map_norm: LayerNorm::load(weights.pp("regression.norm"), hidden, EPS)?,
            map_layers: [
                linear("regression.0", hidden, hidden)?,
                linear("regression.2", hidden, gaze.map_size * gaze.map_size)?,
            ],
            branch: GazeBranch::load(weights, gaze, width)?,
            config: gaze.clone(),
        })
    }

    /// Tokens and maps of all windows. Windows attend to each other within runs of `gaze.sequence`.
    pub fn estimate(&self, input: &GazeFeatures) -> std::result::Result<GazeEstimates, GroundNlqError> {
        self.estimate_in(input, &mut Pass::new(Keep::Nothing))
    }

    /// The same as a pass of training has it: gradients flow to the tokens and maps.
    pub fn estimate_in(
        &self,
        input: &GazeFeatures,
        pass: &mut Pass,
    ) -> std::result::Result<GazeEstimates, GroundNlqError> {
        let dims = input.features.dims();
        if dims.len() != 2 || dims[1] != self.config.input_dim || dims[0] == 0 {
            let found = dims.to_vec();
            return Err(GroundNlqError::Shape { what: "gaze", expected: self.config.input_dim, found });
        }
        let (windows, side) = (dims[0], self.config.map_size);
        let (mut tokens, mut maps) = (Vec::new(), Vec::new());
        for first in (0..windows).step_by(self.config.sequence) {
            let count = self.config.sequence.min(windows - first);
            let part = input.features.narrow(0, first, count)?.contiguous()?;
            let hidden = self.hidden(&part, pass)?;
            let logits = self.regress(&hidden)?;
            let map = candle_nn::ops::softmax(&logits, D::Minus1)?;
            tokens.push(match self.config.mode {
                GazeMode::Complement => {
                    let elsewhere = complement(&map)?.reshape((count, side, side))?;
                    self.branch.forward(&elsewhere)?
                }
                _ => self.project(&hidden)?,
            });
            maps.push(map.reshape((count, side, side))?);
        }
        let start = match self.config.feature_scope {
            GazeScope::Video => input.clip_start_secs,
            GazeScope::Clip => 0.0,
        };
        let centres = window_centres(windows, input.frames, &self.config);
        Ok(GazeEstimates {
            tokens: Tensor::cat(&tokens, 0)?,
            maps: Tensor::cat(&maps, 0)?,
            centres_secs: centres.into_iter().map(|centre| centre - start).collect(),
        })
    }

    /// What the estimator is trained on: a run of windows with the maps of where the wearer looked.
    ///
    /// # Shapes
    /// `features` [windows, input_dim], at most `gaze.sequence` windows; `maps` [windows, side, side]
    pub fn learn(&self, features: &Tensor, maps: &Tensor, pass: &mut Pass) -> Result<Learned> {
        let hidden = self.hidden(features, pass)?;
        let log_maps = candle_nn::ops::log_softmax(&self.regress(&hidden)?, D::Minus1)?;
        Ok(Learned { tokens: self.project(&hidden)?, log_maps, gaze: self.branch.forward(maps)? })
    }

    /// # Shapes
    /// [windows, input_dim] → [windows, hidden]
    fn hidden(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let mut x = self.input_norm.forward(x)?;
        for unit in &self.units {
            x = unit.forward(&x, pass)?;
        }
        let windows = x.dim(0)?;
        x = (x + self.positions.narrow(0, 0, windows)?)?;
        let normed = self.attn_norm.forward(&x)?;
        let [q, k, v] = [0, 1, 2].map(|i| self.qkv[i].forward(&normed));
        let mixed = attention_between([&q?, &k?, &v?], self.config.heads, windows, 1.0)?;
        x + self.attn_proj.forward(&mixed)?
    }

    fn project(&self, hidden: &Tensor) -> Result<Tensor> {
        self.video_proj[1].forward(&self.video_proj[0].forward_with(hidden, Activation::Gelu)?)
    }

    /// Scores of a map's cells, before the softmax.
    fn regress(&self, hidden: &Tensor) -> Result<Tensor> {
        let normed = self.map_norm.forward(hidden)?;
        self.map_layers[1].forward(&self.map_layers[0].forward_with(&normed, Activation::Gelu)?)
    }
}

/// y = (value x) * sigmoid(gate x); the first is followed by a norm, the others add to their input.
struct GatedUnit {
    value: MaskedConv,
    gate: MaskedConv,
    norm: LayerNorm,
    is_first: bool,
}

impl GatedUnit {
    fn load(
        weights: &VarBuilder,
        [inputs, outputs]: [usize; 2],
        kernel: usize,
        is_first: bool,
    ) -> Result<Self> {
        let conv = |name: &str| MaskedConv::load(weights.pp(name), [inputs, outputs], kernel, true);
        Ok(Self {
            value: conv("value")?,
            gate: conv("gate")?,
            norm: LayerNorm::load(weights.pp("norm"), outputs, EPS)?,
            is_first,
        })
    }

    fn forward(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let extent = Extent { rows: x.dim(0)?, valid: x.dim(0)? };
        let gated = |x: &Tensor| {
            let gate = candle_nn::ops::sigmoid(&self.gate.forward(x, extent)?)?;
            self.value.forward(x, extent)? * gate
        };
        if self.is_first {
            return pass.dropout(self.norm.forward(&gated(x)?)?);
        }
        x + pass.dropout(gated(&self.norm.forward(x)?)?)?
    }
}

/// Gaze maps to tokens: three 3-D convolutions, a pool, a projection.
struct GazeBranch {
    convs: Vec<Conv3d>,
    projection: [Linear; 2],
}

impl GazeBranch {
    fn load(weights: &VarBuilder, config: &GazeConfig, width: usize) -> Result<Self> {
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
    fn forward(&self, maps: &Tensor) -> Result<Tensor> {
        let cells = maps.dim(1)? * maps.dim(2)?;
        // a map without preference becomes ones
        let mut x = (maps.unsqueeze(3)? * cells as f64)?;
        for conv in &self.convs {
            x = conv.forward(&x)?;
        }
        let x = x.permute((0, 3, 1, 2))?.contiguous()?.avg_pool2d(2)?.flatten_from(1)?;
        self.projection[1].forward(&self.projection[0].forward_with(&x, Activation::Gelu)?)
    }
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
fn complement(maps: &Tensor) -> Result<Tensor> {
    let peak = maps.max_keepdim(D::Minus1)?;
    let rest = maps.broadcast_div(&peak)?.affine(-1.0, 1.0)?;
    // a map without a peak has no complement, and counts as looking everywhere
    let rest = (rest + 1e-12)?;
    rest.broadcast_div(&rest.sum_keepdim(D::Minus1)?)
}

/// The middle of each window in seconds; the last one may be moved back to end with the video.
fn window_centres(windows: usize, frames: Option<u64>, config: &GazeConfig) -> Vec<f64> {
    let half = config.window_frames / 2.0;
    let last = frames.map_or(f64::INFINITY, |frames| (frames as f64 - half).max(0.0));
    (0..windows).map(|j| (j as f64 * config.stride_frames + half).min(last) / config.fps).collect()
}

/// One token for each step of the grounding network, whose centres lie at
/// `(i + 0.5) * stride_frames / fps`.
///
/// # Shapes
/// tokens [windows, width] → [steps, width]
pub fn align_tokens(estimates: &GazeEstimates, config: &Config, steps: usize) -> Result<Tensor> {
    let (tokens, centres) = (&estimates.tokens, &estimates.centres_secs);
    let step_secs = f64::from(config.features.stride_frames) / f64::from(config.features.fps);
    let last = centres.len() - 1;
    let places = (0..steps).map(|i| {
        if config.gaze.align == GazeAlign::Index {
            return (i.min(last), 0.0);
        }
        let time = (i as f64 + 0.5) * step_secs;
        let after = centres.partition_point(|centre| *centre <= time);
        let Some(before) = after.checked_sub(1) else { return (0, 0.0) };
        if after > last {
            return (last, 0.0);
        }
        let part = (time - centres[before]) / (centres[after] - centres[before]);
        match config.gaze.align {
            GazeAlign::Nearest if part > 0.5 => (after, 0.0),
            GazeAlign::Nearest => (before, 0.0),
            _ => (before, part as f32),
        }
    });
    let (before, parts): (Vec<usize>, Vec<f32>) = places.unzip();
    let index = |places: &mut dyn Iterator<Item = usize>| {
        let places: Vec<u32> = places.map(|place| place as u32).collect();
        tokens.index_select(&Tensor::new(places, tokens.device())?, 0)
    };
    let first = index(&mut before.iter().copied())?;
    let second = index(&mut before.iter().map(|place| (place + 1).min(last)))?;
    let parts = Tensor::from_vec(parts, (steps, 1), tokens.device())?.to_dtype(tokens.dtype())?;
    &first + (second - &first)?.broadcast_mul(&parts)?
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;

    fn estimates(centres_secs: Vec<f64>) -> GazeEstimates {
        // each token is its own time
        let times: Vec<f32> = centres_secs.iter().map(|c| *c as f32).collect();
        let tokens = Tensor::from_vec(times, (centres_secs.len(), 1), &Device::Cpu).unwrap();
        let maps = Tensor::zeros((1, 1, 1), DType::F32, &Device::Cpu).unwrap();
        GazeEstimates { tokens, maps, centres_secs }
    }

    #[test]
    fn interpolated_tokens_tell_the_time_of_their_step() {
        let config = Config::default();
        let centres = window_centres(100, Some(1610), &config.gaze);
        assert_eq!(centres[99], (1610.0 - 16.0) / 30.0);
        let found = align_tokens(&estimates(centres.clone()), &config, 100).unwrap();
        for (i, row) in found.to_vec2::<f32>().unwrap().into_iter().enumerate() {
            let time = ((i as f64 + 0.5) * 16.043 / 30.0).clamp(centres[0], centres[99]);
            assert!((f64::from(row[0]) - time).abs() < 1e-4, "step {i}: {} for {time}", row[0]);
        }
    }

    #[test]
    fn what_a_clip_does_not_see_can_be_left_out() {
        let mut config = Config::default();
        config.gaze.sequence = 8;
        let (windows, start, duration) = (100, 20.0, 9.0);
        let numbers: Vec<f32> = (0..windows).map(|i| i as f32).collect();
        let features = Tensor::from_vec(numbers, (windows, 1), &Device::Cpu).unwrap();
        let whole = GazeFeatures { features, clip_start_secs: start, frames: Some(1609) };
        let part = whole.around(&config.gaze, duration).unwrap();
        assert!(part.features.dim(0).unwrap() < 40);
        let aligned = |input: &GazeFeatures| {
            let count = input.features.dim(0).unwrap();
            let centres = window_centres(count, input.frames, &config.gaze);
            let estimates = GazeEstimates {
                tokens: input.features.clone(),
                maps: input.features.clone(),
                centres_secs: centres.iter().map(|centre| centre - input.clip_start_secs).collect(),
            };
            align_tokens(&estimates, &config, 16).unwrap().flatten_all().unwrap().to_vec1::<f32>().unwrap()
        };
        for (whole, part) in aligned(&whole).iter().zip(aligned(&part)) {
            assert!((whole - part).abs() < 1e-3, "{whole} and {part}");
        }
        // a clip at the end keeps the window that was moved back
        let last = GazeFeatures { clip_start_secs: 46.0, ..whole };
        let part = last.around(&config.gaze, 60.0).unwrap();
        for (whole, part) in aligned(&last).iter().zip(aligned(&part)) {
            assert!((whole - part).abs() < 1e-3, "{whole} and {part}");
        }
    }

    #[test]
    fn other_alignments_take_whole_tokens() {
        let mut config = Config::default();
        config.gaze.align = GazeAlign::Index;
        let found = align_tokens(&estimates(vec![5.0, 6.0]), &config, 3).unwrap();
        assert_eq!(found.flatten_all().unwrap().to_vec1::<f32>().unwrap(), [5.0, 6.0, 6.0]);
        config.gaze.align = GazeAlign::Nearest;
        let found = align_tokens(&estimates(vec![0.2, 0.6, 1.3]), &config, 3).unwrap();
        assert_eq!(found.flatten_all().unwrap().to_vec1::<f32>().unwrap(), [0.2, 0.6, 1.3]);
    }

    #[test]
    fn gradients_of_the_estimator_are_those_of_small_differences() {
        use crate::nn::ops::testing::{builder, check_differences, noise, parameters, weighed};
        let mut config = Config::default();
        config.network.width = 8;
        config.network.heads = 2;
        config.gaze.mode = GazeMode::Positive;
        config.gaze.input_dim = 6;
        config.gaze.hidden = 8;
        config.gaze.heads = 2;
        config.gaze.sequence = 4;
        config.gaze.map_size = 16;
        config.gaze.glu_layers = 2;
        for kernel in [1, 3] {
            config.gaze.glu_kernel = kernel;
            let shapes = crate::grounding::groundnlq::expected_tensors(&config).unwrap();
            let vars = parameters(shapes.into_iter().filter(|(name, _)| name.starts_with("gaze.")));
            let double = |shape: &[usize], seed| noise(shape, seed).to_dtype(DType::F64).unwrap();
            let (features, maps) = (double(&[3, 6], 1), double(&[3, 16, 16], 2).abs().unwrap());
            check_differences(&vars, || {
                let estimator = GazeEstimator::load(&builder(&vars).pp("gaze"), &config)?;
                let learned = estimator.learn(&features, &(&maps / 400.0)?, &mut Pass::new(Keep::Nothing))?;
                let sums = [&learned.tokens, &learned.log_maps, &learned.gaze].map(weighed);
                let [tokens, maps, gaze] = sums;
                (tokens? + maps?)? + gaze?
            });
        }
    }

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
