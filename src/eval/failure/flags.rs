//! Qualifiers beside the main class: any number a query, and none changes the class.

use serde::{Deserialize, Serialize, Serializer};

use super::boundary::is_truncated;
use super::{Class, FailureConfig, Finding, Geometry, QuerySet, Ranked};
use crate::eval::hull_iou;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Flag {
    LongTruncation,
    ShortMiss,
    Split,
    Merge,
    DuplicateCrowded,
    ScaleMismatch,
    GridLimited,
    ClipEdge,
    OverConfident,
    WindowCut,
    Unstable,
}

impl Flag {
    pub const ALL: [Self; 11] = [
        Self::LongTruncation,
        Self::ShortMiss,
        Self::Split,
        Self::Merge,
        Self::DuplicateCrowded,
        Self::ScaleMismatch,
        Self::GridLimited,
        Self::ClipEdge,
        Self::OverConfident,
        Self::WindowCut,
        Self::Unstable,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::LongTruncation => "long-duration truncation",
            Self::ShortMiss => "short-event miss",
            Self::Split => "split",
            Self::Merge => "merge",
            Self::DuplicateCrowded => "duplicate-crowded",
            Self::ScaleMismatch => "scale mismatch",
            Self::GridLimited => "grid-limited",
            Self::ClipEdge => "edge of clip",
            Self::OverConfident => "over-confident",
            Self::WindowCut => "window-cut",
            Self::Unstable => "unstable",
        }
    }

    pub fn definition(self, config: &FailureConfig) -> String {
        let c = config;
        let inside = c.inside_share * 100.0;
        match self {
            Self::LongTruncation => format!(
                "The true moment is longer than {} s, and the answer is shorter and at least {inside:.0} % inside it.",
                c.long_secs
            ),
            Self::ShortMiss => {
                format!("Missed (class 3 or above), and the true moment is shorter than {} s.", c.short_secs)
            }
            Self::Split => format!(
                "Two or more of the top {} lie at least {inside:.0} % inside the true moment, none is right, and together they are: the event was found in pieces.",
                c.top_k
            ),
            Self::Merge => format!(
                "The answer is at least {} times as long as the true moment, covers it, and covers another question's moment as well.",
                c.merge_scale
            ),
            Self::DuplicateCrowded => format!(
                "Not correct, and at least {} pairs of the top {} overlap by an IoU of {} or more: no room for alternatives.",
                c.duplicate_pairs, c.top_k, c.duplicate_iou
            ),
            Self::ScaleMismatch => {
                "The pyramid level that gave the answer cannot reach the true moment's edges.".to_owned()
            }
            Self::GridLimited => format!(
                "The true moment is shorter than {} feature steps, and the answer is within {} of the best IoU that whole steps allow.",
                c.grid_steps, c.grid_slack
            ),
            Self::ClipEdge => {
                format!("The true moment starts or ends within {} s of the clip's edge.", c.clip_edge_secs)
            }
            Self::OverConfident => format!(
                "Missed (class 3 or above), with a score above that of {:.0} % of the correct answers.",
                c.confident_quantile * 100.0
            ),
            Self::WindowCut => {
                format!("The clip is longer than the {} steps that the network takes at once.", c.max_steps)
            }
            Self::Unstable => format!(
                "Asked in other words, the model gives an answer that overlaps this one by less than {}.",
                c.stable_iou
            ),
        }
    }
}

/// A set of flags.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Flags(u16);

impl Flags {
    pub const NONE: Self = Self(0);

    pub fn has(self, flag: Flag) -> bool {
        self.0 & (1 << flag as u16) != 0
    }

    pub fn insert(&mut self, flag: Flag) {
        self.0 |= 1 << flag as u16;
    }

    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub fn iter(self) -> impl Iterator<Item = Flag> {
        Flag::ALL.into_iter().filter(move |flag| self.has(*flag))
    }
}

impl FromIterator<Flag> for Flags {
    fn from_iter<I: IntoIterator<Item = Flag>>(flags: I) -> Self {
        let mut set = Self::NONE;
        flags.into_iter().for_each(|flag| set.insert(flag));
        set
    }
}

impl Serialize for Flags {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// All flags but [`Flag::OverConfident`], which needs every finding.
pub(super) fn flags_of(
    set: &QuerySet,
    ranked: &Ranked,
    geometry: Option<&Geometry>,
    place: usize,
    class: Class,
    config: &FailureConfig,
) -> Flags {
    let query = &set.queries[place];
    let duration = set.clip_of(query).duration_secs;
    let [start, end] = geometry.map_or(query.truths[0], |g| g.truth);
    let length = end - start;
    let rerun = ranked.rerun_iou.as_ref().and_then(|ious| ious[place]);
    let on_geometry =
        |is_so: fn(&Geometry, &FailureConfig) -> bool| geometry.is_some_and(|g| is_so(g, config));
    [
        (Flag::LongTruncation, length > config.long_secs && on_geometry(is_truncated)),
        (Flag::ShortMiss, length < config.short_secs && class.is_miss()),
        (Flag::Split, geometry.is_some_and(|g| is_split(ranked, place, g.truth, config))),
        (Flag::Merge, geometry.is_some_and(|g| g.covers_another)),
        (
            Flag::DuplicateCrowded,
            class >= Class::Ranking && on_geometry(|g, c| g.duplicate_pairs >= c.duplicate_pairs),
        ),
        (Flag::ScaleMismatch, is_out_of_reach(ranked, place, [start, end], config)),
        (Flag::GridLimited, on_geometry(is_grid_limited)),
        (
            Flag::ClipEdge,
            start < config.clip_edge_secs || duration.is_some_and(|d| d - end < config.clip_edge_secs),
        ),
        (Flag::WindowCut, duration.is_some_and(|d| d > config.max_steps * config.step_secs)),
        (Flag::Unstable, rerun.is_some_and(|iou| iou < config.stable_iou)),
    ]
    .into_iter()
    .filter_map(|(flag, is_set)| is_set.then_some(flag))
    .collect()
}

fn is_split(ranked: &Ranked, place: usize, truth: [f64; 2], config: &FailureConfig) -> bool {
    let mut hull = [f64::INFINITY, f64::NEG_INFINITY];
    let mut pieces = 0;
    for (window, iou) in ranked.windows(place).iter().zip(ranked.ious(place)).take(config.top_k) {
        let span = [window.start, window.end];
        let length = window.end - window.start;
        let is_inside = length > 0.0 && super::geometry::overlap(span, truth) / length >= config.inside_share;
        if is_inside && *iou <= config.theta {
            pieces += 1;
            hull = [hull[0].min(window.start), hull[1].max(window.end)];
        }
    }
    pieces >= 2 && hull_iou(hull, truth) > config.theta
}

fn is_out_of_reach(ranked: &Ranked, place: usize, [start, end]: [f64; 2], config: &FailureConfig) -> bool {
    let Some(origin) = ranked.origins.as_ref().and_then(|origins| origins[place]) else { return false };
    let Some([shortest, longest]) = config.level_ranges_steps.get(origin.level) else { return false };
    let steps = (origin.secs - start).abs().max((end - origin.secs).abs()) / config.step_secs;
    !(*shortest..=*longest).contains(&steps)
}

fn is_grid_limited(g: &Geometry, config: &FailureConfig) -> bool {
    let [start, end] = g.truth;
    if end - start >= config.grid_steps * config.step_secs {
        return false;
    }
    g.iou >= best_on_grid(g.truth, config.step_secs) - config.grid_slack
}

/// The highest IoU of a window whose edges are whole steps.
fn best_on_grid([start, end]: [f64; 2], step: f64) -> f64 {
    let around = |secs: f64| [(secs / step).floor(), (secs / step).ceil()];
    let mut best: f64 = 0.0;
    for first in around(start) {
        for last in around(end) {
            // the shortest window is one step long
            let last = last.max(first + 1.0);
            best = best.max(hull_iou([first * step, last * step], [start, end]));
        }
    }
    best
}

/// Wrong answers with a score above most right answers'.
pub(super) fn mark_over_confident(findings: &mut [Finding], ranked: &Ranked, config: &FailureConfig) {
    let score = |place: usize| ranked.first(place).and_then(|w| w.score).filter(|s| !s.is_nan());
    let is_correct = |(_, f): &(usize, &Finding)| f.class == Class::Correct;
    let right = findings.iter().enumerate().filter(is_correct).filter_map(|(place, _)| score(place));
    let Some(limit) = quantile(right.collect(), config.confident_quantile) else { return };
    for (place, finding) in findings.iter_mut().enumerate() {
        if finding.class.is_miss() && score(place).is_some_and(|s| s > limit) {
            finding.flags.insert(Flag::OverConfident);
        }
    }
}

/// Between the two nearest values in proportion; `None` of nothing.
pub(in crate::eval) fn quantile(mut values: Vec<f64>, q: f64) -> Option<f64> {
    values.sort_unstable_by(f64::total_cmp);
    let place = q * values.len().checked_sub(1)? as f64;
    let (low, high) = (values[place.floor() as usize], values[place.ceil() as usize]);
    Some(low + (high - low) * place.fract())
}
