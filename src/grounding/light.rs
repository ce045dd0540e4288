//! Quick search without training: how well each sampled picture fits the question.
//!
//! Cosine in CLIP's space, after taking off what all pictures of the clip have in common; then
//! standardised over the clip, so that whole-picture and foveal evidence can be added.

use std::sync::Arc;

use crate::features::{FrameEvidence, POOLED_GRID};
use crate::gaze::{GRID, Heatmap};
use crate::time::MediaTime;

/// Shown wherever an answer of this method is shown.
pub const LABEL: &str = "quick search (not GazeNLQ)";

/// Standardised fit of each picture, in time order. `maps` gives the gaze weights of each picture;
/// pictures without one weigh all of their patches alike.
pub fn score_curve(
    frames: &[Arc<FrameEvidence>],
    text: &[f32],
    maps: &[Option<Arc<Heatmap>>],
    is_negative: bool,
) -> Vec<(MediaTime, f32)> {
    let whole = standardised(&similarities(frames.iter().map(|f| f.whole.clone()).collect(), text));
    let has_gaze = maps.iter().any(Option::is_some);
    let scores = if has_gaze {
        let even = vec![1.0 / (POOLED_GRID * POOLED_GRID) as f32; POOLED_GRID * POOLED_GRID];
        let views = frames
            .iter()
            .zip(maps)
            .map(|(frame, map)| {
                frame.foveal(&map.as_ref().map_or_else(|| even.clone(), |m| cell_weights(m, is_negative)))
            })
            .collect();
        let foveal = standardised(&similarities(views, text));
        whole.iter().zip(&foveal).map(|(w, f)| (w + f) / std::f32::consts::SQRT_2).collect()
    } else {
        whole
    };
    frames.iter().map(|f| f.time).zip(scores).collect()
}

/// A 64x64 map as weights of the pooled cells, sum 1; negative is one minus the map over its peak.
fn cell_weights(map: &Heatmap, is_negative: bool) -> Vec<f32> {
    let mut weights = vec![0f32; POOLED_GRID * POOLED_GRID];
    for (i, value) in map.cells().iter().enumerate() {
        let (x, y) = (i % GRID * POOLED_GRID / GRID, i / GRID * POOLED_GRID / GRID);
        weights[y * POOLED_GRID + x] += value;
    }
    if is_negative {
        let peak = weights.iter().copied().fold(f32::MIN_POSITIVE, f32::max);
        weights.iter_mut().for_each(|w| *w = 1.0 - *w / peak);
    }
    let sum: f32 = weights.iter().sum::<f32>().max(f32::MIN_POSITIVE);
    weights.iter_mut().for_each(|w| *w /= sum);
    weights
}

/// Cosines with the text after unit length, centring over the clip, and unit length again.
fn similarities(mut views: Vec<Vec<f32>>, text: &[f32]) -> Vec<f32> {
    let Some(dim) = views.first().map(Vec::len) else { return Vec::new() };
    views.iter_mut().for_each(|v| normalise(v));
    let count = views.len() as f32;
    let mut mean = vec![0f32; dim];
    for view in &views {
        mean.iter_mut().zip(view).for_each(|(m, v)| *m += v / count);
    }
    views
        .iter_mut()
        .map(|view| {
            view.iter_mut().zip(&mean).for_each(|(v, m)| *v -= m);
            normalise(view);
            view.iter().zip(text).map(|(v, t)| v * t).sum()
        })
        .collect()
}

fn normalise(vector: &mut [f32]) {
    let length = vector.iter().map(|v| v * v).sum::<f32>().sqrt();
    if length > 1e-9 {
        vector.iter_mut().for_each(|v| *v /= length);
    }
}

/// Robust z: distance from the median in units of 1.4826 times the median absolute deviation.
fn standardised(values: &[f32]) -> Vec<f32> {
    if values.is_empty() {
        return Vec::new();
    }
    let centre = median(values.to_vec());
    let spread = median(values.iter().map(|v| (v - centre).abs()).collect()) * 1.4826;
    values.iter().map(|v| (v - centre) / spread.max(1e-6)).collect()
}

pub(super) fn median(mut values: Vec<f32>) -> f32 {
    values.sort_by(f32::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn negative_weights_shun_what_the_map_shows() {
        let mut cells = vec![0f32; GRID * GRID];
        cells[0] = 1.0;
        let map = Heatmap::from_cells(cells);
        assert_eq!(cell_weights(&map, false)[0], 1.0);
        let negative = cell_weights(&map, true);
        assert_eq!(negative[0], 0.0);
        assert!((negative.iter().sum::<f32>() - 1.0).abs() < 1e-5);
    }

    #[test]
    fn one_odd_value_stands_out_after_standardising() {
        let z = standardised(&[0.1, 0.11, 0.09, 0.1, 0.12, 0.5]);
        assert!(z[5] > 10.0 && z[0].abs() < 1.0);
    }
}
