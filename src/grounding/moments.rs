//! A curve over time → moments: peaks at several scales, boundaries at half height, Soft-NMS.

use super::Moment;
use super::light::{median, value_at};
use super::nms::{NmsConfig, Window, nms_indices};
use crate::time::{MediaTime, TimeRange};

/// Seconds between points of the even grid that smoothing works on; more in a clip of hours, whose
/// pictures lie further apart.
const STEP_SECS: f64 = 0.25;
const MAX_STEPS: f64 = 16_384.0;
/// Widths of the smoothing, seconds: one for each level of GroundNLQ's pyramid, whose first step is
/// 0.53 s and whose reach doubles from level to level.
const SCALES_SECS: [f64; 7] = [0.7, 1.4, 2.8, 5.6, 11.2, 22.4, 44.8];
/// A moment is at least this long: two steps of the paper's features.
const MIN_SECS: f64 = 1.0;
/// Candidates before Soft-NMS.
const MAX_CANDIDATES: usize = 200;

/// The best `keep` moments of a curve, best first, not overlapping, inside `0..duration`.
pub fn moments_of(curve: &[(MediaTime, f32)], duration: MediaTime, keep: usize) -> Vec<Moment> {
    let step = STEP_SECS.max(duration.secs() / MAX_STEPS);
    let grid = even(curve, duration, step);
    if grid.is_empty() {
        return Vec::new();
    }
    let mut candidates = Vec::new();
    for scale in SCALES_SECS {
        if scale * 4.0 > duration.secs() && scale > SCALES_SECS[0] {
            continue;
        }
        let smooth = smoothed(&grid, scale / step);
        let base = median(smooth.clone());
        for peak in peaks(&smooth) {
            let height = smooth[peak] - base;
            if height > 0.0 {
                candidates.push(candidate(&smooth, step, peak, base + height / 2.0, duration, height));
            }
        }
    }
    candidates.sort_by(|a, b| b.score.total_cmp(&a.score));
    candidates.truncate(MAX_CANDIDATES);
    let mut kept: Vec<Moment> = Vec::new();
    let windows: Vec<Window> = candidates.iter().map(window_of).collect();
    let faded = NmsConfig { keep: MAX_CANDIDATES, ..NmsConfig::default() };
    for (index, score) in nms_indices(&windows, &faded) {
        let moment = Moment { score, ..candidates[index] };
        if kept.len() < keep && kept.iter().all(|k| k.range.iou(moment.range) == 0.0) {
            kept.push(moment);
        }
    }
    kept
}

fn window_of(moment: &Moment) -> Window {
    let Moment { range, score } = *moment;
    Window { start: range.start().secs() as f32, end: range.end().secs() as f32, score }
}

fn candidate(smooth: &[f32], step: f64, peak: usize, level: f32, duration: MediaTime, height: f32) -> Moment {
    let mut start = peak;
    while start > 0 && smooth[start - 1] > level {
        start -= 1;
    }
    let mut end = peak;
    while end + 1 < smooth.len() && smooth[end + 1] > level {
        end += 1;
    }
    let (mut from, mut to) = (start as f64 * step, (end + 1) as f64 * step);
    if to - from < MIN_SECS {
        let middle = (from + to) / 2.0;
        (from, to) = (middle - MIN_SECS / 2.0, middle + MIN_SECS / 2.0);
    }
    let clip = TimeRange::new(MediaTime::ZERO, duration);
    let at = |secs: f64| clip.clamp(MediaTime::from_secs(secs));
    // heights are in standard deviations: 2 is a half, 4 is nearly sure
    let score = 1.0 / (1.0 + (2.0 - height).exp());
    Moment { range: TimeRange::new(at(from), at(to)), score }
}

/// Linear interpolation onto an even grid.
fn even(curve: &[(MediaTime, f32)], duration: MediaTime, step: f64) -> Vec<f32> {
    if curve.is_empty() || duration <= MediaTime::ZERO {
        return Vec::new();
    }
    let count = (duration.secs() / step).ceil().max(1.0) as usize;
    (0..count).map(|i| value_at(curve, MediaTime::from_secs((i as f64 + 0.5) * step))).collect()
}

/// Gaussian smoothing with edges repeated; `sigma` in grid steps.
fn smoothed(values: &[f32], sigma: f64) -> Vec<f32> {
    let radius = (sigma * 3.0).ceil() as i64;
    let kernel: Vec<f32> =
        (-radius..=radius).map(|i| (-(i * i) as f64 / (2.0 * sigma * sigma)).exp() as f32).collect();
    let sum: f32 = kernel.iter().sum();
    let last = values.len() as i64 - 1;
    (0..values.len() as i64)
        .map(|at| {
            let total: f32 = kernel
                .iter()
                .enumerate()
                .map(|(k, w)| w * values[(at + k as i64 - radius).clamp(0, last) as usize])
                .sum();
            total / sum
        })
        .collect()
}

/// Positions no lower than both neighbours; the first of a plateau.
fn peaks(values: &[f32]) -> Vec<usize> {
    let at = |i: i64| values.get(usize::try_from(i).unwrap_or(usize::MAX)).copied().unwrap_or(f32::MIN);
    (0..values.len())
        .filter(|i| at(*i as i64) > at(*i as i64 - 1) && at(*i as i64) >= at(*i as i64 + 1))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_bump_becomes_the_best_moment() {
        let curve: Vec<_> = (0..60)
            .map(|i| {
                let noise = (i * 37 % 11) as f32 / 11.0 - 0.5;
                (MediaTime::from_secs(f64::from(i)), if (30..36).contains(&i) { 5.0 } else { noise })
            })
            .collect();
        let moments = moments_of(&curve, MediaTime::from_secs(60.0), 5);
        assert!(moments[0].range.iou(TimeRange::from_secs(30.0, 36.0)) > 0.5, "{moments:?}");
    }

    proptest! {
        #[test]
        fn moments_are_ranked_apart_and_inside_the_clip(
            values in proptest::collection::vec(-3.0..6.0f32, 0..120), step in 0.2..3.0f64
        ) {
            let curve: Vec<_> =
                values.iter().enumerate().map(|(i, v)| (MediaTime::from_secs(i as f64 * step), *v)).collect();
            let duration = MediaTime::from_secs(values.len() as f64 * step);
            let moments = moments_of(&curve, duration, 5);
            prop_assert!(moments.len() <= 5);
            prop_assert!(moments.windows(2).all(|w| w[0].score >= w[1].score));
            for (i, m) in moments.iter().enumerate() {
                prop_assert!((0.0..=1.0).contains(&m.score));
                prop_assert!(m.range.start() >= MediaTime::ZERO && m.range.end() <= duration);
                prop_assert!(moments[i + 1..].iter().all(|o| o.range.iou(m.range) == 0.0));
            }
        }
    }
}
