//! Whether predicted gaze is good, window by window, and whether it has to do with the answers.
//!
//! Works on metrics that were computed elsewhere ([`crate::gaze::metrics`]); distances are fractions
//! of the frame's diagonal.

use serde::{Deserialize, Serialize};

use super::failure::{Class, Diagnosis, Grouping, QuerySet, quantile};

/// One window of gaze: 32 pictures, one predicted map and what was recorded.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GazeWindow {
    /// Share of pictures without usable gaze: untracked, blink, out of the frame.
    pub untracked: f64,
    /// From the predicted map's peak to the mean recorded point.
    pub peak_distance: f64,
    /// From the picture's centre to the peak, and to the mean recorded point.
    pub peak_to_centre: f64,
    pub truth_to_centre: f64,
    /// Histogram intersection of both maps (SIM).
    pub similarity: f64,
    /// Bits.
    pub predicted_entropy: f64,
    pub truth_entropy: f64,
    /// Correlation of the predicted map with the recorded ones of the windows from two before to two
    /// after; the middle one is its own.
    pub correlations: [Option<f64>; 5],
    /// Places looked at within the window, and how many of them the predicted map covers.
    pub truth_modes: usize,
    pub covered_modes: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GazeClass {
    InvalidTruth,
    Good,
    Diffuse,
    CentreBias,
    /// The map shows what was looked at before.
    Lag,
    /// The map shows what is looked at later.
    Lead,
    SplitAttention,
    WrongTarget,
    /// None of the above: near, but not good.
    Fair,
}

impl GazeClass {
    pub const ALL: [Self; 9] = [
        Self::InvalidTruth,
        Self::Good,
        Self::Diffuse,
        Self::CentreBias,
        Self::Lag,
        Self::Lead,
        Self::SplitAttention,
        Self::WrongTarget,
        Self::Fair,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::InvalidTruth => "not recorded",
            Self::Good => "good",
            Self::Diffuse => "diffuse",
            Self::CentreBias => "centre bias",
            Self::Lag => "lags",
            Self::Lead => "leads",
            Self::SplitAttention => "split attention",
            Self::WrongTarget => "wrong target",
            Self::Fair => "fair",
        }
    }

    /// The definition with its numbers, for the hover text. Distances are parts of the diagonal.
    pub fn definition(self, config: &GazeConfig) -> String {
        let c = config;
        match self {
            Self::InvalidTruth => format!(
                "More than {:.0} % of the pictures have no usable recorded gaze.",
                c.max_untracked * 100.0
            ),
            Self::Good => format!(
                "The predicted peak lies within {} of what was looked at, and the maps share at least {}.",
                c.good_distance, c.good_similarity
            ),
            Self::Diffuse => format!(
                "Near enough (within {}), but spread by more than {} bit beyond the recorded map.",
                c.far_distance, c.diffuse_bits
            ),
            Self::CentreBias => format!(
                "The predicted peak lies within {} of the picture's middle, what was looked at farther than {} from it.",
                c.centre_distance, c.far_distance
            ),
            Self::Lag => format!(
                "The map fits what was looked at before better, by a correlation of {}.",
                c.shift_gain
            ),
            Self::Lead => {
                format!("The map fits what is looked at later better, by a correlation of {}.", c.shift_gain)
            }
            Self::SplitAttention => "Several places were looked at, and the map covers one.".to_owned(),
            Self::WrongTarget => {
                format!("None of these, and the predicted peak is farther than {} away.", c.far_distance)
            }
            Self::Fair => "Near, but not good.".to_owned(),
        }
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GazeConfig {
    pub max_untracked: f64,
    pub good_distance: f64,
    pub good_similarity: f64,
    pub diffuse_bits: f64,
    pub far_distance: f64,
    pub centre_distance: f64,
    pub shift_gain: f64,
    /// A rise or fall of the IoU by this counts as help or harm.
    pub effect_iou: f64,
}

impl Default for GazeConfig {
    fn default() -> Self {
        Self {
            max_untracked: 0.5,
            good_distance: 0.10,
            good_similarity: 0.5,
            diffuse_bits: 1.0,
            far_distance: 0.20,
            centre_distance: 0.10,
            shift_gain: 0.15,
            effect_iou: 0.1,
        }
    }
}

/// The first definition that fits.
pub fn gaze_class(w: &GazeWindow, config: &GazeConfig) -> GazeClass {
    if w.untracked > config.max_untracked {
        return GazeClass::InvalidTruth;
    }
    if w.peak_distance <= config.good_distance && w.similarity >= config.good_similarity {
        return GazeClass::Good;
    }
    if w.predicted_entropy > w.truth_entropy + config.diffuse_bits && w.peak_distance <= config.far_distance {
        return GazeClass::Diffuse;
    }
    if w.peak_to_centre <= config.centre_distance && w.truth_to_centre > config.far_distance {
        return GazeClass::CentreBias;
    }
    if let Some(offset) = better_shift(&w.correlations, config.shift_gain) {
        return if offset < 0 { GazeClass::Lag } else { GazeClass::Lead };
    }
    if w.truth_modes >= 2 && w.covered_modes == 1 {
        return GazeClass::SplitAttention;
    }
    if w.peak_distance > config.far_distance { GazeClass::WrongTarget } else { GazeClass::Fair }
}

/// The shift, in windows, whose correlation is best and beats the window's own by enough.
fn better_shift(correlations: &[Option<f64>; 5], gain: f64) -> Option<i32> {
    let own = correlations[2]?;
    let others = correlations.iter().zip(-2..=2).filter(|(_, offset)| *offset != 0);
    let known = others.filter_map(|(c, offset)| Some((offset, (*c)?)));
    let (offset, best) = known.max_by(|a, b| a.1.total_cmp(&b.1))?;
    (best - own >= gain).then_some(offset)
}

/// Rank correlation; equal values share their mean rank. `None` when one side does not vary.
pub fn spearman(pairs: &[(f64, f64)]) -> Option<f64> {
    let x = ranks(pairs.iter().map(|p| p.0).collect());
    let y = ranks(pairs.iter().map(|p| p.1).collect());
    let mean = (pairs.len() as f64 + 1.0) / 2.0;
    let sum =
        |of: &dyn Fn(f64, f64) -> f64| x.iter().zip(&y).map(|(a, b)| of(a - mean, b - mean)).sum::<f64>();
    let (xy, xx, yy) = (sum(&|a, b| a * b), sum(&|a, _| a * a), sum(&|_, b| b * b));
    (xx > 0.0 && yy > 0.0).then(|| xy / (xx * yy).sqrt())
}

fn ranks(values: Vec<f64>) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|a, b| values[*a].total_cmp(&values[*b]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for group in order.chunk_by(|a, b| values[*a] == values[*b]) {
        let shared = before as f64 + (group.len() as f64 + 1.0) / 2.0;
        group.iter().for_each(|i| ranks[*i] = shared);
        before += group.len();
    }
    ranks
}

/// How predicted gaze inside the true moment goes with the answer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Coupling {
    /// Queries with both.
    pub n: usize,
    /// Between the mean KL divergence in the true moment and the first window's IoU; negative when
    /// better gaze goes with better answers.
    pub spearman: Option<f64>,
}

/// `mean_kl` has one entry a query.
pub fn coupling(set: &QuerySet, model: &Diagnosis, mean_kl: &[Option<f64>]) -> Coupling {
    let usable = (0..set.len()).filter(|q| set.queries[*q].fault.is_none());
    let pairs: Vec<(f64, f64)> = usable
        .filter_map(|q| Some((mean_kl[q].filter(|kl| kl.is_finite())?, model.ranked.first_iou(q))))
        .filter(|(_, iou)| !iou.is_nan())
        .collect();
    Coupling { n: pairs.len(), spearman: spearman(&pairs) }
}

/// Queries by quartile of a metric, for [`super::failure::profile`]: recall per quartile.
pub fn quartiles(name: &str, values: &[Option<f64>]) -> Grouping {
    let known: Vec<f64> = values.iter().flatten().copied().filter(|v| v.is_finite()).collect();
    let edges: Vec<f64> = [0.25, 0.5, 0.75].iter().filter_map(|q| quantile(known.clone(), *q)).collect();
    let mut grouping =
        Grouping::by_value(name, "", &edges, values.iter().map(|v| v.filter(|v| v.is_finite())));
    if edges.len() == 3 {
        grouping.labels = ["lowest quarter", "second", "third", "highest quarter"].map(String::from).to_vec();
    }
    grouping
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GazeEffect {
    Helped,
    Harmed,
    Neutral,
}

/// What gaze did to each query, from the same model's runs without and with it.
pub fn gaze_effects(without: &Diagnosis, with: &Diagnosis, config: &GazeConfig) -> Vec<GazeEffect> {
    let is_correct = |model: &Diagnosis, q: usize| model.findings[q].class == Class::Correct;
    let iou =
        |model: &Diagnosis, q: usize| Some(model.ranked.first_iou(q)).filter(|i| !i.is_nan()).unwrap_or(0.0);
    (0..with.findings.len())
        .map(|q| {
            let (before, after) = (is_correct(without, q), is_correct(with, q));
            let rise = iou(with, q) - iou(without, q);
            if rise >= config.effect_iou || (after && !before) {
                GazeEffect::Helped
            } else if -rise >= config.effect_iou || (before && !after) {
                GazeEffect::Harmed
            } else {
                GazeEffect::Neutral
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A window that is far from good in every way that a test does not change.
    fn window() -> GazeWindow {
        GazeWindow {
            untracked: 0.0,
            peak_distance: 0.3,
            peak_to_centre: 0.3,
            truth_to_centre: 0.3,
            similarity: 0.1,
            predicted_entropy: 5.0,
            truth_entropy: 5.0,
            correlations: [Some(0.2); 5],
            truth_modes: 1,
            covered_modes: 0,
        }
    }

    #[test]
    fn every_class_has_its_case() {
        let base = window();
        let lag = [Some(0.1), Some(0.36), Some(0.2), None, Some(0.3)];
        let lead = [None, None, Some(0.2), Some(0.3), Some(0.36)];
        for (class, w) in [
            (
                GazeClass::InvalidTruth,
                GazeWindow { untracked: 0.51, peak_distance: 0.0, similarity: 1.0, ..base },
            ),
            (GazeClass::Good, GazeWindow { untracked: 0.5, peak_distance: 0.1, similarity: 0.5, ..base }),
            (GazeClass::Diffuse, GazeWindow { peak_distance: 0.2, predicted_entropy: 6.1, ..base }),
            (GazeClass::CentreBias, GazeWindow { peak_to_centre: 0.1, ..base }),
            (GazeClass::Lag, GazeWindow { correlations: lag, ..base }),
            (GazeClass::Lead, GazeWindow { correlations: lead, ..base }),
            (GazeClass::SplitAttention, GazeWindow { truth_modes: 2, covered_modes: 1, ..base }),
            (GazeClass::WrongTarget, base),
            (GazeClass::Fair, GazeWindow { peak_distance: 0.2, ..base }),
        ] {
            assert_eq!(gaze_class(&w, &GazeConfig::default()), class, "{w:?}");
        }
    }

    #[test]
    fn rank_correlation_is_the_textbooks() {
        assert_eq!(spearman(&[(1.0, 1.0), (2.0, 8.0), (3.0, 27.0)]), Some(1.0));
        assert_eq!(spearman(&[(1.0, 3.0), (1.0, 3.0)]), None);
        // scipy.stats.spearmanr([1, 2, 2, 3, 4], [5, 6, 7, 8, 7])
        let found = spearman(&[(1.0, 5.0), (2.0, 6.0), (2.0, 7.0), (3.0, 8.0), (4.0, 7.0)]).expect("varies");
        assert!((found - 0.763_157_894_736_842_1).abs() < 1e-12, "{found}");
    }

    #[test]
    fn quartiles_hold_a_quarter_each() {
        let values: Vec<Option<f64>> = (0..40).map(|i| Some(f64::from(i))).chain([None]).collect();
        let grouping = quartiles("KL", &values);
        let count = |group| grouping.of.iter().filter(|g| **g == Some(group)).count();
        assert_eq!([count(0), count(1), count(2), count(3)], [10, 10, 10, 10]);
        assert_eq!(grouping.of[40], None);
    }
}
