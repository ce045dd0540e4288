//! GroundNLQ (Hou et al. 2023, arXiv 2306.15255) and GazeNLQ (arXiv 2506.05782): video features and a
//! question's token features to ranked windows in seconds.
//!
//! ```no_run
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! use gazenlq::grounding::groundnlq::{Ask, Config, GroundNlq, StateDict};
//! use gazenlq::nn::{Tensor, device};
//!
//! let device = device();
//! let config = Config::read("finetune.yaml".as_ref())?;
//! let network = GroundNlq::load("epoch_005.pth.tar".as_ref(), StateDict::Raw, config, &device)?;
//! let video = Tensor::zeros((900, 2304), candle_core::DType::F32, &device)?;
//! let clip = network.encode_clip(&video, None, 480.0)?; // once a clip
//! let text = Tensor::zeros((12, 512), candle_core::DType::F32, &device)?;
//! let answer = network.localize(&clip, &text, &Ask::default())?; // once a question
//! for window in &answer.windows {
//!     println!("{:.2}..{:.2} s: {:.3}", window.start, window.end, window.score);
//! }
//! # Ok(())
//! # }
//! ```

mod answer;
mod backbone;
mod blocks;
pub mod check;
mod clip;
mod config;
mod decode;
mod fusion;
mod gaze;
mod heads;
mod import;
mod pass;
#[cfg(test)]
mod plain_paths;
mod points;
mod reference_config;
mod weights;

use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;

pub use answer::{Ask, AttentionMap, Explanation, Grounding, LevelCurve, PieceExplanation, TextPadding};
use backbone::Backbone;
pub use clip::EncodedClip;
use clip::{Piece, piece_starts};
pub use config::{
    Config, DecodeConfig, FeatureGrid, FusionConfig, FusionPosition, GazeAlign, GazeConfig, GazeMode,
    GazeScope, NetworkConfig, VideoPadding,
};
pub use decode::{StepGrid, candidates, in_seconds, probability, suppressed};
pub use gaze::{GazeEstimates, GazeEstimator, GazeFeatures, Learned, align_tokens};
use heads::Heads;
pub use heads::LevelOutput;
pub use import::{Imported, Precision, import, imported, write_model};
pub use pass::{Chance, Keep, Pass};
pub use points::Points;
pub use weights::{Mismatch, StateDict, Tensors, expected_tensors, read_checkpoint};

use super::Window;
use crate::nn::NnError;

/// Why a network cannot be built or asked.
#[derive(Debug, thiserror::Error)]
pub enum GroundNlqError {
    #[error(transparent)]
    Nn(#[from] NnError),
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
    #[error("{what} ({path})")]
    Config { what: String, path: PathBuf },
    #[error("the checkpoint does not fit the configuration: {mismatch} ({path})")]
    Weights { mismatch: Box<Mismatch>, path: PathBuf },
    #[error("{what} features: expected [steps, {expected}] with at least one step, found {found:?}")]
    Shape { what: &'static str, expected: usize, found: Vec<usize> },
    #[error("{what} features: value {dim} of step {step} is {value}, expected a number")]
    NotFinite { what: &'static str, step: usize, dim: usize, value: f32 },
    #[error("this network needs gaze tokens (gaze.mode is not `off`) and got none")]
    NoGaze,
    #[error("{error} ({path})")]
    Io { error: std::io::Error, path: PathBuf },
}

/// A network with its weights.
pub struct GroundNlq {
    config: Config,
    backbone: Backbone,
    heads: Heads,
    estimator: Option<GazeEstimator>,
    device: Device,
}

impl GroundNlq {
    /// Loads a checkpoint; see `read_checkpoint` for what it may be.
    pub fn load(
        path: &Path,
        which: StateDict,
        config: Config,
        device: &Device,
    ) -> Result<Self, GroundNlqError> {
        let tensors = read_checkpoint(path, which)?;
        let mismatch = Mismatch::of(&config, &tensors)?;
        if !mismatch.is_usable() {
            return Err(GroundNlqError::Weights { mismatch: Box::new(mismatch), path: path.to_owned() });
        }
        Self::from_tensors(&tensors, config, device)
    }

    pub fn from_tensors(tensors: &Tensors, config: Config, device: &Device) -> Result<Self, GroundNlqError> {
        Self::from_weights(&weights::builder(tensors, device), config)
    }

    fn from_weights(weights: &VarBuilder, config: Config) -> Result<Self, GroundNlqError> {
        let has_gaze = config.gaze.mode != GazeMode::Off;
        Ok(Self {
            backbone: Backbone::load(weights, &config)?,
            heads: Heads::load(weights, &config.network)?,
            estimator: has_gaze.then(|| GazeEstimator::load(&weights.pp("gaze"), &config)).transpose()?,
            device: weights.device().clone(),
            config,
        })
    }

    pub fn config(&self) -> &Config {
        &self.config
    }

    pub fn device(&self) -> &Device {
        &self.device
    }

    /// Present unless `gaze.mode` is `off`.
    pub fn estimator(&self) -> Option<&GazeEstimator> {
        self.estimator.as_ref()
    }

    /// Gaze tokens for a clip of `steps` steps, as `encode_clip` takes them; `None` if the network has
    /// no gaze path. They depend on no question, and may be kept as long as the estimator is frozen.
    pub fn gaze_tokens(&self, gaze: &GazeFeatures, steps: usize) -> Result<Option<Tensor>, GroundNlqError> {
        let grid = StepGrid::from(&self.config.features);
        self.gaze_tokens_in(gaze, &grid, steps, &mut Pass::new(Keep::Nothing))
    }

    /// The same for steps that lie elsewhere, as a pass of training has it: gradients flow through.
    pub fn gaze_tokens_in(
        &self,
        gaze: &GazeFeatures,
        grid: &StepGrid,
        steps: usize,
        pass: &mut Pass,
    ) -> Result<Option<Tensor>, GroundNlqError> {
        let Some(estimator) = &self.estimator else { return Ok(None) };
        let features = self.accepted("gaze", &gaze.features, self.config.gaze.input_dim)?;
        let estimates = estimator.estimate_in(&GazeFeatures { features, ..gaze.clone() }, pass)?;
        Ok(Some(align_tokens(&estimates, self.config.gaze.align, grid, steps)?))
    }

    /// Computes what no question is needed for: about a quarter of the work.
    ///
    /// # Shapes
    /// `video` f32 `[steps, video_dim]`, any device; `gaze` f32 [steps, width], one token a step (see
    /// `gaze_tokens`), needed if `gaze.mode` is not `off`
    pub fn encode_clip(
        &self,
        video: &Tensor,
        gaze: Option<&Tensor>,
        duration_secs: f32,
    ) -> Result<EncodedClip, GroundNlqError> {
        let video = self.accepted("video", video, self.config.features.video_dim)?;
        let steps = video.dim(0)?;
        let gaze = match gaze.filter(|_| self.estimator.is_some()) {
            Some(gaze) => Some(self.accepted("gaze", gaze, self.config.network.width)?),
            None if self.estimator.is_some() => return Err(GroundNlqError::NoGaze),
            None => None,
        };
        if let Some(gaze) = &gaze
            && gaze.dim(0)? != steps
        {
            let found = gaze.dims().to_vec();
            return Err(GroundNlqError::Shape { what: "gaze", expected: self.config.network.width, found });
        }
        let mut pass = Pass::new(Keep::Nothing);
        let max = self.config.features.max_steps;
        let mut pieces = Vec::new();
        for first_step in piece_starts(steps, max) {
            let count = max.min(steps - first_step);
            let part = |x: &Tensor| x.narrow(0, first_step, count)?.contiguous();
            let gaze = gaze.as_ref().map(part).transpose()?;
            let encoded = self.backbone.encode_video(&part(&video)?, gaze.as_ref(), &mut pass)?;
            pieces.push(Piece { first_step, encoded });
        }
        Ok(EncodedClip { pieces, steps, duration_secs, grid: StepGrid::from(&self.config.features) })
    }

    /// The windows that answer a question.
    ///
    /// # Shapes
    /// `text` f32 `[tokens, text_dim]`, any device
    pub fn localize(
        &self,
        clip: &EncodedClip,
        text: &Tensor,
        ask: &Ask,
    ) -> Result<Grounding, GroundNlqError> {
        let text = self.accepted("text", text, self.config.features.text_dim)?;
        let padding = usize::from(ask.text_padding == TextPadding::Padded);
        let tokens = text.pad_with_zeros(0, 0, padding)?;
        let mut pass = Pass::new(Keep::Nothing);
        let text = self.backbone.encode_text(&tokens, text.dim(0)?, &mut pass)?;
        let mut decode = self.config.decode.clone();
        decode.nms.keep = ask.keep.unwrap_or(decode.nms.keep);
        let mut found = Vec::new();
        let mut explained = Vec::new();
        for piece in &clip.pieces {
            let mut pass = Pass::new(if ask.explain { Keep::Attention } else { Keep::Nothing });
            let levels = self.backbone.pyramid(&piece.encoded, &text, &mut pass)?;
            let levels = self.outputs(&levels)?;
            let shift = piece.first_step as f32;
            let windows = candidates(&levels, &decode).into_iter().map(|w| Window {
                start: w.start + shift,
                end: w.end + shift,
                ..w
            });
            let windows: Vec<Window> = windows.collect();
            if ask.explain {
                explained.push(PieceExplanation::new(
                    &decode,
                    (&clip.grid, clip.duration_secs),
                    piece.first_step,
                    &levels,
                    &windows,
                    &pass,
                )?);
            }
            found.extend(windows);
        }
        let windows = suppressed(&found, &decode);
        Ok(Grounding {
            windows: windows
                .iter()
                .map(|window| in_seconds(window, &clip.grid, &decode, clip.duration_secs))
                .collect(),
            pieces: clip.pieces.len(),
            explanation: ask.explain.then_some(Explanation { pieces: explained }),
        })
    }

    /// One forward pass with every stage kept, for a comparison with reference numbers.
    ///
    /// # Shapes
    /// `video` `[steps, video_dim]`; `text` [rows, text_dim], of which `tokens` rows are a text
    pub fn stages(
        &self,
        video: &Tensor,
        text: &Tensor,
        tokens: usize,
    ) -> Result<(Pass, Vec<LevelOutput>), GroundNlqError> {
        let video = self.accepted("video", video, self.config.features.video_dim)?;
        let text = self.accepted("text", text, self.config.features.text_dim)?;
        let mut pass = Pass::new(Keep::Stages);
        let encoded = self.backbone.encode_video(&video, None, &mut pass)?;
        let text = self.backbone.encode_text(&text, tokens, &mut pass)?;
        let levels = self.backbone.pyramid(&encoded, &text, &mut pass)?;
        Ok((pass, self.outputs(&levels)?))
    }

    fn outputs(
        &self,
        levels: &[(Tensor, crate::nn::ops::Extent)],
    ) -> Result<Vec<LevelOutput>, GroundNlqError> {
        let outputs = levels.iter().enumerate();
        Ok(outputs
            .map(|(level, (x, extent))| self.heads.forward(x, *extent, level))
            .collect::<Result<_, _>>()?)
    }

    /// The features in f32 on the network's device, if they are such that it can use them.
    fn accepted(&self, what: &'static str, x: &Tensor, dim: usize) -> Result<Tensor, GroundNlqError> {
        if x.rank() != 2 || x.dims()[1] != dim || x.dims()[0] == 0 {
            return Err(GroundNlqError::Shape { what, expected: dim, found: x.dims().to_vec() });
        }
        let x = x.to_dtype(candle_core::DType::F32)?;
        let values = x.to_device(&Device::Cpu)?.flatten_all()?.to_vec1::<f32>()?;
        if let Some(at) = values.iter().position(|value| !value.is_finite()) {
            return Err(GroundNlqError::NotFinite { what, step: at / dim, dim: at % dim, value: values[at] });
        }
        Ok(x.to_device(&self.device)?.contiguous()?)
    }
}
