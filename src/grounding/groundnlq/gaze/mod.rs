//! The gaze estimator: Omnivore features of windows to gaze tokens and gaze maps (GazeNLQ, arXiv
//! 2506.05782, section 2.1), and the tokens' way to the steps of the grounding network.
//!
//! The paper gives five gated linear units, one self-attention, a projection to 384, a regression
//! to 64x64 and a gaze branch of 3-D convolutions. What it leaves open (widths, norms, residuals) is
//! ours, so a checkpoint of the authors' would not fit.

mod align;
mod branch;

use candle_core::{D, Result, Tensor};
use candle_nn::VarBuilder;

use super::GroundNlqError;
use super::backbone::sinusoid;
use super::blocks::MaskedConv;
use super::config::{Config, GazeConfig, GazeMode};
use super::pass::{Keep, Pass};
use crate::gaze::Heatmap;
use crate::nn::layers::{LayerNorm, Linear};
use crate::nn::ops::{Activation, Extent, attention_between};
pub use align::align_tokens;
use align::window_centres;
use branch::{GazeBranch, complement};

const EPS: f32 = 1e-5;
/// In the stages of a pass.
const NAME: &str = "estimator";

/// Features of consecutive windows, and where they lie in time.
#[derive(Clone, Debug)]
pub struct GazeFeatures {
    /// [windows, input_dim]
    pub features: Tensor,
    /// Where the clip starts in the video that the features are of; 0 for features of the clip.
    pub clip_start_secs: f64,
    /// Pictures in that video: the last window is moved back to end with them.
    pub frames: Option<u64>,
    /// Pictures from one window to the next, and pictures a second that this counts in.
    pub stride_frames: f64,
    pub fps: f64,
    /// Where the wearer really looked, one map a window: its token comes from this map, by way of the
    /// gaze branch that training pulled towards the tokens. Where there is none the predicted map stands
    /// in. Empty without a recording.
    pub recorded: Vec<Option<Heatmap>>,
}

impl GazeFeatures {
    /// Features from the start of the clip on, at the configured rate.
    pub fn new(features: Tensor, config: &GazeConfig) -> Self {
        let GazeConfig { stride_frames, fps, .. } = *config;
        Self { features, clip_start_secs: 0.0, frames: None, stride_frames, fps, recorded: Vec::new() }
    }

    /// The middle of each window, seconds on the clip's clock.
    pub fn centres_secs(&self, window_frames: f64) -> Result<Vec<f64>> {
        let centres = window_centres(self, self.features.dim(0)?, window_frames);
        Ok(centres.into_iter().map(|centre| centre - self.clip_start_secs).collect())
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

    /// The same as part of a pass: with its stages, run after run, or as training has it, where gradients
    /// flow to the tokens and maps.
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
            let recorded = input.recorded.get(first..first + count);
            let seen = recorded.map_or_else(|| Ok(map.clone()), |recorded| in_place_of(&map, recorded))?;
            tokens.push(match self.config.mode {
                GazeMode::Complement => {
                    let elsewhere = complement(&seen)?.reshape((count, side, side))?;
                    pass.stage(NAME, "complement", &elsewhere);
                    self.branch.forward(&elsewhere, pass)?
                }
                _ if recorded.is_some() => self.branch.forward(&seen.reshape((count, side, side))?, pass)?,
                _ => self.project(&hidden)?,
            });
            maps.push(map.reshape((count, side, side))?);
        }
        Ok(GazeEstimates {
            tokens: Tensor::cat(&tokens, 0)?,
            maps: Tensor::cat(&maps, 0)?,
            centres_secs: input.centres_secs(self.config.window_frames)?,
        })
    }

    /// What the estimator is trained on: a run of windows with the maps of where the wearer looked.
    ///
    /// # Shapes
    /// `features` [windows, input_dim], at most `gaze.sequence` windows; `maps` [windows, side, side]
    pub fn learn(&self, features: &Tensor, maps: &Tensor, pass: &mut Pass) -> Result<Learned> {
        let hidden = self.hidden(features, pass)?;
        let log_maps = candle_nn::ops::log_softmax(&self.regress(&hidden)?, D::Minus1)?;
        Ok(Learned { tokens: self.project(&hidden)?, log_maps, gaze: self.branch.forward(maps, pass)? })
    }

    /// # Shapes
    /// [windows, input_dim] → [windows, hidden]
    fn hidden(&self, x: &Tensor, pass: &mut Pass) -> Result<Tensor> {
        let mut x = self.input_norm.forward(x)?;
        for (i, unit) in self.units.iter().enumerate() {
            x = unit.forward(&x, pass)?;
            pass.stage(NAME, &format!("glu.{i}"), &x);
        }
        let windows = x.dim(0)?;
        x = (x + self.positions.narrow(0, 0, windows)?)?;
        let normed = self.attn_norm.forward(&x)?;
        let [q, k, v] = [0, 1, 2].map(|i| self.qkv[i].forward(&normed));
        let mixed = attention_between([&q?, &k?, &v?], self.config.heads, windows, 1.0)?;
        let x = (x + self.attn_proj.forward(&mixed)?)?;
        pass.stage(NAME, "self_attn", &x);
        Ok(x)
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

/// Recorded maps in place of the predicted ones where there are some.
///
/// # Shapes
/// [windows, cells] → the same
fn in_place_of(predicted: &Tensor, recorded: &[Option<Heatmap>]) -> Result<Tensor> {
    let cells = predicted.dim(1)?;
    let rows = recorded.iter().enumerate().map(|(window, map)| match map {
        Some(map) if map.cells().len() != cells => {
            candle_core::bail!("recorded maps have {} cells, this network's have {cells}", map.cells().len())
        }
        Some(map) => Tensor::new(map.cells(), predicted.device())?.to_dtype(predicted.dtype()),
        None => predicted.get(window),
    });
    Tensor::stack(&rows.collect::<Result<Vec<_>>>()?, 0)
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

#[cfg(test)]
mod tests {
    use candle_core::DType;

    use super::*;
    use crate::nn::ops::testing::{builder, check_differences, noise, parameters, weighed};

    #[test]
    fn gradients_of_the_estimator_are_those_of_small_differences() {
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
    fn a_recorded_map_gives_the_token_and_the_predicted_one_stands_in() {
        let mut config = Config::default();
        (config.network.width, config.network.heads) = (8, 2);
        config.gaze.mode = GazeMode::Positive;
        (config.gaze.input_dim, config.gaze.hidden, config.gaze.heads) = (6, 8, 2);
        (config.gaze.sequence, config.gaze.glu_layers) = (4, 2);
        let shapes = crate::grounding::groundnlq::expected_tensors(&config).unwrap();
        let vars = parameters(shapes.into_iter().filter(|(name, _)| name.starts_with("gaze.")));
        let estimator = GazeEstimator::load(&builder(&vars).pp("gaze"), &config).unwrap();
        let features = noise(&[6, 6], 1).to_dtype(DType::F64).unwrap();
        let mut input = GazeFeatures::new(features, &config.gaze);
        let mut tokens = |recorded: Vec<Option<Heatmap>>| {
            input.recorded = recorded;
            estimator.estimate(&input).unwrap().tokens.to_vec2::<f64>().unwrap()
        };
        let looked = Heatmap::from_cells((0..64 * 64).map(|cell| f32::from(u8::from(cell == 900))).collect());
        let (plain, stand_ins) = (tokens(Vec::new()), tokens(vec![None; 6]));
        let one = tokens(vec![None, None, None, None, None, Some(looked)]);
        assert!(plain != stand_ins, "tokens of maps are not those of features");
        // windows see each other within their run of four
        assert_eq!(one[..4], stand_ins[..4]);
        assert!(one[5] != stand_ins[5]);
    }
}
