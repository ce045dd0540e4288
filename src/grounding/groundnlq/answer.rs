//! Questions and answers: how a question is put, the windows found, and what led to them.

use candle_core::Tensor;
use serde::Serialize;

use super::{DecodeConfig, GroundNlqError, LevelOutput, Pass, StepGrid, in_seconds, probability};
use crate::grounding::Window;

/// What stands behind a text's last token. In the reference it depends on the other questions of the
/// batch: a text shorter than the longest one is computed differently.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
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
    /// Seconds of the first row, and from one row to the next.
    pub first_secs: f32,
    pub step_secs: f32,
    /// One row a time, one number a text token (or gaze step).
    pub weights: Vec<Vec<f32>>,
}

impl PieceExplanation {
    pub(super) fn new(
        decode: &DecodeConfig,
        (grid, duration_secs): (&StepGrid, f32),
        first_step: usize,
        levels: &[LevelOutput],
        windows: &[Window],
        pass: &Pass,
    ) -> Result<Self, GroundNlqError> {
        let step_secs = grid.step_secs();
        let half = if decode.adds_half_window { 0.5 * grid.window_frames / grid.fps } else { 0.0 };
        let start_secs = grid.start_secs + first_step as f32 * step_secs;
        let first_secs = start_secs + half;
        let curve = |level: &LevelOutput| LevelCurve {
            first_secs,
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
            Ok(AttentionMap { place: place.clone(), first_secs, step_secs, weights })
        };
        Ok(Self {
            start_secs,
            levels: levels.iter().map(curve).collect(),
            candidates: windows.iter().map(|w| in_seconds(w, grid, decode, duration_secs)).collect(),
            attention: pass.stages.iter().map(map).collect::<Result<_, GroundNlqError>>()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reference_pads_the_shorter_texts_of_a_batch() {
        use TextPadding::{None, Padded};
        assert_eq!(TextPadding::in_batches(&[3, 5, 5, 2], 3), [Padded, None, None, None]);
    }
}
