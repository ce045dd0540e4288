//! The gaze path: its mode, the estimator, and where gaze meets video and text.
//!
//! The paper leaves most of this open; each choice is a key here.

use std::ops::Range;

use serde::{Deserialize, Serialize};

/// What the gaze path feeds to the grounding network. The paper leaves most of this open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GazeMode {
    /// No gaze path: GroundNLQ.
    #[default]
    Off,
    /// The gaze token: GazeNLQ.
    Positive,
    /// Minus the gaze token: our reading of GazeNLQ*, whose definition is not published.
    Negate,
    /// The token of what was not looked at: the predicted map, inverted, through the gaze branch.
    Complement,
    /// Attention to the moments whose gaze is least alike.
    NegAttention,
}

/// How gaze tokens find their grounding step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GazeAlign {
    /// Between the two tokens round the step's centre.
    #[default]
    Interp,
    /// The token whose centre is nearest.
    Nearest,
    /// Token i for step i; the last one repeats. Needs no times.
    Index,
}

/// Whether the gaze features are of the clip or of the video it was cut from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GazeScope {
    #[default]
    Video,
    Clip,
}

/// The gaze estimator (paper, section 2.1) and what becomes of its tokens.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GazeConfig {
    pub mode: GazeMode,
    /// Values of an Omnivore feature (Swin-L: 1536).
    pub input_dim: usize,
    /// Channels of the estimator.
    pub hidden: usize,
    /// Gated linear units before the self-attention (paper: 5).
    pub glu_layers: usize,
    /// Windows a gated unit sees: 1, or 3 for the temporal variant.
    pub glu_kernel: usize,
    /// Heads of the self-attention.
    pub heads: usize,
    /// Consecutive windows that attend to each other.
    pub sequence: usize,
    /// Side of the gaze map (paper: 64).
    pub map_size: usize,
    pub align: GazeAlign,
    pub feature_scope: GazeScope,
    /// Pictures from one feature to the next, and pictures a feature covers (paper: 16, 32).
    pub stride_frames: f64,
    pub window_frames: f64,
    /// Pictures a second that the two above count in.
    pub fps: f64,
    /// The estimator stays as it is while the grounding network is trained (paper: better so), so
    /// its tokens can be kept in a file.
    pub freeze: bool,
    /// Temperature of the contrastive loss (training).
    pub tau: f64,
    /// Windows of the same video this near are no negatives (training; 0 is the paper's formula).
    pub nce_exclude_radius: usize,
    /// The contrastive loss is a sum over windows instead of a mean (training).
    pub nce_sum: bool,
    /// Tracked pictures a window needs to count (training).
    pub min_valid_frames: usize,
}

impl GazeConfig {
    /// The runs of windows that the places `first..last` of `windows` fall into, with a window to
    /// either side to interpolate with; a run is computed as if the others were not there.
    pub fn runs_around(&self, windows: usize, first: f64, last: f64) -> Range<usize> {
        let run = self.sequence;
        let from = (first.floor() - 2.0).max(0.0) as usize / run * run;
        let to = (last.ceil() + 2.0).max(0.0) as usize;
        from.min(windows)..(to.div_ceil(run) * run).min(windows)
    }
}

impl Default for GazeConfig {
    fn default() -> Self {
        Self {
            mode: GazeMode::Off,
            input_dim: 1536,
            hidden: 512,
            glu_layers: 5,
            glu_kernel: 1,
            heads: 8,
            sequence: 64,
            map_size: 64,
            align: GazeAlign::Interp,
            feature_scope: GazeScope::Video,
            stride_frames: 16.0,
            window_frames: 32.0,
            fps: 30.0,
            freeze: true,
            tau: 0.07,
            nce_exclude_radius: 2,
            nce_sum: false,
            min_valid_frames: 16,
        }
    }
}

/// Where gaze meets video and text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FusionPosition {
    /// One block before the video blocks, which keep their pretrained weights.
    #[default]
    PreStem,
    /// The block stands in place of the video blocks.
    ReplaceStem,
    /// Every video block attends to the gaze beside the text.
    InStem,
}

/// The fusion of gaze and text into the video (paper, section 2.2).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FusionConfig {
    pub position: FusionPosition,
    /// Steps of gaze that a video step sees; at most 1 is all.
    pub gaze_window: i64,
    /// What the scales of the new branches start with (training).
    pub init_scale: f64,
    /// Learning rate of the new parameters over that of the others (training).
    pub new_param_lr_mult: f64,
    /// The heads start from the pretrained ones instead of afresh (training).
    pub pretrained_heads: bool,
}

impl Default for FusionConfig {
    fn default() -> Self {
        Self {
            position: FusionPosition::PreStem,
            gaze_window: 0,
            init_scale: 0.01,
            new_param_lr_mult: 1.0,
            pretrained_heads: false,
        }
    }
}
