//! From what the heads say to ranked windows in seconds (reference: `inference`, `postprocessing`).

use super::config::{DecodeConfig, FeatureGrid};
use super::heads::LevelOutput;
use crate::grounding::{Window, nms};

/// How a clip's steps lie in time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct StepGrid {
    /// Pictures from one step to the next, and pictures a step looks at.
    pub stride_frames: f32,
    pub window_frames: f32,
    /// Pictures a second.
    pub fps: f32,
    /// Where the first step starts on the clip's clock.
    pub start_secs: f32,
}

impl StepGrid {
    pub fn step_secs(&self) -> f32 {
        self.stride_frames / self.fps
    }
}

/// Steps from the start of the clip, at the rate the network was trained with.
impl From<&FeatureGrid> for StepGrid {
    fn from(grid: &FeatureGrid) -> Self {
        let FeatureGrid { stride_frames, window_frames, fps, .. } = *grid;
        Self { stride_frames, window_frames, fps, start_secs: 0.0 }
    }
}

/// Probability that an answer lies round a point.
pub fn probability(logit: f32) -> f32 {
    1.0 / (1.0 + (-logit).exp())
}

/// The windows of all levels before suppression, in steps from the start of the array, level by
/// level and best first within one.
pub fn candidates(levels: &[LevelOutput], config: &DecodeConfig) -> Vec<Window> {
    let mut windows = Vec::new();
    for level in levels {
        let mut points: Vec<(usize, f32)> = level.logits[..level.extent.valid]
            .iter()
            .map(|logit| probability(*logit))
            .enumerate()
            .filter(|(_, p)| *p > config.min_probability)
            .collect();
        points.sort_by(|a, b| b.1.total_cmp(&a.1));
        points.truncate(config.points_per_level);
        let stride = level.stride as f32;
        windows.extend(points.into_iter().filter_map(|(point, score)| {
            let at = point as f32 * stride;
            let [before, after] = level.offsets[point];
            let (start, end) = (at - before * stride, at + after * stride);
            (end - start > config.min_steps).then_some(Window { start, end, score })
        }));
    }
    windows
}

/// The windows that remain, in steps, best first.
pub fn suppressed(candidates: &[Window], config: &DecodeConfig) -> Vec<Window> {
    nms(candidates, &config.nms)
}

/// Steps to seconds from the start of the clip, inside `0..=duration_secs`.
pub fn in_seconds(window: &Window, grid: &StepGrid, config: &DecodeConfig, duration_secs: f32) -> Window {
    let half = if config.adds_half_window { 0.5 * grid.window_frames } else { 0.0 };
    let secs = |steps: f32| {
        let secs = (steps * grid.stride_frames + half) / grid.fps + grid.start_secs;
        if secs <= 0.0 { 0.0 } else { secs.min(duration_secs) }
    };
    Window { start: secs(window.start), end: secs(window.end), score: window.score }
}
