//! What goes in, the network proper, and the way from scores to windows.

use serde::{Deserialize, Serialize};

use crate::grounding::NmsConfig;

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
    pub(in super::super) fn radius(&self, level: usize) -> Option<usize> {
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
