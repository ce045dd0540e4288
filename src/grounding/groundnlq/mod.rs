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

mod backbone;
mod blocks;
pub mod check;
mod config;
mod decode;
mod fusion;
mod gaze;
mod heads;
mod import;
mod pass;
mod points;
mod reference_config;
mod weights;

use std::path::{Path, PathBuf};

use candle_core::{Device, Tensor};
use candle_nn::VarBuilder;

use backbone::{Backbone, Encoded};
pub use config::{
    Config, DecodeConfig, FeatureGrid, FusionConfig, FusionPosition, GazeAlign, GazeConfig, GazeMode,
    GazeScope, NetworkConfig, VideoPadding,
};
pub use decode::{candidates, in_seconds, probability, suppressed};
pub use gaze::{GazeEstimates, GazeEstimator, GazeFeatures, Learned, align_tokens};
use heads::Heads;
pub use heads::LevelOutput;
pub use import::{Imported, import, imported, sha256_of, write_model};
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

/// A clip, computed as far as no question is needed.
#[derive(Clone, Debug)]
pub struct EncodedClip {
    pieces: Vec<Piece>,
    steps: usize,
    duration_secs: f32,
}

/// A clip longer than the network's array is cut into overlapping pieces.
#[derive(Clone, Debug)]
struct Piece {
    first_step: usize,
    encoded: Encoded,
}

impl EncodedClip {
    pub fn steps(&self) -> usize {
        self.steps
    }

    pub fn duration_secs(&self) -> f32 {
        self.duration_secs
    }

    /// More than 1 if the clip is longer than `features.max_steps`.
    pub fn pieces(&self) -> usize {
        self.pieces.len()
    }

    /// What keeping the clip costs.
    pub fn bytes(&self) -> usize {
        self.pieces.iter().map(|piece| piece.encoded.bytes()).sum()
    }
}

/// What stands behind a text's last token. In the reference it depends on the other questions of the
/// batch: a text shorter than the longest one is computed differently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TextPadding {
    /// Nothing, as when the reference is asked one question at a time.
    #[default]
    None,
    /// Zero tokens; how many makes no difference.
    Padded,
}

impl TextPadding {
    /// For each of these token counts, what the reference does when it takes them in this order in
    /// batches of `batch` (its published numbers: 16).
    pub fn in_batches(tokens: &[usize], batch: usize) -> Vec<Self> {
        let of_batch = |lengths: &[usize]| {
            let longest = lengths.iter().copied().max().unwrap_or(0);
            lengths.iter().map(|n| if *n < longest { Self::Padded } else { Self::None }).collect::<Vec<_>>()
        };
        tokens.chunks(batch.max(1)).flat_map(of_batch).collect()
    }
}

/// How a question is put.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Ask {
    pub text_padding: TextPadding,
    /// Windows wanted; the configuration says if this does not.
    pub keep: Option<usize>,
    /// Also return what led to the answer.
    pub explain: bool,
}

/// An answer.
#[derive(Clone, Debug)]
pub struct Grounding {
    /// Seconds from the start of the clip, best first.
    pub windows: Vec<Window>,
    /// Pieces the clip was cut into because it is longer than the network's array; 1 if it is not.
    pub pieces: usize,
    pub explanation: Option<Explanation>,
}

/// What led to an answer.
#[derive(Clone, Debug)]
pub struct Explanation {
    pub pieces: Vec<PieceExplanation>,
}

/// What led to the windows of one piece of the clip.
#[derive(Clone, Debug)]
pub struct PieceExplanation {
    /// Where the piece starts, seconds.
    pub start_secs: f32,
    pub levels: Vec<LevelCurve>,
    /// Before suppression, seconds, level by level and best first within one.
    pub candidates: Vec<Window>,
    pub attention: Vec<AttentionMap>,
}

/// How likely an answer lies round each point of a pyramid level.
#[derive(Clone, Debug)]
pub struct LevelCurve {
    /// Seconds of the first point, and from one point to the next.
    pub first_secs: f32,
    pub step_secs: f32,
    pub probability: Vec<f32>,
}

/// How much each time looks at each key, mean over heads; rows sum to 1.
#[derive(Clone, Debug)]
pub struct AttentionMap {
    /// The attention's place in the network: `vid_stem.0.cross_attn` to text, `gaze_fusion.gaze_attn`.
    pub place: String,
    /// Seconds from one row to the next.
    pub step_secs: f32,
    /// One row a time, one number a text token (or gaze step).
    pub weights: Vec<Vec<f32>>,
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
        self.gaze_tokens_in(gaze, steps, &mut Pass::new(Keep::Nothing))
    }

    /// The same as a pass of training has it: gradients flow through.
    pub fn gaze_tokens_in(
        &self,
        gaze: &GazeFeatures,
        steps: usize,
        pass: &mut Pass,
    ) -> Result<Option<Tensor>, GroundNlqError> {
        let Some(estimator) = &self.estimator else { return Ok(None) };
        let features = self.accepted("gaze", &gaze.features, self.config.gaze.input_dim)?;
        let estimates = estimator.estimate_in(&GazeFeatures { features, ..gaze.clone() }, pass)?;
        Ok(Some(align_tokens(&estimates, &self.config, steps)?))
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
        Ok(EncodedClip { pieces, steps, duration_secs })
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
        let (features, mut decode) = (&self.config.features, self.config.decode.clone());
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
                explained.push(self.explained(piece, &levels, &windows, &pass, clip.duration_secs)?);
            }
            found.extend(windows);
        }
        let windows = suppressed(&found, &decode);
        Ok(Grounding {
            windows: windows
                .iter()
                .map(|window| in_seconds(window, features, &decode, clip.duration_secs))
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

    fn explained(
        &self,
        piece: &Piece,
        levels: &[LevelOutput],
        windows: &[Window],
        pass: &Pass,
        duration_secs: f32,
    ) -> Result<PieceExplanation, GroundNlqError> {
        let (features, decode) = (&self.config.features, &self.config.decode);
        let step_secs = features.stride_frames / features.fps;
        let half = if decode.adds_half_window { 0.5 * features.window_frames / features.fps } else { 0.0 };
        let start_secs = piece.first_step as f32 * step_secs;
        let curve = |level: &LevelOutput| LevelCurve {
            first_secs: start_secs + half,
            step_secs: step_secs * level.stride as f32,
            probability: level.logits[..level.extent.valid].iter().map(|x| probability(*x)).collect(),
        };
        let map = |(place, weights): &(String, Tensor)| {
            let weights = weights.mean(0)?;
            // pyramid block i makes level i + 1; all others work on level 0
            let index = place.strip_prefix("branch.").and_then(|rest| rest.split('.').next()?.parse().ok());
            let level = &levels[index.map_or(0, |i: usize| i + 1)];
            let weights = weights.narrow(0, 0, level.extent.valid)?.to_vec2()?;
            let step_secs = step_secs * level.stride as f32;
            Ok(AttentionMap { place: place.clone(), step_secs, weights })
        };
        Ok(PieceExplanation {
            start_secs,
            levels: levels.iter().map(curve).collect(),
            candidates: windows.iter().map(|w| in_seconds(w, features, decode, duration_secs)).collect(),
            attention: pass.stages.iter().map(map).collect::<Result<_, GroundNlqError>>()?,
        })
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

/// Where pieces start: one if the clip fits, else pieces that overlap by half, the last one moved
/// back to end with the clip.
fn piece_starts(steps: usize, max: usize) -> Vec<usize> {
    if steps <= max {
        return vec![0];
    }
    let hop = (max / 2).max(1);
    let last = steps - max;
    (0..last).step_by(hop).chain([last]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_cover_a_long_clip_and_overlap() {
        assert_eq!(piece_starts(2560, 2560), [0]);
        assert_eq!(piece_starts(2561, 2560), [0, 1]);
        assert_eq!(piece_starts(6000, 2560), [0, 1280, 2560, 3440]);
    }

    #[test]
    fn the_reference_pads_the_shorter_texts_of_a_batch() {
        use TextPadding::{None, Padded};
        assert_eq!(TextPadding::in_batches(&[3, 5, 5, 2], 3), [Padded, None, None, None]);
    }
}
