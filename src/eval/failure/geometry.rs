//! How the first window lies to its truth and to the other queries' truths: everything about it
//! that does not depend on θ.

use super::{FailureConfig, QuerySet, Ranked};
use crate::eval::{Window, hull_iou};

/// The first window `[a, b]` of a query beside the truth `[s, e]` that it fits best.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Geometry {
    pub window: [f64; 2],
    pub truth: [f64; 2],
    pub iou: f64,
    /// Share of the window that is right (IoP).
    pub inside: f64,
    /// Share of the truth that is found (IoG).
    pub found: f64,
    /// Length of the window by that of the truth (ρ).
    pub scale: f64,
    /// From the truth's middle to the window's, by the truth's length (κ); negative is early.
    pub shift: f64,
    /// a − s, seconds; positive is late.
    pub start_error: f64,
    /// b − e, seconds; positive is late.
    pub end_error: f64,
    /// Seconds between window and truth; 0 when they touch.
    pub gap: f64,
    /// The query with the same words elsewhere in the clip whose truth the window fits best.
    pub same_words: Option<Hit>,
    /// The query with other words.
    pub other_words: Option<Hit>,
    /// Highest IoU with a window that a person has accepted.
    pub accepted_iou: f64,
    /// The window also covers another query's truth that does not touch this one.
    pub covers_another: bool,
    /// Pairs of the top K windows that are duplicates.
    pub duplicate_pairs: usize,
}

/// Another query's truth under the window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hit {
    pub query: usize,
    pub iou: f64,
}

/// One entry a query; `None` without a window.
pub fn measure(set: &QuerySet, ranked: &Ranked, config: &FailureConfig) -> Vec<Option<Geometry>> {
    (0..set.len()).map(|query| geometry_of(set, ranked, query, config)).collect()
}

fn geometry_of(set: &QuerySet, ranked: &Ranked, place: usize, config: &FailureConfig) -> Option<Geometry> {
    let windows = ranked.windows(place);
    let first = windows.first()?;
    let query = &set.queries[place];
    let window = [first.start, first.end];
    let truth = nearest(window, &query.truths);
    let [a, b] = window;
    let [s, e] = truth;
    let (length, true_length) = (b - a, e - s);
    let [same_words, other_words] = hits(set, place, window, config);
    let found = share(overlap(window, truth), true_length);
    let scale = share(length, true_length);
    let is_merged = found >= config.inside_share && scale >= config.merge_scale;
    let covers = |other: &[f64; 2]| {
        overlap(*other, truth) == 0.0
            && share(overlap(window, *other), other[1] - other[0]) >= config.inside_share
    };
    let accepted = ranked.accepted.as_ref().map_or(&[][..], |lists| &lists[place]);
    Some(Geometry {
        window,
        truth,
        iou: ranked.first_iou(place),
        inside: share(overlap(window, truth), length),
        found,
        scale,
        shift: share((a + b) - (s + e), 2.0 * true_length),
        start_error: a - s,
        end_error: b - e,
        gap: gap(window, truth),
        same_words,
        other_words,
        accepted_iou: accepted.iter().map(|w| hull_iou(window, *w)).fold(0.0, f64::max),
        covers_another: is_merged && set.neighbours(place).any(|(_, q)| q.truths.iter().any(covers)),
        duplicate_pairs: duplicate_pairs(&windows[..windows.len().min(config.top_k)], config.duplicate_iou),
    })
}

/// The best-fitting queries whose truths are not this query's: with the same words, with others. Of
/// equal ones the first in the file.
pub(super) fn hits(
    set: &QuerySet,
    place: usize,
    window: [f64; 2],
    config: &FailureConfig,
) -> [Option<Hit>; 2] {
    let query = &set.queries[place];
    let mut best: [Option<Hit>; 2] = [None, None];
    for (other_place, other) in set.neighbours(place) {
        let iou = best_iou(window, &other.truths);
        if iou.is_nan() || iou <= 0.0 {
            continue;
        }
        let slot = &mut best[usize::from(other.words != query.words)];
        if slot.is_some_and(|hit| hit.iou >= iou) {
            continue;
        }
        let is_apart = |g: &[f64; 2]| other.truths.iter().all(|o| hull_iou(*g, *o) < config.background_iou);
        if query.truths.iter().all(is_apart) {
            *slot = Some(Hit { query: other_place, iou });
        }
    }
    best
}

/// `f64::max` passes over NaN, so an undefined IoU remains only where there is nothing else.
pub(super) fn best_iou(window: [f64; 2], truths: &[[f64; 2]]) -> f64 {
    truths.iter().map(|truth| hull_iou(window, *truth)).fold(f64::NAN, f64::max)
}

/// The truth that a window fits best; of those that it does not touch the nearest.
fn nearest(window: [f64; 2], truths: &[[f64; 2]]) -> [f64; 2] {
    let rank = |truth: &[f64; 2]| {
        let iou = hull_iou(window, *truth);
        (if iou > 0.0 { -iou } else { 0.0 }, gap(window, *truth))
    };
    let mut best = truths[0];
    for truth in &truths[1..] {
        if rank(truth) < rank(&best) {
            best = *truth;
        }
    }
    best
}

pub(super) fn overlap(a: [f64; 2], b: [f64; 2]) -> f64 {
    (a[1].min(b[1]) - a[0].max(b[0])).max(0.0)
}

pub(super) fn gap([a, b]: [f64; 2], [s, e]: [f64; 2]) -> f64 {
    (s - b).max(a - e).max(0.0)
}

/// A part of a length; nothing of a length of none.
fn share(part: f64, length: f64) -> f64 {
    if length > 0.0 { part / length } else { 0.0 }
}

fn duplicate_pairs(windows: &[Window], min_iou: f64) -> usize {
    let pairs = windows.iter().enumerate().flat_map(|(i, a)| windows[i + 1..].iter().map(move |b| (a, b)));
    pairs.filter(|(a, b)| hull_iou([a.start, a.end], [b.start, b.end]) >= min_iou).count()
}
