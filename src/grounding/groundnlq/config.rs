//! Everything that decides what a GroundNLQ or GazeNLQ network computes, as our own TOML has it.
//!
//! The reference's files are read by `reference_config`; its name for a key stands beside ours.

use std::path::Path;

use serde::{Deserialize, Serialize};

use super::{GroundNlqError, reference_config};
use crate::grounding::NmsConfig;

/// The default is the finetune configuration that GroundNLQ's numbers were published with.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    pub features: FeatureGrid,
    pub network: NetworkConfig,
    pub decode: DecodeConfig,
    pub gaze: GazeConfig,
    pub fusion: FusionConfig,
}

/// What goes in, and how its steps lie in time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FeatureGrid {
    /// Values of a video step (`input_vid_dim`).
    pub video_dim: usize,
    /// Values of a text token (`input_txt_dim`).
    pub text_dim: usize,
    /// Pictures from one step to the next (`feat_stride`).
    pub stride_frames: f32,
    /// Pictures a step looks at (`num_frames`); half of it is added to every predicted time.
    pub window_frames: f32,
    /// Pictures a second (`default_fps`).
    pub fps: f32,
    /// Steps of the reference's array (`max_seq_len`). A longer clip is cut into overlapping pieces.
    pub max_steps: usize,
}

impl Default for FeatureGrid {
    fn default() -> Self {
        Self {
            video_dim: 2304,
            text_dim: 512,
            stride_frames: 16.043,
            window_frames: 16.043,
            fps: 30.0,
            max_steps: 2560,
        }
    }
}

/// What stands in the rows after a clip's last step: normalised zeros, which convolutions at the
/// last step see. All but `None` give the reference's numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum VideoPadding {
    /// One row a level, as no more are ever read: the reference's numbers at the least work.
    #[default]
    Trimmed,
    /// The whole array of `max_steps` rows, as the reference has it.
    Full,
    /// None: the array ends with the clip, as it does for a clip of `max_steps` steps.
    None,
}

/// The network proper.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NetworkConfig {
    /// Embedding convolutions, text blocks, video blocks before the pyramid, pyramid levels that
    /// attend to the text, plain pyramid levels (`backbone_arch`).
    pub arch: [usize; 5],
    /// Channels of backbone and pyramid (`embd_dim`, `fpn_dim`).
    pub width: usize,
    /// `n_head`
    pub heads: usize,
    /// Steps that video self-attention sees, one number a level; at most 1 is all (`n_mha_win_size`).
    pub window: Vec<i64>,
    /// `embd_kernel_size`
    pub embed_kernel: usize,
    /// Layer norm after embedding convolutions, which then have no bias (`embd_with_ln`).
    pub embed_norm: bool,
    /// Layer norm at each pyramid level (`fpn_with_ln`).
    pub pyramid_norm: bool,
    /// Channels of the heads (`head_dim`).
    pub head_width: usize,
    /// `head_kernel_size`
    pub head_kernel: usize,
    /// Convolutions in a head, the last one included (`head_num_layers`).
    pub head_layers: usize,
    /// `head_with_ln`
    pub head_norm: bool,
    /// A sinusoid is added to the embedded video (`use_abs_pe`).
    pub position: bool,
    /// Whether residual branches carry learned scales: so when trained with `droppath` above 0.
    pub branch_scales: bool,
    pub padding: VideoPadding,
}

impl NetworkConfig {
    pub fn levels(&self) -> usize {
        1 + self.arch[3] + self.arch[4]
    }

    /// Steps to either side that self-attention sees at a level; `None` is all.
    pub(super) fn radius(&self, level: usize) -> Option<usize> {
        let window = self.window.get(level).or(self.window.last()).copied().unwrap_or(0);
        (window > 1).then_some(window as usize / 2)
    }
}

impl Default for NetworkConfig {
    fn default() -> Self {
        Self {
            arch: [2, 4, 4, 0, 6],
            width: 384,
            heads: 4,
            window: vec![9],
            embed_kernel: 3,
            embed_norm: true,
            pyramid_norm: true,
            head_width: 384,
            head_kernel: 3,
            head_layers: 3,
            head_norm: true,
            position: true,
            branch_scales: true,
            padding: VideoPadding::Trimmed,
        }
    }
}

/// From scores and offsets to windows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DecodeConfig {
    /// A point counts if its probability is above this (`pre_nms_thresh`).
    pub min_probability: f32,
    /// Points kept a level (`pre_nms_topk`).
    pub points_per_level: usize,
    /// A window counts if it is longer than this, in steps (`duration_thresh`).
    pub min_steps: f32,
    /// Half of `window_frames` is added to predicted times, as the reference does: 0.267 s.
    pub adds_half_window: bool,
    pub nms: NmsConfig,
}

impl Default for DecodeConfig {
    fn default() -> Self {
        Self {
            min_probability: 0.001,
            points_per_level: 2000,
            min_steps: 0.001,
            adds_half_window: true,
            nms: NmsConfig::default(),
        }
    }
}

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

impl Config {
    /// Reads `.toml` (ours), or the reference's `.yaml`, `.yml` or `.json`.
    pub fn read(path: &Path) -> Result<Self, GroundNlqError> {
        let text =
            std::fs::read(path).map_err(|error| GroundNlqError::Io { error, path: path.to_owned() })?;
        let fail = |what: String| GroundNlqError::Config { what, path: path.to_owned() };
        let text = String::from_utf8(text).map_err(|_| fail("the file is not UTF-8 text".to_owned()))?;
        let config = match path.extension().and_then(|e| e.to_str()) {
            Some("toml") => {
                // its long form shows the line on lines of its own
                let line = |at: usize| text[..at].lines().count().max(1);
                let place = |error: &toml::de::Error| {
                    error.span().map(|span| format!(" (line {})", line(span.start)))
                };
                toml::from_str(&text)
                    .map_err(|e| fail(format!("{}{}", e.message(), place(&e).unwrap_or_default())))?
            }
            Some("yaml" | "yml" | "json") => reference_config::parse(&text).map_err(fail)?,
            _ => return Err(fail("a configuration ends in .toml, .yaml, .yml or .json".to_owned())),
        };
        config.validate().map_err(fail)?;
        Ok(config)
    }

    /// The configuration behind the name of one of the reference's yaml files.
    pub fn of_reference_file(name: &str) -> Option<Self> {
        reference_config::FILES.contains(&name).then(|| {
            let mut config = Self::default();
            if name.ends_with("groundnlq_star.yaml") {
                config.network.arch = [2, 4, 4, 6, 0];
            }
            if name.starts_with("ego4d_narrations") {
                config.decode.nms.keep = 50;
            }
            config
        })
    }

    /// Refuses what no network can be built from, in one sentence.
    pub fn validate(&self) -> Result<(), String> {
        let Self { features, network, gaze, .. } = self;
        let sizes = [
            ("features.video_dim", features.video_dim),
            ("features.text_dim", features.text_dim),
            ("features.max_steps", features.max_steps),
            ("network.arch[0]", network.arch[0]),
            ("network.width", network.width),
            ("network.heads", network.heads),
            ("network.head_width", network.head_width),
            ("network.head_layers", network.head_layers),
            ("gaze.heads", gaze.heads),
            ("gaze.sequence", gaze.sequence),
        ];
        if let Some((key, _)) = sizes.iter().find(|(_, value)| *value == 0) {
            return Err(format!("{key} is 0, expected at least 1"));
        }
        for (key, kernel) in [
            ("network.embed_kernel", network.embed_kernel),
            ("network.head_kernel", network.head_kernel),
            ("gaze.glu_kernel", gaze.glu_kernel),
        ] {
            if kernel % 2 == 0 {
                return Err(format!("{key} is {kernel}, expected an odd number"));
            }
        }
        for (key, width, heads) in
            [("network.width", network.width, network.heads), ("gaze.hidden", gaze.hidden, gaze.heads)]
        {
            if width % heads != 0 {
                return Err(format!("{key} is {width}, which {heads} heads do not divide"));
            }
        }
        if network.levels() > 24 {
            return Err(format!("network.arch asks for {} pyramid levels, at most 24", network.levels()));
        }
        let step = 1 << (network.levels() - 1);
        if features.max_steps % step != 0 {
            return Err(format!(
                "features.max_steps is {}, expected a multiple of {step} for {} pyramid levels",
                features.max_steps,
                network.levels()
            ));
        }
        if network.window.len() != 1 && network.window.len() != network.levels() {
            return Err(format!(
                "network.window has {} numbers, expected 1 or one for each of {} levels",
                network.window.len(),
                network.levels()
            ));
        }
        let times = [
            ("features.stride_frames", f64::from(features.stride_frames)),
            ("features.fps", f64::from(features.fps)),
            ("gaze.stride_frames", gaze.stride_frames),
            ("gaze.fps", gaze.fps),
        ];
        match times.iter().find(|(_, value)| !(value.is_finite() && *value > 0.0)) {
            Some((key, value)) => Err(format!("{key} is {value}, expected a positive number")),
            None => Ok(()),
        }
    }

    pub fn to_toml(&self) -> String {
        toml::to_string_pretty(self).unwrap_or_else(|_| unreachable!("every value has a TOML form"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_form_survives_a_round_trip() {
        let mut config = Config::of_reference_file("ego4d_narrations_nlq_internvideo.yaml").unwrap();
        config.gaze.mode = GazeMode::NegAttention;
        let read: Config = toml::from_str(&config.to_toml()).unwrap();
        assert_eq!(read, config);
        let error = toml::from_str::<Config>("[gaze]\nmood = 'off'").unwrap_err();
        assert!(error.to_string().contains("mood"), "{error}");
    }

    #[test]
    fn what_cannot_be_built_is_refused() {
        let mut config = Config::default();
        config.validate().unwrap();
        config.network.heads = 5;
        assert!(config.validate().unwrap_err().contains("384"));
        config.network.heads = 4;
        config.features.max_steps = 100;
        assert!(config.validate().unwrap_err().contains("multiple of 64"));
    }
}
