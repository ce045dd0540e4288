//! Non-maximum suppression over time, as GroundNLQ has it (Bodla et al. 2017; ActionFormer).
//!
//! Arithmetic is f32 in the reference's order, so that the same windows are chosen in the same
//! order. Lengths have 1e-6 added, so that an empty window divides by something.

use serde::{Deserialize, Serialize};

/// A span of time and how likely it is the answer; the unit of time is the caller's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Window {
    pub start: f32,
    pub end: f32,
    pub score: f32,
}

impl Window {
    fn overlap(&self, other: &Self) -> f32 {
        (self.end.min(other.end) - self.start.max(other.start)).max(0.0)
    }

    fn iou(&self, other: &Self) -> f32 {
        let overlap = self.overlap(other);
        let lengths = (self.end - self.start + 1e-6) + (other.end - other.start + 1e-6);
        overlap / (lengths - overlap)
    }
}

/// What becomes of the windows that a chosen one overlaps.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NmsMethod {
    /// They fade by exp(-IoU^2 / sigma) (`soft`, method 2).
    #[default]
    Soft,
    /// They fade by 1 - IoU from the threshold on (method 1).
    Linear,
    /// They go from the threshold on, one choice after another (method 0).
    Vanilla,
    /// They go from the threshold on, after a filter by score (`hard`).
    Hard,
    /// Nothing (`none`).
    None,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NmsConfig {
    /// `nms_method`
    pub method: NmsMethod,
    /// `iou_threshold`; without effect on `soft`.
    pub iou_threshold: f32,
    /// `nms_sigma`
    pub sigma: f32,
    /// Windows below this are dropped (`min_score`).
    pub min_score: f32,
    /// Windows in the result at most (`max_seg_num`).
    pub keep: usize,
    /// Each kept window becomes the mean of all windows that overlap it this much, weighted by score
    /// and overlap (`voting_thresh` when `multiclass_nms` is off).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub voting_iou: Option<f32>,
}

impl Default for NmsConfig {
    fn default() -> Self {
        Self {
            method: NmsMethod::Soft,
            iou_threshold: 0.1,
            sigma: 0.75,
            min_score: 0.001,
            keep: 5,
            voting_iou: None,
        }
    }
}

/// The windows that remain, best first.
pub fn nms(windows: &[Window], config: &NmsConfig) -> Vec<Window> {
    let kept = nms_indices(windows, config);
    let kept = kept.into_iter().map(|(index, score)| Window { score, ..windows[index] });
    match config.voting_iou {
        Some(iou) => kept.map(|window| voted(&window, windows, iou)).collect(),
        None => kept.collect(),
    }
}

/// The indices of the windows that remain and their scores when chosen, best first; no voting.
pub fn nms_indices(windows: &[Window], config: &NmsConfig) -> Vec<(usize, f32)> {
    match config.method {
        NmsMethod::Hard => hard(windows, config),
        NmsMethod::None => {
            by_score(windows).into_iter().map(|i| (i, windows[i].score)).take(config.keep).collect()
        }
        NmsMethod::Soft | NmsMethod::Linear | NmsMethod::Vanilla => fading(windows, config),
    }
}

/// Works in place as the reference does, so that equal scores come out in the same order: the best
/// is swapped to the front, and a window that has faded is replaced by the last.
fn fading(windows: &[Window], config: &NmsConfig) -> Vec<(usize, f32)> {
    let mut left: Vec<(usize, Window)> = windows.iter().copied().enumerate().collect();
    let mut front = 0;
    while front < left.len() && front < config.keep {
        let mut best = front;
        for (i, (_, window)) in left.iter().enumerate().skip(front + 1) {
            if window.score > left[best].1.score {
                best = i;
            }
        }
        left.swap(front, best);
        let chosen = left[front].1;
        let mut at = front + 1;
        while at < left.len() {
            let iou = chosen.iou(&left[at].1);
            left[at].1.score *= weight(iou, config);
            if left[at].1.score < config.min_score {
                left.swap_remove(at);
            } else {
                at += 1;
            }
        }
        front += 1;
    }
    left.truncate(config.keep);
    left.into_iter().map(|(index, window)| (index, window.score)).collect()
}

fn weight(iou: f32, config: &NmsConfig) -> f32 {
    match config.method {
        NmsMethod::Soft => (-(iou * iou) / config.sigma).exp(),
        NmsMethod::Linear if iou >= config.iou_threshold => 1.0 - iou,
        NmsMethod::Vanilla if iou >= config.iou_threshold => 0.0,
        _ => 1.0,
    }
}

fn hard(windows: &[Window], config: &NmsConfig) -> Vec<(usize, f32)> {
    let mut kept: Vec<usize> = Vec::new();
    for index in by_score(windows) {
        if kept.len() == config.keep {
            break;
        }
        let overlaps = |k: &usize| windows[*k].iou(&windows[index]) >= config.iou_threshold;
        if windows[index].score > config.min_score && !kept.iter().any(overlaps) {
            kept.push(index);
        }
    }
    kept.into_iter().map(|index| (index, windows[index].score)).collect()
}

fn by_score(windows: &[Window]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..windows.len()).collect();
    order.sort_by(|a, b| windows[*b].score.total_cmp(&windows[*a].score));
    order
}

fn voted(window: &Window, all: &[Window], min_iou: f32) -> Window {
    let (mut start, mut end, mut sum) = (0.0, 0.0, 0.0);
    for other in all {
        let overlap = window.overlap(other);
        let iou = overlap / ((window.end - window.start) + (other.end - other.start) - overlap);
        if iou >= min_iou {
            let weight = f64::from(other.score * iou);
            start += weight * f64::from(other.start);
            end += weight * f64::from(other.end);
            sum += weight;
        }
    }
    Window { start: (start / sum) as f32, end: (end / sum) as f32, score: window.score }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn windows(raw: &[(f32, f32, f32)]) -> Vec<Window> {
        raw.iter().map(|&(start, length, score)| Window { start, end: start + length, score }).collect()
    }

    proptest! {
        #[test]
        fn scores_never_rise_and_nothing_is_invented(
            raw in proptest::collection::vec((0.0..100.0f32, 0.1..20.0f32, 0.01..1.0f32), 0..60)
        ) {
            let all = windows(&raw);
            for method in [NmsMethod::Soft, NmsMethod::Linear, NmsMethod::Vanilla, NmsMethod::Hard] {
                let kept = nms(&all, &NmsConfig { method, ..NmsConfig::default() });
                prop_assert!(kept.len() <= 5 && kept.len() <= all.len());
                prop_assert!(kept.windows(2).all(|w| w[0].score >= w[1].score));
                prop_assert!(kept.iter().all(|k| all.iter().any(|w| (w.start, w.end) == (k.start, k.end))));
            }
        }
    }

    #[test]
    fn voting_averages_what_overlaps_enough() {
        let all = windows(&[(0.0, 10.0, 0.8), (0.0, 10.0, 0.2), (50.0, 1.0, 0.5)]);
        let config = NmsConfig { voting_iou: Some(0.9), method: NmsMethod::Hard, ..NmsConfig::default() };
        let kept = nms(&all, &config);
        assert_eq!((kept.len(), kept[0].start, kept[0].end), (2, 0.0, 10.0));
    }
}
