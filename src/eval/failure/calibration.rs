//! Whether scores mean anything: reliability, expected calibration error, risk against coverage.

use serde::Serialize;

use super::{FailureConfig, QuerySet, Ranked};

/// Points of the risk-coverage curve.
const CURVE_POINTS: usize = 100;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Calibration {
    /// First windows with a score.
    pub scored: usize,
    /// First windows without; they are left out here.
    pub without_score: usize,
    /// Bins of equal width over 0..1; none when a score lies outside, since it is no probability then.
    pub reliability: Option<Vec<ReliabilityBin>>,
    /// Mean distance between score and share of right answers, weighted by the bins' counts.
    pub expected_error: Option<f64>,
    /// Share of wrong answers among the most confident, by their share of all.
    pub risk_coverage: Vec<RiskPoint>,
    /// Area under that curve: lower is better.
    pub mean_risk: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ReliabilityBin {
    pub low: f64,
    pub high: f64,
    pub count: usize,
    pub mean_score: Option<f64>,
    /// Share of right ones (IoU above θ).
    pub right: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct RiskPoint {
    pub coverage: f64,
    pub risk: f64,
    /// Score of the last answer that is taken.
    pub score: f64,
}

/// Over the queries whose truths can be used.
pub fn calibration(set: &QuerySet, ranked: &Ranked, config: &FailureConfig) -> Calibration {
    let usable = (0..set.len()).filter(|q| set.queries[*q].fault.is_none());
    let firsts = usable.filter_map(|q| Some((ranked.first(q)?, ranked.first_iou(q) > config.theta)));
    let (mut scored, mut without_score) = (Vec::new(), 0);
    for (window, is_right) in firsts {
        match window.score.filter(|s| s.is_finite()) {
            Some(score) => scored.push((score, is_right)),
            None => without_score += 1,
        }
    }
    let is_probability = !scored.is_empty() && scored.iter().all(|(s, _)| (0.0..=1.0).contains(s));
    let reliability = is_probability.then(|| reliability(&scored, config.calibration_bins));
    let expected_error = reliability.as_ref().map(|bins| {
        let error = |bin: &ReliabilityBin| Some((bin.mean_score? - bin.right?).abs() * bin.count as f64);
        bins.iter().filter_map(error).sum::<f64>() / scored.len() as f64
    });
    let (risk_coverage, mean_risk) = risk_coverage(&mut scored);
    Calibration { scored: scored.len(), without_score, reliability, expected_error, risk_coverage, mean_risk }
}

fn reliability(scored: &[(f64, bool)], bins: usize) -> Vec<ReliabilityBin> {
    let mut sums = vec![(0usize, 0.0, 0usize); bins];
    for (score, is_right) in scored {
        let (count, sum, right) = &mut sums[((score * bins as f64) as usize).min(bins - 1)];
        *count += 1;
        *sum += score;
        *right += usize::from(*is_right);
    }
    let bin = |(i, (count, sum, right)): (usize, (usize, f64, usize))| {
        let mean = |total: f64| (count > 0).then(|| total / count as f64);
        ReliabilityBin {
            low: i as f64 / bins as f64,
            high: (i + 1) as f64 / bins as f64,
            count,
            mean_score: mean(sum),
            right: mean(right as f64),
        }
    };
    sums.into_iter().enumerate().map(bin).collect()
}

/// Equal scores are taken together, so that the order of queries does not matter.
fn risk_coverage(scored: &mut [(f64, bool)]) -> (Vec<RiskPoint>, Option<f64>) {
    scored.sort_unstable_by(|a, b| b.0.total_cmp(&a.0));
    let n = scored.len();
    let (mut wrong, mut taken, mut area) = (0, 0, 0.0);
    let mut curve: Vec<RiskPoint> = Vec::new();
    for group in scored.chunk_by(|a, b| a.0 == b.0) {
        taken += group.len();
        wrong += group.iter().filter(|(_, is_right)| !is_right).count();
        let risk = wrong as f64 / taken as f64;
        area += risk * group.len() as f64;
        let coverage = taken as f64 / n as f64;
        let is_due = curve.last().is_none_or(|p| coverage - p.coverage >= 1.0 / CURVE_POINTS as f64);
        if is_due || taken == n {
            curve.push(RiskPoint { coverage, risk, score: group[0].0 });
        }
    }
    let mean = (n > 0).then(|| area / n as f64);
    (curve, mean)
}
