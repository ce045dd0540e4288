//! Every number that the definitions of the failure classes use, in one place; it is stored with
//! what was computed.

use serde::{Deserialize, Serialize};

use crate::project::FEATURE_STEP_SECS;

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FailureConfig {
    /// θ: a window is right when its IoU is above this, never at it.
    pub theta: f64,
    /// b0: from here on a window touches the truth; below it is background (DETAD, TIDE).
    pub background_iou: f64,
    /// K: windows that count as answers.
    pub top_k: usize,
    /// Windows looked at behind the answers: what is right among them was cut off.
    pub kept: usize,
    /// A truth may lie this much outside its clip; annotators' clocks round.
    pub outside_secs: f64,
    /// A near miss is at most this far from the truth, or at most the truth's own length.
    pub near_secs: f64,
    /// Part of a window that lies inside another, from which on it counts as inside.
    pub inside_share: f64,
    /// An edge within this part of the truth's length is right, beyond it is wrong.
    pub edge_share: f64,
    /// A window that merges two events is at least this many times as long as the truth.
    pub merge_scale: f64,
    /// Two windows that overlap this much are duplicates.
    pub duplicate_iou: f64,
    /// Pairs of duplicates among the top K that leave no room for alternatives.
    pub duplicate_pairs: usize,
    /// Longer truths are long, shorter than `short_secs` short.
    pub long_secs: f64,
    pub short_secs: f64,
    /// A truth that starts this soon or ends this late stands at its clip's edge.
    pub clip_edge_secs: f64,
    /// The model's time step, and how many of them it takes at once.
    pub step_secs: f64,
    pub max_steps: f64,
    /// Truths shorter than this many steps can be limited by the grid,
    pub grid_steps: f64,
    /// when the IoU is within this of the best that whole steps allow.
    pub grid_slack: f64,
    /// Shortest and longest distance from a point to an edge that each pyramid level may say, in
    /// steps; the last level has no upper end.
    pub level_ranges_steps: Vec<[f64; 2]>,
    /// A wrong answer above this quantile of the right answers' scores is over-confident.
    pub confident_quantile: f64,
    /// An answer that overlaps its own rerun less than this is unstable.
    pub stable_iou: f64,
    /// Two models' answers that overlap more than this agree.
    pub agreement_iou: f64,
    /// An IoU this near to θ is a close call, to be looked at first.
    pub close_call: f64,
    /// Groups with fewer queries are shown grey and never ranked.
    pub small_group: usize,
    /// Bins of the reliability curve.
    pub calibration_bins: usize,
    /// Random placements of each answer behind the chance rate of query confusion.
    pub placements: usize,
    /// Draws of whole clips behind intervals.
    pub resamples: usize,
    pub seed: u64,
}

impl Default for FailureConfig {
    fn default() -> Self {
        Self {
            theta: 0.3,
            background_iou: 0.1,
            top_k: 5,
            kept: 50,
            outside_secs: 0.05,
            near_secs: 5.0,
            inside_share: 0.8,
            edge_share: 0.2,
            merge_scale: 2.0,
            duplicate_iou: 0.5,
            duplicate_pairs: 3,
            long_secs: 30.0,
            short_secs: 1.0,
            clip_edge_secs: 1.0,
            step_secs: FEATURE_STEP_SECS,
            max_steps: 2560.0,
            grid_steps: 2.0,
            grid_slack: 0.1,
            level_ranges_steps: vec![
                [0.0, 4.0],
                [2.0, 8.0],
                [4.0, 16.0],
                [8.0, 32.0],
                [16.0, 64.0],
                [32.0, 128.0],
                [64.0, f64::MAX],
            ],
            confident_quantile: 0.8,
            stable_iou: 0.5,
            agreement_iou: 0.5,
            close_call: 0.05,
            small_group: 30,
            calibration_bins: 10,
            placements: 200,
            resamples: 2000,
            seed: 1,
        }
    }
}

impl FailureConfig {
    /// What cannot be meant, in a sentence.
    pub fn fault(&self) -> Option<String> {
        let share = |name: &str, value: f64| {
            (!(0.0..=1.0).contains(&value))
                .then(|| format!("`{name}` is {value}, expected a number from 0 to 1"))
        };
        let whole = |name: &str, value: usize| {
            (value == 0).then(|| format!("`{name}` is 0, expected a whole number from 1"))
        };
        let positive = |name: &str, value: f64| {
            (!(value > 0.0 && value.is_finite()))
                .then(|| format!("`{name}` is {value}, expected a number above 0"))
        };
        share("theta", self.theta)
            .or(share("background_iou", self.background_iou))
            .or(share("confident_quantile", self.confident_quantile))
            .or(whole("top_k", self.top_k))
            .or(whole("kept", self.kept))
            .or(whole("calibration_bins", self.calibration_bins))
            .or(positive("step_secs", self.step_secs))
    }
}
